/**
 * The linear method of `clean.fill`, which has to see the value after a hole. While a blank waits, batches
 * wait behind it and leave whole and in order; when none waits, they pass at once.
 *
 * Guarantee: at most MAX_WAITING records wait, and none longer than the widest hole of node's time.
 */
import {
  NUMBER,
  Seen,
  type Batch,
  type Behaviour,
  type Input,
  type ModuleContext,
  type Schema,
  type State,
} from '@millrace/engine';
import { Cursor } from '../../cursor.js';
import { Keyed } from '../../keyed.js';
import { packBatch, unpackBatch, type PackedBatch } from '../../packed-batch.js';
import type { FillSettings } from './kind.js';

/** Enough for ten minutes of 16 Hz; beyond it the oldest batch leaves with its blanks. */
const MAX_WAITING = 10_000;

interface Waiting {
  batch: Batch;
  input: number;
  /** By row; NaN where nothing is to be filled in. */
  fillings: Float64Array;
  open: number;
  /** Monotonic milliseconds. */
  since: number;
}

interface Past {
  t: number;
  value: number;
  blanks: { held: Waiting; row: number }[];
}

interface Saved {
  waiting: { packed: PackedBatch; input: number; fillings: Float64Array }[];
  /** Blanks as numbers of the waiting batch and of the row. */
  pasts: unknown;
  seen: number;
}

export class LinearFill implements Behaviour {
  private readonly pasts: Keyed<Past>;
  private readonly cursor = new Cursor();
  private readonly seen = new Seen();
  private readonly pending = new Set<Past>();
  /** No pending blank is given up before this timestamp. */
  private giveUpAt = -Infinity;
  private waiting: Waiting[] = [];
  private rows = 0;
  private schemas: Schema[] = [];
  private fields: number[] = [];

  /** Milliseconds between two neighbours that are still bridged. */
  private readonly widest: number;

  constructor(private readonly context: ModuleContext<FillSettings>) {
    this.widest = context.settings.maxHoleMs ?? context.settings.maxAgeMs;
    this.pasts = new Keyed(context.settings, context, (): Past => ({ t: NaN, value: NaN, blanks: [] }), {
      forgotten: (past) => this.giveUp(past),
    });
  }

  bind(inputs: readonly Input[]): void {
    this.pasts.bind(inputs);
    this.schemas = inputs.map(({ schema }) => schema);
    this.fields = inputs.map(({ schema }) => schema.index(this.context.settings.field));
  }

  process(batch: Batch, input: number): void {
    // A fork stays valid after this call: its maker lets go of arrays that another batch reads.
    const fork = batch.fork();
    const fillings = new Float64Array(batch.n).fill(NaN);
    const held: Waiting = { batch: fork, input, fillings, open: 0, since: this.context.clock.monotonic() };
    this.waiting.push(held);
    this.rows += batch.n;
    this.pasts.begin(fork, input);
    this.cursor.open(fork.peek(this.fields[input]));
    let row = 0;
    for (const gap of batch.gaps ?? []) {
      for (; row < gap.row; row++) this.look(held, row);
      for (const past of this.pasts.touched(gap)) {
        this.giveUp(past);
        past.t = NaN;
      }
    }
    for (; row < batch.n; row++) this.look(held, row);
    while (this.rows > MAX_WAITING && this.waiting[0].open > 0) this.letGo(this.waiting[0], true);
    this.release();
  }

  tick(): void {
    const oldest = this.waiting[0];
    if (oldest === undefined || this.context.clock.monotonic() - oldest.since <= this.widest) return;
    this.letGo(oldest, false);
    this.release();
  }

  end(): void {
    for (const past of this.pending) this.giveUp(past);
    this.release();
  }

