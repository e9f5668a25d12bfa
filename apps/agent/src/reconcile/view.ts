/**
 * What a lane of the reconcile loop sees when it looks: one flow as it is desired, on disk and running.
 *
 * Times are monotonic milliseconds of this agent's life, so that a clock that is set cannot end a probation or
 * start a download. A set is one version of a flow with the parameters and resources that were signed with it;
 * its key is the digest of all that.
 */
import type { LockedResource, Outcome, Progress, Reason } from '@millrace/schemas';
import type { Phase } from '../flows/process.js';

export interface SetRef {
  key: string;
  version: number;
  /** The flow digest. */
  digest: string;
}

export interface SetView extends SetRef {
  /** Its document and settings are on the disk. */
  staged: boolean;
  /** Resources whose bytes are not here. */
  missing: Pick<LockedResource, 'digest' | 'size'>[];
  /** Resources of which something is to be made first: scripts to unpack, runtimes to build. */
  unbuilt: Pick<LockedResource, 'kind' | 'digest'>[];
  /** Its bytes were read again and found right since this agent started. */
  verified: boolean;
  process: ProcessView | null;
}

export interface ProcessView {
  phase: Phase;
  /** 0: its sources were never opened. */
  openedAt: number;
  /** When records and errors were counted. */
  measuredAt: number;
  records: number;
  errors: number;
  /** Why it is dead, or over. */
  failure: { code: string; detail: string } | null;
  evidence: Record<string, unknown>;
}

export interface DesiredView extends SetView {
  /** False when what was signed has expired: nothing of it may be installed any more. */
  installable: boolean;
  probationMs: number;
  maxErrorRate: number;
  /** When the new version has not proved itself by then, the old one stays. */
  deadline: number;
}

/** How it ended with a set that does not run. */
export interface Verdict extends SetRef {
  outcome: Outcome;
  reason: Reason;
  /** How far it had come. */
  progress: Progress;
}

export interface Waiting {
  reason: Reason;
  until: number;
}

export interface FlowView {
  flow: string;
  now: number;
  /** null: the flow is to be removed. undefined: no desired state is known, so what is good goes on. */
  desired: DesiredView | null | undefined;
  /** The set that has proved itself, and goes on whatever happens to another. */
  good: SetView | null;
  /** The set whose sources are open while the good one is paused. */
  trying: SetView | null;
  verdict: Verdict | null;
  /** Something outside failed on the way to the desired set; tried again then. */
  retry: Waiting | null;
  /** The good set failed: until when it is left alone, or for good. */
  restart: (Waiting & { halted: boolean }) | null;
  /** Processes of sets that are neither desired nor good nor tried. */
  strays: string[];
  /** Records a second that the good set took before it was paused. */
  rateBefore: number;
}
