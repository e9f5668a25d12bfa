/**
 * The aligner of one key: samples in, rows at regular boundaries out.
 *
 * The rules are those of docs/align.md and carry their numbers here. Guarantees: rows rise strictly in t for
 * each revision; given the same samples in the same order with the same arrivals, the rows are the same,
 * whatever batches they came in and wherever the run was cut and restored. It knows no batches and no clock:
 * times are whole microseconds, `wall` is node's time, `mono` a clock that only rises.
 */
import { fillCell, type Carried, type Cell, type CellRule } from './cell.js';
import { boundaryAfter, boundaryAt, periodAt, type Grid } from './grid.js';
import { Samples } from './samples.js';

/** What a sample is: a value, an explicit null, NaN or Infinity, or something that the column does not take. */
export const VALUE = 0;
export const NULLED = 1;
export const BAD = 2;
export const OTHER = 3;
export type SampleKind = typeof VALUE | typeof NULLED | typeof BAD | typeof OTHER;

export interface AlignerRules extends Grid {
  /** Index of the column whose samples are the boundaries; -1: the grid is regular. */
  master: number;
  watermark: 'max' | 'min' | 'wall';
  /** 1, or 0 with `ties: go`. */
  wait: number;
  idle: number;
  futureSkew: number;
  late: 'forward' | 'drop' | 'revise';
  horizon: number;
  start: 'required' | 'all' | 'immediate';
  startTimeout: number;
  emit: 'always' | 'onNew' | 'complete';
  maxFill: number;
  backfill: number;
  nullsSet: boolean;
  maxSamples: number;
  columns: (CellRule & { required: boolean; lateness: number })[];
}

/** What a row is when it is handed out; the arrays are used again for the next one. */
export interface AlignedRow {
  t: number;
  from: number;
  cells: readonly Cell[];
  revision: number;
  backfill: boolean;
  seq: number;
}

export interface AlignerOut {
  row(row: AlignedRow): void;
  gap(from: number, to: number, rows: number): void;
  count(what: 'late' | 'dup' | 'nulls' | 'future' | 'overflow'): void;
  late(column: number, time: number, value: number): void;
}

/** A row that `revise` may still send again, and what each column carried into it. */
interface Sent {
  t: number;
  from: number;
  values: Float64Array;
  flags: Uint8Array;
  carried: readonly Carried[];
  revision: number;
}

interface ColumnState {
  samples: Samples;
  carried: Carried;
  maxTime: number;
  lastArrival: number;
}

export interface AlignerState {
  columns: {
    samples: ReturnType<Samples['save']>;
    carried: Carried;
    maxTime: number;
    silentFor: number;
  }[];
  numbers: Record<'maxTime' | 'watermark' | 'last' | 'silent' | 'seq' | 'silentFor' | 'startWaits', number>;
  gap: { from: number; to: number; rows: number } | null;
  sent: Sent[];
}

/** The column never had a sample: its idleness counts from the first arrival of any. */
const NEVER = -Infinity;

export class Aligner {
  private readonly columns: ColumnState[];
  private readonly cells: Cell[];
  private readonly lateness: number;
  private maxTime = -Infinity;
  private watermark = -Infinity;
  /** The last boundary decided: sent, withheld or in a gap; -Infinity before the first row. */
  private last = -Infinity;
  /** While no timestamp reaches this, no row can be due: the common case costs one comparison a record. */
  private quietUntil = -Infinity;
  /** Silent rows in a run (rule 8). */
  private silent = 0;
  private gap: { from: number; to: number; rows: number } | null = null;
  private seq = 0;
  private firstArrival = NaN;
  lastArrival = NaN;
  private sent: Sent[] = [];
  private readonly row: AlignedRow;

  constructor(
    private readonly rules: AlignerRules,
    private readonly out: AlignerOut,
  ) {
    this.columns = rules.columns.map(() => ({
      samples: new Samples(rules.maxSamples),
      carried: { value: NaN, time: NaN, through: -Infinity },
      maxTime: -Infinity,
      lastArrival: NEVER,
    }));
    this.cells = rules.columns.map(() => ({ value: NaN, age: NaN, flag: 0, fresh: false }));
    this.lateness = Math.max(...rules.columns.map((column) => column.lateness));
    this.row = { t: 0, from: 0, cells: this.cells, revision: 0, backfill: false, seq: 0 };
  }

