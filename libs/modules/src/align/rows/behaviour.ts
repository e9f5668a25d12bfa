/**
 * `align.rows` between batches and aligners: picks the samples out of records, gives each key its aligner,
 * and writes rows with their ages and flags. The rules themselves lie in aligner.ts and cell.ts.
 */
import {
  BAD,
  Batch,
  BATCH_ROWS,
  BOOLEAN,
  NULL,
  NUMBER,
  Schema,
  Seen,
  TEXT,
  type Behaviour,
  type Column,
  type FieldValue,
  type Gap,
  type Input,
  type ModuleContext,
} from '@millrace/engine';
import { Keyed, type Key } from '../../keyed.js';
import {
  Aligner,
  BAD as BAD_SAMPLE,
  NULLED,
  OTHER,
  VALUE,
  type AlignedRow,
  type AlignerState,
  type SampleKind,
} from './aligner.js';
import { flagWords, type Cell } from './cell.js';
import { rulesOf } from './rules.js';
import type { AlignSettings } from './settings.js';
import { Texts } from './texts.js';

/** Beyond this (the year 2112) whole microseconds are no longer exact; a stamp there is a wrong unit anyway. */
const MAX_T = 4.5e12;
const LATE_PORT = 1;
/** How often keys are looked at for their time to live. */
const TTL_CHECK = 1_000_000;

/** A field whose samples go to a column of the aligner; `next` is the first entry of the batch not yet taken. */
interface Picked {
  column: number;
  index: number;
  values: Column | undefined;
  next: number;
}

interface Saved {
  keys: unknown;
  texts: (string[] | null)[];
  seen: number;
}

class AlignRows implements Behaviour {
  private readonly keys: Keyed<Aligner>;
  private readonly out: Batch;
  private readonly late: Batch;
  private readonly texts: (Texts | null)[];
  private readonly seen = new Seen();
  private picked: Picked[][] = [];
  private key: Key = '';
  private wall = 0;
  private mono = 0;
  private checked = 0;
  /** Of the rows of the batch at hand, and the monotonic clock when it came in. */
  private times = new Float64Array(BATCH_ROWS);
  private walls = new Float64Array(BATCH_ROWS);
  private moment = 0;
  private readonly first: number;
  private readonly dtypes: readonly string[];

  constructor(private readonly context: ModuleContext<AlignSettings>) {
    const { columns, keyBy } = context.settings;
    this.dtypes = columns.map(({ dtype }) => dtype);
    this.texts = columns.map(({ dtype }) => (dtype === 'string' ? new Texts() : null));
    const head = ['seq', 'revision', 'backfill', ...(keyBy === undefined ? [] : ['key'])];
    const rows = new Schema([...head, ...columns.map(({ name }) => name)]);
    for (const { name } of columns) rows.index(`age.${name}`, { inside: 'age', of: name });
    for (const { name } of columns)
      rows.index(`flag.${name}`, { inside: 'flag', of: name, words: flagWords });
    this.first = head.length;
    this.out = new Batch(rows);
    this.late = new Batch(new Schema(columns.map(({ name }) => name)));
    this.keys = new Keyed(context.settings, context, () => this.makeAligner());
  }

  bind(inputs: readonly Input[]): Schema[][] {
    this.keys.bind(inputs);
    const modules = new Set(inputs.map(({ from }) => from));
    this.picked = inputs.map(({ schema, from }) =>
      this.context.settings.columns.flatMap(({ name, from: wanted = name }, column) => {
        const dot = wanted.indexOf('.');
        const module = wanted.slice(0, Math.max(0, dot));
        const named = modules.has(module);
        if (named && module !== from) return [];
        const index = schema.index(named ? wanted.slice(dot + 1) : wanted);
        return [{ column, index, values: undefined, next: 0 }];
      }),
    );
    return [[this.out.schema], [this.late.schema]];
  }

