/**
 * Behaviour of `model.onnx`: records wait in order, go to the thread in batches, and leave in order.
 *
 * Guarantee: each record that came in leaves, or is counted as dropped or as an error, and none leaves before
 * one that came earlier; what waits is bounded and is saved. A failure that must stop the flow is thrown from
 * the next call, since the thread's answers come at a time when nobody listens.
 */
import {
  Batch,
  BATCH_ROWS,
  type Behaviour,
  type Create,
  type FieldValue,
  type Input,
  type ModuleContext,
  type Schema,
  type State,
} from '@millrace/engine';
import { OnnxSession, type OnnxBatch } from '@millrace/inference';
import { Failure } from '@millrace/schemas';
import { packBatch, unpackBatch, type PackedBatch } from '../../packed-batch.js';
import { count, lackingRows, newHeld, type Held } from './held.js';
import {
  asTruths,
  elementOf,
  fillInput,
  fixedRows,
  isTruth,
  planInputs,
  readRows,
  type FilledInput,
  type InputSetting,
  type OutputSetting,
  type Piece,
} from './tensors.js';

export interface OnnxSettings {
  model: string;
  inputs: InputSetting[];
  outputs: OutputSetting[];
  batch: { max: number; waitMs: number };
  timeoutMs: number;
  threads: number;
  onBusy: 'block' | 'drop';
  onIncomplete: 'skip' | 'port';
  fallback?: Record<string, string | number | boolean | null>;
}

/** Batches with the thread at a time: one runs, the others lie ready. A power of two. */
const SLOTS = 4;
const INCOMPLETE = 1;
/** Batches kept for use again: a full queue of batches of 256, and a few small ones. */
const SPARE = 64;

interface Places {
  schema: Schema;
  /** Empty batches for the next records. */
  spare: Batch[];
  inputs: number[][];
  outputs: number[];
}

class OnnxModel implements Behaviour {
  private places: Places[] = [];
  private held: Held[] = [];
  /** Rows that have not gone to the thread, and all that have not left. */
  private unsent = 0;
  private waiting = 0;
  private flying = 0;
  private session: OnnxSession | undefined;
  private plan:
    { inputs: FilledInput[]; elements: number[]; truths: boolean[]; fixed: number | null } | undefined;
  private opening: Promise<void> | undefined;
  private thrown: { error: unknown } | undefined;
  private timer: NodeJS.Timeout | undefined;
  private draining = false;
  private closed = false;
  private idle: (() => void)[] = [];

  constructor(private readonly context: ModuleContext<OnnxSettings>) {}

  bind(inputs: readonly Input[]): void {
    const { settings } = this.context;
    this.places = inputs.map(({ schema }) => ({
      schema,
      spare: [],
      inputs: settings.inputs.map(({ columns, window }) =>
        (columns ?? [window!]).map((name) => schema.index(name)),
      ),
      outputs: settings.outputs.map(({ as }) => schema.index(as)),
    }));
  }

  /** Loads the model before the sources are opened: a swap of versions then takes no time for it. */
  async prepare(): Promise<void> {
    this.open();
    await this.opening;
    this.check();
  }

  process(batch: Batch, input: number): void {
    this.check();
    this.open();
    // A copy into a batch that is used again: keeping the batch itself would cost its maker new arrays.
    const copy = this.places[input].spare.pop() ?? new Batch(batch.schema, batch.n);
    copy.append(batch);
    this.partIncomplete(copy, input);
    if (copy.n === 0 && copy.gaps === null) return;
    this.hold(copy, input);
    this.makeRoom();
    this.pump();
    this.context.queued(this.waiting);
  }

  tick(): void {
    this.check();
    this.open();
  }

  private hold(batch: Batch, input: number): void {
    this.held.push(newHeld(batch, input, this.context.settings.outputs.length));
    this.unsent += batch.n;
    this.waiting += batch.n;
  }

  /** Takes the records out that lack an input, and sends them on or drops them. */
  private partIncomplete(batch: Batch, input: number): void {
    const lacking = lackingRows(batch, this.places[input].inputs);
    if (lacking === null) return;
    if (this.context.settings.onIncomplete === 'port') {
      const aside = batch.fork();
      aside.gaps = null;
      aside.retain(lacking);
      this.context.emit(aside, INCOMPLETE);
    } else this.context.drop('incomplete', count(lacking));
    batch.retain(lacking.map((one) => 1 - one));
  }

