/**
 * The flows of a simulated node: what is desired is brought up step by step by the agent's own rules (next-step,
 * probation, failed), with everything in memory but the bytes of resources.
 *
 * Guarantee: a flow goes live only when its document and resources are what was signed. A version that replaces
 * another one fails on a node that is told to fail, and the one before goes on. Nothing of a flow is run.
 */
import type { BlobFolder } from '@millrace/blobs';
import { flowDigest } from '@millrace/flow';
import { FlowDocument, type DesiredFlow, type FlowMetrics } from '@millrace/schemas';
import type { Random } from '../backoff.js';
import { blobSource } from '../blobs/source.js';
import type { DirectorApi } from '../director/api.js';
import { freshRecord, type FlowRecord } from '../flows/sets.js';
import { assertWhole } from '../flows/whole.js';
import type { Folders } from '../folders.js';
import { flowMetrics } from '../health/metrics.js';
import type { Log } from '../log.js';
import { previousOf } from '../reconcile/act.js';
import { afterFailure } from '../reconcile/failed.js';
import { Lane } from '../reconcile/lane.js';
import { MAX_ERROR_RATE, PROBATION_MS, processView, TIMEOUT_MS } from '../reconcile/look.js';
import { isUp, nextStep, refOf, type Step } from '../reconcile/next-step.js';
import type { FlowView, SetRef, SetView } from '../reconcile/view.js';
import { simulatedProcess, type SimulatedProcess } from './process.js';

export interface SimulatedFlowsOptions {
  folders: Folders;
  api: DirectorApi;
  /** Absent: resources are said to be here without being fetched. */
  blobs?: BlobFolder;
  fails: boolean;
  /** Monotonic and epoch milliseconds. */
  now(): number;
  wall(): number;
  /** Epoch milliseconds by which expiry is judged. */
  trustedNow(): number;
  random: Random;
  log: Log;
  onChange(): void;
}

export interface SimulatedFlows {
  readonly lanes: ReadonlyMap<string, Lane>;
  desire(flows: readonly DesiredFlow[], expiresAt: number): void;
  /** Starts a flow anew; false: there is none of that name. */
  restart(flow: string): Promise<boolean>;
  /** Digest of the document that a set runs with, computed from what is held. */
  documentDigest(lane: Lane, key: string): Promise<string | null>;
  /** Digests of resources that are here, or said to be. */
  held(): Promise<string[]>;
  metrics(): FlowMetrics[];
  close(): Promise<void>;
}

