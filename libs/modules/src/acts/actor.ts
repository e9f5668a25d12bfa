/**
 * Behaviour of every act: the rules that a row must pass, and the queue of those that did.
 *
 * Guarantee: a row is sent at most once by this process, in order, and only if it passes every rule, the age once
 * more at the moment of sending; every row leaves by one of the two ports or waits. It knows nothing of brokers and
 * servers: `send` is the way out.
 */
import {
  Batch,
  JsonWriter,
  type Behaviour,
  type Input,
  type ModuleContext,
  type State,
} from '@millrace/engine';
import { Cursor } from '../cursor.js';
import { Keyed } from '../keyed.js';
import { Condition } from '../route/condition.js';
import { Completeness } from './complete.js';
import { refusalOf } from './refusal.js';
import type { ActSettings } from './settings.js';

export interface Way {
  /** Resolves when the other side has agreed; rejects with a sentence. Must settle within `deadlineMs`. */
  send(body: string, deadlineMs: number): Promise<void>;
  /** Before the first row of a live flow, and again at each tick; not called in a dry run. */
  open?(): void;
  close?(): Promise<void>;
}

interface Ready {
  /** The row alone. */
  row: Batch;
  input: number;
  body: string;
}

interface Bound {
  backfill: Cursor;
  backfillIndex: number;
  revision: Cursor;
  revisionIndex: number;
  complete: Completeness;
  act: number;
  refused: number;
}

/** Time of the last act by the wall clock, epoch ms. */
interface Last {
  at: number;
}

/** What waits when the flow stops may go for so long; the rest is refused. */
const DRAIN_MS = 1000;
/** A reason is written into the log at most this often; the counters have them all. */
const TELL_MS = 60_000;
const OUT = 0;
const REFUSED = 1;

export class Actor implements Behaviour {
  private readonly interlock: Condition | null;
  private readonly lasts: Keyed<Last>;
  private readonly json = new JsonWriter();
  private readonly queue: Ready[] = [];
  private bound: Bound[] = [];
  private sending: Promise<void> | undefined;
  private stopped = false;
  private failure: unknown;
  /** When each reason was told last, by the monotonic clock. */
  private readonly told = new Map<string, number>();

  constructor(
    private readonly context: ModuleContext<ActSettings>,
    private readonly way: Way,
  ) {
    const { settings } = context;
    this.interlock = settings.interlock === undefined ? null : new Condition(settings.interlock);
    this.lasts = new Keyed(settings, context, () => ({ at: -Infinity }));
  }

  bind(inputs: readonly Input[]): void {
    this.lasts.bind(inputs);
    this.interlock?.bind(inputs);
    this.bound = inputs.map(({ schema }) => {
      const { requires } = this.context.settings;
      const backfillIndex = schema.index('backfill');
      const revisionIndex = schema.index('revision');
      const [act, refused] = [schema.index('act'), schema.index('refused')];
      const complete = new Completeness(schema, requires);
      const cursors = { backfill: new Cursor(), revision: new Cursor() };
      return { ...cursors, backfillIndex, revisionIndex, complete, act, refused };
    });
  }

  process(batch: Batch, input: number): void {
    this.tick();
    const bound = this.bound[input];
    this.lasts.begin(batch, input);
    this.interlock?.begin(batch, input);
    bound.backfill.open(batch.peek(bound.backfillIndex));
    bound.revision.open(batch.peek(bound.revisionIndex));
    bound.complete.begin(batch);
    this.json.begin(batch);
    for (let row = 0; row < batch.n; row++) {
      const reason = this.judge(batch, row, bound);
      const one = alone(batch, row);
      if (reason !== null) this.refuse(one, input, reason);
      else this.act({ row: one, input, body: this.json.row(row) });
    }
    if (batch.gaps === null) return;
    const holes = new Batch(batch.schema, 0);
    holes.gaps = batch.gaps.map((gap) => ({ ...gap, row: 0 }));
    this.context.emit(holes, OUT);
  }

  tick(): void {
    if (this.failure !== undefined) throw this.failure;
    if (this.context.live && !this.context.settings.dryRun) this.way.open?.();
  }

  async drain(): Promise<void> {
    const timer = setTimeout(() => (this.stopped = true), DRAIN_MS);
    while (this.sending !== undefined) await this.sending;
    clearTimeout(timer);
    if (this.failure !== undefined) throw this.failure;
  }

  async close(): Promise<void> {
    this.stopped = true;
    await this.way.close?.();
    await this.sending;
  }

