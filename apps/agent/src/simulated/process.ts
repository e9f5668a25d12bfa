/**
 * What a simulated node has in place of a flow's process: it is opened, paused and ended like one, and counts records
 * that never were, at a steady rate, so that probation, gates and metrics have something to judge.
 *
 * Guarantee: it holds no handle and no timer; what it counts is a function of the clock.
 */
import { Failure } from '@millrace/schemas';
import type { FlowProcess, Phase } from '../flows/process.js';

/** Of every open flow: enough for a share of errors to say something within a second. */
const RECORDS_PER_SECOND = 100;
const RECORD_BYTES = 100;

export interface SimulatedProcess extends FlowProcess {
  move(to: Phase): void;
}

export interface SimulatedProcessOptions {
  key: string;
  /** Every record of it is an error. */
  fails: boolean;
  /** Monotonic and epoch milliseconds. */
  now(): number;
  wall(): number;
}

export function simulatedProcess({ key, fails, now, wall }: SimulatedProcessOptions): SimulatedProcess {
  const startedAt = wall();
  let phase: Phase = 'warm';
  let openedAt = 0;
  let firstAt: number | null = null;
  /** Counted before it was opened last. */
  let before = 0;

  const records = () =>
    before + (phase === 'open' ? 1 + Math.floor(((now() - openedAt) * RECORDS_PER_SECOND) / 1_000) : 0);

  function move(to: Phase): void {
    before = records();
    phase = to;
    if (to !== 'open') return;
    openedAt = now();
    firstAt = wall();
  }

  return {
    key,
    pid: 0,
    failure: undefined,
    exit: undefined,
    stderr: '',
    shared: true,
    get phase() {
      return phase;
    },
    get openedAt() {
      return openedAt;
    },
    get measuredAt() {
      return now();
    },
    get firstAt() {
      return firstAt;
    },
    get metrics() {
      const count = records();
      return {
        startedAt,
        records: count,
        errors: fails ? count : 0,
        bytesIn: count * RECORD_BYTES,
        bytesOut: count * RECORD_BYTES,
        memoryBytes: 0,
        modules: {},
      };
    },
    move,
    ask: ({ ask }) =>
      Promise.reject(new Failure('fleet.flow-ended', `a simulated flow does not answer "${ask}"`)),
    look: () => undefined,
    end: async () => move('dead'),
    kill: async () => move('dead'),
  };
}
