/**
 * A running flow: starts its sources, keeps its ticks, merges what is replayed, drains and stops.
 *
 * Guarantees: modules are called one at a time; what throws stops this flow alone and says which module;
 * after `stop` everything that was taken has left or lies in the snapshot; a snapshot taken at any moment,
 * together with the records behind the sources' positions, gives the rows of an uncut run.
 */
import { Failure } from '@millrace/schemas';
import type { FlowDocument, ModuleCounters } from '@millrace/schemas';
import type { Catalogue } from '@millrace/flow';
import type { Batch } from './batch.js';
import { systemClock, type Clock } from './clock.js';
import { compileFlow } from './compile.js';
import { Gate } from './gate.js';
import { Merge } from './merge.js';
import { TICK_MS, type Behaviours, type Host, type State } from './module.js';
import { ModuleError, type Look, type Unit } from './unit.js';

export interface FlowOptions {
  document: FlowDocument;
  kinds: Catalogue;
  behaviours: Behaviours;
  host: Host;
  clock?: Clock;
  /** Time goes by only as the caller says: it moves the clock and calls `tick`, and no timer does. */
  driven?: boolean;
  log?: (level: 'info' | 'warn' | 'error', module: string, message: string) => void;
}

/** What a flow remembers: by module, with the shape that the state belongs to. */
export interface Snapshot {
  modules: Record<string, { shape: string; state: State }>;
}

/** Looking at the clock costs as much as a module: steps of a replay between two looks. */
const LOOK_EVERY = 8;
/** A replay lets timers and messages in after this many milliseconds of work. */
const YIELD_MS = 10;
/** The longest sleep of a paced replay, so that `stop` is heard. */
const PACE_MS = 50;

export class FlowRun {
  readonly units: Unit[];
  /** Resolves when every source has ended and all is drained, or the flow was stopped; rejects with a Failure. */
  readonly finished: Promise<void>;
  live = false;
  /** Whether every source gives again what came behind a saved state. */
  repeats = false;
  private readonly gate = new Gate();
  private readonly clock: Clock;
  private readonly driven: boolean;
  private readonly ticking: Unit[];
  private running = new Set<string>();
  private readonly behind = new Set<string>();
  private stopping = false;
  private ticker: NodeJS.Timeout | undefined;
  private replaying: Promise<void> = Promise.resolve();
  private settle!: { resolve(): void; reject(reason: unknown): void };
  private preparing: Promise<void> | undefined;
  private ending: Promise<void> | undefined;
  private failed = false;
  private last: Snapshot | null = null;

  constructor(options: FlowOptions) {
    this.clock = options.clock ?? systemClock;
    this.driven = options.driven ?? false;
    this.finished = new Promise((resolve, reject) => (this.settle = { resolve, reject }));
    this.finished.catch(() => {});
    const run = this;
    this.units = compileFlow(options.document, options.kinds, options.behaviours, {
      clock: this.clock,
      gate: this.gate,
      host: options.host,
      get live() {
        return run.live;
      },
      get repeats() {
        return run.repeats;
      },
      catchingUp: (module, on) => void (on ? this.behind.add(module) : this.behind.delete(module)),
      fail: (error) => this.fail(error),
      finished: (module) => this.sourceEnded(module),
      log: options.log ?? (() => {}),
    });
    this.live = this.units.some(({ behaviour }) => behaviour.start !== undefined || behaviour.replay?.live);
    const sources = this.units.filter(({ behaviour }) => behaviour.start || behaviour.replay);
    this.repeats = sources.every(({ behaviour }) => behaviour.repeats);
    this.ticking = this.units.filter(({ behaviour }) => behaviour.tick);
  }

  /** Loads what takes long, so that `start` takes no time. Nothing of the outside is read yet. */
  prepare(): Promise<void> {
    return (this.preparing ??= this.prepareAll());
  }

  private async prepareAll(): Promise<void> {
    await Promise.all(this.units.map(async (unit) => attempt(unit, unit.behaviour.prepare?.())));
  }

  /**
   * Opens the sources, after restoring what an earlier run saved. `restored` is waited for in between: a flow that is
   * saved there knows after a crash also what its first instants made.
   */
  async start(snapshot?: Snapshot, restored?: () => Promise<void>): Promise<void> {
    const sources = this.units.filter(({ behaviour }) => behaviour.start || behaviour.replay);
    try {
      await this.prepare();
      if (snapshot) this.restore(snapshot);
      for (const unit of this.units) await attempt(unit, unit.behaviour.resume?.());
      await restored?.();
    } catch (error) {
      this.fail(error);
      throw error;
    }
    const replays = sources.filter(({ behaviour }) => behaviour.replay);
    for (const { id } of sources) this.running.add(id);
    if (this.live && this.ticks && !this.driven) this.ticker = setInterval(() => this.tick(), TICK_MS);
    for (const unit of sources) {
      try {
        await attempt(unit, unit.behaviour.start?.());
      } catch (error) {
        this.fail(error);
        throw error;
      }
    }
    if (replays.length > 0) {
      this.replaying = this.replay(replays).catch((error: unknown) => this.fail(error));
    }
  }

  /**
   * Takes nothing more, lets what was taken leave, and closes everything. Safe to call twice. Gives the state
   * as it was when all had drained, or null when the flow failed.
   */
  async stop(): Promise<Snapshot | null> {
    this.stopping = true;
    await this.close(false);
    return this.last;
  }

  /** Whether any module depends on time going by. */
  get ticks(): boolean {
    return this.ticking.length > 0;
  }

