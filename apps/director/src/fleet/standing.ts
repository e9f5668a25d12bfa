/**
 * Whether a reason is one that a person should look at, and how much a flow's counters have gained between two
 * looks, minute by minute. Pure.
 *
 * Counters only rise while a process lives. One that has begun anew counts from its start.
 */
import type { FlowReport, ReasonCode } from '@millrace/schemas';

export const MINUTE_MS = 60_000;
/** A gain that took longer than this is shown for its end alone. */
const SPREAD_AT_MOST = 60; // minutes

/** Its time has not come, or somebody wanted it so. */
const waiting: readonly ReasonCode[] = ['OFFLINE', 'DIRECTOR_UNREACHABLE', 'SUPERSEDED', 'STOPPED'];

/** It was tried and did not work. */
export const isFailing = ({ reason }: Pick<FlowReport, 'reason'>): boolean =>
  reason !== null && !waiting.includes(reason.code);

export const gained = ['records', 'errors', 'bytesIn', 'bytesOut'] as const;
export type Counts = Record<(typeof gained)[number], number>;

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

/** The same, evenly over the minutes from `from` to `to`: the minute, counted from 1970, and its part of it. */
export function byMinute(from: number, to: number, gain: Counts): (Counts & { minute: number })[] {
  const last = Math.floor(to / MINUTE_MS);
  const first = Math.max(Math.floor(Math.min(from, to) / MINUTE_MS), last - SPREAD_AT_MOST + 1);
  const parts: (Counts & { minute: number })[] = [];
  for (let minute = first; minute <= last; minute += 1) {
    const begin = Math.max(from, minute * MINUTE_MS);
    const end = Math.min(to, (minute + 1) * MINUTE_MS);
    const share = to > from ? Math.max(0, end - begin) / (to - from) : Number(minute === last);
    const part = (name: (typeof gained)[number]) => gain[name] * share;
    parts.push({
      minute,
      records: part('records'),
      errors: part('errors'),
      bytesIn: part('bytesIn'),
      bytesOut: part('bytesOut'),
    });
  }
  return parts;
}
