/**
 * Whether a row is whole: every field that counts is there, has a value, and was measured.
 *
 * A cell that stands in for a measurement (flags of `align.rows`) is as bad as none. Names are resolved once a
 * schema, also those that it learns later.
 */
import { BAD, NULL, VECTOR, type Batch, type Schema } from '@millrace/engine';
import { Cursor } from '../cursor.js';

const MADE_UP = new Set(['stale', 'missing', 'null', 'default']);
/** Marks of a row and not fields of it; empty in most rows. */
const MARKS = new Set(['backfill', 'revision']);

interface Watched {
  cursor: Cursor;
  index: number;
  /** Words of a flag; undefined for a value. */
  words: readonly string[] | undefined;
}

export class Completeness {
  private watched: Watched[] = [];
  private known = 0;
  private readonly required: readonly number[];

  constructor(
    private readonly schema: Schema,
    private readonly requires: readonly string[] | undefined,
  ) {
    this.required = (requires ?? []).map((name) => schema.index(name));
  }

  begin(batch: Batch): void {
    if (this.known !== this.schema.size) this.learn();
    for (const { cursor, index } of this.watched) cursor.open(batch.peek(index));
  }

  /** Rows must be asked for in rising order. */
  whole(row: number): boolean {
    for (const { cursor, index, words } of this.watched) {
      const entry = cursor.at(row);
      if (entry < 0) {
        if (words === undefined && this.required.includes(index)) return false;
        continue;
      }
      const column = cursor.column!;
      if (words !== undefined) {
        if (MADE_UP.has(words[column.values[entry]])) return false;
        continue;
      }
      const kind = column.kind(entry);
      if (kind === NULL || kind === BAD) return false;
      if (kind === VECTOR && (column.get(entry) as Float64Array).some((value) => !Number.isFinite(value)))
        return false;
    }
    return true;
  }

  private learn(): void {
    const { schema, requires } = this;
    for (let index = this.known; index < schema.size; index++) {
      const role = schema.roles[index];
      const name = role?.of ?? schema.names[index];
      if (requires !== undefined ? !requires.includes(name) : MARKS.has(name)) continue;
      if (role === undefined || role.words !== undefined)
        this.watched.push({ cursor: new Cursor(), index, words: role?.words });
    }
    this.known = schema.size;
  }
}
