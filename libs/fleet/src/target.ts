/**
 * A target: one node's part in a deployment. How far it has come is one field, how it ended another.
 *
 * Guarantee: reports that come late or twice change nothing, an outcome is final, and a report that does not
 * fit is an answer (`illegal`) and not an exception. Success is the digest of what runs now, re-read by the
 * node; nobody's word for it. It keeps no clock and looks at nothing but its arguments.
 */
import type { FlowReport, Outcome, Progress, Reason, ReportPayload } from '@millrace/schemas';

/** From where to where a report may bring a target. An agent skips steps between two reports, on purpose. */
export const targetMoves = {
  waiting: ['offered'],
  offered: ['fetching', 'staging', 'starting', 'probation', 'running'],
  fetching: ['staging', 'starting', 'probation', 'running'],
  // Back to fetching and starting: a step that failed is done again, until the deadline.
  staging: ['fetching', 'starting', 'probation', 'running'],
  starting: ['fetching', 'staging', 'probation', 'running'],
  probation: ['fetching', 'staging', 'starting', 'running'],
  running: [],
} as const satisfies Record<Progress, readonly Progress[]>;

/** Outcomes that count against the deployment. The others say that somebody else decided. */
export const failures: readonly Outcome[] = ['rolled-back', 'failed', 'refused', 'timed-out'];

export interface Target {
  /** What the node is to run. */
  digest: string;
  /** The desired state of the node, by number, that told it so; null before it was told. */
  told: { epoch: number; sequence: number } | null;
  progress: Progress;
  outcome: Outcome | null;
  reason: Reason | null;
  /** Number of the last report that was looked at. */
  seq: number;
  /** Since when it has been found running, epoch ms of the director. */
  runningSince: number | null;
  gapMs: number | null;
  lost: number | null;
}

export type Moved =
  | { moved: true; target: Target }
  /** Nothing new in it: late, double, about an older desired state, or just the same. */
  | { moved: false; target: Target }
  | { moved: false; target: Target; illegal: string };

/** What the report says about this target. `now` is the director's time of receipt, epoch ms. */
export function applyReport(target: Target, flow: string, report: ReportPayload, now: number): Moved {
  if (report.seq <= target.seq || target.outcome !== null || target.told === null) {
    return { moved: false, target };
  }
  const seen = { ...target, seq: report.seq };
  if (isOlder(report, target.told)) return refusal(seen, report);
  const found = report.flows.find((entry) => entry.flow === flow);
  if (!found || found.desiredDigest !== target.digest) return { moved: false, target: seen };
  return follow(seen, found, now);
}

/** Refusals that the director heals by issuing a newer state: no outcome, only a reason to wait. */
const healed: readonly string[] = ['EXPIRED', 'ROLLBACK_REFUSED'];

function refusal(target: Target, { refused }: ReportPayload): Moved {
  if (!refused || !target.told || isOlder(refused, target.told)) return { moved: false, target };
  const { reason } = refused;
  if (healed.includes(reason.code)) return { moved: true, target: { ...target, reason } };
  return { moved: true, target: { ...target, outcome: 'refused', reason } };
}

function follow(target: Target, found: FlowReport, now: number): Moved {
  const { gapMs, lost, reason } = found;
  const runs = found.runningDigest === target.digest && found.progress === 'running';
  if (found.outcome === 'succeeded' && !runs) {
    return { moved: false, target, illegal: `reported as succeeded while ${found.runningDigest} is running` };
  }
  if (found.outcome !== null && found.outcome !== 'succeeded') {
    return { moved: true, target: { ...target, outcome: found.outcome, reason, gapMs, lost } };
  }
  if (found.progress === 'running' && !runs) {
    return { moved: false, target, illegal: `reported as running while ${found.runningDigest} is running` };
  }
  // A node that waits, for a retry or for room, is as far as it was; its reason says what it waits for.
  const progress = found.progress === 'waiting' ? target.progress : found.progress;
  if (progress !== target.progress && !mayMove(target.progress, progress)) {
    return { moved: false, target, illegal: `from ${target.progress} to ${progress}` };
  }
  const next: Target = { ...target, progress, reason, gapMs, lost };
  if (runs) {
    return { moved: true, target: { ...next, outcome: 'succeeded', reason: null, runningSince: now } };
  }
  const same = next.progress === target.progress && sameReason(next.reason, target.reason);
  return same ? { moved: false, target: next } : { moved: true, target: next };
}

export function mayMove(from: Progress, to: Progress): boolean {
  return (targetMoves[from] as readonly Progress[]).includes(to);
}

const isOlder = (a: { epoch: number; sequence: number }, b: { epoch: number; sequence: number }): boolean =>
  a.epoch < b.epoch || (a.epoch === b.epoch && a.sequence < b.sequence);

const sameReason = (a: Reason | null, b: Reason | null): boolean =>
  a?.code === b?.code && a?.detail === b?.detail && a?.until === b?.until;
