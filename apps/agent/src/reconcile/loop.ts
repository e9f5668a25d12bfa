/**
 * The loop: for each flow look, take one step, look again; and wait when there is nothing to do.
 *
 * Guarantee: flows do not wait for one another; whatever a step throws ends that step alone; a change of what
 * is desired, of a process or of the time ends every wait. Which step is next is said by next-step.ts.
 */
import type { DesiredFlow } from '@millrace/schemas';
import type { Folders } from '../folders.js';
import { freshRecord, readRecords, recovered, writeRecord } from '../flows/sets.js';
import { act, change, end, type Tools } from './act.js';
import { afterFailure, goodFailed } from './failed.js';
import { Lane } from './lane.js';
import { look } from './look.js';
import { nextStep, type Step } from './next-step.js';

/** The longest sleep: what nobody told us of is found by then. */
const LOOK_MS = 30_000;
const CLOSE_MS = 10_000;
/** A disk that is full fails every step at once; it is not asked in a circle. */
const FAILED_MS = 500;
/** Steps on the way to the desired set: when one succeeds, what was waited for is over. */
const bringing: ReadonlySet<Step['do']> = new Set(['stage', 'fetch', 'build', 'verify', 'warm']);

export interface Reconcile {
  readonly lanes: ReadonlyMap<string, Lane>;
  /** Everything that the node should be. Times are epoch milliseconds. */
  desire(flows: readonly DesiredFlow[], expiresAt: number): void;
  /** Starts a flow anew, and forgets why it was stopped or judged. */
  restart(flow: string): Promise<boolean>;
  /** Lets all flows drain, saves their state and ends them. */
  close(): Promise<void>;
}

export interface LoopOptions extends Tools {
  folders: Folders;
  /** Something that a report tells has changed. */
  onChange(): void;
  /** Epoch milliseconds by which expiry is judged. */
  trustedNow(): number;
}

/** Begins with what was good when the agent ended; it needs no network for that. */
export async function startReconcile(options: LoopOptions): Promise<Reconcile> {
  const { folders, log } = options;
  const lanes = new Map<string, Lane>();
  const living = new Map<string, Promise<void>>();
  const closing = new AbortController();

  for (const stored of await readRecords(folders, (error) =>
    log.error({ error: String(error) }, 'a record of a flow is damaged'),
  )) {
    const record = recovered(stored);
    const lane = new Lane(record.flow, folders.flow(record.flow), record);
    if (record !== stored) await writeRecord(lane.folders, record);
    lanes.set(lane.flow, lane);
  }
  for (const lane of lanes.values()) begin(lane);

  const at = () => ({ now: options.now(), random: options.random });

  function begin(lane: Lane): void {
    living.set(lane.flow, live(lane));
  }

  async function live(lane: Lane): Promise<void> {
    while (!closing.signal.aborted && !lane.gone) {
      try {
        await turn(lane);
      } catch (error) {
        // Looking itself failed: the disk, most likely. The flow runs on, and it is looked again.
        log.error({ flow: lane.flow, error: String(error) }, 'a flow could not be looked at');
        await lane.sleep(FAILED_MS);
      }
    }
    if (!lane.gone) return;
    lanes.delete(lane.flow);
    // Wanted again while it was being removed.
    if (lane.wanted) add(lane.wanted.flow, lane.wanted.expiresAt);
    options.onChange();
  }

  function add(flow: DesiredFlow, expiresAt: number): void {
    const lane = new Lane(flow.flow, folders.flow(flow.flow), freshRecord(flow.flow, options.wall()));
    lane.want(flow, expiresAt, options.now());
    lanes.set(flow.flow, lane);
    begin(lane);
  }

  async function turn(lane: Lane): Promise<void> {
    const view = await look(lane, {
      blobs: options.blobs,
      built: options.built,
      now: options.now(),
      trustedNow: options.trustedNow(),
    });
    const step = nextStep(view);
    tell(lane, step);
    if (step.do === 'wait') {
      const until = step.until ?? Infinity;
      await lane.sleep(Math.min(LOOK_MS, Math.max(0, until - options.now())));
      return;
    }
    noteGoodFailure(lane, step);
    const { signal } = lane;
    try {
      await act(step, lane, options);
      if (bringing.has(step.do)) lane.retry = null;
    } catch (error) {
      // Interrupted is not failed.
      if (signal.aborted) return;
      await stepFailed(lane, step, error);
      await lane.sleep(FAILED_MS);
    }
  }

  /** A process of the good set that ended is a failure of it, counted when it is cleared away. */
  function noteGoodFailure(lane: Lane, step: Step): void {
    const process = step.do === 'discard' ? lane.processes.get(step.key) : undefined;
    if (process?.failure === undefined || process.key !== lane.record.good?.key) return;
    const { detail } = process.failure;
    const evidence = process.stderr === '' ? {} : { evidence: { stderr: process.stderr.slice(-1000) } };
    options.note(lane.flow, 'error', `the flow that runs has failed: ${detail}`);
    goodFailed(lane, process.key, { code: 'CRASHED', detail, ...evidence }, at());
  }

  async function stepFailed(lane: Lane, step: Step, error: unknown): Promise<void> {
    if ('key' in step && step.key !== lane.wanted?.key && step.key !== lane.record.good?.key) return;
    log.warn({ flow: lane.flow, step: step.do, error: String(error) }, 'a step did not succeed');
    options.note(lane.flow, 'warn', `"${step.do}" did not succeed: ${messageOf(error)}`);
    if (step.do === 'open') await end(lane, step.key, CLOSE_MS);
    const verdict = afterFailure(step, lane, error, at());
    if (lane.retry?.reason.code === 'NO_SPACE') await options.collect(true);
    if (verdict !== null) await act(verdict, lane, options);
  }

  /** Reports tell how far a flow is, so a look at a probation that goes on is no news. */
  function tell(lane: Lane, step: Step): void {
    const before = lane.step;
    lane.step = step;
    if (
      before.do !== step.do ||
      (step.do === 'wait' && before.do === 'wait' && step.reason?.detail !== before.reason?.detail)
    ) {
      options.onChange();
    }
  }

  return {
    lanes,
    desire(flows, expiresAt) {
      const now = options.now();
      const named = new Set(flows.map(({ flow }) => flow));
      for (const lane of lanes.values()) if (!named.has(lane.flow)) lane.want(null, expiresAt, now);
      for (const flow of flows) {
        const lane = lanes.get(flow.flow);
        if (lane === undefined) add(flow, expiresAt);
        else lane.want(flow, expiresAt, now);
      }
      options.onChange();
    },
    async restart(flow) {
      const lane = lanes.get(flow);
      if (lane === undefined) return false;
      lane.failures = [];
      lane.restart = null;
      options.note(flow, 'info', 'it is started anew, as a command asked');
      await change(lane, options, { verdict: null });
      const key = lane.record.good?.key;
      if (key !== undefined) await lane.processes.get(key)?.end(CLOSE_MS);
      lane.wake();
      return true;
    },
    async close() {
      closing.abort();
      for (const lane of lanes.values()) lane.interrupt('the agent ends');
      await Promise.all(living.values());
      // An end that was asked for says nothing against the version in probation, which begins it anew.
      for (const lane of lanes.values())
        if (lane.record.trying) await change(lane, options, { trying: null });
      await Promise.all(
        [...lanes.values()].flatMap((lane) =>
          [...lane.processes.keys()].map((key) => end(lane, key, CLOSE_MS)),
        ),
      );
    },
  };
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
