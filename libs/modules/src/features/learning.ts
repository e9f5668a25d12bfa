/**
 * Mean and spread of values as they come, by Welford's method: no sums of squares that lose their digits. It
 * lies in three places of a rule's state, so that it is saved with it.
 */

/** Places from the first on: count, mean, sum of squared distances from the mean. */
export const LEARNING_SIZE = 3;

export function learn(state: Float64Array, at: number, value: number): void {
  const count = ++state[at];
  const distance = value - state[at + 1];
  state[at + 1] += distance / count;
  state[at + 2] += distance * (value - state[at + 1]);
}

/** Standard deviation; 0 when all values were equal, NaN when there are too few. */
export function spread(state: Float64Array, at: number, ddof: number): number {
  return state[at] > ddof ? Math.sqrt(state[at + 2] / (state[at] - ddof)) : NaN;
}
