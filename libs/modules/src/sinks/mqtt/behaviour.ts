/** sink.mqtt: records as JSON through a backlog to a broker. */
import path from 'node:path';
import {
  eachRecord,
  gapRecord,
  JsonWriter,
  type Batch,
  type Behaviour,
  type Create,
  type ModuleContext,
} from '@millrace/engine';
import type { Transport } from '@millrace/transport';
import { openLink } from '../../sources/mqtt/link.js';
import { Backlog } from '../buffer/backlog.js';
import type { MqttSinkSettings } from './kind.js';

/** How long a flow that ends waits for a broker that does not answer. */
const PATIENCE_MS = 5000;
/** Acknowledgements of what was sent last: a swap of versions waits for them. */
const CLOSE_MS = 1000;
/** Beyond it the backlog sends the message again. */
const ACKNOWLEDGE_MS = 30_000;

class MqttSink implements Behaviour {
  private readonly json = new JsonWriter();
  private readonly backlog: Backlog;
  private link: Transport | undefined;
  /** Resolves when the first attempt to connect has had its outcome. */
  private tried: Promise<void> = Promise.resolve();
  private failure: unknown;

  constructor(private readonly context: ModuleContext<MqttSinkSettings>) {
    const { settings } = context;
    this.backlog = new Backlog(path.join(context.host.workFolder, `buffer-${context.id}`), settings.buffer, {
      send: (payload) => this.publish(payload),
      count: (what, n) => context.count(what, n),
      drop: (reason, n) => context.drop(reason, n),
      queued: (n) => context.queued(n),
      fault: (detail, n) => this.fault(detail, n),
      now: () => context.clock.wall(),
    });
  }

  /** At once: a flow that takes over from its old version has rows to send in a moment. */
  async resume(): Promise<void> {
    this.begin();
  }

  process(batch: Batch): void {
    if (this.failure !== undefined) throw this.failure;
    this.begin();
    this.json.begin(batch);
    eachRecord(
      batch,
      (row) => this.backlog.offer(Buffer.from(this.json.row(row))),
      (gap) => this.backlog.offer(Buffer.from(JSON.stringify(gapRecord(gap)))),
    );
  }

  /** Also without new records, what an earlier run left is sent. */
  tick(): void {
    if (this.failure !== undefined) throw this.failure;
    this.begin();
  }

  async drain(): Promise<void> {
    this.begin();
    await this.tried;
    await this.backlog.drain(PATIENCE_MS);
    if (this.backlog.size > 0) {
      this.context.log('warn', `${this.backlog.size} messages wait on disk until the flow runs again`);
    }
    if (this.failure !== undefined) throw this.failure;
  }

  sync(): Promise<void> {
    return this.backlog.flush();
  }

  async close(): Promise<void> {
    // First what is under way, so that it does not come a second time in the next run.
    this.backlog.online(false);
    await this.link?.close({ deadlineMs: CLOSE_MS });
    await this.backlog.close();
  }

  private begin(): void {
    if (this.link !== undefined) return;
    const link = openLink(this.context, { cleanSession: true, maxInFlight: 256 });
    this.link = link;
    void this.backlog
      .open()
      .catch((error: unknown) => this.fault(`the buffer cannot be opened: ${String(error)}`, 0));
    this.tried = new Promise((resolve) => {
      const give = setTimeout(resolve, PATIENCE_MS);
      link.onConnection(({ state }) => {
        clearTimeout(give);
        resolve();
        if (state !== 'closed') this.backlog.online(state === 'connected');
      });
    });
    link.connect();
  }

  private async publish(payload: Buffer): Promise<void> {
    const { topic, qos, retain } = this.context.settings;
    await this.link!.publish(topic, payload, { qos, retain, deadlineMs: ACKNOWLEDGE_MS });
    this.context.bytes(payload.length);
  }

  /** Comes between two calls of the engine: a flow that is to stop does so at the next. */
  private fault(detail: string, n: number): void {
    try {
      this.context.fault(detail, n);
    } catch (error) {
      this.failure ??= error;
    }
  }
}

export const create: Create<MqttSinkSettings> = (context) => new MqttSink(context);
