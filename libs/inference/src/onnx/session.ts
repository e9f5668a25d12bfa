/**
 * A model that runs: batches go into slots of shared memory, a thread of its own works them off in order,
 * since the runtime's `run` blocks the loop that calls it.
 *
 * Guarantee: every batch that is handed over is answered, with a result or a Failure: when the thread dies
 * or a batch takes longer than `timeoutMs`, that batch fails, a new thread loads the model, and the others
 * are run there. At most RESTARTS in RESTART_MS, then the session stops for good.
 * Limit: a thread inside the runtime cannot be interrupted; one that was given up keeps its memory until the
 * runtime comes back, and a process that must end before that has to be killed.
 */
import { Failure, type ModelPort } from '@millrace/schemas';
import {
  ABANDONED,
  AWAKE,
  COMPLETED,
  FAILED,
  layout,
  MAILS,
  NOTIFIED,
  REPLIES,
  STATUS,
  SUBMITTED,
} from './layout.mjs';
import type { OnnxBatch, OnnxCounters, OnnxOptions, OnnxSession as RunningModel } from './model.js';
import { prepareModel, type PreparedModel } from './prepare.js';
import { Slot, type SlotContext } from './slot.js';
import { startThread, type Reply, type Thread } from './thread.js';
import type { OnnxTensor, TensorArray } from './tensors.js';

const RESTARTS = 5;
const RESTART_MS = 10 * 60_000;
/** How long `close` waits for the runtime to come back and free the model; it needs milliseconds. */
const CLOSE_MS = 5_000;
/** Callers of `run` that wait for a slot. */
const WAITING = 256;

export type OnnxSession = RunningModel;
export const OnnxSession = { open };

async function open(options: OnnxOptions): Promise<OnnxSession> {
  const name = options.name ?? options.path ?? 'of bytes';
  const { slots = 8 } = options;
  if (!Number.isInteger(Math.log2(slots)))
    throw new Failure('engine.model-load', `Model ${name}: slots must be a power of two, not ${slots}.`);
  const session = new Session(name, options, await prepareModel(name, options), slots);
  await session.start();
  return session;
}

class Session implements RunningModel {
  readonly counters: OnnxCounters = { runs: 0, failed: 0, timedOut: 0, restarts: 0 };
  loadMs = 0;
  private readonly at;
  private words: Int32Array;
  private readonly slots: Slot[] = [];
  private readonly batches: OnnxBatch[];
  private readonly free: number[] = [];
  private readonly waiting: { resolve(batch: OnnxBatch): void; reject(failure: Failure): void }[] = [];
  /** With the thread, in the order in which they were handed over. */
  private flying: Slot[] = [];
  private completed = 0;
  private mails = 0;
  private replies = 0;
  private thread?: Thread;
  private loaded = false;
  private stopped?: Failure;
  private timer?: NodeJS.Timeout;
  private loadTimer?: NodeJS.Timeout;
  /** When the first of `flying` got its turn. */
  private headSince = 0;
  private readonly restarts: number[] = [];
  private readonly ending = new Set<Promise<void>>();

  constructor(
    readonly name: string,
    private readonly options: OnnxOptions,
    private readonly model: PreparedModel,
    slots: number,
  ) {
    this.at = layout(slots, model.inputs.length, model.outputs.length);
    this.words = new Int32Array(new SharedArrayBuffer(this.at.bytes));
    const context: SlotContext = {
      model: name,
      inputs: model.inputs,
      outputs: model.outputs,
      at: this.at,
      mail: (mail) => this.mail(mail),
      words: () => this.words,
    };
    for (let index = 0; index < slots; index++) this.slots.push(new Slot(index, context));
    this.batches = this.slots.map((slot) => this.batch(slot));
    for (let index = slots - 1; index >= 0; index--) this.free.push(index);
  }

  get inputs(): readonly ModelPort[] {
    return this.model.inputs;
  }

  get outputs(): readonly ModelPort[] {
    return this.model.outputs;
  }

