/**
 * Does one step: a table with one executor a step; a step without an executor does not compile.
 *
 * Guarantee: the record on disk says what is about to be tried before it is tried, so that a kill at any
 * instant leaves the good set as the one to start. An executor does its step or throws; what a failure means
 * is said in failed.ts.
 */
import type { BlobFolder } from '@millrace/blobs';
import { Failure, type LockedResource } from '@millrace/schemas';
import type { BuiltFolder, Kept } from '../blobs/built.js';
import { blobSource } from '../blobs/source.js';
import type { Random } from '../backoff.js';
import type { DirectorApi } from '../director/api.js';
import type { Answers } from '../flows/ipc.js';
import type { FlowProcess } from '../flows/process.js';
import {
  forgetStates,
  readSet,
  removeFlow,
  removeSets,
  writeRecord,
  writeSet,
  type FlowRecord,
} from '../flows/sets.js';
import { assertWhole } from '../flows/whole.js';
import type { Log } from '../log.js';
import type { Lane } from './lane.js';
import type { Step } from './next-step.js';

/** What the executors work with; one object for all flows of a node. */
export interface Tools {
  blobs: BlobFolder;
  built: BuiltFolder;
  api: DirectorApi;
  blobBytes: number;
  roots: string[];
  /** Starts the process of a set; nothing of the flow runs yet. */
  spawn(lane: Lane, key: string): Promise<FlowProcess>;
  /** A process that builds was started, with a group of its own; what it gives is called when it is gone. */
  builds(pid: number): () => void;
  /** Removes resources that nothing names any more; where room is short, also what is kept for a way back. */
  collect(tight?: boolean): Promise<void>;
  /** Monotonic and epoch milliseconds. */
  now(): number;
  wall(): number;
  random: Random;
  log: Log;
  /** A line for who asks what became of a flow. */
  note(flow: string, level: 'info' | 'warn' | 'error', message: string): void;
}

/** Loading a large model on a small machine takes minutes. */
const PREPARE_MS = 180_000;
const OPEN_MS = 60_000;
/** How long the old version may drain; then it is killed, and the new one takes its last saved state. */
const PAUSE_MS = 30_000;
const STOP_MS = 10_000;

type Executors = {
  [D in Step['do']]: (step: Extract<Step, { do: D }>, lane: Lane, tools: Tools) => Promise<void>;
};

export function act(step: Step, lane: Lane, tools: Tools): Promise<void> {
  return (executors[step.do] as (step: Step, lane: Lane, tools: Tools) => Promise<void>)(step, lane, tools);
}