  /** Keeps the queue within its bound, where records are to be dropped rather than to wait. */
  private makeRoom(): void {
    const { queue, settings } = this.context;
    const newest = this.held[this.held.length - 1];
    if (settings.onBusy === 'drop' && this.flying > 0 && this.unsent - newest.batch.n >= settings.batch.max) {
      this.forget(newest, 'busy');
    } else if (queue.full === 'dropNewest' && this.waiting > queue.size) this.forget(newest, 'queue-full');
    else if (queue.full === 'dropOldest') {
      for (let i = 0; i < this.held.length - 1 && this.waiting > queue.size;) {
        if (this.held[i].sent === 0 && this.held[i].batch.n > 0) this.forget(this.held[i], 'queue-full');
        else i++;
      }
    }
  }

  /** Only batches of which nothing has been sent. */
  private forget(held: Held, reason: string): void {
    this.held.splice(this.held.indexOf(held), 1);
    this.unsent -= held.batch.n;
    this.waiting -= held.batch.n;
    this.context.drop(reason, held.batch.n);
  }

  private open(): void {
    this.opening ??= this.openSession().catch((error: unknown) => this.halt(error));
  }

  private async openSession(): Promise<void> {
    const { settings, host } = this.context;
    const { model } = settings;
    const path = model.startsWith('resource:') ? host.resource(model).path : host.path(model);
    const session = await OnnxSession.open({
      path,
      name: model,
      threads: settings.threads,
      timeoutMs: settings.timeoutMs,
      slots: SLOTS,
      inputs: settings.inputs.map(({ tensor }) => tensor),
      outputs: [...new Set(settings.outputs.map(({ tensor }) => tensor))],
    });
    if (this.closed) {
      await session.close();
      return;
    }
    this.session = session;
    this.plan = {
      inputs: planInputs(session, settings.inputs),
      elements: settings.outputs.map((output) => elementOf(session, output)),
      truths: settings.outputs.map((output) => isTruth(session, output)),
      fixed: fixedRows(session),
    };
    this.pump();
  }

