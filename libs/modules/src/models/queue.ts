/**
 * The queue in front of a model, whatever runs it: records wait in order, go to the model in batches, and leave in
 * order.
 *
 * Guarantee: each record that came in leaves, or is counted as dropped or as an error, and none leaves before
 * one that came earlier; what waits is bounded and is saved. A failure that must stop the flow is thrown from
 * the next call, since the model's answers come at a time when nobody listens.
 */
import {
  Batch,
  BATCH_ROWS,
  type Behaviour,
  type FieldValue,
  type Input,
  type ModuleContext,
  type Schema,
  type State,
} from '@millrace/engine';
import { Failure } from '@millrace/schemas';
import { packBatch, unpackBatch, type PackedBatch } from '../packed-batch.js';
import {
  clear,
  copyDone,
  count,
  lackingRows,
  makeRoom,
  markFailed,
  newHeld,
  showResults,
  type Held,
} from './held.js';
import type { Flight, Runtime } from './runtime.js';

/** What every model has among its settings. */
export interface QueueSettings {
  batch: { max: number; waitMs: number };
  onBusy: 'block' | 'drop';
  onIncomplete: 'skip' | 'port';
  fallback?: Record<string, string | number | boolean | null>;
}

/** What a model reads and gives, and how its runtime is opened. */
export interface Model<Slot> {
  /** Names of fields by input of the model. */
  reads: readonly (readonly string[])[];
  /** Names of the fields that take its outputs. */
  gives: readonly string[];
  /** Loads the model. `changed` is to be called when there may be room for a batch again. */
  open(changed: () => void): Promise<Runtime<Slot>>;
}

const INCOMPLETE = 1;
/** Batches kept for use again: a full queue of batches of 256, and a few small ones. */
const SPARE = 64;

interface Places {
  schema: Schema;
  /** Empty ones for the next records. */
  spare: Held[];
  inputs: number[][];
  outputs: number[];
}

export class ModelQueue<Slot> implements Behaviour {
  private places: Places[] = [];
  private held: Held[] = [];
  /** Rows that have not gone to the model, and all that have not left. */
  private unsent = 0;
  private waiting = 0;
  private flying = 0;
  private runtime: Runtime<Slot> | undefined;
  private opening: Promise<void> | undefined;
  private thrown: { error: unknown } | undefined;
  private timer: NodeJS.Timeout | undefined;
  private draining = false;
  /** When records left last. */
  private leftAt = 0;
  private closed = false;
  private idle: (() => void)[] = [];

  constructor(
    private readonly context: ModuleContext<QueueSettings>,
    private readonly model: Model<Slot>,
  ) {}

