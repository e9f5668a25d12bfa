/**
 * Collects the rows that a model would see, as JSON lines: `t`, `key`, then its inputs in their order.
 *
 * Guarantee: a row that the model would refuse is left out and counted by its reason, and so is a hole; every
 * number is written with all its digits. Of the rows themselves nothing is kept.
 */
import { Batch, BOOLEAN, JsonWriter, Schema, TEXT, VECTOR, type Column } from '@millrace/engine';
import { lackingRows } from '@millrace/modules';
import type { LineFile } from './lines.js';

export type CellType = 'number' | 'string' | 'boolean';

/** A column of the written table. */
export interface TableColumn {
  name: string;
  /** Undefined while no row has had a value; text where rows differ. */
  type: CellType | undefined;
  /** Numbers of a vector, which takes as many cells. */
  length?: number;
}

export interface Wanted {
  /** What the model is given; null for every field. */
  fields: string[] | null;
  /** Further fields, such as a label. */
  keep: readonly string[];
  key: string | undefined;
}

const KEY = 0;

interface Places {
  fields: number[];
  /** By column of the rows that are written: its column in what came, -1 where there is none. */
  from: number[];
  known: number;
}

export class Rows {
  readonly columns: TableColumn[] = [];
  readonly leftOut = new Map<string, number>();
  count = 0;
  private readonly schema = new Schema(['key']);
  private readonly json = new JsonWriter();
  private readonly places = new Map<Schema, Places>();
  /** Of a model's inputs: what the first row had, which the others must have too. */
  private readonly shapes: (number | 'text' | 'number' | undefined)[] = [];

  constructor(
    private readonly lines: LineFile,
    private readonly wanted: Wanted,
  ) {
    for (const name of [...(wanted.fields ?? []), ...wanted.keep]) this.schema.index(name);
  }

  take(batch: Batch): void {
    if (batch.gaps !== null) this.leaveOut('gap', batch.gaps.length);
    const places = this.placesOf(batch.schema);
    const rows = batch.fork();
    rows.gaps = null;
    if (this.wanted.fields !== null) {
      this.refuse(rows, 'incomplete', lackingRows(rows, [places.fields]));
      this.refuse(rows, 'unlike', this.unlikeRows(rows, places.fields));
    }
    if (rows.n === 0) return;
    const written = new Batch(this.schema, 0);
    written.n = rows.n;
    written.t = rows.t;
    written.columns = places.from.map((index) => this.given(rows.peek(index)));
    written.columns.forEach((column, index) => column && this.learn(index, column));
    this.json.begin(written);
    for (let row = 0; row < rows.n; row++) this.lines.add(this.json.row(row));
    this.count += rows.n;
  }

  private placesOf(schema: Schema): Places {
    let places = this.places.get(schema);
    const { fields, key } = this.wanted;
    if (places === undefined) {
      places = { fields: (fields ?? []).map((name) => schema.index(name)), from: [], known: -1 };
      this.places.set(schema, places);
    }
    if (places.known === schema.size && places.from.length === this.schema.size) return places;
    if (fields === null) schema.names.forEach((name, index) => this.schema.index(name, schema.roles[index]));
    places.from = this.schema.names.map((name) => schema.find(name));
    if (places.from[KEY]! < 0 && key !== undefined) places.from[KEY] = schema.find(key);
    places.known = schema.size;
    return places;
  }

  private refuse(rows: Batch, reason: string, refused: Uint8Array | null): void {
    if (refused === null) return;
    this.leaveOut(
      reason,
      refused.reduce((sum, one) => sum + one, 0),
    );
    rows.retain(refused.map((one) => 1 - one));
  }

  private leaveOut(reason: string, n: number): void {
    this.leftOut.set(reason, (this.leftOut.get(reason) ?? 0) + n);
  }

  /** A text among numbers, or a vector of another length: errors of the model, which a training must not see. */
  private unlikeRows(rows: Batch, fields: readonly number[]): Uint8Array | null {
    let unlike: Uint8Array | null = null;
    fields.forEach((index, i) => {
      const column = rows.peek(index);
      if (column === undefined) return;
      for (let entry = 0; entry < column.count; entry++) {
        const shape = shapeOf(column, entry);
        if (shape === (this.shapes[i] ??= shape)) continue;
        (unlike ??= new Uint8Array(rows.n))[column.rows[entry]!] = 1;
      }
    });
    return unlike;
  }

  /** As the model gets it: a boolean is 0 or 1. */
  private given(column: Column | undefined): Column | undefined {
    if (column === undefined || column.kinds === null || this.wanted.fields === null) return column;
    if (!column.kinds.subarray(0, column.count).includes(BOOLEAN)) return column;
    const numbers = column.clone();
    for (let i = 0; i < numbers.count; i++) {
      if (numbers.kind(i) === BOOLEAN) numbers.put(i, numbers.get(i) === true ? 1 : 0);
    }
    return numbers;
  }

  private learn(index: number, column: Column): void {
    const role = this.schema.roles[index];
    const name = role === undefined ? this.schema.names[index]! : `${role.inside}.${role.of}`;
    const known = (this.columns[index] ??= { name, type: undefined });
    if (role?.words !== undefined) known.type = 'string';
    else if (column.kinds === null) known.type = joined(known.type, 'number');
    else {
      for (let i = 0; i < column.count; i++) {
        const value = column.get(i);
        if (value === null) continue;
        if (value instanceof Float64Array) known.length = Math.max(known.length ?? 0, value.length);
        known.type = joined(
          known.type,
          value instanceof Float64Array ? 'number' : (typeof value as CellType),
        );
      }
    }
  }

  /** The table's columns in order. Those of a model are there even when no row is. */
  table(): TableColumn[] {
    const always = this.wanted.fields === null ? 0 : this.schema.size;
    const columns = this.schema.names.map((name, index) => {
      const known = this.columns[index];
      return known ?? (index !== KEY && index < always ? { name, type: undefined } : undefined);
    });
    return [{ name: 't', type: 'number' }, ...columns.filter((column) => column !== undefined)];
  }
}

function shapeOf(column: Column, entry: number): number | 'text' | 'number' {
  const kind = column.kind(entry);
  if (kind === VECTOR) return (column.get(entry) as Float64Array).length;
  return kind === TEXT ? 'text' : 'number';
}

const joined = (known: CellType | undefined, one: CellType): CellType =>
  known === undefined || known === one ? one : 'string';