  save(): State {
    return this.lasts.save(({ at }) => at);
  }

  load(state: State): void {
    this.lasts.load(state, (at: number) => ({ at }));
  }

  /** Why a row may not act; null when it may. The interval is taken when nothing else stands against it. */
  private judge(batch: Batch, row: number, bound: Bound): string | null {
    const { context, queue } = this;
    if (!context.live) return 'replay';
    if (isMarked(bound.backfill, row)) return 'backfill';
    if (isMarked(bound.revision, row)) return 'revision';
    const now = context.clock.wall();
    const age = this.ageProblem(batch.t[row], now);
    if (age !== null) return age;
    if (!bound.complete.whole(row)) return 'incomplete';
    if (this.interlock !== null && this.interlock.holds(row) !== true) return 'interlock';
    const key = this.lasts.keyAt(row);
    if (key === undefined) return 'no-key';
    const last = this.lasts.get(key);
    // A clock that was put back must not lock the machine for as long.
    if (now >= last.at && now - last.at < context.settings.minIntervalMs) return 'interval';
    if (queue.length >= context.queue.size) return 'busy';
    last.at = now;
    return null;
  }

  private ageProblem(t: number, now: number): 'stale' | 'future' | null {
    const { maxRowAgeMs } = this.context.settings;
    if (!(now - t <= maxRowAgeMs)) return 'stale';
    return t - now > maxRowAgeMs ? 'future' : null;
  }

  private act(ready: Ready): void {
    if (this.context.settings.dryRun) {
      this.context.count('dry-run');
      this.leave(ready.row, OUT, this.bound[ready.input].act, 'dryRun');
      return;
    }
    this.queue.push(ready);
    this.context.queued(this.queue.length);
    this.sending ??= this.sendAll().finally(() => (this.sending = undefined));
  }

  private async sendAll(): Promise<void> {
    // A row leaves the module outside of the call that brought it, as an answer from outside does.
    await Promise.resolve();
    for (let ready = this.queue[0]; ready !== undefined; ready = this.queue[0]) {
      const { row, input } = ready;
      const now = this.context.clock.wall();
      const reason = this.stopped ? 'stopped' : this.ageProblem(row.t[0], now);
      if (reason !== null) this.refuse(row, input, reason);
      else await this.send(ready, row.t[0] + this.context.settings.maxRowAgeMs - now);
      this.queue.shift();
      this.context.queued(this.queue.length);
    }
  }

  /** @param left milliseconds until the row is stale */
  private async send({ row, input, body }: Ready, left: number): Promise<void> {
    const { context } = this;
    try {
      await this.way.send(body, Math.max(1, Math.floor(Math.min(context.settings.timeoutMs, left))));
    } catch (error) {
      this.refuse(row, input, 'failed');
      this.fault(
        `nobody knows whether it was done: ${error instanceof Error ? error.message : String(error)}`,
      );
      return;
    }
    context.bytes(Buffer.byteLength(body));
    context.count('sent');
    this.leave(row, OUT, this.bound[input].act, 'sent');
  }

  private refuse(row: Batch, input: number, reason: string): void {
    this.context.drop(reason);
    this.tell(reason, row.t[0]);
    this.leave(row, REFUSED, this.bound[input].refused, reason);
  }

  private tell(reason: string, t: number): void {
    const { clock, settings, queue } = this.context;
    const now = clock.monotonic();
    if (now - (this.told.get(reason) ?? -Infinity) < TELL_MS) return;
    this.told.set(reason, now);
    this.context.log('warn', refusalOf(reason, t, clock.wall(), settings, queue.size));
  }

  private leave(row: Batch, port: number, index: number, word: string): void {
    row.clear(index);
    if (index >= 0) row.column(index).push(0, word);
    this.context.emit(row, port);
  }

  /** Comes between two calls of the engine: a flow that is to stop does so at the next. */
  private fault(detail: string): void {
    try {
      this.context.fault(detail, 1);
    } catch (error) {
      this.failure ??= error;
    }
  }
}

/** A row of its own, since the batch is its maker's again after the call. */
function alone(batch: Batch, row: number): Batch {
  const one = new Batch(batch.schema, 1);
  one.append(batch, row, row + 1);
  one.gaps = null;
  return one;
}

/** The field is there and says something: not null, not false, not 0. */
function isMarked(cursor: Cursor, row: number): boolean {
  const entry = cursor.at(row);
  if (entry < 0) return false;
  const value = cursor.column!.get(entry);
  return value !== null && value !== false && value !== 0;
}