  private look(held: Waiting, row: number): void {
    const { maxAgeMs, absent } = this.context.settings;
    const t = held.batch.t[row];
    if (this.seen.at(t) > this.giveUpAt) this.giveUpOld();
    const entry = this.cursor.at(row);
    const past = this.pasts.at(row);
    if (past === undefined) return;
    if (entry >= 0 && this.cursor.column!.kind(entry) === NUMBER) {
      const value = this.cursor.column!.values[entry];
      const span = t - past.t;
      if (span > 0 && span <= this.widest) this.bridge(past, t, value);
      this.giveUp(past);
      past.t = t;
      past.value = value;
      return;
    }
    if (entry < 0 && !absent) return;
    if (past.t <= t && t - past.t <= maxAgeMs && this.seen.max - past.t <= this.widest) {
      past.blanks.push({ held, row });
      held.open++;
      this.pending.add(past);
      this.giveUpAt = Math.min(this.giveUpAt, past.t + this.widest);
    } else this.context.count('unfilled');
  }

  /** Blanks behind a value that no later one can bridge. By rows, so that batches make no difference. */
  private giveUpOld(): void {
    this.giveUpAt = Infinity;
    for (const past of this.pending) {
      if (this.seen.max - past.t > this.widest) this.giveUp(past);
      else this.giveUpAt = Math.min(this.giveUpAt, past.t + this.widest);
    }
  }

  private bridge(past: Past, t: number, value: number): void {
    for (const { held, row } of past.blanks) {
      const at = held.batch.t[row];
      if (at > t) continue;
      held.fillings[row] = past.value + ((value - past.value) * (at - past.t)) / (t - past.t);
    }
  }

  /** The blanks of a key wait no longer; those that were bridged are filled, the others stay. */
  private giveUp(past: Past): void {
    if (past.blanks.length === 0) return;
    for (const { held, row } of past.blanks) {
      held.open--;
      this.context.count(Number.isNaN(held.fillings[row]) ? 'unfilled' : 'filled');
    }
    past.blanks = [];
    this.pending.delete(past);
  }

  /** Lets a batch go although blanks of it still wait. */
  private letGo(held: Waiting, overflow: boolean): void {
    if (overflow) this.context.count('overflow', held.open);
    for (const past of this.pending) {
      const left = past.blanks.filter((blank) => blank.held !== held);
      this.context.count('unfilled', past.blanks.length - left.length);
      past.blanks = left;
      if (left.length === 0) this.pending.delete(past);
    }
    held.open = 0;
  }

  private release(): void {
    while (this.waiting.length > 0 && this.waiting[0].open === 0) {
      const { batch, input, fillings } = this.waiting.shift()!;
      this.rows -= batch.n;
      this.fill(batch, this.fields[input], fillings);
      this.context.emit(batch);
    }
  }

  private fill(batch: Batch, index: number, fillings: Float64Array): void {
    if (index < 0 || fillings.every(Number.isNaN)) return;
    const before = batch.peek(index);
    batch.clear(index);
    const made = batch.column(index);
    this.cursor.open(before);
    for (let row = 0; row < batch.n; row++) {
      const entry = this.cursor.at(row);
      if (!Number.isNaN(fillings[row])) made.pushNumber(row, fillings[row]);
      else if (entry >= 0) made.pushFrom(row, before!, entry);
    }
  }

  save(): State {
    const saved: Saved = {
      waiting: this.waiting.map(({ batch, input, fillings }) => ({
        packed: packBatch(batch),
        input,
        fillings,
      })),
      pasts: this.pasts.save(({ t, value, blanks }) => ({
        t,
        value,
        blanks: blanks.map(({ held, row }) => [this.waiting.indexOf(held), row]),
      })),
      seen: this.seen.max,
    };
    return saved;
  }

  load(state: State): void {
    const saved = state as Saved;
    this.waiting = saved.waiting
      .filter(({ input }) => input < this.schemas.length)
      .map(({ packed, input, fillings }) => ({
        batch: unpackBatch(packed, this.schemas[input]),
        input,
        fillings,
        open: 0,
        since: this.context.clock.monotonic(),
      }));
    this.rows = this.waiting.reduce((sum, { batch }) => sum + batch.n, 0);
    this.pasts.load(
      saved.pasts,
      ({ t, value, blanks }: { t: number; value: number; blanks: [number, number][] }) => {
        const past: Past = { t, value, blanks: [] };
        for (const [number, row] of blanks) {
          const held = this.waiting[number];
          if (held === undefined) continue;
          held.open++;
          past.blanks.push({ held, row });
          this.pending.add(past);
        }
        return past;
      },
    );
    this.seen.at(saved.seen);
  }
}
