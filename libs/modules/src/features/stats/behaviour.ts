/**
 * Behaviour of `feature.stats`: one class for windows of rows, which is the one with state, and one for what
 * a single record holds (vectors, or the columns of a row).
 */
import {
  BAD,
  NULL,
  NUMBER,
  VECTOR,
  type Batch,
  type Behaviour,
  type Column,
  type Create,
  type Input,
  type ModuleContext,
  type State,
} from '@millrace/engine';
import { Cursor } from '../../cursor.js';
import { dropVectors } from '../../drop-vectors.js';
import { freshColumn } from '../../fresh-column.js';
import { Keyed } from '../../keyed.js';
import { Rolling, type Over, type SavedRolling } from './rolling.js';
import { Statistics, suffixes, type StatisticsSettings } from './statistics.js';

export interface StatsSettings extends StatisticsSettings {
  columns: string[];
  over: 'window' | 'row' | Over;
  minRows?: number;
  keepWindow: boolean;
  name: string;
  keyBy?: string;
  maxKeys: number;
}

interface Places {
  columns: number[];
  /** Where the results of each column go; of the row as a whole over `row`. */
  results: number[][];
  times: number;
  from: number;
  to: number;
}

function placesOf({ schema }: Input, settings: StatsSettings): Places {
  const wanted = suffixes(settings);
  const named = settings.over === 'row' ? [settings.name] : settings.columns;
  return {
    columns: settings.columns.map((name) => schema.index(name)),
    results: named.map((name) => wanted.map((suffix) => schema.index(`${name}_${suffix}`))),
    times: settings.over === 'window' ? schema.index('times') : -1,
    from: settings.over === 'window' ? schema.index('from') : -1,
    to: settings.over === 'window' ? schema.index('to') : -1,
  };
}

/** Empty columns for the results, in their order. */
function openColumns(batch: Batch, indexes: number[]): Column[] {
  return indexes.map((index) => freshColumn(batch, index));
}

function write(columns: Column[], row: number, results: Float64Array): void {
  for (let j = 0; j < columns.length; j++) {
    const result = results[j];
    if (result - result === 0) columns[j].pushNumber(row, result);
    else columns[j].push(row, null);
  }
}

class RollingStats implements Behaviour {
  private readonly windows: Keyed<Rolling[]>;
  private readonly statistics: Statistics;
  private readonly over: Over;
  private readonly minimum: number;
  private readonly timed: boolean;
  /** The next entry of each column. */
  private readonly next: Int32Array;
  private places: Places[] = [];
  private scratch = new Float64Array(64);

  constructor(private readonly context: ModuleContext<StatsSettings>) {
    const { settings } = context;
    this.over = settings.over as Over;
    this.statistics = new Statistics(settings);
    this.minimum = settings.minRows ?? ('rows' in this.over ? this.over.rows : 1);
    this.windows = new Keyed(context.settings, context, () => settings.columns.map(() => this.newWindow()));
    this.next = new Int32Array(settings.columns.length);
    this.timed = settings.slopePer === 'second' && settings.out.includes('slope');
  }

  bind(inputs: readonly Input[]): void {
    this.windows.bind(inputs);
    this.places = inputs.map((input) => placesOf(input, this.context.settings));
  }

  process(batch: Batch, input: number): void {
    const { columns: indexes, results } = this.places[input];
    const columns = indexes.map((index) => batch.peek(index));
    const outs = columns.map((column, k) => (column === undefined ? [] : openColumns(batch, results[k])));
    this.windows.begin(batch, input);
    this.next.fill(0);
    let row = 0;
    for (const gap of batch.gaps ?? []) {
      this.roll(batch, columns, outs, row, gap.row);
      for (const windows of this.windows.touched(gap)) for (const window of windows) window.clear();
      row = gap.row;
    }
    this.roll(batch, columns, outs, row, batch.n);
    this.context.emit(batch);
  }

  /** Rows [first, end). */
  private roll(
    batch: Batch,
    columns: (Column | undefined)[],
    outs: Column[][],
    first: number,
    end: number,
  ): void {
    const windows = this.windows.atRows(columns, first, end);
    for (let k = 0; k < columns.length; k++) {
      const column = columns[k];
      if (column !== undefined) this.next[k] = this.rollColumn(batch, column, k, windows, outs[k], end);
    }
  }

  /** The entries of column k whose rows lie before `end`; gives the entry after them. */
  private rollColumn(
    batch: Batch,
    column: Column,
    k: number,
    windows: readonly (Rolling[] | undefined)[],
    out: Column[],
    end: number,
  ): number {
    const { statistics, minimum } = this;
    const { rows, values, kinds } = column;
    let i = this.next[k];
    for (; i < column.count && rows[i] < end; i++) {
      const row = rows[i];
      const window = windows[row]?.[k];
      if (window === undefined) continue;
      const kind = kinds === null ? NUMBER : kinds[i];
      if (kind !== NUMBER && kind !== NULL && kind !== BAD) this.context.count('text');
      window.push(batch.t[row], kind === NUMBER ? values[i] : NaN);
      const moving = window.sliding?.all() ?? null;
      const seconds = this.timed && moving === null ? this.secondsOf(window) : null;
      statistics.compute(window.values, window.start, window.end, minimum, seconds, window.order, moving);
      write(out, row, statistics.results);
    }
    return i;
  }

