/**
 * The samples of one column that rows may still need: in order of their timestamps, bounded.
 *
 * Times are whole microseconds. A value is a float64; what is no number is held as a code by the caller, and
 * NaN stands for an explicit null. The samples at or before the last boundary are what is held; the rest
 * waits for its boundary. Appending in order costs a comparison, disorder costs what it moves.
 */
export class Samples {
  private times = new Float64Array(16);
  private values = new Float64Array(16);
  private head = 0;
  private tail = 0;
  /** Where the last search ended; a hint and no more, since samples come and go. */
  private near = 0;
  /** The smallest timestamp ever taken: before it, the column was never seen. */
  first = Infinity;

  constructor(private readonly limit: number) {}

  get count(): number {
    return this.tail - this.head;
  }

  time(i: number): number {
    return this.times[this.head + i];
  }

  value(i: number): number {
    return this.values[this.head + i];
  }

  /**
   * Index of the newest sample at or before t, -1 when there is none. Walks on from the last answer, since times are
   * asked for in rising order, several times each.
   */
  newestAt(t: number): number {
    const { times, head, tail, near } = this;
    let i = near >= head && near < tail && times[near] <= t ? near : head;
    while (i < tail && times[i] <= t) i++;
    this.near = i - 1;
    return i - 1 - head;
  }

  /** Takes a sample. A second one of the same time replaces the first. Says what happened. */
  add(time: number, value: number): 'added' | 'replaced' | 'overflowed' {
    if (time < this.first) this.first = time;
    const { head } = this;
    let at = this.tail;
    while (at > head && this.times[at - 1] > time) at--;
    if (at > head && this.times[at - 1] === time) {
      this.values[at - 1] = value;
      return 'replaced';
    }
    const overflowed = this.count >= this.limit;
    if (overflowed) {
      // The oldest goes; when the new one is older than all, it is the one.
      if (at === head) return 'overflowed';
      this.head++;
    }
    if (this.tail === this.times.length) at -= this.makeRoom();
    if (at < this.tail) {
      this.times.copyWithin(at + 1, at, this.tail);
      this.values.copyWithin(at + 1, at, this.tail);
    }
    this.times[at] = time;
    this.values[at] = value;
    this.tail++;
    return overflowed ? 'overflowed' : 'added';
  }

  /** Forgets what is older than the newest sample at or before t. */
  prune(t: number): void {
    const keep = this.newestAt(t);
    if (keep > 0) this.head += keep;
  }

  save(): { times: Float64Array; values: Float64Array; first: number } {
    return {
      times: this.times.slice(this.head, this.tail),
      values: this.values.slice(this.head, this.tail),
      first: this.first,
    };
  }

  load(state: { times: Float64Array; values: Float64Array; first: number }): void {
    const capacity = Math.max(16, state.times.length * 2);
    this.times = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
    this.times.set(state.times);
    this.values.set(state.values);
    this.head = 0;
    this.tail = state.times.length;
    this.first = state.first;
  }

  /** Moves everything to the front, into longer arrays when that is not enough. Gives by how much. */
  private makeRoom(): number {
    const moved = this.head;
    const { count } = this;
    // Moving costs as much as a hundred additions: it is done once in as many as three times what is held.
    if (count * 4 > this.times.length) {
      const times = new Float64Array(this.times.length * 2);
      const values = new Float64Array(this.times.length * 2);
      times.set(this.times.subarray(this.head, this.tail));
      values.set(this.values.subarray(this.head, this.tail));
      this.times = times;
      this.values = values;
    } else {
      this.times.copyWithin(0, this.head, this.tail);
      this.values.copyWithin(0, this.head, this.tail);
    }
    this.head = 0;
    this.tail = count;
    return moved;
  }
}
