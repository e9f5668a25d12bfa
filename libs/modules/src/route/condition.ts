/**
 * What an expression says of a record: true, false, or null when the record has none of the fields that it reads.
 *
 * Call `begin` for each batch, then ask its rows in rising order. No record is made; a comparison with a null is
 * false.
 */
import { NUMBER, type Batch, type Input } from '@millrace/engine';
import { compile, type Compiled } from '@millrace/flow';
import { Cursor } from '../cursor.js';

export class Condition {
  private readonly compiled: Compiled;
  private readonly cursors: Cursor[];
  private readonly slots: (number | string | boolean | null | Float64Array | undefined)[];
  private indexes: number[][] = [];
  private batch: Batch | undefined;

  constructor(source: string) {
    this.compiled = compile(source);
    this.cursors = this.compiled.fields.map(() => new Cursor());
    this.slots = this.compiled.fields.map(() => undefined);
  }

  bind(inputs: readonly Input[]): void {
    this.indexes = inputs.map(({ schema }) =>
      this.compiled.fields.map((name) => (name === 't' ? -1 : schema.index(name))),
    );
  }

  begin(batch: Batch, input: number): void {
    this.batch = batch;
    for (let k = 0; k < this.cursors.length; k++) this.cursors[k].open(batch.peek(this.indexes[input][k]));
  }

  get fields(): readonly string[] {
    return this.compiled.fields;
  }

  /** The number of a field at a row; NaN when there is none. `k` is its place in `fields`. */
  numberAt(k: number, row: number): number {
    const entry = this.cursors[k].at(row);
    if (entry < 0) return NaN;
    const column = this.cursors[k].column!;
    return column.kind(entry) === NUMBER ? column.values[entry] : NaN;
  }

  holds(row: number): boolean | null {
    const { cursors, slots, compiled } = this;
    let lacks = slots.length > 0;
    for (let k = 0; k < cursors.length; k++) {
      if (compiled.fields[k] === 't') {
        slots[k] = this.batch!.t[row];
        if (slots.length === 1) lacks = false;
        continue;
      }
      const entry = cursors[k].at(row);
      if (entry < 0) {
        slots[k] = undefined;
        continue;
      }
      lacks = false;
      const column = cursors[k].column!;
      slots[k] = column.kind(entry) === NUMBER ? column.values[entry] : column.get(entry);
    }
    return lacks ? null : compiled.test(slots);
  }
}
