/**
 * Where a window begins and ends, for each way of making windows. Pure rules over the rows of one key: what
 * leaves and what is dropped is told to `Sink`.
 */
import type { FieldValue } from '@millrace/engine';
import type { Key } from '../../keyed.js';
import { Rows } from './rows.js';

export interface WindowSettings {
  by: 'time' | 'count' | 'session' | 'change';
  size?: number;
  hop?: number;
  originMs: number;
  closed: 'right' | 'left';
  label: 'end' | 'start';
  gapMs?: number;
  change?: string[];
  columns?: string[];
  keep: string[];
  matrix?: string;
  times: boolean;
  gapFactor?: number;
  pad: 'none' | 'front';
  emitPartial: boolean;
  keyBy?: string;
  maxKeys: number;
}

/** A window that is being gathered. Plain data but for `rows`, so that it can be saved. */
export interface Open {
  rows: Rows;
  /** Last values of the fields of `keep`. */
  kept: (FieldValue | undefined)[];
  /** Last values of the fields of `change`. */
  values: (FieldValue | undefined)[];
  /** Rows that have not left with any window. */
  fresh: number;
  /** By time: the number of the next end; NaN before the first row. By count: rows still to be skipped. */
  next: number;
  /** Monotonic milliseconds of the last row, live. */
  touched: number;
}

export interface Sink {
  /** `length`: rows to leave, more than there are when the window is padded. */
  emit(key: Key, open: Open, t: number, length: number): void;
  drop(reason: string, n: number): void;
  count(what: string, n: number): void;
}

export interface Ending {
  /** Before a row: ends what it ends, and gives the place for its numbers, or -1 when it is dropped. */
  before(key: Key, open: Open, t: number, values: readonly (FieldValue | undefined)[]): number;
  /** After its numbers are in place. */
  after(key: Key, open: Open, t: number): void;
  gap(key: Key, open: Open, to: number): void;
  end(key: Key, open: Open): void;
  /** Ends the window now, as complete. */
  close(key: Key, open: Open): void;
}

/** Rows of one window by time, session or change: a bound for memory, not a length to be reached. */
const MAX_ROWS = 100_000;

export function newOpen(settings: WindowSettings): Open {
  return {
    rows: new Rows(),
    kept: settings.keep.map(() => undefined),
    values: (settings.change ?? []).map(() => undefined),
    fresh: 0,
    next: settings.by === 'count' ? 0 : NaN,
    touched: 0,
  };
}

export function endingOf(settings: WindowSettings, sink: Sink): Ending {
  if (settings.by === 'time') return new ByTime(settings, sink);
  return settings.by === 'count' ? new ByCount(settings, sink) : new ByBreak(settings, sink);
}

function forget(open: Open): void {
  open.rows.drop(open.rows.count);
  open.kept.fill(undefined);
  open.fresh = 0;
}

class ByTime implements Ending {
  private readonly size: number;
  private readonly hop: number;

  constructor(
    private readonly settings: WindowSettings,
    private readonly sink: Sink,
  ) {
    this.size = settings.size!;
    this.hop = settings.hop ?? this.size;
  }

  before(key: Key, open: Open, t: number): number {
    const first = this.firstEnd(t);
    if (Number.isNaN(open.next)) open.next = first;
    while (first > open.next) {
      if (open.rows.count === 0) open.next = first;
      else this.closeNext(key, open);
    }
    const begin = this.endAt(open.next) - this.size;
    if (this.settings.closed === 'right' ? t <= begin : t < begin) {
      // Older than the window that is open; or between two windows, where hop is longer than size.
      const missed = first < open.next;
      if (missed) this.sink.drop('late', 1);
      return -1;
    }
    if (first < open.next) this.sink.count('late', 1);
    if (open.rows.count === MAX_ROWS) {
      open.rows.drop(1);
      this.sink.drop('overflow', 1);
    }
    open.fresh++;
    return open.rows.insert(t);
  }

  after(): void {}

  close(key: Key, open: Open): void {
    this.closeNext(key, open);
  }

  gap(key: Key, open: Open, to: number): void {
    while (open.rows.count > 0 && this.endAt(open.next) <= to) this.closeNext(key, open);
    this.cut(key, open);
  }

  end(key: Key, open: Open): void {
    // The last row may stand exactly at the end of a window that is closed on the right: it is complete.
    if (this.settings.closed === 'right') {
      while (open.rows.count > 0 && this.endAt(open.next) <= open.rows.last) this.closeNext(key, open);
    }
    this.cut(key, open);
  }