  /** Starts a thread and waits until it has loaded the model. */
  start(): Promise<void> {
    const { loadTimeoutMs = 60_000, threads = 1 } = this.options;
    const began = performance.now();
    this.loaded = false;
    // The thread looks at the queue when it has loaded, so nothing needs to wake it before.
    Atomics.store(this.words, AWAKE, 1);
    return new Promise((resolve, reject) => {
      this.loadTimer = setTimeout(() => {
        this.endThread();
        reject(this.loadFailure(`it did not load within ${loadTimeoutMs} ms`));
      }, loadTimeoutMs);
      this.thread = startThread(
        {
          model: this.model.model,
          folder: this.model.folder,
          threads,
          slots: this.slots.length,
          inputs: this.model.inputs.map(({ name, dtype }) => ({ name, dtype })),
          outputs: this.model.outputs.map(({ name, dtype }) => ({ name, dtype })),
          control: this.words.buffer as SharedArrayBuffer,
          inputBuffers: this.slots.map((slot) => slot.inputBuffers),
          outputBuffers: this.slots.map((slot) => slot.outputBuffers),
        },
        {
          loaded: () => {
            clearTimeout(this.loadTimer);
            this.loaded = true;
            this.loadMs = performance.now() - began;
            this.headSince = performance.now();
            this.watch();
            resolve();
          },
          refused: (message) => {
            clearTimeout(this.loadTimer);
            reject(this.loadFailure(message));
          },
          reply: (reply) => this.accept(reply),
          doorbell: () => this.settle(),
          died: (reason) => {
            clearTimeout(this.loadTimer);
            if (!this.loaded) {
              reject(this.loadFailure(reason));
              return;
            }
            this.settle();
            this.restart(new Failure('engine.model-run', `Model ${this.name}: its thread died: ${reason}.`));
          },
        },
      );
    });
  }

  poll(): void {
    if (this.completed !== Atomics.load(this.words, COMPLETED)) this.settle();
  }

  borrow(): OnnxBatch | undefined {
    if (this.stopped) throw this.stopped;
    const index = this.free.pop();
    return index === undefined ? undefined : this.lend(index);
  }

  async run(inputs: Readonly<Record<string, OnnxTensor>>): Promise<Record<string, OnnxTensor>> {
    const batch = this.borrow() ?? (await this.turn());
    try {
      for (const [name, { dims, data }] of Object.entries(inputs)) {
        if (Array.isArray(data)) batch.strings(name, dims, data);
        else this.fill(name, batch.input(name, dims), data as TensorArray);
      }
      await batch.run();
      return Object.fromEntries(
        this.model.outputs.map(({ name }) => {
          const { dims, data } = batch.output(name);
          return [name, { dims, data: data.slice() }];
        }),
      );
    } finally {
      batch.release();
    }
  }

