/**
 * sink.director: records to the agent's outbox, counted until they lie there, with the bytes that will leave.
 *
 * Guarantee: where the flow's sources repeat, what is made again after a crash is kept once. A flow that ended well
 * begins a new series, since nothing comes again then.
 */
import { randomUUID } from 'node:crypto';
import {
  toRecord,
  type Batch,
  type Behaviour,
  type Create,
  type DirectorMessage,
  type Input,
  type ModuleContext,
  type PlainRecord,
  type SeriesPlace,
} from '@millrace/engine';
import type { AlertSignal } from '@millrace/schemas';
import type { DirectorSettings } from './kind.js';

class ToDirector implements Behaviour {
  private waiting = 0;
  /** Who raises alerts is the module before this one. */
  private from: string[] = [];
  private readonly unkept = new Set<Promise<void>>();
  /** Of this life of the state; null when it ended well. */
  private place: SeriesPlace | null = newSeries();
  /** An error that came between two calls, when the flow is to stop on it. */
  private failure: unknown;

  constructor(private readonly context: ModuleContext<DirectorSettings>) {}

  bind(inputs: readonly Input[]): void {
    this.from = inputs.map(({ from }) => from);
  }

  process(batch: Batch, input: number): void {
    this.raise();
    const { context } = this;
    if (context.host.toDirector === undefined) {
      context.count('no-director', batch.n);
      return;
    }
    if (context.settings.channel === 'result') {
      const records: PlainRecord[] = [];
      for (let row = 0; row < batch.n; row++) records.push(toRecord(batch, row));
      if (records.length > 0) this.send({ channel: 'result', module: context.id, records }, records.length);
      return;
    }
    for (let row = 0; row < batch.n; row++) {
      const signal = batch.signals?.find((beside) => beside.row === row)?.signal;
      const message = alertOf(this.from[input], toRecord(batch, row), signal);
      if (message === null) context.drop('no-alert');
      else this.send(message, 1);
    }
  }

  async drain(): Promise<void> {
    while (this.waiting > 0) await this.sync();
    this.place = null;
    this.raise();
  }

  async sync(): Promise<void> {
    await Promise.all(this.unkept);
  }

  save(): SeriesPlace | null {
    return this.place && { ...this.place };
  }

  load(state: unknown): void {
    this.place = (state as SeriesPlace | null) ?? this.place;
  }

  private send(message: DirectorMessage, records: number): void {
    const { context } = this;
    const { size, full } = context.queue;
    if (full !== 'block' && this.waiting + records > size) {
      context.drop('queue', records);
      return;
    }
    this.change(records);
    const kept: Promise<void> = context.host.toDirector!(message, this.next(records))
      .then(() => context.bytes(Buffer.byteLength(JSON.stringify(message))))
      .catch((error: unknown) => {
        context.drop('director', records);
        context.fault(`the agent could not keep a record: ${reason(error)}`, records);
      })
      .catch((error: unknown) => void (this.failure ??= error))
      .finally(() => {
        this.change(-records);
        this.unkept.delete(kept);
      });
    this.unkept.add(kept);
  }

  private next(records: number): SeriesPlace | undefined {
    if (!this.context.repeats) return undefined;
    const place = (this.place ??= newSeries());
    const before = place.before;
    place.before += records;
    return { series: place.series, before };
  }

  private change(records: number): void {
    this.waiting += records;
    this.context.queued(this.waiting);
  }

  private raise(): void {
    if (this.failure !== undefined) throw this.failure;
  }
}

const newSeries = (): SeriesPlace => ({ series: randomUUID(), before: 0 });

function alertOf(
  module: string,
  record: PlainRecord,
  signal: AlertSignal | undefined,
): DirectorMessage | null {
  const { t, alert, severity, message, key, ...values } = record;
  if (alert !== 'raised' && alert !== 'cleared') return null;
  return {
    channel: 'alert',
    module,
    t: t as number,
    key: typeof key === 'string' || typeof key === 'number' || typeof key === 'boolean' ? key : null,
    change: alert,
    severity: typeof severity === 'string' ? severity : 'medium',
    message: typeof message === 'string' ? message : '',
    values,
    ...(signal !== undefined && { signal }),
  };
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const create: Create<DirectorSettings> = (context) => new ToDirector(context);
