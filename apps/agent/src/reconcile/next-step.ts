/**
 * The next step of one flow: compares desired, disk and running, and gives one step as data.
 *
 * Guarantees: what is good is never stopped before another version is warm, and is opened again when that
 * fails; what failed once is not tried again until something else is desired; a step that waits says for what
 * and until when. Pure: the clock is in the view, and nothing is done here (see act.ts).
 */
import type { Outcome, Progress, Reason } from '@millrace/schemas';
import { judgeProbation } from './probation.js';
import type { FlowView, ProcessView, SetRef, SetView } from './view.js';

export type Step =
  /** Write the signed document and settings to the disk. */
  | { do: 'stage'; key: string }
  | { do: 'fetch'; key: string; digest: string; size: number }
  /** Unpack a script or build a runtime, once for all flows. */
  | { do: 'build'; key: string; kind: string; digest: string }
  /** Read document and resources again, and compare with what was signed. */
  | { do: 'verify'; key: string }
  /** Start a process beside the one that runs; its sources stay closed. */
  | { do: 'warm'; key: string }
  /** Open the good set, with the state it saved. */
  | { do: 'open'; key: string }
  /** The old one takes nothing more, drains and saves; the new one takes its state and opens its sources. */
  | { do: 'swap'; from: string | null; key: string; set: SetRef }
  /** Probation is passed: the new one is the good one, the old one goes. */
  | { do: 'settle'; key: string }
  /** The new one goes, and is not tried again; the old one, paused, is opened in the next step. */
  | { do: 'roll-back'; key: string; outcome: Outcome; reason: Reason }
  /** Decided before it ever took a record. */
  | { do: 'judge'; key: string; set: SetRef; outcome: Outcome; reason: Reason; progress: Progress }
  /** End a process that nothing names any more. */
  | { do: 'discard'; key: string }
  /** The flow was removed: stop it. */
  | { do: 'stop' }
  /** Remove what it left on the disk. */
  | { do: 'forget' }
  /** Nothing to do before `until` (null: before something is heard), because of `reason` (null: all is well). */
  | { do: 'wait'; until: number | null; reason: Reason | null };

export function nextStep(view: FlowView): Step {
  const { desired, good, trying } = view;
  if (desired === null) return remove(view);
  const stray = view.strays[0];
  if (stray !== undefined) return { do: 'discard', key: stray };
  if (trying !== null) return tryOn(view, trying);
  if (good !== null && !isUp(good.process)) {
    const step = keepGood(view, good);
    if (step !== null) return step;
  }
  if (desired === undefined || desired.key === good?.key) return rest(view);
  return bringDesired(view, desired);
}

function remove({ good, trying, desired, strays }: FlowView): Step {
  const running = [good, trying, desired].some((set) => (set?.process ?? null) !== null);
  return running || strays.length > 0 ? { do: 'stop' } : { do: 'forget' };
}

/** A set in probation: out when it fails or is no longer wanted, in when its time is over. */
function tryOn(view: FlowView, trying: SetView): Step {
  const { desired, now } = view;
  const wanted = desired?.key === trying.key ? desired : null;
  if (desired !== undefined && desired !== null && wanted === null) {
    const detail = `version ${desired.version} was asked for before version ${trying.version} had proved itself`;
    return {
      do: 'roll-back',
      key: trying.key,
      outcome: 'superseded',
      reason: { code: 'SUPERSEDED', detail },
    };
  }
  const judged = judgeProbation({
    process: trying.process,
    now,
    probationMs: wanted?.probationMs ?? 0,
    maxErrorRate: wanted?.maxErrorRate ?? 1,
    rateBefore: view.rateBefore,
  });
  if (judged.verdict === 'passed') return { do: 'settle', key: trying.key };
  if (judged.verdict === 'proving') return { do: 'wait', until: judged.lookAgain, reason: null };
  // Without an earlier version there is nothing to go back to.
  const outcome = view.good === null ? 'failed' : 'rolled-back';
  return { do: 'roll-back', key: trying.key, outcome, reason: judged.reason };
}

/** null: it cannot be started now, and why is in `restart`. */
function keepGood(view: FlowView, good: SetView): Step | null {
  const { restart, now } = view;
  if (restart !== null && (restart.halted || restart.until > now)) return null;
  const { process } = good;
  // Only what is signed again can bring it back; there is no use in trying.
  if (!good.staged && process === null && view.desired?.key !== good.key) return null;
  if (process !== null && (process.phase === 'dead' || process.failure !== null))
    return { do: 'discard', key: good.key };
  if (process?.phase === 'paused' || process?.phase === 'warm') return { do: 'open', key: good.key };
  return bring(good);
}

function bringDesired(view: FlowView, desired: NonNullable<FlowView['desired']>): Step {
  const { verdict, retry, now, good } = view;
  if (verdict !== null && verdict.key === desired.key) return rest(view);
  if (!desired.installable) {
    const detail = 'the desired state expired before this version was installed; the director issues it anew';
    return wait(view, { reason: { code: 'EXPIRED', detail }, until: null });
  }
  if (now >= desired.deadline) {
    const detail = `it was not up within its time${retry === null ? '' : `; it waited because ${retry.reason.detail}`}`;
    const progress = desired.staged ? 'starting' : 'staging';
    const reason: Reason = { code: 'TIMED_OUT', detail };
    return { do: 'judge', key: desired.key, set: refOf(desired), outcome: 'timed-out', reason, progress };
  }
  if (retry !== null && retry.until > now) {
    return wait(view, { reason: retry.reason, until: Math.min(retry.until, desired.deadline) });
  }
  const { process } = desired;
  if (process === null) return bring(desired);
  if (process.phase === 'warm') {
    const from = isUp(good?.process) ? good!.key : null;
    return { do: 'swap', from, key: desired.key, set: refOf(desired) };
  }
  return { do: 'discard', key: desired.key };
}

/** From nothing to warm. */
function bring(set: SetView): Step {
  if (!set.staged) return { do: 'stage', key: set.key };
  const [missing] = set.missing;
  if (missing !== undefined) return { do: 'fetch', key: set.key, digest: missing.digest, size: missing.size };
  const [unbuilt] = set.unbuilt;
  if (unbuilt !== undefined) return { do: 'build', key: set.key, ...unbuilt };
  if (!set.verified) return { do: 'verify', key: set.key };
  return { do: 'warm', key: set.key };
}

function rest(view: FlowView): Step {
  const { desired, verdict } = view;
  const judged = verdict !== null && verdict.key === desired?.key ? verdict.reason : null;
  return wait(view, { reason: judged ?? damage(view), until: null });
}

function damage({ good }: FlowView): Reason | null {
  if (good === null || good.process !== null || good.staged) return null;
  return {
    code: 'DIGEST_MISMATCH',
    detail: `version ${good.version} was changed on this disk and is not started`,
  };
}

/** A good set that waits to be started again is looked at when its time comes, and says so first. */
function wait(
  { restart }: FlowView,
  { reason, until }: { reason: Reason | null; until: number | null },
): Step {
  if (restart === null) return { do: 'wait', until, reason };
  if (restart.halted) return { do: 'wait', until, reason: restart.reason };
  return { do: 'wait', until: Math.min(restart.until, until ?? Infinity), reason: restart.reason };
}

/** Open, or read to its end without a fault. */
export function isUp(process: Pick<ProcessView, 'phase' | 'failure'> | null | undefined): boolean {
  return (
    process !== null &&
    process !== undefined &&
    (process.phase === 'open' || (process.phase === 'finished' && process.failure === null))
  );
}

export const refOf = ({ key, version, digest }: SetRef): SetRef => ({ key, version, digest });