  process(batch: Batch, input: number): void {
    const { context, keys } = this;
    const picked = this.picked[input];
    keys.begin(batch, input);
    for (const pick of picked) {
      pick.values = batch.peek(pick.index);
      pick.next = 0;
    }
    this.out.born = this.late.born = batch.born;
    this.out.arrival = this.late.arrival = batch.arrival;
    this.readTimes(batch);
    const only = context.settings.keyBy === undefined ? keys.get('') : undefined;
    for (let row = 0, end = 0; row < batch.n; row = end) {
      end = only === undefined ? row + 1 : only.quietTo(this.times, row, batch.n);
      this.wall = this.walls[end - 1];
      this.mono = context.live ? this.moment : this.wall;
      const aligner = only ?? this.alignerOf(row, picked);
      let samples = 0;
      for (const pick of picked) samples += this.take(aligner, pick, end);
      if (samples > 0) aligner!.advance(this.wall, this.mono);
    }
    this.flush();
  }

  /** Each row's time and node's time then, in microseconds; a time that can be none is NaN, and counted. */
  private readTimes(batch: Batch): void {
    const { context, seen } = this;
    const { live } = context;
    const byArrival = context.settings.clock === 'arrival';
    if (batch.n > this.times.length) {
      this.times = new Float64Array(2 * batch.n);
      this.walls = new Float64Array(2 * batch.n);
    }
    if (live) this.moment = Math.round(context.clock.monotonic() * 1000);
    const arrival = Math.round(batch.arrival * 1000);
    for (let row = 0; row < batch.n; row++) {
      const t = batch.t[row];
      const usable = Math.abs(t) <= MAX_T;
      if (!usable) context.drop('time');
      const wall = live ? arrival : Math.round((usable ? seen.now(batch, row) : seen.max) * 1000);
      this.walls[row] = wall;
      this.times[row] = usable ? (byArrival ? wall : Math.round(t * 1000)) : NaN;
    }
  }

  /** The aligner of the row's key, when the row has samples; without a key it is counted. */
  private alignerOf(row: number, picked: readonly Picked[]): Aligner | undefined {
    for (const { values, next } of picked) {
      if (values === undefined || next === values.count || values.rows[next] !== row) continue;
      if (this.times[row] !== this.times[row]) return undefined;
      const key = this.keys.keyAt(row);
      if (key !== undefined) return this.keys.get((this.key = key));
      this.context.count('no-key');
      return undefined;
    }
    return undefined;
  }

  /** Hands the samples of the rows before `end` to the aligner; says how many. */
  private take(aligner: Aligner | undefined, pick: Picked, end: number): number {
    const { values, column, next } = pick;
    if (values === undefined) return 0;
    let last = next;
    while (last < values.count && values.rows[last] < end) last++;
    pick.next = last;
    if (aligner === undefined) return 0;
    if (values.kinds === null && this.dtypes[column] === 'number')
      aligner.addValues(column, values, next, last, this.times, this.wall, this.mono);
    else for (let i = next; i < last; i++) this.add(aligner, column, values, i, this.times[values.rows[i]]);
    return last - next;
  }

  tick(): void {
    const { clock, settings } = this.context;
    this.wall = Math.round(clock.wall() * 1000);
    this.mono = Math.round(clock.monotonic() * 1000);
    this.out.born = 0;
    this.out.arrival = this.wall / 1000;
    for (const [key, aligner] of this.keys) {
      this.key = key;
      aligner.tick(this.wall, this.mono);
    }
    this.flush();
    if (settings.keyBy !== undefined && this.mono - this.checked > TTL_CHECK) this.forgetSilent();
  }

  end(): void {
    for (const [key, aligner] of this.keys) {
      this.key = key;
      aligner.end(this.wall, this.mono);
    }
    this.flush();
  }

  save(): Saved {
    return {
      keys: this.keys.save((aligner) => aligner.save(this.now())),
      texts: this.texts.map((texts) => texts && texts.save()),
      seen: this.seen.max,
    };
  }

  load(state: unknown): void {
    const saved = state as Saved;
    this.seen.max = saved.seen;
    saved.texts.forEach((texts, i) => texts && this.texts[i]!.load(texts));
    this.keys.load(saved.keys, (packed: AlignerState) => {
      const aligner = this.makeAligner();
      aligner.load(packed, this.now());
      return aligner;
    });
  }

  /** The monotonic clock in microseconds; in a replay node's time, which is the largest timestamp. */
  private now(): number {
    return Math.round((this.context.live ? this.context.clock.monotonic() : this.seen.max) * 1000);
  }

