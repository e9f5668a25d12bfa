/** How fast something goes and how long it still takes, smoothed so that the figures do not jump. Pure but for its clock. */

export interface Pace {
  /** Undefined until enough is known. */
  bytesPerSecond?: number;
  msLeft?: number;
}

/** Time over which the rate is taken anew, and how much the fresh one counts. */
const LOOK_MS = 250;
const FRESH = 0.2;

/** Call it with every progress; what was there at its first call was not sent in this run. */
export function paceMeter(now: () => number = () => performance.now()): (done: number, size: number) => Pace {
  let last: { at: number; done: number } | undefined;
  let rate: number | undefined;
  return (done, size) => {
    const at = now();
    last ??= { at, done };
    const passed = at - last.at;
    if (passed >= LOOK_MS) {
      const fresh = (Math.max(0, done - last.done) * 1_000) / passed;
      rate = rate === undefined ? fresh : rate + FRESH * (fresh - rate);
      last = { at, done };
    }
    if (rate === undefined) return {};
    return { bytesPerSecond: rate, ...(rate > 0 && { msLeft: ((size - done) * 1_000) / rate }) };
  };
}
