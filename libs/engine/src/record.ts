/**
 * Records at the border of the engine: plain objects and JSON lines in, the same out.
 *
 * Written out, a record is `{"t": 1000, "pressure": 4.2, ...}`; NaN and Infinity become null, fields with a
 * role stand in their object (`age: {...}`), a hole is `{"gap": {...}}`. Reading never throws on a value: what
 * is no field value (an object, a list with text) is told to `onRefused` and left out.
 */
import type { Batch, Gap } from './batch.js';
import { BAD, BOOLEAN, NULL, NUMBER, TEXT, type Column, type FieldValue } from './column.js';
import type { Schema } from './schema.js';

export type PlainValue = number | string | boolean | null | (number | null)[] | Record<string, unknown>;
export type PlainRecord = Record<string, PlainValue>;

/**
 * Puts objects into batches of one schema. Remembers which field came after which, also from one object to the next,
 * since sensors speak in turn: a name is then compared and not looked up.
 */
export class RecordReader {
  private readonly after: number[] = [];
  private last = 0;

  constructor(
    private readonly schema: Schema,
    /** A field that is not kept: `object`, `list` or `too-many-fields`. */
    private readonly onRefused: (reason: string, field: string) => void = () => {},
  ) {}

  /** Appends one record. `skip` names the fields that are not its own, such as the timestamp's. */
  append(batch: Batch, t: number, fields: Record<string, unknown>, skip?: string): void {
    const row = batch.row(t);
    const { after } = this;
    const { names } = this.schema;
    let { last } = this;
    for (const name in fields) {
      if (name === skip) continue;
      let index = after[last];
      if (names[index] !== name) index = this.indexAfter(last, name);
      if (index < 0) {
        this.onRefused('too-many-fields', name);
        continue;
      }
      last = index;
      const value = fields[name];
      if (typeof value === 'number') batch.column(index).pushNumber(row, value);
      else if (value === null || typeof value === 'string' || typeof value === 'boolean') {
        batch.column(index).push(row, value);
      } else if (value !== undefined) {
        const vector = asVector(value);
        if (vector === null) this.onRefused(Array.isArray(value) ? 'list' : 'object', name);
        else batch.column(index).push(row, vector);
      }
    }
    this.last = last;
  }

  private indexAfter(last: number, name: string): number {
    const index = this.schema.index(name);
    if (index < 0) return index;
    while (this.after.length <= last) this.after.push(0);
    return (this.after[last] = index);
  }
}

function asVector(value: unknown): Float64Array | null {
  if (value instanceof Float64Array) return value;
  if (!Array.isArray(value)) return null;
  const vector = new Float64Array(value.length);
  for (let i = 0; i < value.length; i++) {
    const element: unknown = value[i];
    if (typeof element === 'number') vector[i] = element;
    else if (element === null) vector[i] = NaN;
    else return null;
  }
  return vector;
}

/** Calls back with each record and gap of a batch, in order. */
export function eachRecord(batch: Batch, record: (row: number) => void, gap: (gap: Gap) => void): void {
  const gaps = batch.gaps;
  if (gaps === null) {
    for (let row = 0; row < batch.n; row++) record(row);
    return;
  }
  let next = 0;
  for (let row = 0; row <= batch.n; row++) {
    while (next < gaps.length && gaps[next].row <= row) gap(gaps[next++]);
    if (row < batch.n) record(row);
  }
}

/** One row as a plain object, for borders that are not JSON lines: alerts, taps, tests. */
export function toRecord(batch: Batch, row: number): PlainRecord {
  const record: PlainRecord = { t: batch.t[row] };
  const { names, roles } = batch.schema;
  for (let index = 0; index < batch.columns.length; index++) {
    const value = batch.value(row, index);
    if (value === undefined) continue;
    const role = roles[index];
    const plain = toPlain(value);
    if (role === undefined) record[names[index]] = plain;
    else {
      const group = (record[role.inside] ??= {}) as Record<string, unknown>;
      group[role.of] = role.words && typeof plain === 'number' ? role.words[plain] : plain;
    }
  }
  return record;
}

