/**
 * One cell of a row: the value of a column at a boundary, its age and its flag.
 *
 * Rules 4 to 6 of docs/align.md. Pure but for the aggregate that a column carries over empty periods. Times
 * are whole microseconds.
 */
import type { Method } from './settings.js';
import type { Samples } from './samples.js';

export const flagWords = [
  'fresh',
  'repeated',
  'stale',
  'missing',
  'interpolated',
  'held',
  'null',
  'aggregate',
  'default',
] as const;
export const FRESH = 0;
export const REPEATED = 1;
export const STALE = 2;
export const MISSING = 3;
export const INTERPOLATED = 4;
export const HELD = 5;
export const NULLED = 6;
export const AGGREGATE = 7;
export const DEFAULTED = 8;

export interface CellRule {
  method: Method;
  /** Microseconds; Infinity: never too old. */
  maxAge: number;
  /** Stands in for a stale value; NaN: none. */
  fallback: number;
  /** 0: not circular. */
  circular: number;
  closedLeft: boolean;
}

/** The last aggregate of a column and its newest sample's time; NaN: none yet. */
export interface Carried {
  value: number;
  time: number;
  /** The last boundary up to which samples have been aggregated. */
  through: number;
}

export interface Cell {
  /** NaN is written as null. */
  value: number;
  /** Microseconds; NaN where there is no sample to be old. */
  age: number;
  flag: number;
  /** A sample fell into the period. */
  fresh: boolean;
}

/** Which period the boundary at or behind a time ends; for aggregates of periods that made no row. */
export type PeriodOf = (time: number) => { from: number; to: number };

/**
 * Fills `cell` for the boundary `t` of the period that begins at `from`. `age < period` makes a held value
 * fresh. Aggregates update `carried`.
 */
export function fillCell(
  cell: Cell,
  samples: Samples,
  rule: CellRule,
  carried: Carried,
  from: number,
  t: number,
  period: number,
  periodOf: PeriodOf,
): void {
  cell.value = NaN;
  cell.age = NaN;
  const held = samples.newestAt(t);
  if (rule.method !== 'hold' && rule.method !== 'linear') {
    fillAggregate(cell, samples, rule, carried, from, t, periodOf);
    return;
  }
  cell.fresh = held >= 0 && samples.time(held) > from;
  if (held < 0) {
    cell.flag = samples.first <= t ? STALE : MISSING;
    if (cell.flag === STALE) standIn(cell, rule);
    return;
  }
  const age = t - samples.time(held);
  const value = samples.value(held);
  cell.age = age;
  if (rule.method === 'linear' && age > 0) {
    if (held + 1 < samples.count && value === value) {
      const right = held + 1;
      const between = samples.time(right) - samples.time(held);
      const next = samples.value(right);
      if (between <= rule.maxAge && next === next) {
        cell.value = interpolate(value, next, age / between, rule.circular);
        cell.flag = INTERPOLATED;
        return;
      }
    }
    if (age <= rule.maxAge) {
      cell.value = value;
      cell.flag = value === value ? HELD : NULLED;
      return;
    }
  } else if (age <= rule.maxAge) {
    cell.value = value;
    cell.flag = value !== value ? NULLED : age < period ? FRESH : REPEATED;
    return;
  }
  cell.flag = STALE;
  standIn(cell, rule);
}

function fillAggregate(
  cell: Cell,
  samples: Samples,
  rule: CellRule,
  carried: Carried,
  from: number,
  t: number,
  periodOf: PeriodOf,
): void {
  // A period that made no row (before the start) still has an aggregate that later rows may repeat.
  const earlier = newestBefore(samples, from, rule.closedLeft);
  if (earlier >= 0 && inside(samples.time(earlier), carried.through, Infinity, rule.closedLeft)) {
    const skipped = periodOf(samples.time(earlier));
    if (skipped.to <= from) aggregate(samples, rule, carried, skipped.from, skipped.to);
  }
  cell.fresh = aggregate(samples, rule, carried, from, t);
  const newest = carried.time;
  cell.age = t - newest;
  if (cell.fresh) {
    cell.value = carried.value;
    cell.flag = AGGREGATE;
    return;
  }
  if (samples.first > t || (rule.closedLeft && samples.first === t)) {
    cell.flag = MISSING;
    return;
  }
  if (rule.method === 'count' || rule.method === 'sum') {
    cell.value = 0;
    cell.flag = AGGREGATE;
    return;
  }
  if (cell.age <= rule.maxAge) {
    cell.value = carried.value;
    cell.flag = REPEATED;
    return;
  }
  cell.flag = STALE;
  standIn(cell, rule);
}

/** Aggregates the samples of one period into `carried`; false when it has none. */
function aggregate(samples: Samples, rule: CellRule, carried: Carried, from: number, to: number): boolean {
  carried.through = to;
  let n = 0;
  let sum = 0;
  let least = Infinity;
  let most = -Infinity;
  let last = NaN;
  let lastTime = NaN;
  // Time-weighted: the value that holds at the moment `since`, and the area so far.
  let since = NaN;
  let level = NaN;
  let area = 0;
  let covered = 0;
  for (let i = 0; i < samples.count; i++) {
    const time = samples.time(i);
    const value = samples.value(i);
    if (rule.closedLeft ? time >= to : time > to) break;
    if (!inside(time, from, to, rule.closedLeft)) {
      if (from - time <= rule.maxAge) {
        since = from;
        level = value;
      }
      continue;
    }
    if (value !== value) continue;
    if (level === level) {
      area += level * (time - since);
      covered += time - since;
    }
    since = time;
    level = value;
    n++;
    sum += value;
    if (value < least) least = value;
    if (value > most) most = value;
    last = value;
    lastTime = time;
  }
  if (n === 0) return false;
  carried.time = lastTime;
  switch (rule.method) {
    case 'mean':
      carried.value = sum / n;
      break;
    case 'sum':
      carried.value = sum;
      break;
    case 'count':
      carried.value = n;
      break;
    case 'min':
      carried.value = least;
      break;
    case 'max':
      carried.value = most;
      break;
    case 'last':
      carried.value = last;
      break;
    default: {
      area += level * (to - since);
      covered += to - since;
      carried.value = covered > 0 ? area / covered : last;
    }
  }
  return true;
}

const inside = (time: number, from: number, to: number, closedLeft: boolean): boolean =>
  closedLeft ? time >= from && time < to : time > from && time <= to;

function newestBefore(samples: Samples, from: number, closedLeft: boolean): number {
  const at = samples.newestAt(from);
  return closedLeft && at >= 0 && samples.time(at) === from ? at - 1 : at;
}

function standIn(cell: Cell, rule: CellRule): void {
  if (rule.fallback !== rule.fallback) return;
  cell.value = rule.fallback;
  cell.flag = DEFAULTED;
}

function interpolate(a: number, b: number, share: number, circular: number): number {
  if (circular === 0) return a + (b - a) * share;
  // The short way round.
  let turn = (b - a) % circular;
  if (turn > circular / 2) turn -= circular;
  else if (turn < -circular / 2) turn += circular;
  const value = (a + turn * share) % circular;
  return value < 0 ? value + circular : value;
}
