/**
 * Records on their way from module to module: timestamps and columns, up to BATCH_ROWS at a time.
 *
 * Ownership: a batch is valid while `process` runs; its maker uses it again afterwards, so a module that keeps
 * anything copies it. A module changes columns only through `own`, `column` and `retain`, which copy what
 * another branch of the flow is still to read. A batch does no I/O and knows no module.
 */
import type { AlertSignal } from '@millrace/schemas';
import { Column, type FieldValue } from './column.js';
import type { Schema } from './schema.js';

/** Full speed is reached at 64 to 256 rows (measured); more only adds latency and cache misses. */
export const BATCH_ROWS = 256;

/** A hole that `align.rows` announces instead of thousands of empty rows. Times are epoch milliseconds. */
export interface Gap {
  /** It stands before this row of the batch; n means behind the last. */
  row: number;
  from: number;
  to: number;
  rows: number;
  key?: FieldValue;
}

/** What a module saw before it let a row go: for the director, beside the row's own fields. */
export interface Beside {
  row: number;
  signal: AlertSignal;
}

export class Batch {
  n = 0;
  t: Float64Array;
  columns: (Column | undefined)[] = [];
  gaps: Gap[] | null = null;
  signals: Beside[] | null = null;
  /** Node's time when these records came in, epoch ms; NaN in a replay that has no recorded arrivals. */
  arrival = NaN;
  /** Monotonic ms at which the source handed them over, for the batches whose latency is taken; else 0. */
  born = 0;
  private timesShared = false;

  constructor(
    readonly schema: Schema,
    capacity: number = BATCH_ROWS,
  ) {
    this.t = new Float64Array(capacity);
  }

  /** Begins a row and gives its number. */
  row(t: number): number {
    if (this.n === this.t.length) {
      const longer = new Float64Array(Math.max(16, this.n * 2));
      longer.set(this.t);
      this.t = longer;
      this.timesShared = false;
    }
    this.t[this.n] = t;
    return this.n++;
  }

  /** The column at an index, made when the batch has none, safe to write. */
  column(index: number): Column {
    const column = this.columns[index];
    if (column === undefined) {
      // Indexes may arrive out of order; holes would make the array slow and `undefined` is what they mean.
      while (this.columns.length < index) this.columns.push(undefined);
      return (this.columns[index] = new Column(this.t.length));
    }
    return column.shared ? (this.columns[index] = column.clone()) : column;
  }

  /** The column at an index, safe to write, or undefined when no row has the field. */
  own(index: number): Column | undefined {
    const column = this.columns[index];
    return column === undefined || column.count === 0 ? undefined : this.column(index);
  }

  /** The column at an index to read, or undefined when no row has the field. */
  peek(index: number): Column | undefined {
    const column = index < 0 ? undefined : this.columns[index];
    return column === undefined || column.count === 0 ? undefined : column;
  }

  /** The value of a row's field; undefined when the row lacks it. For borders and tests, not for hot loops. */
  value(row: number, index: number): FieldValue | undefined {
    const column = this.peek(index);
    if (column === undefined) return undefined;
    const entry = column.find(row);
    return entry < 0 ? undefined : column.get(entry);
  }

  /** Forgets one field of all rows. */
  clear(index: number): void {
    if (index < this.columns.length) this.columns[index] = undefined;
  }

  /** Keeps the rows whose mark is not 0. Gaps stay where they stood. */
  retain(keep: Uint8Array): void {
    const to = new Int32Array(this.n + 1);
    let n = 0;
    for (let row = 0; row < this.n; row++) {
      to[row] = n;
      if (keep[row] !== 0) n++;
    }
    to[this.n] = n;
    if (n === this.n) return;
    if (this.timesShared) {
      this.t = this.t.slice();
      this.timesShared = false;
    }
    for (let row = 0; row < this.n; row++) if (keep[row] !== 0) this.t[to[row]] = this.t[row];
    for (let index = 0; index < this.columns.length; index++) this.own(index)?.retain(keep, to);
    if (this.gaps !== null) this.gaps = this.gaps.map((gap) => ({ ...gap, row: to[gap.row] }));
    if (this.signals !== null) {
      const kept = this.signals.filter(({ row }) => keep[row] !== 0);
      this.signals = kept.map((beside) => ({ ...beside, row: to[beside.row] }));
    }
    this.n = n;
  }

  /** Another batch of the same rows for another branch; both copy a column before they change it. */
  fork(): Batch {
    const other = new Batch(this.schema, 0);
    other.n = this.n;
    other.t = this.t;
    other.timesShared = this.timesShared = true;
    for (const column of this.columns) if (column !== undefined) column.shared = true;
    other.columns = this.columns.slice();
    other.gaps = this.gaps;
    other.signals = this.signals;
    other.arrival = this.arrival;
    other.born = this.born;
    return other;
  }

  /** Appends rows [first, last) of a batch of the same schema. */
  append(from: Batch, first = 0, last = from.n): void {
    const shift = this.n - first;
    for (let row = first; row < last; row++) this.row(from.t[row]);
    for (let index = 0; index < from.columns.length; index++) {
      const column = from.peek(index);
      if (column === undefined) continue;
      const begin = first === 0 ? 0 : lowerBound(column, first);
      const end = last === from.n ? column.count : lowerBound(column, last);
      if (end > begin) this.column(index).copyFrom(column, begin, end, shift);
    }
    if (from.gaps !== null) {
      for (const gap of from.gaps) {
        if (gap.row >= first && (gap.row < last || last === from.n)) {
          (this.gaps ??= []).push({ ...gap, row: gap.row + shift });
        }
      }
    }
    for (const beside of from.signals ?? []) {
      if (beside.row < first || beside.row >= last) continue;
      (this.signals ??= []).push({ ...beside, row: beside.row + shift });
    }
    this.arrival = from.arrival;
    this.born = from.born;
  }

  /** Empties it for its maker's next use. Arrays that another batch still reads are let go. */
  reset(): void {
    this.n = 0;
    this.gaps = null;
    this.signals = null;
    if (this.timesShared) {
      this.t = new Float64Array(this.t.length);
      this.timesShared = false;
    }
    for (let index = 0; index < this.columns.length; index++) {
      const column = this.columns[index];
      if (column === undefined) continue;
      if (column.shared) this.columns[index] = undefined;
      else column.reset();
    }
  }
}

function lowerBound(column: Column, row: number): number {
  const { rows } = column;
  let low = 0;
  let high = column.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle] < row) low = middle + 1;
    else high = middle;
  }
  return low;
}