  /**
   * Takes one sample. What is no value (rule 10) comes as NaN: it moves the watermark and, when it is an
   * explicit null and `nulls: set`, clears what is held. Call `advance` when all samples of the record are in.
   */
  add(column: number, time: number, value: number, what: SampleKind, wall: number, mono: number): void {
    const { rules, out } = this;
    if (time > wall + rules.futureSkew) {
      out.count('future');
      return;
    }
    const state = this.columns[column];
    if (this.firstArrival !== this.firstArrival) this.firstArrival = mono;
    this.lastArrival = mono;
    state.lastArrival = mono;
    if (time > state.maxTime) {
      state.maxTime = time;
      if (time > this.maxTime) this.maxTime = time;
    }
    if (what !== VALUE) {
      if (what !== OTHER) out.count('nulls');
      if (what !== NULLED || !rules.nullsSet) return;
    }
    if (time <= this.last) {
      this.addLate(column, time, value, wall);
      return;
    }
    const outcome = state.samples.add(time, value);
    if (outcome === 'replaced') out.count('dup');
    else if (outcome === 'overflowed') out.count('overflow');
  }

  /**
   * Takes entries [first, last) of a column's values as `add` does, each at the time of its row; NaN: not at all.
   * They may be several records' when no row becomes due in between: see `quietTo`.
   */
  addValues(
    column: number,
    values: { rows: Int32Array; values: Float64Array },
    first: number,
    last: number,
    times: Float64Array,
    wall: number,
    mono: number,
  ): void {
    const state = this.columns[column];
    const latest = wall + this.rules.futureSkew;
    for (let i = first; i < last; i++) {
      const time = times[values.rows[i]];
      if (mono === state.lastArrival && time > state.maxTime && time > this.last && time <= latest) {
        // In order and on time, as nearly all are, and not the first that arrives at this moment.
        state.maxTime = time;
        if (time > this.maxTime) this.maxTime = time;
        state.samples.add(time, values.values[i]);
      } else if (time === time) this.add(column, time, values.values[i], VALUE, wall, mono);
    }
  }

  /**
   * The end of the rows from `first` on that can be taken together: behind the first that may make a row due, or that
   * is late, since late samples leave in the order of rows.
   */
  quietTo(times: Float64Array, first: number, last: number): number {
    let row = first;
    while (row < last && !(times[row] >= this.quietUntil || times[row] <= this.last)) row++;
    return Math.min(row + 1, last);
  }

  /** Sends the rows that are due after samples came in. */
  advance(wall: number, mono: number): void {
    if (this.maxTime < this.quietUntil) return;
    if (this.rules.watermark !== 'wall') this.raise(this.watermarkAt(mono));
    this.release(wall, mono);
  }

  /** Sends what is due because time went by (rules 2 and 3). */
  tick(wall: number, mono: number): void {
    const { rules } = this;
    if (rules.watermark === 'wall') this.raise(wall - this.lateness);
    else this.raise(this.watermarkAt(mono));
    this.silent = 0;
    this.release(wall, mono);
    this.silent = 0;
  }

  /** The end of the stream (rule 11). */
  end(wall: number, mono: number): void {
    this.raise(this.maxTime);
    this.release(wall, mono);
    this.sendGap();
  }

  private raise(watermark: number): void {
    if (watermark > this.watermark) this.watermark = watermark;
  }

  private watermarkAt(mono: number): number {
    const { rules } = this;
    const idle = rules.idle > 0 && mono - this.lastArrival >= rules.idle;
    if (idle) return this.maxTime + (mono - this.lastArrival) - this.lateness;
    if (rules.watermark === 'max') return this.maxTime - this.lateness - rules.wait;
    let least = Infinity;
    for (let i = 0; i < this.columns.length; i++) {
      const { lastArrival, maxTime } = this.columns[i];
      const heard = lastArrival === NEVER ? this.firstArrival : lastArrival;
      if (rules.idle > 0 && mono - heard >= rules.idle) continue;
      const own = maxTime - rules.columns[i].lateness - rules.wait;
      if (own < least) least = own;
    }
    return least === Infinity ? -Infinity : least;
  }

