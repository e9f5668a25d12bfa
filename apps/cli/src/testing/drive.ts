/**
 * Drives a flow through one test case in virtual time.
 *
 * Guarantee: the same case gives the same records, since time goes by only here, in the steps of the engine, and
 * after each everything in flight is waited for. At one moment, records come before the tick. A case is bounded
 * in virtual ticks and in real time.
 */
import { Merge, TICK_MS, type FlowRun, type VirtualClock } from '@millrace/engine';
import { durationOf, fedBy, isFedFile, momentOf, type FedRecord } from '@millrace/flow';
import type { FlowTestStep } from '@millrace/schemas';
import type { FedSource } from './fed.js';

/** A million ticks are 5.5 hours; they take about a second. */
const MAX_TICKS = 20_000_000;
/** A flow that hangs must not hang whoever tests it. */
const MAX_REAL_MS = 120_000;
const TOO_LONG = `the case takes longer than ${MAX_REAL_MS / 1000} s. Feed less, or let less time go by.`;
/** Ticks after which timers and signals are let in. */
const LET_IN = 4096;

/** What stopped a case before its end, as a sentence. */
export class Stopped extends Error {}

export class Drive {
  /** Steps that are done: where a failure came. */
  done = 0;
  private ticks = 0;
  private ticked: number;
  private failed: { error: unknown } | undefined;
  private readonly waits: boolean;

  constructor(
    private readonly run: FlowRun,
    private readonly clock: VirtualClock,
    private readonly sources: ReadonlyMap<string, FedSource>,
    /** The clock stands where the case says; else the first moment that comes is the beginning. */
    private begun: boolean,
  ) {
    this.ticked = clock.wall();
    this.waits = run.units.some(({ behaviour }) => behaviour.drain);
    run.finished.catch((error: unknown) => (this.failed = { error }));
  }

  /** Every step, and what is due at the last moment: without an end a stream could go on. */
  async through(steps: readonly FlowTestStep[]): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.failed ??= { error: new Stopped(TOO_LONG) };
        reject(this.failed.error);
      }, MAX_REAL_MS);
    });
    try {
      await Promise.race([this.all(steps), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  private async all(steps: readonly FlowTestStep[]): Promise<void> {
    for (const step of steps) {
      await this.step(step);
      this.done++;
    }
    if (steps.at(-1) === 'end') return;
    await this.passTo(this.clock.wall(), true);
    // A failure is known one turn after it happened.
    await Promise.resolve();
    this.check();
  }

  private async step(step: FlowTestStep): Promise<void> {
    if (step === 'end') return this.end();
    const { wait, at } = step;
    if (wait !== undefined) {
      this.begun = true;
      await this.passTo(this.clock.wall() + durationOf(wait), true);
    }
    const fed = fedBy(step);
    if (at !== undefined) await this.passTo(momentOf(at), fed.length === 0);
    const files: FedSource[] = [];
    for (const [id, what] of fed) {
      const source = this.sources.get(id)!;
      for (const one of [what].flat()) {
        if (isFedFile(one)) files.push(source);
        else await this.feed(source, one, at === undefined);
      }
    }
    if (files.length > 0) await this.feedFiles(files);
  }

  private async feed(source: FedSource, record: FedRecord, arrivesAtItsTime: boolean): Promise<void> {
    await this.passTo(arrivesAtItsTime && 't' in record ? momentOf(record.t) : this.clock.wall(), false);
    source.feed(record);
    await this.settled();
  }

  /** Several files are merged by time, as in a replay; each row arrives at its own time, or now when it is older. */
  private async feedFiles(files: readonly FedSource[]): Promise<void> {
    const merge = await Merge.open(files.map((source) => source.nextFile()));
    while (!merge.ended) {
      const next = merge.nextTime!;
      if (Number.isFinite(next)) await this.passTo(next, false);
      const reading = merge.step(this.clock.wall());
      if (reading !== undefined) merge.refill(await reading);
      await this.settled();
    }
  }

  private async end(): Promise<void> {
    for (const source of this.sources.values()) source.end();
    await this.run.finished;
    this.check();
  }

  /** @param through whether the tick at this very moment is part of it */
  private async passTo(wall: number, through: boolean): Promise<void> {
    const { run, clock } = this;
    if (!this.begun) {
      this.begun = true;
      clock.put((this.ticked = wall));
    }
    if (run.ticks) {
      const left = Math.floor((wall - this.ticked) / TICK_MS);
      if (this.ticks + left > MAX_TICKS) {
        throw new Stopped(
          `the case lets ${hours(this.ticks + left)} hours go by, and ${hours(MAX_TICKS)} are the most. ` +
            'Feed records whose times lie closer together, or give the later ones an `at`.',
        );
      }
      for (let due = this.ticked + TICK_MS; through ? due <= wall : due < wall; due += TICK_MS) {
        clock.moveTo(due);
        this.ticked = due;
        run.tick();
        await this.settled();
        if (++this.ticks % LET_IN === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    }
    clock.moveTo(wall);
  }

  private async settled(): Promise<void> {
    if (this.waits) await this.run.settled();
    this.check();
  }

  private check(): void {
    if (this.failed !== undefined) throw this.failed.error;
  }
}

const hours = (ticks: number): number => Math.round((ticks * TICK_MS) / 3_600_000);
