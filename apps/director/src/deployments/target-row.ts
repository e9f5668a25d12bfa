/** A target between its row and the rule. Pure. */
import type { Target } from '@millrace/fleet';
import type { TargetRow } from './deployments.store.js';

export const targetOf = (row: TargetRow, digest: string): Target => ({
  digest,
  told:
    row.told_epoch === null || row.told_sequence === null
      ? null
      : { epoch: row.told_epoch, sequence: Number(row.told_sequence) },
  progress: row.progress,
  outcome: row.outcome,
  reason: row.reason,
  seq: Number(row.seq),
  runningSince: row.running_since?.getTime() ?? null,
  gapMs: row.gap_ms,
  lost: row.lost === null ? null : Number(row.lost),
});

/** What of a target a report changes. `now` in epoch milliseconds. */
export const targetChange = (target: Target, now: number): Partial<TargetRow> => ({
  progress: target.progress,
  outcome: target.outcome,
  reason: target.reason,
  seq: String(Math.max(0, target.seq)),
  running_since: target.runningSince === null ? null : new Date(target.runningSince),
  gap_ms: target.gapMs,
  lost: target.lost === null ? null : String(target.lost),
  ...(target.outcome !== null && { deadline: null, ended_at: new Date(now) }),
});
