/**
 * One module in a running flow: its behaviour, its wires and its counters, and the context that the
 * behaviour sees. A wire is a direct call; where several wires leave a port, each branch gets a fork of the
 * batch that copies a column only when it writes it.
 */
import { Failure, type ModuleCounters } from '@millrace/schemas';
import type { Batch } from './batch.js';
import type { Clock } from './clock.js';
import { Counters, SAMPLE_EVERY } from './counters.js';
import type { Gate } from './gate.js';
import type { Behaviour, Create, Host, ModuleContext, QueueLimit, Source } from './module.js';
import type { Schema } from './schema.js';

export type OnError = 'stop' | 'skip' | 'port';

/** What all modules of one flow have in common. */
export interface Surroundings {
  clock: Clock;
  gate: Gate;
  host: Host;
  readonly live: boolean;
  readonly repeats: boolean;
  catchingUp(module: string, on: boolean): void;
  fail(error: unknown): void;
  finished(module: string): void;
  log(level: 'info' | 'warn' | 'error', module: string, message: string): void;
}

/**
 * The unit whose behaviour runs, null when none does. A chain of calls never waits, so there is at most one in
 * a thread, whichever flow it belongs to. It says where a chain begins, and whom to name when something throws.
 */
let at: Unit | null = null;

interface Wire {
  to: Unit;
  /** What `to` does with a batch. */
  behaviour: Behaviour;
  /** Where this wire's streams begin among the inputs of `to`. */
  offset: number;
  streams: Schema[];
  /** The first of the streams, and nearly always the only one. */
  schema: Schema | undefined;
}

/** A look at what leaves a module; called before the batch goes on, and must copy what it keeps. */
export type Look = (batch: Batch, port: number) => void;

export class Unit implements ModuleContext<unknown> {
  readonly counters = new Counters();
  /** Records that left by the first port, which every batch writes, and by each of the others. */
  private sent = 0;
  private readonly sentBy: number[];
  /** The other ends of the wires that come in: what left there has come in here, and is counted once. */
  private readonly incoming: { from: Unit; port: number }[] = [];
  readonly behaviour: Behaviour & Source;
  /** All looks in one call, null when nobody looks: the plain way asks for nothing more than that. */
  private tap: Look | null = null;
  private looks: readonly Look[] = [];
  private readonly ports: Wire[][];
  private readonly isSource: boolean;
  private batches = 0;
  /** The wire of the first port, when it has just one and nobody looks. */
  private only: Wire | null = null;

  constructor(
    readonly id: string,
    readonly type: string,
    readonly settings: unknown,
    readonly queue: QueueLimit,
    readonly onError: OnError,
    /** Names of the kind's ports. One more stands behind them, `error`, used when `onError` says so. */
    readonly outputs: readonly string[],
    private readonly surroundings: Surroundings,
    create: Create,
  ) {
    this.ports = Array.from({ length: outputs.length + 1 }, () => []);
    this.sentBy = this.ports.map(() => 0);
    this.behaviour = create(this as never) as Behaviour & Source;
    this.isSource = this.behaviour.process === undefined;
  }

  connect(port: number, to: Unit, offset: number, streams: Schema[]): void {
    this.ports[port].push({ to, behaviour: to.behaviour, offset, streams, schema: streams[0] });
    to.incoming.push({ from: this, port });
    this.findOnly();
  }

  private findOnly(): void {
    this.only = this.ports[0].length === 1 && this.tap === null ? this.ports[0][0] : null;
  }

  /** Looks at what leaves, beside whoever looks already. Call what it gives to look no more. */
  look(look: Look): () => void {
    this.watch([...this.looks, look]);
    return () => this.watch(this.looks.filter((other) => other !== look));
  }

  /** A new list each time: a look may end itself while it is called. */
  private watch(looks: readonly Look[]): void {
    this.looks = looks;
    if (looks.length < 2) this.tap = looks[0] ?? null;
    else {
      this.tap = (batch, port) => {
        for (const look of looks) look(batch, port);
      };
    }
    this.findOnly();
  }

