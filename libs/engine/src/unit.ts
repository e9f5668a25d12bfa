/**
 * One module in a running flow: its behaviour, its wires and its counters, and the context that the
 * behaviour sees. A wire is a direct call; where several wires leave a port, each branch gets a fork of the
 * batch that copies a column only when it writes it.
 */
import { Failure } from '@millrace/schemas';
import type { Batch } from './batch.js';
import type { Clock } from './clock.js';
import { Counters } from './counters.js';
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
  /** Whether a chain of calls is under way; one object for all units of a flow. */
  readonly calls: { entered: boolean };
  fail(error: unknown): void;
  finished(module: string): void;
  log(level: 'info' | 'warn' | 'error', module: string, message: string): void;
}

interface Wire {
  to: Unit;
  /** Where this wire's streams begin among the inputs of `to`. */
  offset: number;
  streams: Schema[];
}

export class Unit implements ModuleContext<unknown> {
  readonly counters = new Counters();
  readonly behaviour: Behaviour & Source;
  /** A look at what leaves, for live views; called before the batch goes on, and must copy what it keeps. */
  tap: ((batch: Batch, port: number) => void) | null = null;
  private readonly ports: Wire[][];
  private readonly isSource: boolean;

  constructor(
    readonly id: string,
    readonly type: string,
    readonly settings: unknown,
    readonly queue: QueueLimit,
    private readonly onError: OnError,
    /** Ports of the kind, and one more for `error`. */
    portCount: number,
    private readonly surroundings: Surroundings,
    create: Create,
  ) {
    this.ports = Array.from({ length: portCount }, () => []);
    this.behaviour = create(this as never) as Behaviour & Source;
    this.isSource = this.behaviour.process === undefined;
  }

  connect(port: number, to: Unit, offset: number, streams: Schema[]): void {
    this.ports[port].push({ to, offset, streams });
  }

  emit(batch: Batch, port = 0): void {
    const { calls } = this.surroundings;
    if (calls.entered) {
      this.send(batch, port);
      return;
    }
    // The outermost call: a source, a timer or an answer from outside. What is thrown below ends here.
    if (this.isSource) batch.born = performance.now();
    calls.entered = true;
    try {
      this.send(batch, port);
    } catch (error) {
      this.surroundings.fail(error);
    } finally {
      calls.entered = false;
    }
  }

  private send(batch: Batch, port: number): void {
    this.counters.out += batch.n;
    if (this.tap !== null) this.tap(batch, port);
    const wires = this.ports[port];
    const last = wires.length - 1;
    for (let i = 0; i < last; i++) deliver(wires[i], batch.fork());
    if (last >= 0) deliver(wires[last], batch);
  }

  /** A batch from a wire. */
  take(batch: Batch, input: number): void {
    const { counters } = this;
    counters.in += batch.n;
    try {
      this.behaviour.process!(batch, input);
    } catch (thrown) {
      throw thrown instanceof ModuleError ? thrown : new ModuleError(this.id, thrown);
    }
    if (batch.born > 0 && counters.sampled()) counters.latency(performance.now() - batch.born);
  }

  get clock(): Clock {
    return this.surroundings.clock;
  }
  get live(): boolean {
    return this.surroundings.live;
  }
  get gate(): Gate {
    return this.surroundings.gate;
  }
  get host(): Host {
    return this.surroundings.host;
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

function deliver(wire: Wire, batch: Batch): void {
  const { streams } = wire;
  let input = wire.offset;
  if (streams[0] !== batch.schema) {
    const at = streams.indexOf(batch.schema);
    if (at < 0) throw new Error(`a batch reached ${wire.to.id} with a schema that was never bound`);
    input += at;
  }
  wire.to.take(batch, input);
}
