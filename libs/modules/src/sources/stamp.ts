/**
 * Timestamps as files and messages write them, to epoch milliseconds.
 *
 * Guarantee: what cannot be read exactly as its format says is NaN, never a guess; a fraction of any length
 * is kept as far as a double holds it. Browser-safe, since the settings are checked with it.
 */

export const STAMP_FORMATS = ['iso', 'epochMs', 'epochS', 'epochUs', 'epochNs', 'number', 'pattern'] as const;
export type StampFormat = (typeof STAMP_FORMATS)[number];

export interface StampSettings {
  format: StampFormat;
  /** Milliseconds a unit, for `number`. */
  unitMs?: number;
  /** For `pattern`, such as `dd.MM.yyyy HH:mm:ss.SSS`. */
  pattern?: string;
  /** IANA name; for times that are written without an offset. */
  timezone?: string;
}

/** From text to epoch ms; NaN when it is not a time of this format. */
export type StampReader = (text: string) => number;

export function stampReader(settings: StampSettings): StampReader {
  const unit = stampUnit(settings);
  if (unit !== null) {
    return (text) => (text.trim() === '' ? NaN : unit(Number(text)));
  }
  const toUtc = localToUtc(settings.timezone ?? 'UTC');
  return settings.format === 'iso'
    ? (text) => readIso(text, toUtc)
    : patternReader(settings.pattern ?? '', toUtc);
}

/** For the formats that are a number: from that number to epoch ms. Null for the formats that are text. */
export function stampUnit({ format, unitMs = 1 }: StampSettings): ((value: number) => number) | null {
  switch (format) {
    case 'epochMs':
      return finite;
    case 'epochS':
      return (value) => finite(value * 1000);
    case 'epochUs':
      return (value) => finite(value / 1000);
    case 'epochNs':
      return (value) => finite(value / 1e6);
    case 'number': {
      // 0.001 is no double, 1000 is: dividing gives the nearest double to the true time.
      const parts = Math.round(1 / unitMs);
      if (unitMs < 1 && 1 / parts === unitMs) return (value) => finite(value / parts);
      return (value) => finite(value * unitMs);
    }
    default:
      return null;
  }
}

const finite = (value: number): number => (value - value === 0 ? value : NaN);

export function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** What is wrong with a pattern, or null. */
export function patternProblem(pattern: string): string | null {
  const names = new Set(tokens(pattern).flatMap((token) => ('field' in token ? [token.field] : [])));
  for (const [name, letters] of [
    ['year', 'yyyy'],
    ['month', 'MM'],
    ['day', 'dd'],
  ]) {
    if (!names.has(name)) return `it has no ${name} (${letters})`;
  }
  return null;
}

type Local = (localMs: number) => number;

/**
 * `2013-12-02 21:15:00`, with `T` or a space, seconds and their fraction optional, a zone optional.
 * A date alone is its midnight.
 */
function readIso(raw: string, toUtc: Local): number {
  const text = raw.trim();
  const length = text.length;
  if (length < 10 || text.charCodeAt(4) !== DASH || text.charCodeAt(7) !== DASH) return NaN;
  const day = dayNumber(digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2));
  if (length === 10) return toUtc(day * DAY);
  const separator = text.charCodeAt(10);
  if (separator !== 0x54 && separator !== 0x20 && separator !== 0x74) return NaN;
  if (length < 16 || text.charCodeAt(13) !== COLON) return NaN;
  let second = 0;
  let fraction = 0;
  let at = 16;
  if (text.charCodeAt(at) === COLON) {
    second = digits(text, at + 1, 2);
    at += 3;
    const mark = text.charCodeAt(at);
    if (mark === 0x2e || mark === 0x2c) {
      const begin = ++at;
      while (at < length && isDigit(text.charCodeAt(at))) at++;
      fraction = at === begin ? NaN : fractionMs(text.slice(begin, at));
    }
  }
  const ms = clockMs(digits(text, 11, 2), digits(text, 14, 2), second) + fraction;
  const local = day * DAY + ms;
  if (at === length) return toUtc(local);
  return local - offsetMs(text.slice(at).trim());
}

const DASH = 0x2d;
const COLON = 0x3a;
const DAY = 86_400_000;

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

function digits(text: string, from: number, count: number): number {
  let value = 0;
  for (let i = from; i < from + count; i++) {
    const code = text.charCodeAt(i);
    if (!isDigit(code)) return NaN;
    value = value * 10 + code - 0x30;
  }
  return value;
}

/** Whole and broken milliseconds of the digits behind the point. */
function fractionMs(fraction: string): number {
  const used = fraction.slice(0, 15);
  return Number(used) / 10 ** (used.length - 3);
}

function clockMs(hour: number, minute: number, second: number): number {
  // 60 is a leap second, and becomes the next minute.
  if (!(hour <= 23 && minute <= 59 && second <= 60)) return NaN;
  return (hour * 60 + minute) * 60_000 + second * 1000;
}

