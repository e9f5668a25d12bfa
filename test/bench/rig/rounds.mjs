// Paired measurement of two sides and a peer, A B C A B C, where one turn gives several figures.
import { median, rounded } from '../kit/pairs.mjs';

/** Each side in turn, once to get warm and then `n` times; the figures of each side, a turn each. */
export async function rounds(n, sides) {
  const figures = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  for (let turn = 0; turn <= n; turn++) {
    for (const [name, measure] of Object.entries(sides)) {
      const figure = await measure();
      if (turn > 0) figures[name].push(figure);
    }
  }
  return figures;
}

/** A line of the output: medians of one figure, and the median of the ratio of each pair. */
export function lineOf({ name, of, figures, figure, unit, goal, against = 'limit' }) {
  const all = (side) => figures[side].map((turn) => turn[figure]);
  const middle = (side) => rounded(median(all(side)));
  const other = all(against);
  return {
    name,
    case: of,
    value: middle('ours'),
    unit,
    limit: middle('limit'),
    ...(figures.peer && { peer: middle('peer') }),
    ratio: rounded(median(all('ours').map((value, i) => value / other[i]))),
    goal,
    pairs: other.length,
  };
}