  bind(inputs: readonly Input[]): void {
    const { reads, gives } = this.model;
    this.places = inputs.map(({ schema }) => ({
      schema,
      spare: [],
      inputs: reads.map((names) => names.map((name) => schema.index(name))),
      outputs: gives.map((name) => schema.index(name)),
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
    this.runtime?.poll();
    if (!this.join(batch, input)) {
      // A copy into a batch that is used again: keeping the batch itself would cost its maker new arrays.
      // What comes behind records that wait will have others join it.
      const held = this.empty(input, this.held.length > 0 ? BATCH_ROWS : batch.n);
      held.batch.append(batch);
      this.partIncomplete(held.batch, input);
      if (held.batch.n === 0 && held.batch.gaps === null) return;
      makeRoom(held);
      this.hold(held);
      this.makeRoom();
    }
    this.pump();
    this.context.queued(this.waiting);
  }

  /** Adds records to those that wait already; false when they cannot stand in one batch. */
  private join(batch: Batch, input: number): boolean {
    const { settings, queue } = this.context;
    const last = this.held[this.held.length - 1];
    if (last === undefined || last.sent > 0 || last.input !== input) return false;
    if (last.batch.n + batch.n > BATCH_ROWS || settings.onBusy === 'drop' || queue.full !== 'block')
      return false;
    if (lackingRows(batch, this.places[input].inputs) !== null) return false;
    last.batch.append(batch);
    makeRoom(last);
    this.unsent += batch.n;
    this.waiting += batch.n;
    return true;
  }

  private empty(input: number, capacity: number): Held {
    const { spare, schema } = this.places[input];
    return spare.pop() ?? newHeld(new Batch(schema, capacity), input, this.model.gives.length);
  }

  tick(): void {
    this.check();
    this.open();
  }

  private hold(held: Held): void {
    this.held.push(held);
    this.unsent += held.batch.n;
    this.waiting += held.batch.n;
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
    this.opening ??= this.openRuntime().catch((error: unknown) => this.halt(error));
  }

  private async openRuntime(): Promise<void> {
    const runtime = await this.model.open(() => this.pump());
    if (this.closed) {
      await runtime.close();
      return;
    }
    this.runtime = runtime;
    this.pump();
  }

  /** Gives the model what there is, as long as it takes it and a batch is due. */
  private pump(): void {
    this.release();
    const { runtime } = this;
    if (runtime === undefined || this.thrown !== undefined) return;
    const { max, waitMs } = this.context.settings.batch;
    const size = runtime.rows ?? (this.context.live ? max : Math.max(max, BATCH_ROWS));
    while (this.unsent > 0) {
      const due = this.unsent >= size || this.flying === 0 || this.draining;
      if (!due) {
        this.timer ??= setTimeout(() => this.overdue(), waitMs);
        return;
      }
      let slot: Slot | undefined;
      try {
        slot = runtime.borrow();
      } catch (error) {
        this.halt(error);
        return;
      }
      if (slot === undefined) return;
      this.send(runtime, slot, size);
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

  private send(runtime: Runtime<Slot>, slot: Slot, size: number): void {
    const pieces: Flight['pieces'] = [];
    let n = 0;
    for (const held of this.held) {
      const take = Math.min(held.batch.n - held.sent, size - n);
      if (take > 0) {
        const { batch, sent: first } = held;
        const indexes = this.places[held.input].inputs;
        pieces.push({ held, batch, indexes, first, last: first + take });
        held.sent += take;
        n += take;
      }
      if (n === size) break;
    }
    this.unsent -= n;
    this.flying++;
    this.context.count('batches');
    const flight: Flight = {
      pieces,
      rows: runtime.rows ?? n,
      failed: new Uint8Array(n),
      reason: '',
    };
    try {
      runtime.fill(slot, flight);
    } catch (error) {
      this.land(runtime, slot, flight, error);
      return;
    }
    runtime.run(slot).then(
      () => this.land(runtime, slot, flight, null),
      (error: unknown) => this.land(runtime, slot, flight, error),
    );
  }

  /** The model's answer, `error` when it has none. Frees the slot and sends on what is done. */
  private land(runtime: Runtime<Slot>, slot: Slot, flight: Flight, error: unknown): void {
    try {
      if (error !== null) throw error;
      runtime.take(slot, flight);
    } catch (thrown) {
      flight.failed.fill(1);
      flight.reason = thrown instanceof Error ? thrown.message : String(thrown);
    }
    runtime.release(slot);
    this.flying--;
    this.settle(flight);
  }

  private settle(flight: Flight): void {
    const lost = flight.failed.includes(1);
    let at = 0;
    for (const { held, first, last } of flight.pieces) {
      if (lost) markFailed(held, first, last, flight, at);
      held.done += last - first;
      at += last - first;
    }
    this.pump();
    this.context.queued(this.waiting);
    if (this.held.length === 0) for (const resolve of this.idle.splice(0)) resolve();
  }

  /**
   * What is done leaves, in order: a whole batch at once, a part of one when nothing has left for `waitMs`, so that
   * the first of a long batch does not wait for the last.
   */
  private release(): void {
    const { waitMs } = this.context.settings.batch;
    while (this.held.length > 0 && this.thrown === undefined) {
      const held = this.held[0];
      const { batch, done, left } = held;
      const whole = done === batch.n;
      if (!whole && (done === left || performance.now() - this.leftAt < waitMs)) return;
      if (whole) this.held.shift();
      this.waiting -= done - left;
      try {
        const leaving = whole && left === 0 ? held : this.partOf(held);
        held.left = done;
        this.leave(leaving);
      } catch (error) {
        this.halt(error);
      }
      this.leftAt = performance.now();
    }
  }

  private partOf(held: Held): Held {
    const part = this.empty(held.input, held.done - held.left);
    copyDone(held, part);
    return part;
  }

  private leave(held: Held): void {
    const { batch, failures, failed, reason, results } = held;
    const { fallback } = this.context.settings;
    const { outputs, spare } = this.places[held.input];
    let bad: Batch | undefined;
    if (failures > 0 && fallback !== undefined) {
      this.context.count('fallback', failures);
      this.context.fault(reason, 0);
      this.model.gives.forEach((name, k) => {
        const value: FieldValue = fallback[name] ?? null;
        for (let row = 0; row < batch.n; row++) if (failed[row] !== 0) results[k].put(row, value);
      });
    } else if (failures > 0) {
      bad = batch.fork();
      bad.gaps = null;
      bad.retain(failed);
    }
    showResults(held, outputs);
    if (bad !== undefined) {
      batch.retain(failed.map((one) => 1 - one));
      this.context.fault(reason, failures, bad);
    }
    if (batch.n > 0 || batch.gaps !== null) this.context.emit(batch);
    clear(held, outputs);
    if (spare.length < SPARE) spare.push(held);
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
    // Bounded: the runtime answers each batch within a time-out of its turn, or fails it.
    const emptied = new Promise<void>((resolve) => this.idle.push(resolve));
    this.pump();
    if (this.held.length > 0) await emptied;
    this.draining = false;
    this.check();
  }

  save(): State {
    return this.held.map(({ batch, input, left }) => {
      const waits = new Batch(batch.schema, batch.n - left);
      waits.append(batch, left);
      return { packed: packBatch(waits), input };
    });
  }

  load(state: State): void {
    for (const { packed, input } of state as { packed: PackedBatch; input: number }[]) {
      if (input < this.places.length)
        this.hold(newHeld(unpackBatch(packed, this.places[input].schema), input, this.model.gives.length));
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.opening;
    await this.runtime?.close();
  }
}
