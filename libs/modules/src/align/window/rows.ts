/**
 * The rows of a window that is being gathered: times and columns of numbers, oldest first, in arrays that
 * grow by doubling and are used again. A number that is not there is NaN.
 */
export class Rows {
  count = 0;
  private start = 0;
  private times: Float64Array = new Float64Array(16);
  private columns: Float64Array[] = [];

  /** The time of a row, oldest first. */
  time(row: number): number {
    return this.times[this.start + row];
  }

  get last(): number {
    return this.times[this.start + this.count - 1];
  }

  /** Appends a row without numbers and gives its place, for `set`. */
  push(t: number): number {
    if (this.start + this.count === this.times.length) this.makeRoom();
    const at = this.start + this.count++;
    this.times[at] = t;
    for (const column of this.columns) column[at] = NaN;
    return at;
  }

  /** The same in order of time, behind rows of equal time. */
  insert(t: number): number {
    if (this.count === 0 || t >= this.last) return this.push(t);
    this.push(t);
    const end = this.start + this.count - 1;
    let at = end;
    while (at > this.start && this.times[at - 1] > t) at--;
    for (const array of [this.times, ...this.columns]) array.copyWithin(at + 1, at, end);
    this.times[at] = t;
    for (const column of this.columns) column[at] = NaN;
    return at;
  }

  set(at: number, column: number, value: number): void {
    while (this.columns.length <= column) this.columns.push(new Float64Array(this.times.length).fill(NaN));
    this.columns[column][at] = value;
  }

  /** Takes away the oldest rows. */
  drop(rows: number): void {
    const n = Math.min(rows, this.count);
    this.count -= n;
    this.start = this.count === 0 ? 0 : this.start + n;
  }

  /** A copy of a column, with its first row repeated in front up to `length` rows. */
  column(column: number, length = this.count): Float64Array {
    const values = this.columns[column];
    return this.copy(values ?? new Float64Array(this.times.length).fill(NaN), length);
  }

  timesOf(length = this.count): Float64Array {
    return this.copy(this.times, length);
  }

  /** Whether a step from row to row is longer than so many median steps; never with fewer than two steps. */
  hasStepOver(medians: number): boolean {
    const steps = Float64Array.from({ length: Math.max(0, this.count - 1) }, (_, i) => this.step(i)).sort();
    const middle = (steps.length - 1) / 2;
    const median = (steps[Math.floor(middle)] + steps[Math.ceil(middle)]) / 2;
    return steps.length > 1 && steps[steps.length - 1] > medians * median;
  }

  private step(row: number): number {
    return this.time(row + 1) - this.time(row);
  }

  /** All of the given columns, row by row. */
  matrix(columns: number, length = this.count): Float64Array {
    const out = new Float64Array(length * columns);
    for (let c = 0; c < columns; c++) {
      const values = this.column(c, length);
      for (let row = 0; row < length; row++) out[row * columns + c] = values[row];
    }
    return out;
  }

  hasNumber(column: number): boolean {
    const values = this.columns[column]?.subarray(this.start, this.start + this.count);
    return values?.some((value) => value === value) ?? false;
  }

  save(): { times: Float64Array; columns: Float64Array[] } {
    return { times: this.timesOf(), columns: this.columns.map((_, c) => this.column(c)) };
  }

  load({ times, columns }: { times: Float64Array; columns: Float64Array[] }): void {
    for (const t of times) this.push(t);
    columns.forEach((values, c) => values.forEach((value, row) => this.set(this.start + row, c, value)));
  }

  private copy(values: Float64Array, length: number): Float64Array {
    const out = new Float64Array(length);
    const padding = length - this.count;
    out.set(values.subarray(this.start, this.start + this.count), padding);
    if (padding > 0 && this.count > 0) out.fill(values[this.start], 0, padding);
    return out;
  }

  private makeRoom(): void {
    const { start, count } = this;
    // Moved to the front when that frees half; else the arrays double.
    const length = start >= this.times.length / 2 ? this.times.length : this.times.length * 2;
    const moved = (from: Float64Array): Float64Array => {
      const to = length === from.length ? from : new Float64Array(length);
      if (to === from) to.copyWithin(0, start, start + count);
      else to.set(from.subarray(start, start + count));
      return to;
    };
    this.times = moved(this.times);
    this.columns = this.columns.map(moved);
    this.start = 0;
  }
}
