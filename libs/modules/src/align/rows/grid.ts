/**
 * The regular grid: boundaries at `origin + k * period`, always computed from k and never by adding up
 * (rule 1). Pure; times are whole microseconds.
 */
export interface Grid {
  period: number;
  origin: number;
}

/** The first boundary at or behind a time; NaN when there is no time. */
export function boundaryAt({ period, origin }: Grid, time: number): number {
  if (!Number.isFinite(time)) return NaN;
  return origin + Math.ceil((time - origin) / period) * period;
}

/** The boundary after another one. */
export function boundaryAfter({ period, origin }: Grid, boundary: number): number {
  return origin + (Math.round((boundary - origin) / period) + 1) * period;
}

/** The period that a time belongs to: `(from, to]`, or `[from, to)` when it is closed on the left. */
export function periodAt({ period, origin }: Grid, time: number, closedLeft: boolean) {
  const k = (time - origin) / period;
  const to = origin + (closedLeft ? Math.floor(k) + 1 : Math.ceil(k)) * period;
  return { from: to - period, to };
}
