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
    const distance = distanceOf(lower, candidate.toLowerCase());
    const most = Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3));
    if (distance <= most && distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** ` Did you mean "x"?`, or nothing: the end of a sentence about a word that is not known. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const guess = nearest(word, known);
  return guess === undefined ? '' : ` Did you mean "${guess}"?`;
}

function distanceOf(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 21) return Infinity; // more than a third of 64
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      let cost = Math.min(
        (previous[column] as number) + 1,
        (current[column - 1] as number) + 1,
        (previous[column - 1] as number) + same,
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        cost = Math.min(cost, (before[column - 2] as number) + 1);
      current.push(cost);
    }
    [before, previous] = [previous, current];
  }
  return previous[b.length] as number;
}
