/** Numbers for people, each with its unit. Pure. */

const BYTES = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Decimal, as disks and networks are measured: 84 kB. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (Math.abs(value) >= 999.5 && unit < BYTES.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${short(value)} ${BYTES[unit]}`;
}

/** Records a second. */
export const rate = (perSecond: number | null | undefined): string =>
  perSecond === null || perSecond === undefined ? 'no figure yet' : `${short(perSecond)}/s`;

/** 41 ms, 3.2 s, 4 min, 2 h, 5 d. */
export function duration(ms: number): string {
  if (ms < 999.5) return `${short(ms)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 59.95) return `${short(seconds)} s`;
  if (seconds < 3_570) return `${Math.round(seconds / 60)} min`;
  if (seconds < 84_600) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** 12,345 in the reader's own way. */
export const count = (value: number): string => value.toLocaleString();

/** `1 node`, `12 nodes`. */
export const many = (value: number, one: string, more = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : more}`;

/** At most three significant digits, no needless zeros. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 99.95) return Math.round(value).toLocaleString();
  if (size >= 9.995) return String(Math.round(value * 10) / 10);
  return String(Math.round(value * 100) / 100);
}

/** A value of a record, as short as it can be without lying about its size. */
export function value(of: unknown): string {
  if (of === null || of === undefined) return '–';
  if (typeof of === 'number') {
    const size = Math.abs(of);
    if (of !== 0 && (size < 1e-3 || size >= 1e7)) return of.toExponential(2);
    return Number.isInteger(of) ? String(of) : of.toPrecision(5).replace(/\.?0+$/, '');
  }
  if (Array.isArray(of)) return `[${of.slice(0, 4).map(value).join(', ')}${of.length > 4 ? ', …' : ''}]`;
  return String(of);
}

/** How much less leaves than came: `1/120`, or nothing when nothing came. */
export function reduction(bytesIn: number, bytesOut: number): string | undefined {
  if (bytesIn <= 0) return undefined;
  if (bytesOut <= 0) return 'nothing leaves';
  const times = bytesIn / bytesOut;
  return times >= 1 ? `${short(times)} times smaller` : `${short(1 / times)} times larger`;
}