  private add(aligner: Aligner, column: number, values: Column, entry: number, time: number): void {
    if (time !== time) return;
    const kind = values.kinds === null ? NUMBER : values.kinds[entry];
    const dtype = this.dtypes[column];
    let value = NaN;
    let what: SampleKind = OTHER;
    if (kind === NUMBER && dtype === 'number') {
      value = values.values[entry];
      what = VALUE;
    } else if (kind === NULL) what = NULLED;
    else if (kind === BAD) what = BAD_SAMPLE;
    else if (kind === BOOLEAN && dtype === 'boolean') {
      value = values.get(entry) === true ? 1 : 0;
      what = VALUE;
    } else if (kind === TEXT && dtype === 'string') {
      value = this.texts[column]!.code(values.get(entry) as string);
      if (value >= 0) what = VALUE;
      else {
        value = NaN;
        this.context.drop('texts');
      }
    } else this.context.drop('type');
    aligner.add(column, time, value, what, this.wall, this.mono);
  }

  private makeAligner(): Aligner {
    const { context } = this;
    return new Aligner(
      rulesOf(context.settings, context.live, (i, text) => this.texts[i]!.code(text)),
      {
        row: (row) => this.write(row),
        gap: (from, to, rows) => this.writeGap(from, to, rows),
        count: (what) => context.count(what),
        late: (column, time, value) => this.writeLate(column, time, value),
      },
    );
  }

  private write({ t, from, cells, revision, backfill, seq }: AlignedRow): void {
    const { out, first } = this;
    const { settings } = this.context;
    if (out.n === out.t.length) this.flush();
    const row = out.row((settings.label === 'start' && from > -Infinity ? from : t) / 1000);
    out.column(0).pushNumber(row, seq);
    if (revision > 0) out.column(1).pushNumber(row, revision);
    if (backfill) out.column(2).push(row, true);
    if (settings.keyBy !== undefined) out.column(3).push(row, this.key);
    const { length } = cells;
    for (let i = 0; i < length; i++) {
      const cell = cells[i];
      this.writeValue(i, row, cell);
      if (cell.age === cell.age) out.column(first + length + i).pushNumber(row, cell.age / 1000);
      out.column(first + 2 * length + i).pushNumber(row, cell.flag);
    }
  }

  private writeValue(i: number, row: number, { value }: Cell): void {
    const column = this.out.column(this.first + i);
    if (value !== value) column.push(row, null);
    else if (this.dtypes[i] === 'number') column.pushNumber(row, value);
    else column.push(row, this.valueOf(i, value));
  }

  private writeGap(from: number, to: number, rows: number): void {
    const { out, context } = this;
    const { grid, label, keyBy } = context.settings;
    const shift = label === 'start' && !('master' in grid) ? grid.periodMs : 0;
    const gap: Gap = { row: out.n, from: from / 1000 - shift, to: to / 1000 - shift, rows };
    if (keyBy !== undefined) gap.key = this.key;
    (out.gaps ??= []).push(gap);
  }

  private writeLate(column: number, time: number, value: number): void {
    const { late } = this;
    if (late.n === late.t.length) this.flush();
    late.column(column).push(late.row(time / 1000), value !== value ? null : this.valueOf(column, value));
  }

  /** A value as the record has it: text and booleans are held as numbers. */
  private valueOf(column: number, value: number): FieldValue {
    const { dtype, method } = this.context.settings.columns[column];
    if (dtype === 'number' || method === 'count') return value;
    return dtype === 'boolean' ? value === 1 : this.texts[column]!.text(value);
  }

  private flush(): void {
    for (const [batch, port] of [
      [this.out, 0],
      [this.late, LATE_PORT],
    ] as const) {
      if (batch.n === 0 && batch.gaps === null) continue;
      this.context.emit(batch, port);
      batch.reset();
    }
  }

  private forgetSilent(): void {
    this.checked = this.mono;
    const oldest = this.mono - this.context.settings.keyTtlMs * 1000;
    const silent = [...this.keys].filter(([, aligner]) => aligner.lastArrival < oldest);
    for (const [key] of silent) this.keys.forget(key);
  }
}

export const create = (context: ModuleContext<AlignSettings>): Behaviour => new AlignRows(context);