  private release(wall: number, mono: number): void {
    if (this.last === -Infinity && !this.begin(mono)) return;
    for (;;) {
      const next = this.nextBoundary();
      if (!(next <= this.watermark)) return;
      if (this.silent >= this.rules.maxFill && this.rules.master < 0 && this.skipHole(next)) continue;
      this.decide(next, wall);
    }
  }

  /** Rule 1: sets `last` to just before the first boundary, once that one is known and due. */
  private begin(mono: number): boolean {
    const { rules } = this;
    if (this.firstArrival !== this.firstArrival) return false;
    let needed = -Infinity;
    let oldest = Infinity;
    for (let i = 0; i < this.columns.length; i++) {
      const { first } = this.columns[i].samples;
      if (first < oldest) oldest = first;
      const waits = rules.start === 'all' || (rules.start === 'required' && rules.columns[i].required);
      if (waits && first > needed) needed = first;
    }
    let from = needed === -Infinity ? oldest : needed;
    if (!(this.boundaryAt(from) <= this.watermark)) {
      if (mono - this.firstArrival < rules.startTimeout) return false;
      from = oldest;
    }
    const first = this.boundaryAt(from);
    if (!(first <= this.watermark)) return false;
    this.decided(rules.master < 0 ? first - rules.period : before(first));
    return true;
  }

  /** The first boundary at or behind a time; NaN when the master has no sample there. */
  private boundaryAt(time: number): number {
    const { rules } = this;
    if (rules.master < 0) return boundaryAt(rules, time);
    const { samples } = this.columns[rules.master];
    const at = samples.newestAt(before(time)) + 1;
    return at < samples.count ? samples.time(at) : NaN;
  }

  private nextBoundary(): number {
    const { rules } = this;
    return rules.master < 0 ? boundaryAfter(rules, this.last) : this.boundaryAt(after(this.last));
  }

  private periodOf = (time: number) => periodAt(this.rules, time, this.rules.columns[0].closedLeft);

  /** Rule 8: all boundaries before the next sample's, in one go. False when the next one is not silent. */
  private skipHole(next: number): boolean {
    const { period } = this.rules;
    let sample = Infinity;
    for (const { samples } of this.columns) {
      const at = samples.newestAt(this.last) + 1;
      if (at < samples.count && samples.time(at) < sample) sample = samples.time(at);
    }
    const until = Math.min(
      sample === Infinity ? Infinity : this.periodOf(sample).to - period,
      next + Math.floor((this.watermark - next) / period) * period,
    );
    if (until < next) return false;
    const rows = Math.round((until - next) / period) + 1;
    if (this.gap === null) this.gap = { from: next, to: until, rows };
    else {
      this.gap.to = until;
      this.gap.rows += rows;
    }
    this.decided(until);
    return true;
  }

  private decide(t: number, wall: number): void {
    const { rules } = this;
    const regular = rules.master < 0;
    const from = regular ? t - rules.period : this.seq === 0 ? -Infinity : this.last;
    const carriedIn = rules.late === 'revise' ? this.columns.map(({ carried }) => ({ ...carried })) : NONE;
    this.fill(from, t, this.columns, this.cells);
    const fresh = this.cells.some((cell) => cell.fresh);
    this.decided(t);
    if (fresh) this.silent = 0;
    else this.silent++;
    if (rules.late === 'revise') this.remember(from, t, carriedIn);
    else for (const { samples } of this.columns) samples.prune(t);
    if (rules.emit === 'onNew' && !fresh) return;
    if (rules.emit === 'complete' && this.cells.some(({ value }) => value !== value)) return;
    this.sendGap();
    this.send(from, t, 0, wall);
  }

  /** Rule 2, the other way round: which timestamp raises the watermark to the boundary after `last`. */
  private decided(last: number): void {
    const { rules } = this;
    this.last = last;
    this.quietUntil =
      rules.master < 0 && rules.watermark === 'max' && rules.late !== 'revise' && last > -Infinity
        ? boundaryAfter(rules, last) + this.lateness + rules.wait
        : -Infinity;
  }

  private fill(
    from: number,
    t: number,
    columns: readonly { samples: Samples; carried: Carried }[],
    cells: Cell[],
  ): void {
    const { rules } = this;
    const period = rules.period > 0 ? rules.period : t - from;
    for (let i = 0; i < columns.length; i++) {
      fillCell(
        cells[i],
        columns[i].samples,
        rules.columns[i],
        columns[i].carried,
        from,
        t,
        period,
        this.periodOf,
      );
    }
  }