/** Days since 1970-01-01 in the Gregorian calendar; NaN for a day that does not exist. */
function dayNumber(year: number, month: number, day: number): number {
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month))) return NaN;
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return (
    era * 146_097 +
    yearOfEra * 365 +
    Math.floor(yearOfEra / 4) -
    Math.floor(yearOfEra / 100) +
    dayOfYear -
    719_468
  );
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** `Z`, `+02`, `+0200` or `+02:00` as milliseconds to take from the local time. */
function offsetMs(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0;
  const match = /^([+-])(\d\d)(?::?(\d\d))?$/.exec(zone);
  if (match === null) return NaN;
  const ms = (Number(match[2]) * 60 + Number(match[3] ?? 0)) * 60_000;
  return match[1] === '-' ? -ms : ms;
}

/**
 * Wall time of a zone to UTC. The hour that autumn repeats is read as its first pass, and the hour that
 * spring skips as if it had not been skipped: the rule `compatible` of ECMAScript's Temporal.
 */
export function localToUtc(timezone: string): Local {
  if (timezone === 'UTC') return (ms) => ms;
  const format = new Intl.DateTimeFormat('en', { timeZone: timezone, timeZoneName: 'longOffset' });
  const offsetAt = (utc: number): number => {
    const name = format.formatToParts(utc).find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
    return name === 'GMT' ? 0 : offsetMs(name.slice(3));
  };
  // Zones change at quarters of an hour, so within one the difference stays.
  let quarter = NaN;
  let offset = 0;
  return (local) => {
    const own = Math.floor(local / 900_000);
    if (!Number.isFinite(own)) return NaN;
    if (own !== quarter) {
      quarter = own;
      const before = offsetAt(local - DAY);
      const after = offsetAt(local + DAY);
      offset =
        before === after || offsetAt(local - before) === before || offsetAt(local - after) !== after
          ? before
          : after;
    }
    return local - offset;
  };
}

type Token = { text: string } | { field: string; regex: string };

const FIELDS: Record<string, { field: string; regex: string }> = {
  yyyy: { field: 'year', regex: '(\\d{4})' },
  yy: { field: 'shortYear', regex: '(\\d\\d)' },
  MMM: { field: 'monthName', regex: '([A-Za-z]{3})' },
  MM: { field: 'month', regex: '(\\d\\d)' },
  M: { field: 'month', regex: '(\\d\\d?)' },
  dd: { field: 'day', regex: '(\\d\\d)' },
  d: { field: 'day', regex: '(\\d\\d?)' },
  HH: { field: 'hour', regex: '(\\d\\d)' },
  H: { field: 'hour', regex: '(\\d\\d?)' },
  hh: { field: 'hour12', regex: '(\\d\\d)' },
  h: { field: 'hour12', regex: '(\\d\\d?)' },
  a: { field: 'half', regex: '([AaPp][Mm])' },
  mm: { field: 'minute', regex: '(\\d\\d)' },
  ss: { field: 'second', regex: '(\\d\\d)' },
  S: { field: 'fraction', regex: '(\\d+)' },
  XXX: { field: 'zone', regex: '(Z|[+-]\\d\\d:?\\d\\d)' },
};

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

function tokens(pattern: string): Token[] {
  const found: Token[] = [];
  const parts = pattern.match(/'[^']*'|y+|M+|d+|H+|h+|a|m+|s+|S+|X+|[^]/g) ?? [];
  for (const part of parts) {
    const field = FIELDS[part.startsWith('S') ? 'S' : part];
    if (field !== undefined) {
      found.push(field);
      // A name and a short year serve for the month and the year that a pattern must have.
      if (field.field === 'shortYear') found.push({ field: 'year', regex: '' });
      if (field.field === 'monthName') found.push({ field: 'month', regex: '' });
    } else found.push({ text: part.startsWith("'") && part.length > 1 ? part.slice(1, -1) || "'" : part });
  }
  return found;
}

function patternReader(pattern: string, toUtc: Local): StampReader {
  const all = tokens(pattern).filter((token) => !('field' in token) || token.regex !== '');
  const source = all
    .map((token) => ('field' in token ? token.regex : token.text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')))
    .join('');
  const regex = new RegExp(`^${source}$`);
  const names = all.flatMap((token) => ('field' in token ? [token.field] : []));
  return (text) => {
    const match = regex.exec(text.trim());
    if (match === null) return NaN;
    const read: Record<string, string> = {};
    names.forEach((name, i) => (read[name] = match[i + 1]));
    // Two digits: 69 to 99 are the last century, as POSIX has it.
    const short = Number(read.shortYear);
    const year = read.year === undefined ? short + (short >= 69 ? 1900 : 2000) : Number(read.year);
    const month =
      read.monthName === undefined ? Number(read.month) : MONTHS.indexOf(read.monthName.toLowerCase()) + 1;
    let hour = Number(read.hour ?? 0);
    if (read.hour12 !== undefined) {
      hour = Number(read.hour12);
      if (hour < 1 || hour > 12) return NaN;
      hour = (hour % 12) + (read.half?.toLowerCase() === 'pm' ? 12 : 0);
    }
    const ms = clockMs(hour, Number(read.minute ?? 0), Number(read.second ?? 0));
    const fraction = read.fraction === undefined ? 0 : fractionMs(read.fraction);
    const local = dayNumber(year, month, Number(read.day)) * DAY + ms + fraction;
    return read.zone === undefined ? toUtc(local) : local - offsetMs(read.zone);
  };
}