  /** Time has gone by: TICK_MS in a live flow. What a module throws stops the flow. */
  tick(): void {
    if (this.ending !== undefined || this.behind.size > 0) return;
    this.guard(() => this.ticking.forEach(({ behaviour }) => behaviour.tick!()));
  }

  /** Resolves when nothing is in flight any more, such as rows that a model has; the flow goes on. */
  async settled(): Promise<void> {
    try {
      for (const { behaviour } of this.units) {
        if (behaviour.drain !== undefined && !this.stopping) await behaviour.drain();
      }
    } catch (error) {
      this.fail(error);
    }
  }

  /** The state of every module at this moment. */
  snapshot(): Snapshot {
    const modules: Snapshot['modules'] = {};
    for (const unit of this.units) {
      const state = unit.behaviour.save?.();
      if (state !== undefined) modules[unit.id] = { shape: shapeOf(unit), state };
    }
    return { modules };
  }

  /** The state of every module to `write`, once what it speaks of is on the disk. Calls must not overlap. */
  async checkpoint(write: (snapshot: Snapshot) => Promise<void>): Promise<void> {
    const snapshot = this.snapshot();
    await Promise.all(this.units.map(({ behaviour }) => behaviour.sync?.()));
    await write(snapshot);
    for (const { behaviour } of this.units) behaviour.saved?.();
  }

  counters(): Record<string, ModuleCounters> {
    return Object.fromEntries(this.units.map((unit) => [unit.id, unit.readCounters()]));
  }

  /** Looks at what leaves a module, beside whoever looks already. Call what it gives to look no more. */
  tap(module: string, look: Look): () => void {
    const unit = this.units.find(({ id }) => id === module);
    if (unit === undefined) throw new Failure('engine.no-module', `the flow has no module ${module}`);
    return unit.look(look);
  }

  /** State is taken over module by module; one of another shape starts afresh, and says so. */
  private restore(snapshot: Snapshot): void {
    for (const unit of this.units) {
      const saved = snapshot.modules[unit.id];
      if (saved === undefined || unit.behaviour.load === undefined) continue;
      if (saved.shape === shapeOf(unit)) unit.behaviour.load(saved.state);
      else unit.log('warn', 'its settings changed, so it starts without the state of the earlier version');
    }
  }

  private async replay(units: Unit[]): Promise<void> {
    const merge = await Merge.open(
      units.map((unit) => ({
        replay: unit.behaviour.replay!,
        emit: (batch: Batch) => {
          // A paced row arrives when it is delivered, however long ago it was read.
          if (this.live) batch.arrival = this.clock.wall();
          unit.emit(batch);
        },
      })),
    );
    const speed = Math.min(...units.map(({ behaviour }) => behaviour.replay!.speed));
    const began = this.clock.monotonic();
    const first = merge.nextTime ?? 0;
    let yielded = performance.now();
    for (let steps = 1; !merge.ended; steps++) {
      if (this.stopping) return;
      if (!this.gate.open) await this.gate.wait();
      let until = Infinity;
      if (speed < Infinity) {
        until = first + (this.clock.monotonic() - began) * speed;
        const next = merge.nextTime!;
        if (next > until) {
          await sleep(Math.min(PACE_MS, Math.max(1, (next - until) / speed)));
          continue;
        }
      }
      const reading = merge.step(until);
      if (reading !== undefined) merge.refill(await reading);
      if (steps % LOOK_EVERY === 0 && performance.now() - yielded > YIELD_MS) {
        await new Promise((resolve) => setImmediate(resolve));
        yielded = performance.now();
      }
    }
    for (const { id } of units) this.sourceEnded(id);
  }

  private sourceEnded(module: string): void {
    this.running.delete(module);
    if (this.running.size === 0 && !this.stopping) void this.close(true);
  }

  /** Runs calls into modules from a timer; what they throw stops the flow. */
  private guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    this.failed = true;
    this.settle.reject(failureOf(error));
    this.stopping = true;
    void this.close(false);
  }

  /** Sources first, then each module in run order: let it drain, tell it the end, so that its rows go on. */
  private close(ended: boolean): Promise<void> {
    return (this.ending ??= this.finish(ended));
  }

  private async finish(ended: boolean): Promise<void> {
    try {
      for (const { behaviour } of this.units) await behaviour.stop?.();
      if (!ended) await this.replaying;
      this.gate.release();
      for (const { behaviour } of this.units) {
        await behaviour.drain?.();
        if (ended) behaviour.end?.();
        await behaviour.drain?.();
      }
      // Before anything is closed: what is closed need not be able to save.
      if (!this.failed) this.last = this.snapshot();
    } catch (error) {
      this.settle.reject(failureOf(error));
    } finally {
      clearInterval(this.ticker);
      for (const unit of this.units) {
        try {
          await unit.behaviour.close?.();
        } catch (error) {
          unit.log('warn', `could not close: ${String(error)}`);
        }
      }
      this.settle.resolve();
    }
  }
}

/** A module's state fits another version of the flow when the type and the settings are the same. */
function shapeOf(unit: Unit): string {
  return `${unit.type} ${JSON.stringify(unit.settings)}`;
}

/** What a module rejects with, as a Failure that names it. */
async function attempt(unit: Unit, doing: Promise<void> | undefined): Promise<void> {
  try {
    await doing;
  } catch (thrown) {
    throw failureOf(new ModuleError(unit.id, thrown));
  }
}

function failureOf(error: unknown): unknown {
  const inner = error instanceof ModuleError ? error.thrown : error;
  if (inner instanceof Failure || inner instanceof ModuleError) return inner;
  const message = error instanceof Error ? error.message : String(error);
  return new Failure('engine.module-failed', message, { cause: inner });
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
