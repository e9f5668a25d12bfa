/**
 * Has a new version proved itself? It must run for its time without a restart, take records if the old one did,
 * and stay under its error rate.
 *
 * Pure. Bounds are exact: a rate equal to the allowed one passes, and the time is over at its last millisecond.
 */
import type { Reason } from '@millrace/schemas';
import type { ProcessView } from './view.js';

/** With fewer records one error says nothing about a rate; at the end of the time they all count. */
const ENOUGH_RECORDS = 100;
/** Records that the old version would have taken, above which none at all is a failure. */
const EXPECTED_RECORDS = 10;
/** Errors are looked at this often, so that a bad version goes long before its time is over. */
const LOOK_MS = 500;
/** At the end of the time the count may be this old before the flow is said to hang. */
const SILENCE_MS = 10_000;

export interface Probation {
  process: ProcessView | null;
  now: number;
  probationMs: number;
  /** Errors a record, 0 to 1. */
  maxErrorRate: number;
  /** Records a second that the old version took. */
  rateBefore: number;
}

export type ProbationVerdict =
  { verdict: 'passed' } | { verdict: 'proving'; lookAgain: number } | { verdict: 'failed'; reason: Reason };

export function judgeProbation({
  process,
  now,
  probationMs,
  maxErrorRate,
  rateBefore,
}: Probation): ProbationVerdict {
  if (process === null || process.phase === 'dead' || process.failure !== null) {
    const detail = process?.failure?.detail ?? 'its process is gone';
    return failed(process?.openedAt === 0 ? 'START_FAILED' : 'CRASHED', detail, process?.evidence);
  }
  if (process.phase !== 'open' && process.phase !== 'finished') {
    return failed('START_FAILED', 'its sources were not opened', process.evidence);
  }
  const { records, errors, openedAt, measuredAt } = process;
  const end = openedAt + probationMs;
  // Judged by what was counted at its end, not by what is remembered from before.
  const over = measuredAt >= end || (process.phase === 'finished' && now >= end);
  const rate = errors / Math.max(records, 1);
  const evidence = { ...process.evidence, records, errors, ranMs: Math.round(now - openedAt) };
  if ((records >= ENOUGH_RECORDS || over) && errors > 0 && rate > maxErrorRate) {
    const detail = `${errors} errors in ${records} records, and at most ${maxErrorRate * 100} % are allowed`;
    return failed('PROBATION_FAILED', detail, evidence);
  }
  if (!over && now - end >= SILENCE_MS) {
    return failed(
      'PROBATION_FAILED',
      `it has not answered for ${SILENCE_MS} ms: a module does not come back`,
      evidence,
    );
  }
  if (!over)
    return { verdict: 'proving', lookAgain: now < end ? Math.min(now + LOOK_MS, end) : now + LOOK_MS };
  const expected = (rateBefore * probationMs) / 1000;
  if (process.phase === 'open' && records === 0 && expected >= EXPECTED_RECORDS) {
    const detail = `no record came in ${probationMs} ms; the version before took ${rateBefore.toFixed(1)} a second`;
    return failed('PROBATION_FAILED', detail, evidence);
  }
  return { verdict: 'passed' };
}

function failed(code: Reason['code'], detail: string, evidence?: Record<string, unknown>): ProbationVerdict {
  return { verdict: 'failed', reason: { code, detail, ...(evidence === undefined ? {} : { evidence }) } };
}