const executors: Executors = {
  async stage({ key }, lane) {
    const flow = lane.wanted?.flow;
    if (flow === undefined || lane.wanted?.key !== key) return;
    assertWhole(flow);
    await writeSet(lane.folders, flow);
    lane.settings.delete(key);
    lane.damaged.delete(key);
  },

  async fetch({ digest, size }, lane, { blobs, api, blobBytes }) {
    await blobs.pull(digest, size, blobSource(api, digest), { signal: lane.signal, quotaBytes: blobBytes });
  },

  async build({ key, kind, digest }, lane, { blobs, built, builds, note }) {
    const resource: Kept = { kind, digest };
    const pieces = await built.pieces(resource);
    // What is damaged has been removed, and is fetched again in the next step.
    for (const one of [resource, ...pieces]) if ((await blobs.reverify(one.digest)) !== 'intact') return;
    const version = lane.wanted?.key === key ? lane.wanted.flow.version : (lane.record.good?.version ?? '?');
    if (kind === 'runtime') note(lane.flow, 'info', `a runtime of version ${version} is built`);
    await built.build(resource, { signal: lane.signal, onStart: builds });
  },

  async verify({ key }, lane, { blobs, log }) {
    const settings = await readSet(lane.folders, key);
    lane.settings.set(key, settings);
    for (const digest of digestsOf(settings.resources)) {
      const found = await blobs.reverify(digest);
      // What is damaged has been removed, and is fetched again in the next step.
      if (found !== 'intact') {
        log.warn({ flow: lane.flow, digest, found }, 'a resource on the disk is not what was signed');
        return;
      }
    }
    lane.verified.add(key);
  },

  async warm({ key }, lane, tools) {
    // It holds for one start: files can change while a flow runs.
    lane.verified.delete(key);
    lane.faults.delete(key);
    const settings = lane.settings.get(key) ?? (await readSet(lane.folders, key));
    const process = await tools.spawn(lane, key);
    const { name, version } = { name: lane.flow, version: settings.version };
    const blobs = digestsOf(settings.resources).map((digest) => [digest, tools.blobs.path(digest)]);
    const built: Record<string, string> = {};
    for (const { kind, digest } of Object.values(settings.resources)) {
      const folder = await tools.built.folder({ kind, digest });
      if (folder !== undefined) built[digest] = folder;
    }
    try {
      await process.ask(
        {
          ask: 'prepare',
          flow: {
            name,
            version,
            digest: settings.digest,
            document: lane.folders.set(key).document,
            parameters: settings.parameters,
            resources: settings.resources,
            blobs: Object.fromEntries(blobs) as Record<string, string>,
            built,
            work: lane.folders.work,
            roots: tools.roots,
          },
        },
        PREPARE_MS,
        key === lane.record.good?.key ? undefined : lane.signal,
      );
    } catch (error) {
      await process.kill();
      throw error;
    }
    lane.processes.set(key, process);
  },

  async open({ key }, lane, { note }) {
    const { state } = lane.folders.set(key);
    await lane.processes.get(key)!.ask({ ask: 'open', state, saveTo: state }, OPEN_MS);
    lane.restart = null;
    note(lane.flow, 'info', `version ${lane.settings.get(key)?.version ?? '?'} runs`);
  },

  async swap({ from, key: to, set }, lane, tools) {
    const { flow } = lane;
    const next = lane.processes.get(to)!;
    const old = from === null ? undefined : lane.processes.get(from);
    lane.rateBefore = old === undefined ? 0 : rate(old, tools.now());
    await change(lane, tools, { trying: set, swap: null });
    const began = tools.now();
    lane.swappedAt = tools.wall();
    const paused = old === undefined ? null : await pauseOld(old, lane, tools);
    const saved = lane.record.good === null ? null : lane.folders.set(lane.record.good.key).state;
    const state = paused?.state ?? saved;
    try {
      await next.ask({ ask: 'open', state, saveTo: lane.folders.set(to).state }, OPEN_MS);
    } catch (error) {
      lane.faults.set(to, { code: codeOf(error), detail: messageOf(error) });
      tools.log.warn(
        { flow, version: set.version, error: messageOf(error) },
        'the new version cannot open its sources',
      );
      tools.note(flow, 'error', `version ${set.version} cannot open its sources: ${messageOf(error)}`);
      return;
    }
    tools.note(flow, 'info', `version ${set.version} took over and is on probation`);
    if (old === undefined) return;
    const shared = old.shared && next.shared;
    await change(lane, tools, {
      swap: { gapMs: Math.round(tools.now() - began), lost: shared && paused !== null ? paused.left : null },
    });
  },

  async settle({ key }, lane, tools) {
    const old = lane.record.good?.key;
    const swap = stoodStill(lane, key);
    tools.note(lane.flow, 'info', `version ${lane.record.trying?.version ?? '?'} stays`);
    await change(lane, tools, {
      swap,
      good: lane.record.trying,
      previous: previousOf(lane.record, key),
      trying: null,
      verdict: null,
      interrupted: null,
    });
    lane.restart = null;
    lane.failures = [];
    if (old !== undefined && old !== key) await end(lane, old, STOP_MS);
    await clean(lane, tools);
  },

  async 'roll-back'({ key, outcome, reason }, lane, tools) {
    const trying = lane.record.trying!;
    await change(lane, tools, {
      trying: null,
      verdict: { ...trying, outcome, reason, progress: 'probation' },
    });
    tools.log.warn(
      { flow: lane.flow, version: trying.version, outcome, reason },
      'the version before goes on',
    );
    const why = `version ${trying.version} is taken back: ${reason.detail}`;
    tools.note(lane.flow, 'error', `${why}; the version before goes on`);
    await end(lane, key, STOP_MS);
  },

  async judge({ key, set, outcome, reason, progress }, lane, tools) {
    await change(lane, tools, { verdict: { ...set, outcome, reason, progress } });
    tools.log.warn(
      { flow: lane.flow, version: set.version, outcome, reason },
      'the version is not brought up',
    );
    tools.note(lane.flow, 'error', `version ${set.version} is not brought up: ${reason.detail}`);
    await end(lane, key, STOP_MS);
  },

  async discard({ key }, lane) {
    await end(lane, key, STOP_MS);
  },

  async stop(_step, lane) {
    await Promise.all([...lane.processes.keys()].map((key) => end(lane, key, STOP_MS)));
  },

  async forget(_step, lane, tools) {
    await removeFlow(lane.folders);
    lane.gone = true;
    await tools.collect();
  },

  wait: async () => undefined,
};