export function simulatedFlows(options: SimulatedFlowsOptions): SimulatedFlows {
  const { folders, api, blobs, now, wall, log } = options;
  const lanes = new Map<string, Lane>();
  const living = new Set<Promise<void>>();
  /** What was signed, by the key of its set. */
  const sets = new Map<string, DesiredFlow>();
  /** Whose bytes are here, or said to be. */
  const here = new Set<string>();
  const closing = new AbortController();

  const processOf = (lane: Lane, key: string) => lane.processes.get(key) as SimulatedProcess | undefined;
  const change = (lane: Lane, changes: Partial<FlowRecord>) => {
    lane.record = { ...lane.record, ...changes, since: wall() };
  };

  function setView(lane: Lane, { key, version, digest }: SetRef): SetView {
    const process = processOf(lane, key);
    const resources = Object.values(sets.get(key)?.resources ?? {});
    return {
      key,
      version,
      digest,
      staged: sets.has(key),
      missing: process === undefined ? resources.filter((resource) => !here.has(resource.digest)) : [],
      unbuilt: [],
      verified: lane.verified.has(key),
      process: process === undefined ? null : processView(process, undefined),
    };
  }

  function viewOf(lane: Lane): FlowView {
    const { record, wanted } = lane;
    const { probationMs = PROBATION_MS, maxErrorRate = MAX_ERROR_RATE } = wanted?.flow.strategy ?? {};
    const good = record.good && setView(lane, record.good);
    return {
      flow: lane.flow,
      now: now(),
      desired: wanted && {
        ...setView(lane, { key: wanted.key, version: wanted.flow.version, digest: wanted.flow.digest }),
        installable: wanted.expiresAt > options.trustedNow(),
        probationMs,
        maxErrorRate,
        deadline: wanted.since + (wanted.flow.strategy.timeoutMs ?? TIMEOUT_MS),
      },
      good,
      trying: record.trying && setView(lane, record.trying),
      verdict: record.verdict,
      retry: lane.retry,
      restart: isUp(good?.process) ? null : lane.restart,
      strays: [],
      rateBefore: lane.rateBefore,
    };
  }

  /** Those that were good before stay as a way back, as on a node. */
  function forgetSets({ flow: name, record, wanted }: Lane): void {
    const named = new Set([record.good?.key, wanted?.key, ...record.previous.map(({ key }) => key)]);
    for (const [key, { flow }] of sets) if (flow === name && !named.has(key)) sets.delete(key);
  }

  /** What nothing names any more goes, as on a node. */
  async function collect(): Promise<void> {
    const wanted = [...lanes.values()].flatMap(({ wanted }) => wanted?.flow ?? []);
    const keep = new Set(
      [...sets.values(), ...wanted].flatMap(({ resources }) =>
        Object.values(resources).map(({ digest }) => digest),
      ),
    );
    for (const digest of here) if (!keep.has(digest)) here.delete(digest);
    await blobs?.collect(keep, 0);
  }

  async function end(lane: Lane, key: string): Promise<void> {
    await processOf(lane, key)?.end(0);
    lane.processes.delete(key);
  }

  async function fetch(digest: string, size: number, signal: AbortSignal): Promise<void> {
    // Checked against the signed digest while it streams.
    await blobs?.pull(digest, size, blobSource(api, digest), { signal });
    here.add(digest);
  }

  async function act(step: Step, lane: Lane): Promise<void> {
    switch (step.do) {
      case 'stage': {
        const flow = lane.wanted?.flow;
        if (flow === undefined || lane.wanted?.key !== step.key) return;
        assertWhole(flow);
        sets.set(step.key, flow);
        return;
      }
      case 'fetch':
        return fetch(step.digest, step.size, lane.signal);
      case 'verify':
        lane.verified.add(step.key);
        return;
      case 'warm': {
        const fails = options.fails && lane.record.good !== null && lane.record.good.key !== step.key;
        lane.processes.set(step.key, simulatedProcess({ key: step.key, fails, now, wall }));
        return;
      }
      case 'open':
        processOf(lane, step.key)?.move('open');
        lane.restart = null;
        return;
      case 'swap':
        if (step.from !== null) processOf(lane, step.from)?.move('paused');
        processOf(lane, step.key)?.move('open');
        change(lane, { trying: step.set, swap: step.from === null ? null : { gapMs: 0, lost: 0 } });
        return;
      case 'settle': {
        const old = lane.record.good?.key;
        const previous = previousOf(lane.record, step.key);
        change(lane, { good: lane.record.trying, previous, trying: null, verdict: null });
        if (old !== undefined && old !== step.key) await end(lane, old);
        forgetSets(lane);
        return collect();
      }
      case 'roll-back':
        change(lane, {
          trying: null,
          verdict: {
            ...refOf(lane.record.trying!),
            outcome: step.outcome,
            reason: step.reason,
            progress: 'probation',
          },
        });
        return end(lane, step.key);
      case 'judge': {
        const { set, outcome, reason, progress } = step;
        change(lane, { verdict: { ...set, outcome, reason, progress } });
        return end(lane, step.key);
      }
      case 'discard':
        return end(lane, step.key);
      case 'stop':
        for (const key of lane.processes.keys()) await end(lane, key);
        return;
      case 'forget':
        lane.gone = true;
        lanes.delete(lane.flow);
        for (const [key, { flow }] of sets) if (flow === lane.flow) sets.delete(key);
        return collect();
      case 'wait':
    }
  }

  async function turn(lane: Lane): Promise<void> {
    const step = nextStep(viewOf(lane));
    if (lane.step.do !== step.do) options.onChange();
    lane.step = step;
    if (step.do === 'wait') return lane.sleep(Math.max(0, (step.until ?? Infinity) - now()));
    const { signal } = lane;
    try {
      await act(step, lane);
      lane.retry = null;
    } catch (error) {
      if (signal.aborted) return;
      log.debug({ flow: lane.flow, step: step.do, error: String(error) }, 'a step did not succeed');
      const verdict = afterFailure(step, lane, error, { now: now(), random: options.random });
      if (verdict !== null) await act(verdict, lane);
    }
  }

  async function live(lane: Lane): Promise<void> {
    while (!closing.signal.aborted && !lane.gone) await turn(lane);
    if (closing.signal.aborted) return;
    // Wanted again while it was being removed.
    if (lane.wanted) begin(lane.wanted.flow, lane.wanted.expiresAt);
    options.onChange();
  }

  function begin(flow: DesiredFlow, expiresAt: number): void {
    const lane = new Lane(flow.flow, folders.flow(flow.flow), freshRecord(flow.flow, wall()));
    lane.want(flow, expiresAt, now());
    lanes.set(lane.flow, lane);
    const life = live(lane);
    living.add(life);
    void life.finally(() => living.delete(life));
  }

  return {
    lanes,
    desire(flows, expiresAt) {
      const named = new Set(flows.map(({ flow }) => flow));
      for (const lane of lanes.values()) if (!named.has(lane.flow)) lane.want(null, expiresAt, now());
      for (const flow of flows) {
        const lane = lanes.get(flow.flow);
        if (lane === undefined) begin(flow, expiresAt);
        else lane.want(flow, expiresAt, now());
      }
      options.onChange();
    },
    async restart(flow) {
      const lane = lanes.get(flow);
      if (lane === undefined) return false;
      change(lane, { verdict: null });
      const key = lane.record.good?.key;
      if (key !== undefined) processOf(lane, key)?.move('dead');
      lane.wake();
      return true;
    },
    async documentDigest(_lane, key) {
      const document = FlowDocument.safeParse(sets.get(key)?.document);
      return document.success ? flowDigest(document.data) : null;
    },
    held: async () =>
      blobs === undefined
        ? [...here]
        : (await blobs.list()).filter(({ partial }) => !partial).map(({ digest }) => digest),
    metrics: () => flowMetrics(lanes),
    async close() {
      closing.abort();
      for (const lane of lanes.values()) lane.interrupt('the simulation ends');
      await Promise.all(living);
    },
  };
}
