/**
 * What happened by the minute: a gain over its minutes, and minutes as a series of an hour. Pure.
 *
 * Minutes are counted from 1970. A series has no value where nothing was heard.
 */
export const MINUTE_MS = 60_000;
/** A gain that took longer than this is shown for its end alone. */
const SPREAD_AT_MOST = 60; // minutes
/** Counters are written every 30 s a node, and spread over the time since the last ones. */
const SETTLED_MS = 45_000;

export const gained = ['records', 'errors', 'bytesIn', 'bytesOut'] as const;
export type Counts = Record<(typeof gained)[number], number>;

/** A gain, evenly over the minutes from `from` to `to`: the minute, counted from 1970, and its part of it. */
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

/** The minutes that a series shows: 60, the last of which every node has told about by now. */
export function hourOf(now: number): { from: number; to: number } {
  const to = Math.floor((now - SETTLED_MS) / MINUTE_MS);
  return { from: to - 60, to };
}

/** `rows` in any order; null where there is none for a minute. */
export function series<Row extends { minute: number }>(
  { from, to }: { from: number; to: number },
  rows: readonly Row[],
  valueOf: (row: Row) => number,
): (number | null)[] {
  const values = Array.from({ length: to - from }, (): number | null => null);
  for (const row of rows) values[row.minute - from] = valueOf(row);
  return values;
}

export const perSecond = (records: number): number => (records * 1_000) / MINUTE_MS;
