/**
 * Node's time, as the modules of one flow see it.
 *
 * Live it is the wall clock, with a monotonic clock beside it for durations, since a wall clock may step.
 * While files are replayed it is the largest timestamp seen, so that a replay gives the same answer every
 * time and at every speed. Each module keeps its own `Seen`, since a batch passes one module after the other.
 */
import type { Batch } from './batch.js';

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

/**
 * A clock that stands still until its owner moves it: wall and monotonic time go on together, so what a flow
 * does with it is the same every time.
 */
export class VirtualClock implements Clock {
  private passed = 0;

  /** @param start epoch milliseconds */
  constructor(private start: number) {}

  wall(): number {
    return this.start + this.passed;
  }

  monotonic(): number {
    return this.passed;
  }

  /** Puts the wall clock to another time, as if nothing had gone by. */
  put(wall: number): void {
    this.start = wall - this.passed;
  }

  /** To a moment of the wall clock; back it does not go. */
  moveTo(wall: number): void {
    this.passed = Math.max(this.passed, wall - this.start);
  }
}

/** Node's time at each record of a replay: the latest recorded arrival where there are any, else the largest timestamp. */
export class Seen {
  max = -Infinity;

  /** At a row that arrives. */
  now(batch: Batch, row: number): number {
    return this.at(Number.isNaN(batch.arrival) ? batch.t[row] : batch.arrival);
  }

  at(t: number): number {
    if (t > this.max) this.max = t;
    return this.max;
  }
}