  emit(batch: Batch, port = 0): void {
    const { only } = this;
    if (only !== null && at !== null && port === 0 && batch.schema === only.schema) {
      // The plain way, one wire from one port, spelled out: it is what nearly every batch takes.
      const { to } = only;
      this.sent += batch.n;
      at = to;
      only.behaviour.process!(batch, only.offset);
      at = this;
      if (batch.born > 0) to.counters.latency(performance.now() - batch.born);
      return;
    }
    if (at === null) {
      this.enter(batch, port);
      return;
    }
    if (port === 0) this.sent += batch.n;
    else this.sentBy[port] += batch.n;
    if (this.tap !== null) this.tap(batch, port);
    const wires = this.ports[port];
    const last = wires.length - 1;
    for (let i = 0; i < last; i++) this.deliver(wires[i], batch.fork());
    if (last >= 0) this.deliver(wires[last], batch);
  }

  /** The outermost call: a source, a timer or an answer from outside. What is thrown below ends here. */
  private enter(batch: Batch, port: number): void {
    if (this.isSource) batch.born = this.batches++ % SAMPLE_EVERY === 0 ? performance.now() : 0;
    at = this;
    try {
      this.emit(batch, port);
    } catch (error) {
      this.surroundings.fail(error instanceof ModuleError ? error : new ModuleError(nameOf(at), error));
    } finally {
      at = null;
    }
  }

  private deliver(wire: Wire, batch: Batch): void {
    const { to } = wire;
    const input = batch.schema === wire.schema ? wire.offset : inputOf(wire, batch);
    at = to;
    to.behaviour.process!(batch, input);
    at = this;
    if (batch.born > 0) to.counters.latency(performance.now() - batch.born);
  }

  get clock(): Clock {
    return this.surroundings.clock;
  }
  get live(): boolean {
    return this.surroundings.live;
  }
  get repeats(): boolean {
    return this.surroundings.repeats;
  }
  get gate(): Gate {
    return this.surroundings.gate;
  }
  get host(): Host {
    return this.surroundings.host;
  }

  readCounters(): ModuleCounters {
    const received = this.incoming.reduce((sum, { from, port }) => sum + from.sentOf(port), 0);
    const sent = this.sentBy.reduce((sum, n) => sum + n, this.sent);
    return this.counters.read(received, sent);
  }

  private sentOf(port: number): number {
    return port === 0 ? this.sent : this.sentBy[port];
  }

  count(what: string, n = 1): void {
    this.counters.count(what, n);
  }

  drop(reason: string, n = 1): void {
    this.counters.drop(reason, n);
  }

  fault(detail: string, n = 1, batch?: Batch): void {
    this.counters.errors += n;
    this.counters.lastError = detail;
    if (n === 0) return;
    if (this.onError === 'stop') {
      throw new ModuleError(this.id, new Failure('engine.module-failed', `${this.id}: ${detail}`));
    }
    if (this.onError === 'port' && batch !== undefined) this.emit(batch, this.ports.length - 1);
  }

  bytes(n: number): void {
    this.counters.bytes += n;
  }

  queued(n: number): void {
    this.counters.queued = n;
    if (this.queue.full === 'block') this.surroundings.gate.report(this.id, n, this.queue.size);
  }

  catchingUp(on: boolean): void {
    this.surroundings.catchingUp(this.id, on);
  }

  finished(): void {
    this.surroundings.finished(this.id);
  }

  log(level: 'info' | 'warn' | 'error', message: string): void {
    this.surroundings.log(level, this.id, message);
  }
}

/** Carries the module's name up through the chain of calls to whoever began it. */
export class ModuleError extends Error {
  constructor(
    readonly module: string,
    readonly thrown: unknown,
  ) {
    super(`${module}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, { cause: thrown });
  }
}

/** A function, so that the compiler does not take `at` for what it was before the call. */
const nameOf = (unit: Unit | null): string => unit?.id ?? 'the flow';

function inputOf(wire: Wire, batch: Batch): number {
  const at = wire.streams.indexOf(batch.schema);
  if (at < 0) throw new Error(`a batch reached ${wire.to.id} with a schema that was never bound`);
  return wire.offset + at;
}
