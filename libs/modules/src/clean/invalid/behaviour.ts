/**
 * Behaviour of `clean.invalid`. Each column is first read only, in one loop; it is copied or changed only
 * where something invalid was found. No state.
 */
import {
  BAD,
  BOOLEAN,
  NULL,
  NUMBER,
  TEXT,
  type Batch,
  type Behaviour,
  type Column,
  type Create,
  type Input,
  type ModuleContext,
  type Schema,
} from '@millrace/engine';
import { Cursor } from '../../cursor.js';

export interface InvalidSettings {
  fields?: string[];
  sentinels: number[];
  badQuality?: { field: string; values: (string | number | boolean)[] };
  numeric: boolean;
  action: 'remove' | 'null' | 'drop';
}

/** Reasons by the mark that an entry gets. */
const REASONS = ['', 'nan', 'infinity', 'sentinel', 'quality', 'text'] as const;
const [, NAN, INFINITE, SENTINEL, QUALITY, NO_NUMBER] = [0, 1, 2, 3, 4, 5];

interface Places {
  /** Null: all columns that the batch has. */
  indexes: number[] | null;
  quality: number;
  schema: Schema;
}

class Invalid implements Behaviour {
  private places: Places[] = [];
  private readonly badValues: Set<unknown>;
  private marks = new Uint8Array(256);
  private keep = new Uint8Array(256);
  private badRows = new Uint8Array(256);
  private readonly quality = new Cursor();

  constructor(private readonly context: ModuleContext<InvalidSettings>) {
    this.badValues = new Set(context.settings.badQuality?.values);
  }

  bind(inputs: readonly Input[]): void {
    const { fields, badQuality } = this.context.settings;
    this.places = inputs.map(({ schema }) => ({
      indexes: fields?.map((name) => schema.index(name)) ?? null,
      quality: badQuality === undefined ? -1 : schema.index(badQuality.field),
      schema,
    }));
  }

  process(batch: Batch, input: number): void {
    const { indexes, quality, schema } = this.places[input];
    if (batch.n > this.keep.length) {
      this.keep = new Uint8Array(batch.n * 2);
      this.marks = new Uint8Array(batch.n * 2);
      this.badRows = new Uint8Array(batch.n * 2);
    }
    const bad = this.findBad(batch, quality);
    const drops = this.context.settings.action === 'drop';
    if (drops) this.keep.fill(1, 0, batch.n);
    let dropped = false;
    const last = indexes === null ? batch.columns.length : indexes.length;
    for (let k = 0; k < last; k++) {
      const index = indexes === null ? k : indexes[k];
      if (index === quality || (indexes === null && schema.roles[index] !== undefined)) continue;
      const column = batch.peek(index);
      if (column === undefined || !this.find(column, bad)) continue;
      if (drops) dropped = this.markRows(column) || dropped;
      else this.clean(batch, index);
    }
    if (dropped) batch.retain(this.keep);
    this.context.emit(batch);
  }

  /** Marks the rows of bad quality; gives whether there is one. */
  private findBad(batch: Batch, index: number): boolean {
    const column = batch.peek(index);
    if (column === undefined) return false;
    let found = false;
    this.quality.open(column);
    for (let row = 0; row < batch.n; row++) {
      const entry = this.quality.at(row);
      const bad = entry >= 0 && this.badValues.has(column.get(entry));
      this.badRows[row] = bad ? 1 : 0;
      found ||= bad;
    }
    return found;
  }

  /** Marks the invalid entries of a column; gives whether there is one. */
  private find(column: Column, bad: boolean): boolean {
    const { sentinels, numeric } = this.context.settings;
    const { values, kinds, rows, count } = column;
    const { marks, badRows } = this;
    let found = 0;
    if (kinds === null && !bad) {
      // Nearly all columns, nearly always: numbers, and none of them a code.
      for (const sentinel of sentinels) for (let i = 0; i < count; i++) if (values[i] === sentinel) found++;
      if (found === 0) return false;
    }
    found = 0;
    for (let i = 0; i < count; i++) {
      const kind = kinds === null ? NUMBER : kinds[i];
      let mark = 0;
      if (kind === NULL) mark = 0;
      else if (bad && badRows[rows[i]] !== 0) mark = QUALITY;
      else if (kind === BAD) mark = Number.isNaN(values[i]) ? NAN : INFINITE;
      else if (kind === NUMBER) mark = sentinels.includes(values[i]) ? SENTINEL : 0;
      else if (numeric && (kind === TEXT || kind === BOOLEAN)) mark = NO_NUMBER;
      marks[i] = mark;
      found |= mark;
    }
    return found !== 0;
  }

  /** Rows are dropped once, for the first reason that is found. */
  private markRows(column: Column): boolean {
    let found = false;
    for (let i = 0; i < column.count; i++) {
      const row = column.rows[i];
      if (this.marks[i] === 0 || this.keep[row] === 0) continue;
      this.keep[row] = 0;
      this.context.drop(REASONS[this.marks[i]]);
      found = true;
    }
    return found;
  }

  private clean(batch: Batch, index: number): void {
    const column = batch.own(index)!;
    const nulls = this.context.settings.action === 'null';
    for (let i = 0; i < column.count; i++) {
      if (this.marks[i] === 0) continue;
      this.context.drop(REASONS[this.marks[i]]);
      if (nulls) column.put(i, null);
    }
    if (!nulls) column.drop(this.marks);
  }
}

export const create: Create<InvalidSettings> = (context) => new Invalid(context);
