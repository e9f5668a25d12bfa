/**
 * What an alarm has seen of late: a ring of at most one row a second of event time, and what of it goes along with
 * an alert.
 *
 * Bounds: a key has 600 rows of at most 8 numbers, and all keys together 600,000 rows, so 24 MB; with more keys than
 * a thousand each has fewer rows, further apart. Written out, an alert's are at most 120 points and SIGNAL_BYTES.
 * Taking a row allocates nothing but, rarely, the next size of the ring.
 */
import { SIGNAL_BYTES, SIGNAL_POINTS_SENT, type AlertSignal } from '@millrace/schemas';

const LEAST_STEP_MS = 1_000;
const ROWS = 600;
const ROWS_OF_ALL = 600_000;
const FIELDS = 8;
const FIRST_ROWS = 16;
/** More digits than a chart can show; they make the bound on the size. */
const DIGITS = 6;
/** In UTF-16 units. A longer name is no sensor's. */
const NAME_AT_MOST = 128;

/** The fields whose values are kept, of those that a condition reads: the first ones. */
export const signalFields = (fields: readonly string[]): string[] =>
  fields.filter((name) => name !== 't' && name.length <= NAME_AT_MOST).slice(0, FIELDS);

/** How many rows each key has, and the time between them; undefined: there are none. */
export function ringSize(signalMs: number, maxKeys: number): { rows: number; stepMs: number } | undefined {
  const most = Math.min(ROWS, Math.floor(ROWS_OF_ALL / maxKeys));
  if (most < 2 || signalMs <= 0) return undefined;
  const stepMs = Math.max(LEAST_STEP_MS, signalMs / most);
  return { rows: Math.min(most, Math.ceil(signalMs / stepMs) + 1), stepMs };
}

export class Ring {
  /** Rows one after the other, `fields` numbers each; NaN where there was none. */
  values: Float32Array;
  private t: Float64Array;
  private first = 0;
  private count = 0;
  private last = -Infinity;

  constructor(
    private readonly fields: number,
    private readonly most: number,
    private readonly stepMs: number,
  ) {
    const rows = Math.min(FIRST_ROWS, most);
    this.t = new Float64Array(rows);
    this.values = new Float32Array(rows * fields);
  }

  /** Whether a row of this time is to be kept: the first of its step. */
  wants(t: number): boolean {
    return t >= this.last + this.stepMs || t < this.last - this.most * this.stepMs;
  }

  /** Whether its last row is of this very time, or of a later one. */
  holds(t: number): boolean {
    return this.count > 0 && t <= this.t[(this.first + this.count - 1) % this.t.length];
  }

  /** Begins a row; returns where its values go. A time that is not later begins the ring anew: times only rise. */
  row(t: number): number {
    if (this.holds(t)) this.first = this.count = 0;
    if (this.count === this.t.length && this.count < this.most) this.grow();
    const capacity = this.t.length;
    const at = (this.first + this.count) % capacity;
    if (this.count < capacity) this.count++;
    else this.first = (this.first + 1) % capacity;
    this.t[at] = t;
    // Steps are those of the clock, so that it does not matter at which record it began.
    this.last = Math.floor(t / this.stepMs) * this.stepMs;
    return at * this.fields;
  }

  /** Rows after `from`, up to `to`, thinned evenly; the last one stays. Undefined: there is no number in them. */
  signal(names: readonly string[], from: number, to: number): AlertSignal | undefined {
    const rows: number[] = [];
    for (let i = 0; i < this.count; i++) {
      const at = (this.first + i) % this.t.length;
      if (this.t[at] > from && this.t[at] <= to) rows.push(at);
    }
    for (let points = Math.min(rows.length, SIGNAL_POINTS_SENT); points > 0; points = points >> 1) {
      const signal = this.written(names, thinned(rows, points));
      if (Object.keys(signal.fields).length === 0) return undefined;
      if (Buffer.byteLength(JSON.stringify(signal)) <= SIGNAL_BYTES) return signal;
    }
    return undefined;
  }

  private written(names: readonly string[], rows: readonly number[]): AlertSignal {
    const fields: AlertSignal['fields'] = {};
    for (const [k, name] of names.entries()) {
      const values = rows.map((at) => rounded(this.values[at * this.fields + k]));
      if (values.some((value) => value !== null)) fields[name] = values;
    }
    return { t: rows.map((at) => this.t[at]), fields };
  }

  /** Only before it has gone round, so rows lie in order from 0. */
  private grow(): void {
    const rows = Math.min(this.most, this.t.length * 2);
    const [t, values] = [new Float64Array(rows), new Float32Array(rows * this.fields)];
    t.set(this.t);
    values.set(this.values);
    this.t = t;
    this.values = values;
  }
}

function thinned(rows: readonly number[], points: number): number[] {
  if (rows.length <= points) return [...rows];
  if (points === 1) return rows.slice(-1);
  return Array.from({ length: points }, (_, i) => rows[Math.round((i * (rows.length - 1)) / (points - 1))]);
}

const rounded = (value: number): number | null =>
  Number.isFinite(value) ? Number(value.toPrecision(DIGITS)) : null;
