/**
 * The trailing window of one column and key: its values and times side by side in arrays, so that a
 * statistic is one loop, and in order of size where a median is wanted.
 */
import { SortedWindow } from '../../sorted-window.js';
import { Sliding, type SavedSliding, type SlidingRows } from './sliding.js';

/** Up to here a loop over the window is as quick as two stacks, and simpler to trust. */
const SHORT = 64;

export type Over = { rows: number } | { ms: number };

export interface SavedRolling {
  values: Float64Array;
  times: Float64Array;
  pushed: number;
  sliding: SavedSliding | null;
}

export class Rolling implements SlidingRows {
  values: Float64Array;
  /** Epoch milliseconds. */
  times: Float64Array;
  start = 0;
  end = 0;
  readonly order: SortedWindow | null;
  /** Moments of a window that is, or may become, long. */
  readonly sliding: Sliding | null;
  /** Rows so far: the place of the next one, where places are rows. */
  private pushed = 0;
  private readonly rows: number;
  private readonly ms: number;

  constructor(
    over: Over,
    ordered: boolean,
    /** Places are seconds, not rows. */
    private readonly timed: boolean,
  ) {
    this.rows = 'rows' in over ? over.rows : Infinity;
    this.ms = 'ms' in over ? over.ms : Infinity;
    // Twice the window: it is moved to the front once in so many rows. A move costs as much as tens of additions.
    const capacity = 'rows' in over ? Math.max(64, 2 * over.rows) : 64;
    this.values = new Float64Array(capacity);
    this.times = new Float64Array(capacity);
    this.sliding = this.rows > SHORT ? new Sliding() : null;
    this.order = ordered ? new SortedWindow('rows' in over ? over.rows : 16) : null;
  }

  /** Adds a row; what is too old or too many goes. NaN is a row without a value. */
  push(t: number, value: number): void {
    if (this.end - this.start >= this.rows) this.shift();
    while (this.start < this.end && this.times[this.start] <= t - this.ms) this.shift();
    if (this.end === this.values.length) this.makeRoom();
    this.values[this.end] = value;
    this.times[this.end++] = t;
    this.pushed++;
    if (value === value) this.order?.grow(value);
    this.sliding?.push(value, this.place(this.count - 1));
  }

  get count(): number {
    return this.end - this.start;
  }

  value(row: number): number {
    return this.values[this.start + row];
  }

  place(row: number): number {
    return this.timed ? this.times[this.start + row] / 1000 : this.pushed - this.count + row;
  }

  clear(): void {
    this.start = this.end = 0;
    this.order?.clear();
    this.sliding?.reset();
  }

  save(): SavedRolling {
    return {
      values: this.values.slice(this.start, this.end),
      times: this.times.slice(this.start, this.end),
      pushed: this.pushed,
      sliding: this.sliding?.save() ?? null,
    };
  }

  load({ values, times, pushed, sliding }: SavedRolling): void {
    this.clear();
    for (let i = 0; i < values.length; i++) this.push(times[i], values[i]);
    this.pushed = pushed;
    if (sliding !== null) this.sliding?.load(sliding);
  }

  private shift(): void {
    this.sliding?.shift(this);
    const gone = this.values[this.start++];
    if (gone === gone) this.order?.shift();
  }

  private makeRoom(): void {
    const { start, end, values, times } = this;
    if (start >= values.length / 2) {
      values.copyWithin(0, start, end);
      times.copyWithin(0, start, end);
    } else {
      this.values = new Float64Array(values.length * 2);
      this.values.set(values.subarray(start, end));
      this.times = new Float64Array(values.length * 2);
      this.times.set(times.subarray(start, end));
    }
    this.start = 0;
    this.end = end - start;
  }
}