export function gapRecord(gap: Gap): PlainRecord {
  const record: PlainRecord = { gap: { from: gap.from, to: gap.to, rows: gap.rows } };
  if (gap.key !== undefined) record.key = toPlain(gap.key);
  return record;
}

export function toPlain(value: FieldValue): PlainValue {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (value instanceof Float64Array) return Array.from(value, (x) => (Number.isFinite(x) ? x : null));
  return value;
}

/**
 * Rows as JSON lines, without the newline, written straight from the columns: one walk over each column's
 * entries with a cursor, no object a record.
 */
export class JsonWriter {
  private schema: Schema | undefined;
  private plain: { index: number; key: string }[] = [];
  private groups: { key: string; fields: { index: number; key: string; words?: readonly string[] }[] }[] = [];
  private known = 0;
  private cursors: number[] = [];
  private batch: Batch | undefined;

  /** Must be called before the rows of a batch are written, in rising order. */
  begin(batch: Batch): void {
    if (this.schema !== batch.schema || this.known !== batch.schema.size) this.learn(batch.schema);
    this.batch = batch;
    for (let i = 0; i < this.known; i++) this.cursors[i] = 0;
  }

  /** `{"t":1000,...}`; `head` replaces `{"t":1000` where a border adds fields of its own in front. */
  row(row: number, head = `{"t":${this.batch!.t[row]}`): string {
    let text = head;
    for (const { index, key } of this.plain) {
      const column = this.batch!.columns[index];
      if (column === undefined || column.count === 0) continue;
      const entry = this.entry(column, index, row);
      if (entry >= 0) text += key + literal(column, entry);
    }
    for (const group of this.groups) {
      let inner = '';
      for (const { index, key, words } of group.fields) {
        const column = this.batch!.columns[index];
        if (column === undefined || column.count === 0) continue;
        const entry = this.entry(column, index, row);
        if (entry < 0) continue;
        inner += (inner === '' ? '' : ',') + key;
        inner += words === undefined ? literal(column, entry) : `"${words[column.values[entry]]}"`;
      }
      if (inner !== '') text += `${group.key}{${inner}}`;
    }
    return text + '}';
  }

  private entry(column: Column, index: number, row: number): number {
    const { rows, count } = column;
    if (row < count && rows[row] === row) return row;
    let i = this.cursors[index];
    while (i < count && rows[i] < row) i++;
    this.cursors[index] = i;
    return i < count && rows[i] === row ? i : -1;
  }

  private learn(schema: Schema): void {
    this.schema = schema;
    this.known = schema.size;
    this.cursors = schema.names.map(() => 0);
    this.plain = [];
    this.groups = [];
    const groups = new Map<string, (typeof this.groups)[number]>();
    schema.names.forEach((name, index) => {
      const role = schema.roles[index];
      if (role === undefined) {
        this.plain.push({ index, key: `,${JSON.stringify(name)}:` });
        return;
      }
      let group = groups.get(role.inside);
      if (group === undefined) {
        group = { key: `,${JSON.stringify(role.inside)}:`, fields: [] };
        groups.set(role.inside, group);
        this.groups.push(group);
      }
      group.fields.push({ index, key: `${JSON.stringify(role.of)}:`, words: role.words });
    });
  }
}

function literal(column: Column, entry: number): string {
  const kind = column.kinds === null ? NUMBER : column.kinds[entry];
  if (kind === NUMBER) return '' + column.values[entry];
  if (kind === NULL || kind === BAD) return 'null';
  const value = column.objects![entry];
  if (kind === TEXT) return JSON.stringify(value);
  if (kind === BOOLEAN) return value ? 'true' : 'false';
  return JSON.stringify(toPlain(value as Float64Array));
}
