/**
 * CSV behind `Rows`: cells to the columns of a batch, with no object a record.
 *
 * Guarantee: a cell that reads as a number is a number, an empty one is an absent field, other text is text;
 * a row whose count of cells or whose time is wrong writes nothing.
 */
import type { Batch, Column, Schema } from '@millrace/engine';
import { Failure } from '@millrace/schemas';
import { stampReader, stampUnit, type StampSettings } from '../stamp.js';
import { BROKEN, Cells, plainNumber, type Outcome } from './cells.js';
import { fieldsByName, type Fields } from './fields.js';
import type { Rows } from './replay.js';

export interface CsvSettings {
  timestamp: StampSettings & { column: string };
  /** When a row arrived, where that was recorded; `optional` when the file may lack the column. */
  arrival?: StampSettings & { column: string; optional?: boolean };
  header?: boolean;
  columns?: string[];
  fields?: Fields;
  delimiter: string;
}

export class CsvRows implements Rows {
  problem = '';
  private readonly cells: Cells;
  private readonly stamp: (text: string) => number;
  private readonly unit: ((value: number) => number) | null;
  private readonly arrivalStamp: ((text: string) => number) | null;
  private arrived = NaN;
  private arrivalCell = -1;
  private width = -1;
  private timeCell = -1;
  /** Index in the schema of each cell; -1 for one that is not kept. */
  private indexes: number[] = [];
  private columns: (Column | undefined)[] = [];

  constructor(
    private readonly schema: Schema,
    private readonly settings: CsvSettings,
    private readonly name: string,
  ) {
    const { delimiter, columns, timestamp, arrival } = settings;
    this.cells = new Cells(delimiterByte(delimiter));
    this.stamp = stampReader(timestamp);
    this.unit = stampUnit(timestamp);
    this.arrivalStamp = arrival === undefined ? null : stampReader(arrival);
    if (columns !== undefined) this.learn(columns);
  }

  get next(): number {
    return this.cells.next;
  }

  get lines(): number {
    return this.cells.lines;
  }

  scan(bytes: Buffer, from: number, end: number, last: boolean): Outcome {
    const outcome = this.cells.scan(bytes, from, end, last);
    this.problem = this.cells.problem;
    return outcome;
  }

  header(bytes: Buffer, outcome: Outcome): boolean {
    const { columns, header } = this.settings;
    const { cells } = this;
    const first = bytes[cells.starts[0]];
    if (first === 0xff || first === 0xfe) throw this.unfit('it is written in UTF-16: save it as UTF-8');
    if (!(header ?? columns === undefined)) return false;
    if (outcome === BROKEN) throw this.unfit(`its header is broken: ${cells.problem}`);
    if (columns !== undefined) return true;
    this.learn(Array.from({ length: cells.count }, (_, i) => this.text(bytes, i).trim()));
    return true;
  }

  time(bytes: Buffer): number {
    const { cells, timeCell } = this;
    if (cells.count !== this.width) {
      this.problem = `${cells.count} cells instead of ${this.width}`;
      return NaN;
    }
    const start = cells.starts[timeCell];
    const end = cells.ends[timeCell];
    let t = NaN;
    if (this.unit !== null) {
      const value = plainNumber(bytes, start, end);
      if (value === value) t = this.unit(value);
    }
    if (t !== t) {
      const text = this.text(bytes, timeCell);
      t = this.stamp(text);
      if (t !== t) {
        this.problem =
          text === ''
            ? `the time in column ${this.settings.timestamp.column} is empty`
            : `"${text.slice(0, 60)}" in column ${this.settings.timestamp.column} is no time of the format ${this.settings.timestamp.format}`;
      }
    }
    return t === t ? this.withArrival(bytes, t) : t;
  }

  arrival(): number {
    return this.arrived;
  }

  begin(): void {
    this.columns.fill(undefined);
  }

  write(bytes: Buffer, batch: Batch, row: number): void {
    const { cells, indexes, columns } = this;
    const { starts, ends } = cells;
    for (let i = 0; i < indexes.length; i++) {
      const index = indexes[i];
      if (index < 0 || starts[i] >= ends[i]) continue;
      const value = plainNumber(bytes, starts[i], ends[i]);
      if (value === value) {
        (columns[i] ??= batch.column(index)).pushNumber(row, value);
        continue;
      }
      const text = this.text(bytes, i);
      const trimmed = text.trim();
      if (trimmed === '') continue;
      const number = Number(trimmed);
      const column = (columns[i] ??= batch.column(index));
      // Only NaN itself, however it is written, is the number that is none; other text is text.
      if (number === number || (trimmed.length === 3 && trimmed.toLowerCase() === 'nan')) {
        column.pushNumber(row, number);
      } else column.push(row, cells.quoted[i] === 0 ? trimmed : text);
    }
  }

  /** The time, or NaN when the row says of its arrival what is no time; an empty cell says nothing. */
  private withArrival(bytes: Buffer, t: number): number {
    if (this.arrivalCell < 0) return t;
    const text = this.text(bytes, this.arrivalCell);
    this.arrived = text.trim() === '' ? NaN : this.arrivalStamp!(text);
    if (text.trim() === '' || this.arrived === this.arrived) return t;
    this.problem = `"${text.slice(0, 60)}" in column ${this.settings.arrival!.column} is no time`;
    return NaN;
  }

  private text(bytes: Buffer, cell: number): string {
    const text = bytes.toString(
      'utf8',
      this.cells.starts[cell],
      Math.max(this.cells.starts[cell], this.cells.ends[cell]),
    );
    return this.cells.quoted[cell] === 2 ? text.replaceAll('""', '"') : text;
  }

  private learn(names: readonly string[]): void {
    const { timestamp, arrival, fields } = this.settings;
    const renamed = fieldsByName(fields);
    const twice = names.find((name, i) => name !== '' && names.indexOf(name) !== i);
    if (twice !== undefined) throw this.unfit(`it has two columns named "${twice}": rename one`);
    const needed = arrival === undefined || arrival.optional ? [] : [arrival.column];
    for (const name of [timestamp.column, ...needed, ...(renamed?.keys() ?? [])]) {
      if (names.includes(name)) continue;
      throw this.unfit(`it has no column "${name}". Its columns are: ${names.slice(0, 20).join(', ')}`);
    }
    this.width = names.length;
    this.timeCell = names.indexOf(timestamp.column);
    this.arrivalCell = arrival === undefined ? -1 : names.indexOf(arrival.column);
    this.indexes = names.map((name) => {
      const own = name === timestamp.column || name === arrival?.column ? '' : name;
      const field = renamed === null ? own : (renamed.get(name) ?? '');
      return field === '' ? -1 : this.schema.index(field);
    });
    this.columns = this.indexes.map(() => undefined);
  }

  private unfit(why: string): Failure {
    return new Failure('engine.file-unfit', `the file ${this.name} cannot be replayed: ${why}.`);
  }
}

export function delimiterByte(delimiter: string): number | null {
  if (delimiter === 'spaces' || delimiter === ' ') return null;
  return delimiter === 'tab' ? 0x09 : delimiter.charCodeAt(0);
}