  async close(): Promise<void> {
    if (!this.stopped) this.stop(new Failure('engine.model-stopped', `Model ${this.name} was closed.`));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_MS);
    });
    await Promise.race([Promise.all(this.ending), late]);
    clearTimeout(timer);
  }

  private fill(name: string, room: TensorArray, data: TensorArray): void {
    if (room.constructor.name !== data.constructor.name || room.length !== data.length)
      throw new Failure(
        'engine.model-input',
        `Model ${this.name}: its input "${name}" wants ${room.length} elements as ${room.constructor.name}, but was given ${data.length} as ${data.constructor.name}.`,
      );
    (room as Float32Array).set(data as Float32Array);
  }

  private turn(): Promise<OnnxBatch> {
    if (this.waiting.length >= WAITING)
      throw new Failure(
        'engine.model-busy',
        `Model ${this.name}: ${WAITING} batches wait for it already. Give it fewer, or larger ones.`,
      );
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  private batch(slot: Slot): OnnxBatch {
    return {
      input: (name, dims) => slot.input(name, dims),
      strings: (name, dims, values) => slot.strings(name, dims, values),
      run: () => this.submit(slot),
      output: (name) => slot.output(name),
      release: () => this.release(slot),
    };
  }

  private submit(slot: Slot): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.stopped) throw this.stopped;
      if (slot.settling) throw new Failure('engine.model-busy', `Model ${this.name}: this batch is running.`);
      slot.describe();
      slot.settling = { resolve, reject };
      if (this.flying.length === 0) {
        this.headSince = performance.now();
        this.flying.push(slot);
        this.watch();
      } else this.flying.push(slot);
      this.enqueue(slot);
    });
  }

  private enqueue(slot: Slot): void {
    const { words } = this;
    words[this.at.slot(slot.index) + MAILS] = this.mails;
    const counter = Atomics.load(words, SUBMITTED);
    Atomics.store(words, this.at.queue(counter), slot.index);
    Atomics.store(words, SUBMITTED, (counter + 1) | 0);
    if (Atomics.exchange(words, AWAKE, 1) === 0) this.thread?.ring();
  }

  private lend(index: number): OnnxBatch {
    this.slots[index]!.held = true;
    return this.batches[index]!;
  }

  private release(slot: Slot): void {
    if (!slot.held) return;
    if (slot.settling) {
      // Still with the thread: it comes back when it is done, and nobody waits for it.
      const back = () => this.release(slot);
      slot.settling = { resolve: back, reject: back };
      return;
    }
    slot.clear();
    slot.held = false;
    const next = this.waiting.shift();
    if (next) next.resolve(this.lend(slot.index));
    else this.free.push(slot.index);
  }

  private mail(mail: object): void {
    this.mails = (this.mails + 1) | 0;
    this.thread?.send(mail);
  }

  private accept(reply: Reply): void {
    this.replies = (this.replies + 1) | 0;
    const slot = this.slots[reply.slot]!;
    if (reply.kind === 'buffer') slot.outputBuffers[reply.index] = reply.buffer;
    else if (reply.kind === 'strings') slot.outputStrings[reply.index] = reply.values;
    else
      slot.failure = new Failure(
        'engine.model-run',
        `Model ${this.name} failed on a batch: ${reply.message}`,
      );
    this.settle();
  }

  /** Answers what is done, in order. */
  private settle(): void {
    const { words } = this;
    // Said first, looked at after: what gets done from here on rings again.
    Atomics.store(words, NOTIFIED, 0);
    while (this.completed !== Atomics.load(words, COMPLETED)) {
      const slot = this.flying[0]!;
      const word = this.at.slot(slot.index);
      // Its result is not whole before these came; each of them leads back here.
      if (((this.replies - words[word + REPLIES]!) | 0) < 0) return;
      this.flying.shift();
      this.completed = (this.completed + 1) | 0;
      this.headSince = performance.now();
      this.counters.runs++;
      this.answer(slot, words[word + STATUS] === FAILED ? slot.failure : undefined);
    }
  }

  private answer(slot: Slot, failure: Failure | undefined): void {
    const { settling } = slot;
    slot.settling = undefined;
    slot.failure = undefined;
    if (!failure) settling?.resolve();
    else {
      this.counters.failed++;
      settling?.reject(failure);
    }
  }

  /** One timer a session, set anew when it runs out, not with every batch. */
  private watch(): void {
    if (this.timer || this.flying.length === 0 || !this.loaded) return;
    const { timeoutMs = 10_000 } = this.options;
    const left = this.headSince + timeoutMs - performance.now();
    this.timer = setTimeout(
      () => {
        this.timer = undefined;
        // Our own loop may have been the slow one: what is done is not late.
        this.settle();
        if (this.flying.length === 0 || !this.loaded) return;
        if (performance.now() < this.headSince + timeoutMs) this.watch();
        else {
          this.counters.timedOut++;
          this.restart(
            new Failure(
              'engine.model-timeout',
              `Model ${this.name}: a batch took longer than ${timeoutMs} ms. Raise timeoutMs, or make batches smaller.`,
            ),
          );
        }
      },
      Math.max(1, left),
    );
  }

  /** The batch whose turn it was fails; the others go to a new thread. */
  private restart(failure: Failure): void {
    this.endThread();
    const head = this.flying.shift();
    const now = performance.now();
    while (this.restarts.length > 0 && now - this.restarts[0]! > RESTART_MS) this.restarts.shift();
    this.restarts.push(now);
    if (head) this.answer(head, failure);
    if (this.stopped) return;
    if (this.restarts.length > RESTARTS) {
      const detail = `Model ${this.name}: its thread died or hung more than ${RESTARTS} times in ${RESTART_MS / 60_000} minutes; the last time: ${failure.message}`;
      this.stop(new Failure('engine.model-stopped', detail, { cause: failure }));
      return;
    }
    this.counters.restarts++;
    // Memory that the old thread has never seen, with the shapes that callers may still read.
    const words = new Int32Array(new SharedArrayBuffer(this.at.bytes));
    words.set(this.words);
    this.words = words;
    this.mails = this.replies = this.completed = 0;
    for (const counter of [SUBMITTED, COMPLETED, NOTIFIED, ABANDONED]) Atomics.store(words, counter, 0);
    Atomics.store(words, AWAKE, 1);
    for (const slot of this.flying) slot.renewOutputs();
    this.start().catch((error: unknown) =>
      this.stop(error instanceof Failure ? error : this.loadFailure(String(error))),
    );
    for (const { index: slot, inputStrings } of this.slots) {
      inputStrings.forEach((values, index) => {
        if (values) this.mail({ kind: 'strings', slot, index, values });
      });
    }
    for (const slot of this.flying) this.enqueue(slot);
  }

  /** Threads that were told to end, also those that hang. */
  private endThread(): void {
    const { thread } = this;
    if (!thread) return;
    thread.end();
    const ended = thread.ended.then(() => void this.ending.delete(ended));
    this.ending.add(ended);
    this.thread = undefined;
  }

  private stop(failure: Failure): void {
    this.stopped = failure;
    clearTimeout(this.timer);
    clearTimeout(this.loadTimer);
    this.endThread();
    for (const slot of this.flying.splice(0)) this.answer(slot, failure);
    for (const { reject } of this.waiting.splice(0)) reject(failure);
  }

  private loadFailure(message: string): Failure {
    const locale = /locale with name:\s*([\w.-]+)/.exec(message)?.[1];
    const way = locale
      ? `Install the locale ${locale} on this machine.`
      : 'Check the model with `millrace check`, or export it again.';
    return new Failure(
      'engine.model-load',
      `Model ${this.name} cannot be loaded: ${message.replace(/\.?$/, '.')} ${way}`,
    );
  }
}
