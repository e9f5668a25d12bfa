/**
 * How far the timestamps of a flow's replayed files are shifted by `rebase`.
 *
 * One shift serves all files of a run, so that what was recorded together stays together: the first row that
 * any of them reads becomes now. After a restart the next row becomes now, which is what a sensor looks like
 * when its node was off; but a shift never shrinks, so time never goes back.
 */
export class Origin {
  private least = -Infinity;
  private chosen: number | null = null;

  /** The shift in milliseconds, chosen at the first call. `t` is the time of the row to come, unshifted. */
  shift(t: number, now: number): number {
    return (this.chosen ??= Math.max(this.least, now - t));
  }

  /** The shift that an earlier run used. */
  resumed(shift: number): void {
    this.least = Math.max(this.least, shift);
  }
}

const origins = new WeakMap<object, Origin>();

/** The origin of one run; `run` is any object that all modules of a run have in common, and no other run. */
export function originOf(run: object): Origin {
  let origin = origins.get(run);
  if (origin === undefined) origins.set(run, (origin = new Origin()));
  return origin;
}