  private cut(key: Key, open: Open): void {
    if (open.fresh > 0 && this.settings.emitPartial) this.closeNext(key, open);
    else if (open.fresh > 0) this.sink.drop('partial', open.fresh);
    forget(open);
  }

  /** Lets the next window leave, if it has rows, and takes away the rows that no later one has. */
  private closeNext(key: Key, open: Open): void {
    const end = this.endAt(open.next);
    this.trim(open, end);
    if (open.rows.count > 0) {
      this.sink.emit(key, open, this.settings.label === 'end' ? end : end - this.size, open.rows.count);
    }
    open.fresh = 0;
    open.next++;
    this.trim(open, this.endAt(open.next));
    if (open.rows.count === 0) open.kept.fill(undefined);
  }

  private trim({ rows }: Open, end: number): void {
    const begin = end - this.size;
    let old = 0;
    while (
      old < rows.count &&
      (this.settings.closed === 'right' ? rows.time(old) <= begin : rows.time(old) < begin)
    ) {
      old++;
    }
    if (old > 0) rows.drop(old);
  }

  private endAt(number: number): number {
    return this.settings.originMs + number * this.hop;
  }

  /** The number of the first end that a row at t comes before: the first window that may have it. */
  private firstEnd(t: number): number {
    const at = (t - this.settings.originMs) / this.hop;
    return this.settings.closed === 'right' ? Math.ceil(at) : Math.floor(at) + 1;
  }
}

class ByCount implements Ending {
  private readonly size: number;
  private readonly hop: number;

  constructor(
    private readonly settings: WindowSettings,
    private readonly sink: Sink,
  ) {
    this.size = settings.size!;
    this.hop = settings.hop ?? this.size;
  }

  before(_key: Key, open: Open, t: number): number {
    if (open.next > 0) {
      open.next--;
      return -1;
    }
    if (open.rows.count === this.size) open.rows.drop(1);
    open.fresh++;
    return open.rows.push(t);
  }

  after(key: Key, open: Open): void {
    if (this.settings.pad === 'front') {
      if (open.fresh >= this.hop) this.leave(key, open);
    } else if (open.rows.count === this.size) {
      this.leave(key, open);
      open.rows.drop(this.hop);
      open.next = Math.max(0, this.hop - this.size);
    }
  }

  close(key: Key, open: Open): void {
    this.leave(key, open);
  }

  gap(key: Key, open: Open): void {
    this.end(key, open);
    open.next = 0;
  }

  end(key: Key, open: Open): void {
    if (open.fresh > 0 && this.settings.emitPartial) this.leave(key, open);
    else if (open.fresh > 0) this.sink.drop('partial', open.fresh);
    forget(open);
  }

  private leave(key: Key, open: Open): void {
    const { rows } = open;
    const length = this.settings.pad === 'front' ? this.size : rows.count;
    this.sink.emit(key, open, this.settings.label === 'end' ? rows.last : rows.time(0), length);
    open.fresh = 0;
  }
}

/** Sessions and changes: a window ends where a row does not belong to the one before it. */
class ByBreak implements Ending {
  private readonly size: number;
  private readonly gapMs: number;

  constructor(
    private readonly settings: WindowSettings,
    private readonly sink: Sink,
  ) {
    this.size = settings.size ?? MAX_ROWS;
    this.gapMs = settings.gapMs ?? Infinity;
  }

  before(key: Key, open: Open, t: number, values: readonly (FieldValue | undefined)[]): number {
    const { rows } = open;
    let ends = rows.count > 0 && Math.abs(t - rows.last) > this.gapMs;
    for (let k = 0; k < open.values.length; k++) {
      const value = values[k];
      if (value === undefined || value === open.values[k]) continue;
      if (open.values[k] !== undefined) ends = true;
      open.values[k] = value;
    }
    if (ends && rows.count > 0) this.close(key, open);
    open.fresh++;
    return rows.push(t);
  }

  after(key: Key, open: Open): void {
    if (open.rows.count === this.size) this.close(key, open);
  }

  close(key: Key, open: Open): void {
    const { rows } = open;
    this.sink.emit(key, open, this.settings.label === 'end' ? rows.last : rows.time(0), rows.count);
    forget(open);
  }

  gap(key: Key, open: Open): void {
    this.end(key, open);
  }

  end(key: Key, open: Open): void {
    if (open.rows.count === 0) return;
    if (this.settings.emitPartial) this.close(key, open);
    else {
      this.sink.drop('partial', open.rows.count);
      forget(open);
    }
  }
}
