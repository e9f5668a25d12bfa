/**
 * source.mqtt: messages of a broker into the flow.
 *
 * Guarantee: at QoS 1 a message is acknowledged when it is in the flow's own queue, of at most BATCH_ROWS, which
 * is emptied within the same turn of the event loop; never while the flow holds its sources back. With a journal it
 * is acknowledged when it is on the disk, and the flow gets it from there.
 */
import path from 'node:path';
import { Batch, BATCH_ROWS, Schema, type Create, type ModuleContext, type Source } from '@millrace/engine';
import type { Message, Taken, Transport } from '@millrace/transport';
import { fieldsByName } from '../csv/fields.js';
import { JournaledMessages } from './journaled.js';
import type { MqttSourceSettings } from './kind.js';
import { openLink } from './link.js';
import { Payloads, type Arrived } from './payloads.js';
import { Tally } from './tally.js';

/** Messages that may lie between the connection and the flow, unacknowledged. */
const MOST_WAITING = 1024;
/** What has been taken is emitted at once, so stopping waits for the broker's good-bye only. */
const CLOSE_MS = 2000;
/** A handler that waits at a closed gate must not settle, or its message would be acknowledged. */
const CLOSE_HELD_MS = 20;

export class MqttSource implements Source {
  private readonly schema = new Schema();
  private readonly errors = new Schema(['problem']);
  private readonly batch = new Batch(this.schema);
  private readonly payloads: Payloads;
  private readonly journaled: JournaledMessages | undefined;
  private readonly tally: Tally;
  /** What the tally was when the state was saved; undefined without a state. */
  private savedTally: number | undefined;
  private waiting: Arrived[] = [];
  private flushing: NodeJS.Immediate | undefined;
  private link: Transport | undefined;
  private stopped = false;
  /** A fault on which the flow is to stop; it came from a message and not from the engine's call. */
  private failure: unknown;

  constructor(private readonly context: ModuleContext<MqttSourceSettings>) {
    for (const field of fieldsByName(context.settings.fields)?.values() ?? []) this.schema.index(field);
    this.payloads = new Payloads(
      this.schema,
      context.settings,
      (reason, detail) => this.refuse(reason, detail),
      (reason) => context.drop(reason),
    );
    this.tally = new Tally(path.join(context.host.workFolder, `taken-${context.id}`));
    const { journal } = context.settings;
    this.journaled =
      journal && new JournaledMessages(context, journal.maxBytes, (entries) => this.emit(entries));
  }

  get repeats(): boolean {
    return this.journaled !== undefined;
  }

  bind(): Schema[][] {
    return [[this.schema], [this.errors]];
  }

  async resume(): Promise<void> {
    if (this.journaled !== undefined) return this.journaled.open();
    try {
      const unsaved = this.tally.open(this.savedTally ?? Infinity);
      if (unsaved === 0) return;
      this.context.count('unsaved', unsaved);
      this.context.log(
        'warn',
        `the run before was cut: it had taken ${unsaved} messages behind its saved state, and what they made may be ` +
          'missing. With `journal: {}` nothing is.',
      );
    } catch (error) {
      this.context.log('warn', `what a kill would lose cannot be counted: ${String(error)}`);
    }
  }

  /** Resolves at once: a broker that is away must not keep the flow from starting. */
  async start(): Promise<void> {
    const { topics, qos } = this.context.settings;
    this.link = openLink(this.context, { cleanSession: false, maxWaiting: MOST_WAITING });
    for (const topic of topics) this.link.subscribe(topic, (message) => this.arrive(message), { qos });
    this.journaled?.start();
    this.link.connect();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    const held = this.journaled === undefined && !this.context.gate.open;
    await this.link?.close({ deadlineMs: held ? CLOSE_HELD_MS : CLOSE_MS });
    this.flush();
    await this.journaled?.stop();
  }

  close(): void {
    this.tally.close();
  }

  /** Messages taken, or, with a journal, the last of its entries that the flow has. */
  save(): number {
    return this.journaled?.save() ?? this.tally.taken;
  }

  load(state: unknown): void {
    this.savedTally = state as number;
    this.journaled?.load(state as number);
  }

  saved(): void {
    this.journaled?.saved();
  }

  tick(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  private arrive(message: Message): void | Promise<void> | Taken {
    if (this.journaled !== undefined) {
      this.context.bytes(message.payload.length);
      return this.journaled.arrive(message, this.context.clock.wall());
    }
    if (!this.context.gate.open || this.failure !== undefined) return this.held(message);
    this.take(message);
  }

  private async held(message: Message): Promise<void> {
    while (!this.context.gate.open) await this.context.gate.wait();
    // Stopping opens the gate for good; by then the session must still have this message.
    if (this.stopped || this.failure !== undefined) return new Promise(() => {});
    this.take(message);
  }

  private take({ topic, payload }: Message): void {
    this.context.bytes(payload.length);
    this.waiting.push({ topic, payload, at: this.context.clock.wall() });
    if (this.waiting.length >= BATCH_ROWS) this.flush();
    else this.flushing ??= setImmediate(() => this.flush());
  }

  private flush(): void {
    clearImmediate(this.flushing);
    this.flushing = undefined;
    const messages = this.waiting;
    if (messages.length === 0) return;
    this.waiting = [];
    this.tally.add(messages.length);
    this.emit(messages);
  }

  private emit(messages: readonly Arrived[]): void {
    const batch = this.read(messages);
    if (batch.n > 0) this.context.emit(batch);
  }

  /** Their records, in the one batch of this source. */
  read(messages: readonly Arrived[]): Batch {
    const { batch } = this;
    batch.reset();
    this.payloads.read(messages, batch);
    batch.arrival = messages[messages.length - 1].at;
    return batch;
  }

  private refuse(reason: string, detail: string): void {
    this.context.drop(reason);
    const error = new Batch(this.errors, 1);
    const row = error.row(this.context.clock.wall());
    error.column(0).push(row, detail);
    try {
      this.context.fault(detail, 1, error);
    } catch (thrown) {
      this.failure ??= thrown;
    }
  }
}

export const create: Create<MqttSourceSettings> = (context) => new MqttSource(context);
