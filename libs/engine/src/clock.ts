/**
 * Node's time, as the modules of one flow see it.
 *
 * Live it is the wall clock, with a monotonic clock beside it for durations, since a wall clock may step.
 * While files are replayed it is the largest timestamp seen, so that a replay gives the same answer every
 * time and at every speed. Each module keeps its own `Seen`, since a batch passes one module after the other.
 */
export interface Clock {
  /** Epoch milliseconds. Meaningless in a replay: use `Seen`. */
  wall(): number;
  /** Milliseconds that only ever rise, from an arbitrary zero. */
  monotonic(): number;
}

export const systemClock: Clock = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
};

/** Node's time at each record of a replay: the largest timestamp so far. */
export class Seen {
  max = -Infinity;

  at(t: number): number {
    if (t > this.max) this.max = t;
    return this.max;
  }
}
