/**
 * The known word that a misspelt one most likely means, for "did you mean".
 *
 * Distance is Damerau and Levenshtein's, optimal string alignment: insert, remove, replace, swap
 * neighbours. A third of the word may be wrong; beyond that no guess is better than a wild one.
 */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  // A word longer than any name here is no slip of the fingers, and comparing it would cost.
  if (word.length > 64) return undefined;
  const lower = word.toLowerCase();
  let best: string | undefined;
  let least = Infinity;
  for (const candidate of known) {
    const most = Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3));
    const distance = distanceOf(lower, candidate.toLowerCase(), Math.min(most, least - 1));
    if (distance !== undefined) [best, least] = [candidate, distance];
    if (least === 0) break;
  }
  return best;
}

/** ` Did you mean "x"?`, or nothing: the end of a sentence about a word that is not known. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const guess = nearest(word, known);
  return guess === undefined ? '' : ` Did you mean "${guess}"?`;
}

/**
 * Undefined when it is more than `most`. Only the band around the diagonal is looked at in which a distance
 * of `most` can lie, so a flow of 500 misspelt names is told in milliseconds.
 */
function distanceOf(a: string, b: string, most: number): number | undefined {
  if (Math.abs(a.length - b.length) > most) return undefined;
  let [before, previous, current] = SCRATCH;
  for (let column = 0; column <= b.length; column++) previous[column] = column;
  let previousLeast = 0;
  for (let row = 1; row <= a.length; row++) {
    const from = Math.max(1, row - most);
    const to = Math.min(b.length, row + most);
    const letter = a.charCodeAt(row - 1);
    const letterBefore = a.charCodeAt(row - 2);
    // Around the band nothing is near enough.
    current[from - 1] = from === 1 ? row : FAR;
    current[to + 1] = FAR;
    let least = current[from - 1] as number;
    for (let column = from; column <= to; column++) {
      const other = b.charCodeAt(column - 1);
      let cost = (previous[column - 1] as number) + (letter === other ? 0 : 1);
      cost = Math.min(cost, (previous[column] as number) + 1, (current[column - 1] as number) + 1);
      if (row > 1 && column > 1 && letter === b.charCodeAt(column - 2) && letterBefore === other)
        cost = Math.min(cost, (before[column - 2] as number) + 1);
      current[column] = cost;
      if (cost < least) least = cost;
    }
    // A row costs no less than the one above it, or one more than the one above that.
    if (least > most && previousLeast + 1 > most) return undefined;
    [before, previous, current] = [previous, current, before];
    previousLeast = least;
  }
  const distance = previous[b.length] as number;
  return distance <= most ? distance : undefined;
}

/** More than any distance that is asked for. */
const FAR = 1_000;
/** Three rows of the table, used again for each pair: a candidate is at most half again as long as the word. */
const SCRATCH = [new Uint16Array(160), new Uint16Array(160), new Uint16Array(160)] as const;