  /** Seconds since the window's first row, at the indexes of the window; small, so that squares keep their digits. */
  private secondsOf({ times, start, end }: Rolling): Float64Array {
    if (end > this.scratch.length) this.scratch = new Float64Array(times.length);
    for (let i = start; i < end; i++) this.scratch[i] = (times[i] - times[start]) / 1000;
    return this.scratch;
  }

  private newWindow(): Rolling {
    const { out } = this.context.settings;
    return new Rolling(this.over, out.includes('median') || out.includes('quantiles'), this.timed);
  }

  save(): State {
    return this.windows.save((windows) => windows.map((window) => window.save()));
  }

  load(state: State): void {
    this.windows.load(state, (saved: SavedRolling[]) =>
      saved.map((one) => {
        const window = this.newWindow();
        window.load(one);
        return window;
      }),
    );
  }
}

class RecordStats implements Behaviour {
  private readonly statistics: Statistics;
  private readonly minimum: number;
  private readonly cursors = { times: new Cursor(), from: new Cursor(), to: new Cursor() };
  private readonly cells: Cursor[];
  private readonly values: Float64Array;
  private places: Places[] = [];

  constructor(private readonly context: ModuleContext<StatsSettings>) {
    this.statistics = new Statistics(context.settings);
    this.minimum = context.settings.minRows ?? 1;
    this.cells = context.settings.columns.map(() => new Cursor());
    this.values = new Float64Array(this.cells.length);
  }

  bind(inputs: readonly Input[]): void {
    this.places = inputs.map((input) => placesOf(input, this.context.settings));
  }

  process(batch: Batch, input: number): void {
    const places = this.places[input];
    if (this.context.settings.over === 'row') this.acrossRow(batch, places);
    else this.ofVectors(batch, places);
    this.context.emit(batch);
  }

  private acrossRow(batch: Batch, { columns, results }: Places): void {
    const { cells, values, statistics, minimum } = this;
    for (let k = 0; k < columns.length; k++) cells[k].open(batch.peek(columns[k]));
    const out = openColumns(batch, results[0]);
    for (let row = 0; row < batch.n; row++) {
      let has = false;
      for (let k = 0; k < cells.length; k++) {
        const entry = cells[k].at(row);
        values[k] = NaN;
        if (entry < 0) continue;
        has = true;
        const kind = cells[k].column!.kind(entry);
        if (kind === NUMBER) values[k] = cells[k].column!.values[entry];
        else if (kind !== NULL && kind !== BAD) this.context.count('text');
      }
      if (!has) continue;
      statistics.compute(values, 0, values.length, minimum);
      write(out, row, statistics.results);
    }
  }

  private ofVectors(batch: Batch, places: Places): void {
    const { columns, results } = places;
    const { statistics, minimum } = this;
    const { slopePer, out: wanted, keepWindow } = this.context.settings;
    const timed = slopePer === 'second' && wanted.includes('slope');
    for (let k = 0; k < columns.length; k++) {
      const column = batch.peek(columns[k]);
      if (column === undefined) continue;
      const out = openColumns(batch, results[k]);
      if (timed)
        for (const name of ['times', 'from', 'to'] as const)
          this.cursors[name].open(batch.peek(places[name]));
      for (let i = 0; i < column.count; i++) {
        if (column.kind(i) !== VECTOR) {
          if (column.kind(i) !== NULL) this.context.count('no-window');
          continue;
        }
        const vector = column.objects![i] as Float64Array;
        const seconds = timed ? this.secondsOf(column.rows[i], vector.length) : null;
        statistics.compute(vector, 0, vector.length, minimum, seconds);
        write(out, column.rows[i], statistics.results);
      }
    }
    if (keepWindow) return;
    for (const index of [...columns, places.times]) dropVectors(batch, index);
  }

  /** Places of a window's rows in seconds after the first: as they were, or evenly from `from` to `to`. */
  private secondsOf(row: number, length: number): Float64Array {
    const { times, from, to } = this.cursors;
    const seconds = new Float64Array(length);
    const entry = times.at(row);
    if (entry >= 0 && times.column!.kind(entry) === VECTOR) {
      const vector = times.column!.objects![entry] as Float64Array;
      for (let i = 0; i < length; i++) seconds[i] = (vector[i] - vector[0]) / 1000;
      return seconds;
    }
    const begin = from.at(row);
    const end = to.at(row);
    if (begin < 0 || end < 0) {
      this.context.count('no-times');
      return seconds.fill(NaN);
    }
    const step = (to.column!.values[end] - from.column!.values[begin]) / 1000 / (length - 1);
    for (let i = 0; i < length; i++) seconds[i] = i * step;
    return seconds;
  }
}

export const create: Create<StatsSettings> = (context) =>
  typeof context.settings.over === 'object' ? new RollingStats(context) : new RecordStats(context);
