/**
 * The last values of one column and key, of any kind, in a ring. Guarantee: bounded by the longest step, and
 * what is kept is a copy. It knows nothing of batches' rows.
 */
import { BAD, NULL, NUMBER, VECTOR, type Column, type FieldValue } from '@millrace/engine';

/** Oldest first. */
export type SavedPast = FieldValue[] | Float64Array;

export class Past {
  private readonly numbers: Float64Array;
  /** Where an entry is no number: its value. Null until there is one. */
  private others: (Exclude<FieldValue, number> | undefined)[] | null = null;
  private count = 0;
  private next = 0;

  constructor(private readonly longest: number) {
    this.numbers = new Float64Array(longest);
  }

  /** Appends the value of so many rows before the one that comes next. */
  writeTo(column: Column, row: number, steps: number): void {
    if (steps > this.count) {
      column.push(row, null);
      return;
    }
    const at = this.next - steps;
    const place = at < 0 ? at + this.longest : at;
    const other = this.others === null ? undefined : this.others[place];
    if (other === undefined) column.pushNumber(row, this.numbers[place]);
    else column.push(row, other);
  }

  take(column: Column, entry: number): void {
    const kind = column.kind(entry);
    if (kind === NUMBER) this.push(column.values[entry]);
    else if (kind === NULL || kind === BAD) this.push(null);
    else if (kind === VECTOR) this.push((column.objects![entry] as Float64Array).slice());
    else this.push(column.get(entry));
  }

  clear(): void {
    this.count = this.next = 0;
    this.others = null;
  }

  save(): SavedPast {
    const values: FieldValue[] = [];
    for (let back = this.count; back > 0; back--) {
      const at = this.next - back;
      const place = at < 0 ? at + this.longest : at;
      const other = this.others === null ? undefined : this.others[place];
      values.push(other === undefined ? this.numbers[place] : other);
    }
    return this.others === null ? Float64Array.from(values as number[]) : values;
  }

  load(values: SavedPast): void {
    this.clear();
    // The state stays its owner's, so a vector of it is copied too.
    for (const value of values)
      this.push(value !== null && typeof value === 'object' ? Float64Array.from(value) : value);
  }

  private push(value: FieldValue): void {
    const { next } = this;
    if (typeof value === 'number') {
      this.numbers[next] = value;
      if (this.others !== null) this.others[next] = undefined;
    } else {
      this.others ??= Array.from({ length: this.longest }, () => undefined);
      this.others[next] = value;
    }
    this.next = next + 1 === this.longest ? 0 : next + 1;
    if (this.count < this.longest) this.count++;
  }
}
