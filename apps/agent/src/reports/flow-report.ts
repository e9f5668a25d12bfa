/**
 * What is told of one flow: what was found running, how far it is, how it ended, and why it is not as desired.
 *
 * Pure: the digest of what runs is read again by the caller. Every difference between desired and running has
 * a reason here; `why` of the command line shows nothing else.
 */
import type { FlowReport, Outcome, Progress, Reason } from '@millrace/schemas';
import type { Lane } from '../reconcile/lane.js';
import { isUp, type Step } from '../reconcile/next-step.js';
import type { FlowProcess } from '../flows/process.js';
import type { SetRef } from '../reconcile/view.js';

export interface Running extends SetRef {
  /** Digest of the document that the process was started with, read again just now; null: unreadable. */
  found: string | null;
}

const doing: Record<Step['do'], Progress> = {
  stage: 'staging',
  fetch: 'fetching',
  build: 'staging',
  verify: 'staging',
  warm: 'starting',
  open: 'starting',
  swap: 'starting',
  settle: 'probation',
  'roll-back': 'probation',
  judge: 'waiting',
  discard: 'waiting',
  stop: 'waiting',
  forget: 'waiting',
  wait: 'waiting',
};

export interface ReportClocks {
  /** Monotonic and epoch milliseconds of the same moment. */
  now: number;
  wall: number;
}

export function flowReport(lane: Lane, running: Running | null, clocks: ReportClocks): FlowReport {
  const { record, wanted } = lane;
  const verdict = wanted && record.verdict?.key === wanted.key ? record.verdict : null;
  const asDesired = !!wanted && running?.key === wanted.key && record.good?.key === wanted.key;
  return {
    flow: lane.flow,
    runningDigest: running?.found ?? null,
    runningVersion: running?.version ?? null,
    desiredDigest: wanted?.flow.digest ?? null,
    desiredVersion: wanted?.flow.version ?? null,
    progress: progressOf(lane, asDesired, verdict?.progress),
    outcome: outcomeOf(lane, asDesired, verdict?.outcome),
    reason: asDesired ? null : withTime(reasonOf(lane, verdict?.reason, running), lane, clocks),
    gapMs: record.swap?.gapMs ?? null,
    lost: record.swap?.lost ?? null,
    since: record.since,
  };
}

/**
 * All flows of a node. `documentDigest` finds the digest of the document that a set is running with, now; null where it
 * cannot be read any more.
 */
export async function flowReports(
  lanes: Iterable<Lane>,
  documentDigest: (lane: Lane, key: string) => Promise<string | null>,
  clocks: ReportClocks,
): Promise<FlowReport[]> {
  const reports: FlowReport[] = [];
  for (const lane of lanes) {
    const set = upProcess(lane)?.set ?? null;
    const running = set === null ? null : { ...set, found: await documentDigest(lane, set.key) };
    reports.push(flowReport(lane, running, clocks));
  }
  return reports;
}

function progressOf({ record, step }: Lane, asDesired: boolean, judged: Progress | undefined): Progress {
  if (asDesired) return 'running';
  if (judged !== undefined) return judged;
  return record.trying === null ? doing[step.do] : 'probation';
}

function outcomeOf(
  { restart, record, wanted }: Lane,
  asDesired: boolean,
  judged: Outcome | undefined,
): Outcome | null {
  if (asDesired) return 'succeeded';
  // Both failed: the new one was judged, and the old one does not stay up.
  if (restart?.halted === true && (judged !== undefined || record.good?.key === wanted?.key)) return 'failed';
  return judged ?? null;
}

function reasonOf(lane: Lane, judged: Reason | undefined, running: Running | null): Reason | null {
  const { restart, retry, step, wanted } = lane;
  if (wanted === null) return { code: 'STOPPED', detail: 'the flow is being removed from this node' };
  if (running === null && restart !== null) return both(judged, restart.reason);
  if (judged !== undefined) return judged;
  if (step.do === 'wait' && step.reason !== null) return step.reason;
  return retry?.reason ?? null;
}

function both(judged: Reason | undefined, restart: Reason): Reason {
  if (judged === undefined) return restart;
  return { ...restart, detail: `${restart.detail}; the newer version failed before: ${judged.detail}` };
}

/** A reason that is waited out says until when, in the node's own time. */
function withTime(
  reason: Reason | null,
  { step, restart }: Lane,
  { now, wall }: ReportClocks,
): Reason | null {
  if (reason === null || step.do !== 'wait' || step.until === null || restart?.halted === true) return reason;
  return { ...reason, until: Math.max(0, Math.round(wall + step.until - now)) };
}

/** The process whose sources are open, of the set in probation or of the good one. */
export function upProcess({ record, processes }: Lane): { set: SetRef; process: FlowProcess } | null {
  for (const set of [record.trying, record.good]) {
    const process = set === null ? undefined : processes.get(set.key);
    if (set === null || process === undefined) continue;
    const failure = process.failure ?? null;
    if (isUp({ phase: process.phase, failure })) return { set, process };
  }
  return null;
}
