/**
 * Whether a reason is one that a person should look at, and how much a flow's counters have gained between two
 * looks. Pure.
 *
 * Counters only rise while a process lives. One that has begun anew counts from its start.
 */
import type { FlowReport, ReasonCode } from '@millrace/schemas';
import { gained, type Counts } from './minutes.js';

/** Its time has not come, or somebody wanted it so. */
const waiting: readonly ReasonCode[] = ['OFFLINE', 'DIRECTOR_UNREACHABLE', 'SUPERSEDED', 'STOPPED'];

/** It was tried and did not work. */
export const isFailing = ({ reason }: Pick<FlowReport, 'reason'>): boolean =>
  reason !== null && !waiting.includes(reason.code);

export interface Counted extends Counts {
  /** Of the process, by the node's clock. */
  startedAt: number;
  /** When it was heard, by the director's clock. */
  at: number;
}

/**
 * What came between two looks; since the start of the process where it is another one, or there was none before.
 * Null: this is older than what was counted. `ranMs` is how long the process has lived.
 */
export function gainOf(
  before: Counted | null,
  now: Counted,
  ranMs: number,
): (Counts & { from: number }) | null {
  const { records, errors, bytesIn, bytesOut } = now;
  if (before?.startedAt !== now.startedAt) {
    const started = now.at - Math.max(0, ranMs);
    return { records, errors, bytesIn, bytesOut, from: Math.max(before?.at ?? 0, started) };
  }
  if (now.at <= before.at || gained.some((name) => now[name] < before[name])) return null;
  return {
    records: records - before.records,
    errors: errors - before.errors,
    bytesIn: bytesIn - before.bytesIn,
    bytesOut: bytesOut - before.bytesOut,
    from: before.at,
  };
}
