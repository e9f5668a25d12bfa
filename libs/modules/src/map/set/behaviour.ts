/**
 * Behaviour of `map.set`. Expressions read the incoming columns and write columns of their own, which then
 * change places with the batch's: nothing is copied, and nothing is allocated once all batches have the
 * same fields. No state.
 */
import {
  Column,
  NUMBER,
  VECTOR,
  type Batch,
  type Behaviour,
  type Create,
  type Input,
} from '@millrace/engine';
import { compile, type Compiled } from '@millrace/flow';
import { Cursor } from '../../cursor.js';

export interface SetSettings {
  set?: Record<string, string>;
  rename?: Record<string, string>;
  drop?: string[];
}

/** Stands for the timestamp among column indexes. */
const TIME = -1;

interface Places {
  sets: { target: number; reads: number[] }[];
  renames: [from: number, to: number][];
  drops: number[];
}

type Slot = number | string | boolean | null | ArrayLike<number> | undefined;

class SetFields implements Behaviour {
  private readonly expressions: { field: string; compiled: Compiled; made: Column }[];
  private readonly cursors: Cursor[] = [];
  private readonly numbers: number[] = [];
  private readonly slots: Slot[] = [];
  private places: Places[] = [];

  constructor(
    private readonly settings: SetSettings,
    private readonly emit: (batch: Batch) => void,
  ) {
    this.expressions = Object.entries(settings.set ?? {}).map(([field, source]) => ({
      field,
      compiled: compile(source),
      made: new Column(0),
    }));
  }

  bind(inputs: readonly Input[]): void {
    this.places = inputs.map(({ schema }) => ({
      sets: this.expressions.map(({ field, compiled }) => ({
        target: schema.index(field),
        reads: compiled.fields.map((name) => (name === 't' ? TIME : schema.index(name))),
      })),
      renames: Object.entries(this.settings.rename ?? {}).map(([from, to]) => [
        schema.index(from),
        schema.index(to),
      ]),
      drops: (this.settings.drop ?? []).map((name) => schema.index(name)),
    }));
  }

  process(batch: Batch, input: number): void {
    const { sets, renames, drops } = this.places[input];
    for (let i = 0; i < sets.length; i++) this.compute(batch, i, sets[i].reads, sets[i].target);
    for (let i = 0; i < sets.length; i++) {
      const expression = this.expressions[i];
      expression.made = exchange(batch, sets[i].target, expression.made);
    }
    if (renames.length > 0) rename(batch, renames);
    for (const index of drops) empty(batch, index);
    this.emit(batch);
  }

  /** One expression over all rows, into the column that it makes. */
  private compute(batch: Batch, i: number, reads: number[], target: number): void {
    const { compiled, made } = this.expressions[i];
    made.reset();
    if (reads.every((index) => index === TIME || isDense(batch, index))) {
      this.computeDense(batch, compiled, made, reads);
      return;
    }
    const { slots, cursors } = this;
    slots.length = reads.length;
    for (let k = 0; k < reads.length; k++) (cursors[k] ??= new Cursor()).open(batch.peek(reads[k]));
    const before = batch.peek(target);
    const kept = new Cursor();
    kept.open(before);
    for (let row = 0; row < batch.n; row++) {
      let lacking = false;
      for (let k = 0; k < reads.length; k++) {
        if (reads[k] === TIME) slots[k] = batch.t[row];
        else {
          const entry = cursors[k].at(row);
          if (entry < 0) lacking = true;
          slots[k] = entry < 0 ? undefined : slotOf(cursors[k].column!, entry);
        }
      }
      const value = compiled.evaluate(slots);
      if (value !== null || !lacking) made.push(row, value);
      else if (before !== undefined) {
        const entry = kept.at(row);
        if (entry >= 0) made.pushFrom(row, before, entry);
      }
    }
  }

  /** The same where every field is a number in every row: what most batches are. */
  private computeDense(batch: Batch, compiled: Compiled, made: Column, reads: number[]): void {
    const { numbers } = this;
    const sources = reads.map((index) => (index === TIME ? batch.t : batch.peek(index)!.values));
    numbers.length = reads.length;
    for (let row = 0; row < batch.n; row++) {
      for (let k = 0; k < sources.length; k++) numbers[k] = sources[k][row];
      const value = compiled.evaluate(numbers);
      if (typeof value === 'number') made.pushNumber(row, value);
      else made.push(row, value);
    }
  }
}

function isDense(batch: Batch, index: number): boolean {
  const column = batch.peek(index);
  return column !== undefined && column.count === batch.n && column.kinds === null;
}

function slotOf(column: Column, entry: number): Slot {
  const kind = column.kind(entry);
  if (kind === NUMBER) return column.values[entry];
  return kind === VECTOR ? (column.get(entry) as Float64Array) : (column.get(entry) as Slot);
}

/** Puts a column into the batch and gives back one that may be used for the next batch. */
function exchange(batch: Batch, index: number, made: Column): Column {
  if (index < 0) return made; // The schema is full: the field cannot be.
  while (batch.columns.length <= index) batch.columns.push(undefined);
  const before = batch.columns[index];
  batch.columns[index] = made;
  return before === undefined || before.shared ? new Column(0) : before;
}

function empty(batch: Batch, index: number): void {
  const column = batch.columns[index];
  if (column === undefined) return;
  if (column.shared) batch.clear(index);
  else column.reset();
}

/** All at once, so that two names can be swapped. */
function rename(batch: Batch, renames: readonly [number, number][]): void {
  const moved = renames.map(([from]) => batch.peek(from));
  for (let i = 0; i < renames.length; i++)
    if (moved[i] !== undefined) batch.columns[renames[i][0]] = undefined;
  for (let i = 0; i < renames.length; i++) {
    const column = moved[i];
    const to = renames[i][1];
    if (column === undefined || to < 0) continue;
    const standing = batch.peek(to);
    exchange(batch, to, standing === undefined || column.count === batch.n ? column : over(column, standing));
  }
}

/** The rows of both; where both have one, the first's. */
function over(first: Column, second: Column): Column {
  const joined = new Column(first.count + second.count);
  let i = 0;
  let j = 0;
  while (i < first.count || j < second.count) {
    const a = i < first.count ? first.rows[i] : Infinity;
    const b = j < second.count ? second.rows[j] : Infinity;
    if (a <= b) {
      joined.pushFrom(a, first, i++);
      if (a === b) j++;
    } else joined.pushFrom(b, second, j++);
  }
  return joined;
}

export const create: Create<SetSettings> = (context) =>
  new SetFields(context.settings, (batch) => context.emit(batch));
