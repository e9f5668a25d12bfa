/**
 * One field of a batch: the entries of the rows that have it, in row order.
 *
 * Columns are sparse: a message that fills three of two hundred fields costs three entries. Guarantee: `rows`
 * rises strictly, and when `count` equals the batch's n, entry i is row i. Numbers lie in `values`; anything
 * else has NaN there, its kind in `kinds` and, where there is one, its value in `objects`. A column never
 * throws; what a value means is the modules' business.
 */
export type FieldValue = number | string | boolean | null | Float64Array;

/** Kinds of an entry. `kinds === null` says that every entry is a NUMBER. */
export const NUMBER = 0;
/** An explicit null. */
export const NULL = 1;
/** A number that is none: NaN or Infinity in the data. */
export const BAD = 2;
export const TEXT = 3;
export const BOOLEAN = 4;
export const VECTOR = 5;

/** From here on a block move is quicker than a loop (measured at about 30 entries). */
const LONG = 32;

export class Column {
  count = 0;
  rows: Int32Array;
  values: Float64Array;
  kinds: Uint8Array | null = null;
  objects: (string | boolean | Float64Array | undefined)[] | null = null;
  /** More than one batch reads these arrays: whoever writes must `clone` first (Batch.own does). */
  shared = false;

  constructor(capacity: number) {
    this.rows = new Int32Array(capacity);
    this.values = new Float64Array(capacity);
  }

  reset(): void {
    this.count = 0;
    this.kinds = null;
    this.objects = null;
  }

  /** Appends a number; NaN and Infinity are kept as BAD. `row` must be greater than the last entry's. */
  pushNumber(row: number, value: number): void {
    const i = this.count;
    if (i === this.rows.length) this.grow();
    this.rows[i] = row;
    this.values[i] = value;
    if (value - value !== 0) this.mark(i, BAD);
    else if (this.kinds !== null) this.kinds[i] = NUMBER;
    this.count = i + 1;
  }

  push(row: number, value: FieldValue): void {
    if (typeof value === 'number') {
      this.pushNumber(row, value);
      return;
    }
    const i = this.count;
    if (i === this.rows.length) this.grow();
    this.rows[i] = row;
    this.put(i, value);
    this.count = i + 1;
  }

  /** Replaces entry i. */
  put(i: number, value: FieldValue): void {
    if (typeof value === 'number') {
      this.values[i] = value;
      if (value - value !== 0) this.mark(i, BAD);
      else if (this.kinds !== null) this.kinds[i] = NUMBER;
      if (this.objects !== null) this.objects[i] = undefined;
      return;
    }
    this.values[i] = NaN;
    if (value === null) {
      this.mark(i, NULL);
      if (this.objects !== null) this.objects[i] = undefined;
      return;
    }
    this.mark(i, typeof value === 'string' ? TEXT : typeof value === 'boolean' ? BOOLEAN : VECTOR);
    (this.objects ??= [])[i] = value;
  }

  /** Appends entry i of another column, whatever its kind. */
  pushFrom(row: number, from: Column, i: number): void {
    if (from.kinds === null || from.kinds[i] === NUMBER) this.pushNumber(row, from.values[i]);
    else if (from.kinds[i] === BAD) this.pushNumber(row, from.values[i]);
    else this.push(row, from.get(i));
  }

  kind(i: number): number {
    return this.kinds === null ? NUMBER : this.kinds[i];
  }

  get(i: number): FieldValue {
    if (this.kinds === null) return this.values[i];
    const kind = this.kinds[i];
    if (kind === NUMBER || kind === BAD) return this.values[i];
    return kind === NULL ? null : (this.objects![i] as FieldValue);
  }

  /**
   * The entry that belongs to a row, or -1. `from` is where to begin looking: pass the last answer's
   * neighbour when walking rows upwards, and the walk costs one comparison a row.
   */
  find(row: number, from = 0): number {
    const { rows, count } = this;
    if (row < count && rows[row] === row) return row;
    let i = from;
    while (i < count && rows[i] < row) i++;
    return i < count && rows[i] === row ? i : -1;
  }

  /** Keeps the rows marked in `keep` and renumbers them by `to`. In place. */
  retain(keep: Uint8Array, to: Int32Array): void {
    const { rows, values, kinds, objects } = this;
    let n = 0;
    for (let i = 0; i < this.count; i++) {
      const row = rows[i];
      if (keep[row] === 0) continue;
      rows[n] = to[row];
      values[n] = values[i];
      if (kinds !== null) kinds[n] = kinds[i];
      if (objects !== null) objects[n] = objects[i];
      n++;
    }
    this.count = n;
  }

  /** Removes the entries for which `gone` is set (index = entry); their rows then lack the field. */
  drop(gone: Uint8Array): void {
    const { rows, values, kinds, objects } = this;
    let n = 0;
    for (let i = 0; i < this.count; i++) {
      if (gone[i] !== 0) continue;
      rows[n] = rows[i];
      values[n] = values[i];
      if (kinds !== null) kinds[n] = kinds[i];
      if (objects !== null) objects[n] = objects[i];
      n++;
    }
    this.count = n;
  }

  clone(): Column {
    const copy = new Column(this.rows.length);
    copy.copyFrom(this, 0, this.count, 0);
    return copy;
  }

  /** Appends entries [first, last) of another column with their rows shifted by `shift`. */
  copyFrom(from: Column, first: number, last: number, shift: number): void {
    while (this.count + last - first > this.rows.length) this.grow();
    if (from.kinds === null && this.kinds === null) {
      const { rows, values } = this;
      const { rows: fromRows, values: fromValues } = from;
      const to = this.count - first;
      this.count = to + last;
      if (last - first >= LONG && shift === 0) {
        rows.set(fromRows.subarray(first, last), to + first);
        values.set(fromValues.subarray(first, last), to + first);
        return;
      }
      for (let i = first; i < last; i++) {
        rows[to + i] = fromRows[i] + shift;
        values[to + i] = fromValues[i];
      }
      return;
    }
    for (let i = first; i < last; i++) this.pushFrom(from.rows[i] + shift, from, i);
  }

  private mark(i: number, kind: number): void {
    (this.kinds ??= new Uint8Array(this.rows.length))[i] = kind;
  }

  private grow(): void {
    const capacity = Math.max(16, this.rows.length * 2);
    const rows = new Int32Array(capacity);
    rows.set(this.rows);
    this.rows = rows;
    const values = new Float64Array(capacity);
    values.set(this.values);
    this.values = values;
    if (this.kinds !== null) {
      const kinds = new Uint8Array(capacity);
      kinds.set(this.kinds);
      this.kinds = kinds;
    }
  }
}
