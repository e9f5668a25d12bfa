/**
 * The last values of a series, in order of arrival and in order of size, for medians and quantiles.
 *
 * Guarantee: a new value costs one search and one shift inside a small array, no sort and no allocation once
 * it is full; the order statistics are exact. Values are finite numbers; whoever has others keeps them out.
 */

/** Below this a loop over neighbours is quicker than a search and a block move (measured at about 40). */
const SMALL = 40;

export class SortedWindow {
  /** Ascending; the first `count` are valid. */
  sorted: Float64Array;
  count = 0;
  private ring: Float64Array;
  private oldest = 0;

  constructor(private capacity: number) {
    this.sorted = new Float64Array(capacity);
    this.ring = new Float64Array(capacity);
  }

  /** Adds a value; in a full window the oldest goes. */
  push(value: number): void {
    const { ring, oldest, count, capacity } = this;
    if (count < capacity) {
      let at = oldest + count;
      if (at >= capacity) at -= capacity;
      ring[at] = value;
      this.move(count, value);
      this.count = count + 1;
      return;
    }
    const gone = ring[oldest];
    ring[oldest] = value;
    this.oldest = oldest + 1 === capacity ? 0 : oldest + 1;
    this.move(this.find(gone), value);
  }

  /** Adds a value and keeps the others, in a longer window if need be. */
  grow(value: number): void {
    if (this.count === this.capacity) this.resize(Math.max(16, this.capacity * 2));
    this.push(value);
  }

  /** Takes the oldest value away. */
  shift(): void {
    const at = this.find(this.ring[this.oldest]);
    this.sorted.copyWithin(at, at + 1, this.count);
    this.count--;
    this.oldest = this.oldest + 1 === this.capacity ? 0 : this.oldest + 1;
  }

  clear(): void {
    this.count = 0;
    this.oldest = 0;
  }

  median(): number {
    const { sorted, count } = this;
    const half = count >> 1;
    return count % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }

  quantile(q: number): number {
    return quantileOfSorted(this.sorted, this.count, q);
  }

  /**
   * Whether a distance from `middle`, which must be the median, is more than `factor` times the MAD, and that is not
   * 0. When enough values on both sides are so far away that the MAD cannot be small, it need not be searched.
   */
  isFar(distance: number, factor: number, middle: number): boolean {
    const { sorted, count } = this;
    // No more values than these may be nearer than the MAD.
    const nearer = (count - 1) >> 1;
    const below = ((count - nearer) >> 1) - 1;
    const above = below + nearer + 1;
    if ((middle - sorted[below]) * factor >= distance && (sorted[above] - middle) * factor >= distance)
      return false;
    const mad = this.mad(middle);
    return mad > 0 && distance > factor * mad;
  }

  /** Median of the distances from `middle`, which must be the median. */
  mad(middle: number): number {
    const half = this.count >> 1;
    const upper = this.distance(half, middle);
    return this.count % 2 === 1 ? upper : (this.distance(half - 1, middle) + upper) / 2;
  }

  /** Oldest first. */
  values(): Float64Array {
    const out = new Float64Array(this.count);
    for (let i = 0; i < out.length; i++) out[i] = this.ring[(this.oldest + i) % this.capacity];
    return out;
  }

  load(values: Float64Array): void {
    this.clear();
    for (const value of values) this.push(value);
  }

  /**
   * The k-th smallest distance from the median. The k + 1 nearest values stand side by side in the sorted
   * window, so it is enough to search where their block begins: log2(count) steps.
   */
  private distance(k: number, middle: number): number {
    const { sorted } = this;
    let low = 0;
    let high = this.count - k - 1;
    while (low < high) {
      const begin = (low + high) >> 1;
      if (sorted[begin + k] - middle >= middle - sorted[begin]) high = begin;
      else low = begin + 1;
    }
    const right = sorted[low + k] - middle;
    const left = middle - sorted[low];
    const here = right > left ? right : left;
    if (low === 0) return here;
    const before = middle - sorted[low - 1];
    return before < here ? before : here;
  }

  /** The first place whose value is not less. */
  private find(value: number): number {
    const { sorted } = this;
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle] < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Puts a value into order, using up the place `at` of a value that is gone. */
  private move(at: number, value: number): void {
    const { sorted } = this;
    const last = at === this.count ? at : this.count - 1;
    if (last < SMALL) {
      while (at > 0 && sorted[at - 1] > value) {
        sorted[at] = sorted[at - 1];
        at--;
      }
      while (at < last && sorted[at + 1] < value) {
        sorted[at] = sorted[at + 1];
        at++;
      }
      sorted[at] = value;
      return;
    }
    const to = this.find(value);
    if (to > at) {
      sorted.copyWithin(at, at + 1, to);
      sorted[to - 1] = value;
    } else {
      sorted.copyWithin(to + 1, to, at);
      sorted[to] = value;
    }
  }

  private resize(capacity: number): void {
    const values = this.values();
    const sorted = new Float64Array(capacity);
    sorted.set(this.sorted.subarray(0, this.count));
    this.sorted = sorted;
    this.ring = new Float64Array(capacity);
    this.ring.set(values);
    this.oldest = 0;
    this.capacity = capacity;
  }
}

/** Linear interpolation between order statistics, as numpy's and pandas' default (type 7 of Hyndman and Fan). */
export function quantileOfSorted(sorted: Float64Array, count: number, q: number): number {
  const at = (count - 1) * q;
  const low = Math.floor(at);
  const below = sorted[low];
  return low + 1 < count ? below + (sorted[low + 1] - below) * (at - low) : below;
}