  /** Gives the thread what there is, as long as it takes it and a batch is due. */
  private pump(): void {
    this.release();
    if (this.session === undefined || this.plan === undefined || this.thrown !== undefined) return;
    const { max, waitMs } = this.context.settings.batch;
    const size = this.plan.fixed ?? (this.context.live ? max : Math.max(max, BATCH_ROWS));
    while (this.unsent > 0) {
      const due = this.unsent >= size || this.flying === 0 || this.draining;
      if (!due) {
        this.timer ??= setTimeout(() => this.overdue(), waitMs);
        return;
      }
      let slot: OnnxBatch | undefined;
      try {
        slot = this.session.borrow();
      } catch (error) {
        this.halt(error);
        return;
      }
      if (slot === undefined) return;
      this.send(slot, size);
    }
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** The first that waits has waited long enough. */
  private overdue(): void {
    this.timer = undefined;
    const before = this.draining;
    this.draining = true;
    this.pump();
    this.draining = before;
  }

  private send(slot: OnnxBatch, size: number): void {
    const pieces: { held: Held; piece: Piece }[] = [];
    let n = 0;
    for (const held of this.held) {
      const take = Math.min(held.batch.n - held.sent, size - n);
      if (take > 0) {
        const piece = {
          batch: held.batch,
          indexes: this.places[held.input].inputs,
          first: held.sent,
          last: held.sent + take,
        };
        pieces.push({ held, piece });
        held.sent += take;
        n += take;
      }
      if (n === size) break;
    }
    this.unsent -= n;
    this.flying++;
    const { inputs, fixed } = this.plan!;
    const rows = fixed ?? n;
    const failed = new Uint8Array(n);
    let reason = '';
    this.context.count('batches');
    void (async () => {
      try {
        inputs.forEach((plan, position) =>
          fillInput(
            slot,
            plan,
            position,
            pieces.map(({ piece }) => piece),
            rows,
            (row, why) => {
              failed[row] = 1;
              reason = why;
            },
          ),
        );
        await slot.run();
        const why = this.take(slot, pieces, rows, failed);
        if (why !== '') reason = why;
      } catch (error) {
        failed.fill(1);
        reason = error instanceof Error ? error.message : String(error);
      }
      slot.release();
      this.flying--;
      this.settle(pieces, failed, reason);
    })();
  }

  /** Copies the results of the rows; gives why a row failed, if one did. */
  private take(
    slot: OnnxBatch,
    pieces: { held: Held; piece: Piece }[],
    rows: number,
    failed: Uint8Array,
  ): string {
    let reason = '';
    this.context.settings.outputs.forEach(({ tensor, as }, k) => {
      const output = slot.output(tensor);
      let at = 0;
      const { elements, truths } = this.plan!;
      for (const { held, piece } of pieces) {
        const { first, last } = piece;
        if (!readRows(output, at, rows, elements[k], held.results[k], first, last - first, failed))
          reason = `the model gave no number for ${as} (NaN, or no such element)`;
        if (truths[k]) asTruths(held.results[k], first, last - first);
        at += last - first;
      }
    });
    return reason;
  }

  private settle(pieces: { held: Held; piece: Piece }[], failed: Uint8Array, reason: string): void {
    let at = 0;
    for (const { held, piece } of pieces) {
      for (let row = piece.first; row < piece.last; row++, at++) {
        held.failed[row] = failed[at];
        if (failed[at] !== 0) held.reason = reason;
      }
      held.done += piece.last - piece.first;
    }
    this.pump();
    this.context.queued(this.waiting);
    if (this.held.length === 0) for (const resolve of this.idle.splice(0)) resolve();
  }

  /** What is complete leaves, in order. */
  private release(): void {
    while (this.held.length > 0 && this.held[0].done === this.held[0].batch.n && this.thrown === undefined) {
      const held = this.held.shift()!;
      this.waiting -= held.batch.n;
      try {
        this.leave(held);
      } catch (error) {
        this.halt(error);
      }
    }
  }

  private leave({ batch, input, failed, reason, results }: Held): void {
    const { fallback, outputs } = this.context.settings;
    const n = count(failed);
    let bad: Batch | undefined;
    if (n > 0 && fallback !== undefined) {
      this.context.count('fallback', n);
      outputs.forEach(({ as }, k) => {
        const value: FieldValue = fallback[as] ?? null;
        for (let row = 0; row < batch.n; row++) if (failed[row] !== 0) results[k].put(row, value);
      });
    } else if (n > 0) {
      bad = batch.fork();
      bad.gaps = null;
      bad.retain(failed);
    }
    this.places[input].outputs.forEach((index, k) => {
      if (index < 0) return;
      while (batch.columns.length <= index) batch.columns.push(undefined);
      batch.columns[index] = results[k];
    });
    if (bad !== undefined) {
      batch.retain(failed.map((one) => 1 - one));
      this.context.fault(reason, n, bad);
    }
    if (batch.n > 0 || batch.gaps !== null) this.context.emit(batch);
    batch.reset();
    const { spare } = this.places[input];
    if (spare.length < SPARE) spare.push(batch);
  }

  /** Remembers what must stop the flow, lets the sources go on, and so into `check`. */
  private halt(error: unknown): void {
    const { id } = this.context;
    const named =
      error instanceof Failure
        ? new Failure(error.code, `${id}: ${error.message}`, { errors: error.errors, cause: error })
        : error;
    this.thrown ??= { error: named };
    this.context.log('error', named instanceof Error ? named.message : String(named));
    this.context.queued(0);
    for (const resolve of this.idle.splice(0)) resolve();
  }

  private check(): void {
    if (this.thrown !== undefined) throw this.thrown.error;
  }

  async drain(): Promise<void> {
    this.check();
    if (this.held.length === 0) return;
    this.open();
    this.draining = true;
    // Bounded: the session answers each batch within timeoutMs of its turn, or fails it.
    const emptied = new Promise<void>((resolve) => this.idle.push(resolve));
    this.pump();
    if (this.held.length > 0) await emptied;
    this.draining = false;
    this.check();
  }

  save(): State {
    return this.held.map(({ batch, input }) => ({ packed: packBatch(batch), input }));
  }

  load(state: State): void {
    for (const { packed, input } of state as { packed: PackedBatch; input: number }[]) {
      if (input < this.places.length) this.hold(unpackBatch(packed, this.places[input].schema), input);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.opening;
    await this.session?.close();
  }
}

export const create: Create<OnnxSettings> = (context) => new OnnxModel(context);