  private send(from: number, t: number, revision: number, wall: number): void {
    const { row } = this;
    row.t = t;
    row.from = from;
    row.revision = revision;
    row.backfill = wall - t > this.rules.backfill;
    row.seq = this.seq++;
    this.out.row(row);
  }

  private sendGap(): void {
    if (this.gap === null) return;
    const { from, to, rows } = this.gap;
    this.gap = null;
    this.out.gap(from, to, rows);
  }

  /** Rule 7. */
  private addLate(column: number, time: number, value: number, wall: number): void {
    const { rules, out } = this;
    out.count('late');
    out.late(column, time, value);
    if (rules.late === 'drop') return;
    const { samples } = this.columns[column];
    const held = samples.newestAt(this.last);
    if (rules.late === 'forward' || this.sent.length === 0 || time <= this.sent[0].from) {
      // Newer than what is held, or it has no effect; equal is not newer.
      if (held >= 0 && samples.time(held) >= time) return;
      samples.add(time, value);
      if (rules.late === 'forward') samples.prune(this.last);
      return;
    }
    const at = samples.newestAt(time);
    if (at >= 0 && samples.time(at) === time) return;
    samples.add(time, value);
    this.revise(wall);
  }

  private remember(from: number, t: number, carried: readonly Carried[]): void {
    const { sent, cells, rules } = this;
    sent.push({
      t,
      from,
      values: Float64Array.from(cells, ({ value }) => value),
      flags: Uint8Array.from(cells, ({ flag }) => flag),
      carried,
      revision: 0,
    });
    if (sent.length > rules.horizon) sent.shift();
    for (const { samples } of this.columns) samples.prune(sent[0].from);
  }

  /** Makes the rows inside the horizon again and sends those whose value or flag changed. */
  private revise(wall: number): void {
    const { sent, cells } = this;
    const columns = this.columns.map(({ samples }, i) => ({ samples, carried: { ...sent[0].carried[i] } }));
    for (const row of sent) {
      row.carried = columns.map(({ carried }) => ({ ...carried }));
      this.fill(row.from, row.t, columns, cells);
      const changed = cells.some(
        (cell, i) => !Object.is(cell.value, row.values[i]) || cell.flag !== row.flags[i],
      );
      if (!changed) continue;
      row.values = Float64Array.from(cells, ({ value }) => value);
      row.flags = Uint8Array.from(cells, ({ flag }) => flag);
      row.revision++;
      this.send(row.from, row.t, row.revision, wall);
    }
    columns.forEach(({ carried }, i) => (this.columns[i].carried = carried));
  }

  /** Everything that the rows to come depend on. Durations instead of clock readings, which end with the process. */
  save(mono: number): AlignerState {
    const since = (moment: number) => (Number.isFinite(moment) ? mono - moment : NaN);
    return {
      columns: this.columns.map(({ samples, carried, maxTime, lastArrival }) => ({
        samples: samples.save(),
        carried: { ...carried },
        maxTime,
        silentFor: since(lastArrival),
      })),
      numbers: {
        maxTime: this.maxTime,
        watermark: this.watermark,
        last: this.last,
        silent: this.silent,
        seq: this.seq,
        silentFor: since(this.lastArrival),
        startWaits: since(this.firstArrival),
      },
      gap: this.gap && { ...this.gap },
      sent: structuredClone(this.sent),
    };
  }

  load(state: AlignerState, mono: number): void {
    const { numbers } = state;
    state.columns.forEach((saved, i) => {
      const column = this.columns[i];
      column.samples.load(saved.samples);
      column.carried = saved.carried;
      column.maxTime = saved.maxTime;
      column.lastArrival = saved.silentFor === saved.silentFor ? mono - saved.silentFor : NEVER;
    });
    this.maxTime = numbers.maxTime;
    this.watermark = numbers.watermark;
    this.decided(numbers.last);
    this.silent = numbers.silent;
    this.seq = numbers.seq;
    this.lastArrival = mono - numbers.silentFor;
    this.firstArrival = mono - numbers.startWaits;
    this.gap = state.gap;
    this.sent = state.sent;
  }
}

const NONE: readonly never[] = [];

/** Times are whole microseconds, so their neighbours are one away. */
const before = (time: number): number => time - 1;
const after = (time: number): number => time + 1;
