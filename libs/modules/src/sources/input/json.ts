/**
 * JSON lines behind `Rows`: one record a line.
 *
 * Guarantee: numbers, strings, booleans, nulls and arrays of numbers become fields; anything else in a field is
 * left out and counted (`object`, `list`); a line that is no object or has no time is broken.
 */
import { RecordReader, type Batch, type Schema } from '@millrace/engine';
import { BLANK, MORE, ROW, type Outcome } from '../csv/cells.js';
import { fieldsByName } from '../csv/fields.js';
import type { Rows } from '../csv/replay.js';
import type { CsvSettings } from '../csv/rows.js';
import { stampReader, type StampReader } from '../stamp.js';

export class JsonRows implements Rows {
  next = 0;
  lines = 0;
  problem = '';
  private start = 0;
  private record: Record<string, unknown> = {};
  private readonly stamp: StampReader;
  private readonly column: string;
  private readonly arrivalColumn: string | undefined;
  private readonly arrivalStamp: StampReader | null;
  private arrived = NaN;
  private readonly fields: Map<string, string> | null;
  private readonly reader: RecordReader;

  constructor(schema: Schema, settings: CsvSettings, onRefused: (reason: string) => void) {
    this.stamp = stampReader(settings.timestamp);
    this.column = settings.timestamp.column;
    this.arrivalColumn = settings.arrival?.column;
    this.arrivalStamp = settings.arrival === undefined ? null : stampReader(settings.arrival);
    this.fields = fieldsByName(settings.fields);
    this.reader = new RecordReader(schema, onRefused);
  }

  scan(bytes: Buffer, from: number, end: number, last: boolean): Outcome {
    const feed = bytes.indexOf(0x0a, from);
    const found = feed >= 0 && feed < end;
    if (!found && !last) return MORE;
    this.start = from;
    this.next = found ? feed + 1 : end;
    this.lines = found ? 1 : 0;
    for (let at = from; at < this.next; at++) if (bytes[at] > 0x20) return ROW;
    return BLANK;
  }

  header(): boolean {
    return false;
  }

  time(bytes: Buffer): number {
    let value: unknown;
    try {
      value = JSON.parse(bytes.toString('utf8', this.start, this.next));
    } catch (error) {
      this.problem = `it is no JSON: ${error instanceof Error ? error.message : String(error)}`;
      return NaN;
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.problem = 'it is no JSON object';
      return NaN;
    }
    this.record = value as Record<string, unknown>;
    const time = this.record[this.column];
    const t = typeof time === 'number' || typeof time === 'string' ? this.stamp(String(time)) : NaN;
    if (t !== t) {
      this.problem =
        time === undefined
          ? `it has no time "${this.column}"`
          : `"${this.column}" is no time of the flow's format`;
    }
    return t === t ? this.withArrival(t) : t;
  }

  arrival(): number {
    return this.arrived;
  }

  begin(): void {}

  write(_bytes: Buffer, batch: Batch, row: number): void {
    const t = batch.t[row];
    // The reader makes the row itself.
    batch.n = row;
    this.reader.append(
      batch,
      t,
      this.fields === null ? this.record : this.picked(this.fields),
      this.skipped(),
    );
  }

  /** The time, or NaN when the record says of its arrival what is no time; it is no field. */
  private withArrival(t: number): number {
    const { arrivalColumn: column, record } = this;
    this.arrived = NaN;
    if (column === undefined || !(column in record)) return t;
    const { [column]: value, ...rest } = record;
    this.record = rest;
    if (value === null) return t;
    this.arrived =
      typeof value === 'number' || typeof value === 'string' ? this.arrivalStamp!(String(value)) : NaN;
    if (this.arrived === this.arrived) return t;
    this.problem = `"${column}" is no time`;
    return NaN;
  }

  private skipped(): string | undefined {
    return this.fields === null ? this.column : undefined;
  }

  private picked(fields: Map<string, string>): Record<string, unknown> {
    const record: Record<string, unknown> = {};
    for (const [name, field] of fields) if (name in this.record) record[field] = this.record[name];
    return record;
  }
}
