/**
 * Independent state per key value: one state where there is no `keyBy`, at most `maxKeys` where there is.
 *
 * Guarantee: bounded; beyond the bound the least recently used key goes and is counted as `keys-evicted`, at a
 * cost that does not grow with the bound, and a saved and loaded set evicts in the same order. It knows nothing
 * of what a state holds.
 */
import { z } from 'zod';
import {
  BOOLEAN,
  NUMBER,
  TEXT,
  type Batch,
  type Column,
  type Gap,
  type Input,
  type ModuleContext,
} from '@millrace/engine';
import { Cursor } from './cursor.js';

export type Key = string | number | boolean;

/** The settings of a module that keeps state per key; spread them into its own. */
export const keySettings = {
  keyBy: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Field whose value names a machine or unit; each value has a state of its own. Without it there is one state.',
    ),
  maxKeys: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .default(1000)
    .describe(
      'Most key values at a time; beyond it the least recently used one is forgotten, and counted as `keys-evicted`.',
    ),
};

/** A place in the order of use, between the one used before and the one used after. */
interface Entry<S> {
  key: Key;
  state: S;
  before: Entry<S> | undefined;
  after: Entry<S> | undefined;
}

/** Key, place in the order of use, packed state; in the order in which the keys first came. */
export type SavedKeys = [Key, number, unknown][];

interface Owner<S> {
  /** A key is forgotten: lets go of what its state still held on to. */
  forgotten?(state: S): void;
}

const ONLY: Key = '';

export class Keyed<S> {
  private readonly entries = new Map<Key, Entry<S>>();
  private readonly cursor = new Cursor();
  private indexes: number[] = [];
  private oldest: Entry<S> | undefined;
  private newest: Entry<S> | undefined;
  private readonly byRow: (S | undefined)[] = [];

  constructor(
    private readonly settings: { keyBy?: string; maxKeys: number },
    private readonly context: Pick<ModuleContext, 'count'>,
    private readonly make: () => S,
    private readonly owner: Owner<S> = {},
  ) {}

  bind(inputs: readonly Input[]): void {
    const { keyBy } = this.settings;
    this.indexes = inputs.map(({ schema }) => (keyBy === undefined ? -1 : schema.index(keyBy)));
  }

  /** Must be called before the rows of a batch are asked for, in rising order. */
  begin(batch: Batch, input: number): void {
    this.cursor.open(batch.peek(this.indexes[input]));
  }

  /** The key of a row; undefined when the row has none. */
  keyAt(row: number): Key | undefined {
    if (this.settings.keyBy === undefined) return ONLY;
    const entry = this.cursor.at(row);
    if (entry < 0) return undefined;
    const column = this.cursor.column!;
    const kind = column.kind(entry);
    if (kind === NUMBER) return column.values[entry];
    return kind === TEXT || kind === BOOLEAN ? (column.get(entry) as Key) : undefined;
  }

  /** The state that a row belongs to; undefined, and counted, when the row has no key. */
  at(row: number): S | undefined {
    const key = this.keyAt(row);
    if (key === undefined) {
      this.context.count('no-key');
      return undefined;
    }
    return this.get(key);
  }

  /**
   * The states of the rows in [first, end) that have one of the columns, by row. For modules that walk column by
   * column: keys are looked up in the order of rows, so that which of them is forgotten depends on no batch.
   */
  atRows(columns: readonly (Column | undefined)[], first: number, end: number): readonly (S | undefined)[] {
    const { byRow } = this;
    while (byRow.length < end) byRow.push(undefined);
    if (this.settings.keyBy === undefined) return byRow.fill(this.get(ONLY), first, end);
    const marks = new Uint8Array(end);
    for (const column of columns) {
      if (column === undefined) continue;
      const { rows, count } = column;
      for (let i = 0; i < count && rows[i] < end; i++) marks[rows[i]] = 1;
    }
    for (let row = first; row < end; row++) byRow[row] = marks[row] === 0 ? undefined : this.at(row);
    return byRow;
  }

  get(key: Key): S {
    const { newest } = this;
    if (newest !== undefined && newest.key === key) return newest.state;
    let entry = this.entries.get(key);
    if (entry === undefined) {
      if (this.entries.size >= this.settings.maxKeys) this.forget(this.oldest!.key);
      entry = this.enter(key, this.make());
    } else {
      this.unlink(entry);
      this.append(entry);
    }
    return entry.state;
  }

  /** Every state that a gap is about: that of its key, or all of them. */
  touched(gap: Gap): S[] {
    if (this.settings.keyBy === undefined || gap.key === undefined)
      return [...this].map(([, state]) => state);
    const entry = this.entries.get(gap.key as Key);
    return entry === undefined ? [] : [entry.state];
  }

  /** In the order in which the keys first came. */
  *[Symbol.iterator](): Iterator<[Key, S]> {
    for (const [key, { state }] of this.entries) yield [key, state];
  }

  /** Forgets a key, in its turn or before. */
  forget(key: Key): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    this.unlink(entry);
    this.context.count('keys-evicted');
    this.owner.forgotten?.(entry.state);
  }

  save(pack: (state: S) => unknown): SavedKeys {
    const places = new Map<Key, number>();
    for (let entry = this.oldest; entry !== undefined; entry = entry.after)
      places.set(entry.key, places.size);
    return [...this.entries].map(([key, { state }]) => [key, places.get(key)!, pack(state)]);
  }

  load(saved: unknown, unpack: (packed: never) => S): void {
    this.entries.clear();
    this.oldest = this.newest = undefined;
    const places = (saved as SavedKeys).map(([key, place, packed]) => {
      return { entry: this.enter(key, unpack(packed as never)), place };
    });
    this.oldest = this.newest = undefined;
    for (const { entry } of places.toSorted((a, b) => a.place - b.place)) this.append(entry);
  }

  private enter(key: Key, state: S): Entry<S> {
    const entry: Entry<S> = { key, state, before: undefined, after: undefined };
    this.entries.set(key, entry);
    this.append(entry);
    return entry;
  }

  private append(entry: Entry<S>): void {
    entry.before = this.newest;
    entry.after = undefined;
    if (this.newest === undefined) this.oldest = entry;
    else this.newest.after = entry;
    this.newest = entry;
  }

  private unlink({ before, after }: Entry<S>): void {
    if (before === undefined) this.oldest = after;
    else before.after = after;
    if (after === undefined) this.newest = before;
    else after.before = before;
  }
}
