/**
 * Behaviour of `route.debounce`: for each key the newest record that waits, and when its wait began.
 *
 * Guarantee: every record that came in has left, waits, is counted as dropped, or went with its key
 * (`keys-evicted`). At most one waits a key. Keys are looked at only when one of them is due.
 */
import {
  Batch,
  Seen,
  type Behaviour,
  type Create,
  type FieldValue,
  type Gap,
  type Input,
  type ModuleContext,
  type Schema,
  type State,
} from '@millrace/engine';
import { Cursor } from '../../cursor.js';
import { Keyed } from '../../keyed.js';
import { packBatch, unpackBatch, type PackedBatch } from '../../packed-batch.js';
import type { DebounceSettings } from './kind.js';

interface Wait {
  /** The record that waits, alone in its batch; null when none does. */
  held: Batch | null;
  input: number;
  /** Node's time of the newest record of a burst, or since which the value stands. */
  since: number;
  /** Node's time of the first record of the burst. */
  first: number;
  value: FieldValue;
  /** The value that left last; undefined before. */
  left: FieldValue | undefined;
}

type Packed = Omit<Wait, 'held'> & { held: PackedBatch | null };

class Debounce implements Behaviour {
  private readonly waits: Keyed<Wait>;
  private readonly cursor = new Cursor();
  private readonly seen = new Seen();
  private schemas: Schema[] = [];
  private indexes: number[] = [];
  /** No wait is over before this; node's time. */
  private due = Infinity;
  /** Node's time at which the records at hand came. */
  private arrival = NaN;

  constructor(private readonly context: ModuleContext<DebounceSettings>) {
    this.waits = new Keyed(context.settings, context, () => ({
      held: null,
      input: 0,
      since: NaN,
      first: NaN,
      value: null,
      left: undefined,
    }));
  }

  bind(inputs: readonly Input[]): void {
    const { field } = this.context.settings;
    this.waits.bind(inputs);
    this.schemas = inputs.map(({ schema }) => schema);
    this.indexes = inputs.map(({ schema }) => (field === undefined ? -1 : schema.index(field)));
  }

  process(batch: Batch, input: number): void {
    this.waits.begin(batch, input);
    this.cursor.open(batch.peek(this.indexes[input]));
    this.arrival = batch.arrival;
    let row = 0;
    for (const gap of batch.gaps ?? []) {
      for (; row < gap.row; row++) this.take(batch, row, input);
      this.gap(gap, input);
    }
    for (; row < batch.n; row++) this.take(batch, row, input);
  }

  tick(): void {
    this.arrival = this.context.clock.wall();
    this.release(this.arrival);
  }

  end(): void {
    this.release(this.context.live ? this.context.clock.wall() : this.seen.max);
    for (const [, wait] of this.waits) this.forget(wait, 'unsettled');
  }

  private take(batch: Batch, row: number, input: number): void {
    const { settings } = this.context;
    const now = this.now(batch, row);
    this.release(now);
    let value: FieldValue = null;
    if (settings.field !== undefined) {
      const entry = this.cursor.at(row);
      if (entry < 0) return this.pass(batch, row, input);
      value = this.cursor.column!.get(entry);
    }
    const wait = this.waits.at(row);
    if (wait === undefined) return this.pass(batch, row, input);
    if (settings.field !== undefined) {
      if (same(value, wait.left)) {
        // Back to what left last: what had begun to stand did not.
        this.forget(wait, 'debounced');
        this.context.drop('debounced');
        return;
      }
      if (wait.held === null || !same(value, wait.value)) wait.since = wait.first = now;
    } else {
      if (wait.held === null) wait.first = now;
      wait.since = now;
    }
    this.forget(wait, 'debounced');
    wait.value = value;
    wait.input = input;
    wait.held = new Batch(batch.schema, 1);
    wait.held.append(batch, row, row + 1);
    wait.held.gaps = null;
    this.due = Math.min(this.due, this.endOf(wait));
  }

  /** Node's time at which a wait is over. */
  private endOf({ since, first }: Wait): number {
    const { quietMs, maxWaitMs = Infinity } = this.context.settings;
    return Math.min(since + quietMs, first + maxWaitMs);
  }

  /** Sends what is due, the oldest first. */
  private release(now: number): void {
    if (now < this.due) return;
    const over: Wait[] = [];
    this.due = Infinity;
    for (const [, wait] of this.waits) {
      if (wait.held === null) continue;
      const end = this.endOf(wait);
      if (end <= now) over.push(wait);
      else this.due = Math.min(this.due, end);
    }
    over.sort((a, b) => this.endOf(a) - this.endOf(b));
    for (const wait of over) {
      const { held } = wait;
      wait.held = null;
      if (this.context.settings.field !== undefined) wait.left = wait.value;
      this.send(held!);
    }
  }

  private forget(wait: Wait, reason: string): void {
    if (wait.held === null) return;
    wait.held = null;
    this.context.drop(reason);
  }

  private gap(gap: Gap, input: number): void {
    for (const wait of this.waits.touched(gap)) this.forget(wait, 'gap');
    const hole = new Batch(this.schemas[input], 0);
    hole.gaps = [{ ...gap, row: 0 }];
    this.send(hole);
  }

  private pass(batch: Batch, row: number, input: number): void {
    const one = new Batch(this.schemas[input], 1);
    one.append(batch, row, row + 1);
    one.gaps = null;
    this.send(one);
  }

  private send(batch: Batch): void {
    batch.arrival = this.arrival;
    batch.born = 0;
    this.context.emit(batch);
  }

  private now(batch: Batch, row: number): number {
    if (!this.context.live) return this.seen.now(batch, row);
    return Number.isNaN(batch.arrival) ? this.context.clock.wall() : batch.arrival;
  }

  save(): State {
    const waits = this.waits.save((wait): Packed => ({
      ...wait,
      held: wait.held === null ? null : packBatch(wait.held),
    }));
    return { waits, seen: this.seen.max };
  }

  load(state: State): void {
    const { waits, seen } = state as { waits: unknown; seen: number };
    this.seen.max = seen;
    this.waits.load(waits, (packed: Packed) => {
      // Fewer wires than before: the record goes along the first.
      const input = packed.input < this.schemas.length ? packed.input : 0;
      const held = packed.held === null ? null : unpackBatch(packed.held, this.schemas[input]);
      return { ...packed, input, held };
    });
    this.due = -Infinity;
  }
}

function same(a: FieldValue | undefined, b: FieldValue | undefined): boolean {
  if (a instanceof Float64Array && b instanceof Float64Array) {
    return a.length === b.length && a.every((x, i) => Object.is(x, b[i]));
  }
  return a === b || (a !== a && b !== b);
}

export const create: Create<DebounceSettings> = (context) => new Debounce(context);