/** With those of contracts. */
const digestsOf = (resources: Record<string, LockedResource>): string[] =>
  Object.values(resources).flatMap(({ digest, contract }) =>
    contract ? [digest, contract.digest] : [digest],
  );

/** What the old version hands over, or null when it had to be killed. */
async function pauseOld(
  old: FlowProcess,
  lane: Lane,
  { log, note }: Tools,
): Promise<Answers['pause'] | null> {
  try {
    return await old.ask({ ask: 'pause' }, PAUSE_MS);
  } catch (error) {
    log.warn({ flow: lane.flow, error: messageOf(error) }, 'the old version does not drain and is killed');
    note(lane.flow, 'warn', 'the old version does not drain and is killed');
    await old.kill();
    return null;
  }
}

export async function end(lane: Lane, key: string, deadlineMs: number): Promise<void> {
  const process = lane.processes.get(key);
  if (process === undefined) return;
  await process.end(deadlineMs);
  lane.processes.delete(key);
  lane.faults.delete(key);
}

export async function change(
  lane: Lane,
  { wall }: Pick<Tools, 'wall'>,
  changes: Partial<FlowRecord>,
): Promise<void> {
  const record = { ...lane.record, ...changes, since: wall() };
  await writeRecord(lane.folders, record);
  lane.record = record;
}

/** Sets that stay behind the good one. */
const PREVIOUS = 2;

/** With the good set that is about to be replaced first. */
export function previousOf({ good, previous }: FlowRecord, next: string): FlowRecord['previous'] {
  const sets = good === null ? previous : [good, ...previous.filter((set) => set.key !== good.key)];
  return sets.filter((set) => set.key !== next).slice(0, PREVIOUS);
}

/** The good set, the desired one and those that were good before stay. */
async function clean(lane: Lane, { collect }: Tools): Promise<void> {
  const { good, previous } = lane.record;
  const now = [good?.key, lane.wanted?.key].filter((key) => key !== undefined);
  const before = previous.map((set) => set.key);
  const keep = new Set([...now, ...before]);
  await removeSets(lane.folders, keep);
  await forgetStates(
    lane.folders,
    before.filter((key) => !now.includes(key)),
  );
  for (const key of lane.settings.keys()) if (!keep.has(key)) lane.settings.delete(key);
  await collect();
}

/** A stream this fast has a record at every moment, so the first one tells when it flowed again. */
const STEADY_PER_SECOND = 10;

/** The swap as it was for the stream: a source that is open may still have to connect. */
function stoodStill({ record, rateBefore, swappedAt, processes }: Lane, key: string): FlowRecord['swap'] {
  const { swap } = record;
  const firstAt = processes.get(key)?.firstAt ?? null;
  if (swap === null || firstAt === null || rateBefore < STEADY_PER_SECOND) return swap;
  return { ...swap, gapMs: Math.max(swap.gapMs, Math.round(firstAt - swappedAt)) };
}

/** Records a second since its sources were opened. */
function rate(process: FlowProcess, now: number): number {
  return ((process.metrics?.records ?? 0) * 1000) / Math.max(1, now - process.openedAt);
}

const codeOf = (error: unknown) => (error instanceof Failure ? error.code : 'platform.bug');
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
