/**
 * Moments of a long trailing window at a constant cost a row.
 *
 * Guarantee: nothing is ever subtracted, so errors do not add up and a spike leaves no trace when it goes.
 * Two stacks: rows that come are merged into one aggregate; when the oldest must go and none is prepared,
 * the aggregates of all suffixes are made once, so that each later one only has to be dropped. Merging
 * follows Pébay (2008), the pairwise form of Welford's update.
 */

/** Places in an aggregate: count, mean place, mean value, their central (co)moments, extremes, squares. */
export const [N, PLACE, MEAN, XX, XY, M2, M3, M4, MIN, MAX, SQUARES] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const STRIDE = 11;

/** The rows of the window that slides, oldest first; NaN is a row without a value. */
export interface SlidingRows {
  count: number;
  value(row: number): number;
  /** Place on the axis of the slope, in rows or seconds, any origin that does not move. */
  place(row: number): number;
}

export interface SavedSliding {
  front: Float64Array;
  back: Float64Array;
  base: number;
  origin: number;
}

export class Sliding {
  /** Aggregates of suffixes; the last is that of all prepared rows. */
  private front = new Float64Array(16 * STRIDE);
  private prepared = 0;
  private readonly back = new Float64Array(STRIDE);
  private readonly one = new Float64Array(STRIDE);
  private readonly whole = new Float64Array(STRIDE);
  /** Places count from here, so that they stay small. */
  private base = NaN;
  /** Means are kept as distances from here: a level far above the spread then costs no digits. */
  private origin = 0;

  constructor() {
    clear(this.back, 0);
  }

  push(value: number, place: number): void {
    if (Number.isNaN(this.base)) this.base = place;
    single(this.one, 0, value, place - this.base, this.origin);
    merge(this.back, 0, this.back, 0, this.one, 0);
  }

  /** Takes the oldest row away; `rows` still has it. */
  shift(rows: SlidingRows): void {
    if (this.prepared === 0) this.prepare(rows);
    this.prepared--;
  }

  reset(): void {
    this.prepared = 0;
    this.base = NaN;
    this.origin = 0;
    clear(this.back, 0);
  }

  /** The aggregate of all rows; valid until the next call. */
  all(): Float64Array {
    const { whole } = this;
    if (this.prepared === 0) whole.set(this.back);
    else merge(whole, 0, this.front, (this.prepared - 1) * STRIDE, this.back, 0);
    whole[MEAN] += this.origin;
    return whole;
  }

  save(): SavedSliding {
    return {
      front: this.front.slice(0, this.prepared * STRIDE),
      back: this.back.slice(),
      base: this.base,
      origin: this.origin,
    };
  }

  load({ front, back, base, origin }: SavedSliding): void {
    this.prepared = front.length / STRIDE;
    if (front.length > this.front.length) this.front = new Float64Array(front.length);
    this.front.set(front);
    this.back.set(back);
    this.base = base;
    this.origin = origin;
  }

  private prepare(rows: SlidingRows): void {
    const { count } = rows;
    if (this.front.length < count * STRIDE) this.front = new Float64Array(2 * count * STRIDE);
    this.base = rows.place(0);
    this.origin = typical(rows);
    for (let k = 0; k < count; k++) {
      const row = count - 1 - k;
      const at = k * STRIDE;
      single(this.front, at, rows.value(row), rows.place(row) - this.base, this.origin);
      if (k > 0) merge(this.front, at, this.front, at, this.front, at - STRIDE);
    }
    this.prepared = count;
    clear(this.back, 0);
  }
}

/** The middle one of three values, so that a single spike is never the origin; 0 where one is missing. */
function typical(rows: SlidingRows): number {
  const a = rows.value(0);
  const b = rows.value(rows.count >> 1);
  const c = rows.value(rows.count - 1);
  const middle = Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
  return Number.isNaN(middle) ? 0 : middle;
}

function clear(into: Float64Array, at: number): void {
  into.fill(0, at, at + STRIDE);
  into[at + MIN] = Infinity;
  into[at + MAX] = -Infinity;
}

function single(into: Float64Array, at: number, value: number, place: number, origin: number): void {
  clear(into, at);
  if (value !== value) return;
  into[at + N] = 1;
  into[at + PLACE] = place;
  into[at + MEAN] = value - origin;
  into[at + MIN] = into[at + MAX] = value;
  into[at + SQUARES] = value * value;
}

/** Aggregate c of the rows of a and b; c may be a. */
function merge(c: Float64Array, ci: number, a: Float64Array, ai: number, b: Float64Array, bi: number): void {
  const na = a[ai + N];
  const nb = b[bi + N];
  if (nb === 0 || na === 0) {
    const from = nb === 0 ? a : b;
    const fi = nb === 0 ? ai : bi;
    for (let k = 0; k < STRIDE; k++) c[ci + k] = from[fi + k];
    return;
  }
  const n = na + nb;
  const d = b[bi + MEAN] - a[ai + MEAN];
  const p = b[bi + PLACE] - a[ai + PLACE];
  const r = d / n;
  const share = (na * nb) / n;
  const [a2, b2, a3, b3] = [a[ai + M2], b[bi + M2], a[ai + M3], b[bi + M3]];
  c[ci + M4] =
    a[ai + M4] +
    b[bi + M4] +
    d * r * r * r * na * nb * (na * na - na * nb + nb * nb) +
    6 * r * r * (na * na * b2 + nb * nb * a2) +
    4 * r * (na * b3 - nb * a3);
  c[ci + M3] = a3 + b3 + d * r * r * na * nb * (na - nb) + 3 * r * (na * b2 - nb * a2);
  c[ci + M2] = a2 + b2 + d * d * share;
  c[ci + XX] = a[ai + XX] + b[bi + XX] + p * p * share;
  c[ci + XY] = a[ai + XY] + b[bi + XY] + p * d * share;
  c[ci + MEAN] = a[ai + MEAN] + nb * r;
  c[ci + PLACE] = a[ai + PLACE] + (nb * p) / n;
  c[ci + MIN] = Math.min(a[ai + MIN], b[bi + MIN]);
  c[ci + MAX] = Math.max(a[ai + MAX], b[bi + MAX]);
  c[ci + SQUARES] = a[ai + SQUARES] + b[bi + SQUARES];
  c[ci + N] = n;
}
