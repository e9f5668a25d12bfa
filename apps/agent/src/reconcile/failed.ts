/**
 * What a failed step means: a refusal is a verdict, an outage is waited for, and a failure of the good set is
 * a restart. Pure but for the lane that it notes the answer in; the verdict itself is given back as a step.
 */
import { Failure, type Outcome, type Progress, type Reason, type ReasonCode } from '@millrace/schemas';
import { backoff, type Random } from '../backoff.js';
import type { Lane } from './lane.js';
import { refOf, type Step } from './next-step.js';
import { RESTARTS, restartAfter } from './restart.js';

const RETRY_BASE_MS = 1_000;
const RETRY_CAP_MS = 60_000;
/** A store may be mended and a proxy may have cut; bytes that are wrong three times are wrong. */
const WRONG_BYTES = 3;

export interface FailedAt {
  now: number;
  random: Random;
}

/** A step that judges the desired set, or null when the lane now waits. */
export function afterFailure(step: Step, lane: Lane, error: unknown, at: FailedAt): Step | null {
  const key = 'key' in step ? step.key : undefined;
  const reason = reasonOf(step, error);
  // Bytes of the good set that are missing are fetched for as long as it takes.
  if (key !== undefined && key === lane.record.good?.key) {
    if (isOutside(step, error))
      lane.restart = { reason, until: at.now + later(lane, error, at), halted: false };
    else goodFailed(lane, key, reason, at);
    return null;
  }
  const verdict = outcomeOf(step, error, lane);
  const set = !lane.wanted ? undefined : { ...lane.wanted.flow, key: lane.wanted.key };
  if (verdict !== null && set !== undefined && set.key === key) {
    return { do: 'judge', key, set: refOf(set), reason, ...verdict };
  }
  lane.waitFor(reason, at.now + later(lane, error, at));
  return null;
}

/** What the world outside must mend: a download, or an index of packages that does not answer. */
const isOutside = (step: Step, error: unknown): boolean =>
  step.do === 'fetch' || (step.do === 'build' && error instanceof Failure && error.row.kind === 'outage');

/** Milliseconds until the next try; the director may have asked for more. */
function later(lane: Lane, error: unknown, { random }: FailedAt): number {
  const asked = error instanceof Failure ? (error.retryAfter ?? 0) * 1000 : 0;
  return Math.max(asked, backoff((lane.retry?.failures ?? 0) + 1, RETRY_BASE_MS, RETRY_CAP_MS, random));
}

/** The good set could not be started, or ended: again a little later, or not at all. */
export function goodFailed(lane: Lane, key: string, reason: Reason, { now, random }: FailedAt): void {
  const { recent, until, halted } = restartAfter([...lane.failures, now], now, random);
  lane.failures = recent;
  // Its own files were changed on the disk: only what is signed again can help.
  if (reason.code === 'DIGEST_MISMATCH') lane.damaged.add(key);
  const detail = halted
    ? `stopped for good after ${RESTARTS} restarts in ten minutes: ${reason.detail}`
    : reason.detail;
  lane.restart = { reason: { ...reason, detail }, until, halted };
}

function outcomeOf(step: Step, error: unknown, lane: Lane): { outcome: Outcome; progress: Progress } | null {
  if (!(error instanceof Failure))
    return step.do === 'warm' ? { outcome: 'failed', progress: 'starting' } : null;
  if (step.do === 'fetch') {
    const again = error.code !== 'catalogue.digest-mismatch' || (lane.retry?.failures ?? 0) + 1 < WRONG_BYTES;
    return again ? null : { outcome: 'refused', progress: 'fetching' };
  }
  if (error.code === 'platform.no-space') return null;
  if (step.do === 'stage' || step.do === 'verify' || step.do === 'build') {
    return error.row.kind === 'refusal' ? { outcome: 'refused', progress: 'staging' } : null;
  }
  if (step.do !== 'warm') return null;
  if (error.code === 'fleet.flow-silent') return { outcome: 'timed-out', progress: 'starting' };
  return { outcome: error.row.kind === 'refusal' ? 'refused' : 'failed', progress: 'starting' };
}

export function reasonOf(step: Step, error: unknown): Reason {
  const detail = error instanceof Error ? error.message : String(error);
  // The bytes that lack, or the last lines of an installer.
  const told = error instanceof Failure && evident.has(error.code) ? error.current : undefined;
  const evidence = told === undefined ? {} : { evidence: told as Record<string, unknown> };
  return { code: reasonCode(step, error), detail, ...evidence };
}

const evident: ReadonlySet<string> = new Set([
  'platform.no-space',
  'engine.build-failed',
  'engine.build-unreachable',
]);

function reasonCode(step: Step, error: unknown): ReasonCode {
  if (error instanceof Failure) {
    const { code } = error;
    if (code === 'catalogue.digest-mismatch' || code === 'catalogue.invalid-digest') return 'DIGEST_MISMATCH';
    if (code === 'platform.no-space') return 'NO_SPACE';
    if (code === 'fleet.flow-silent') return 'TIMED_OUT';
    if (code === 'flows.resource') return 'INCOMPLETE_SET';
    if (code === 'engine.runtime-missing' || code === 'engine.sandbox-missing') return 'RUNTIME_MISSING';
    if (code === 'engine.contract-mismatch' || code === 'flows.contract-unmet') return 'CONTRACT_MISMATCH';
    if (code === 'engine.golden-mismatch') return 'GOLDEN_MISMATCH';
    if (code === 'engine.build-unreachable') return 'DOWNLOAD_FAILED';
    if (step.do === 'build') return 'CHECK_FAILED';
    if (code.startsWith('flows.') || code === 'fleet.path-refused') return 'CHECK_FAILED';
  }
  return step.do === 'fetch' ? 'DOWNLOAD_FAILED' : 'START_FAILED';
}
