/**
 * Behaviour of `align.window`: gathers rows a key, and lets `ending.ts` say where a window ends. What leaves
 * during one call leaves in one batch. State is the rows that are open, never more than the longest window.
 */
import {
  Batch,
  BATCH_ROWS,
  NULL,
  NUMBER,
  Schema,
  type Behaviour,
  type FieldValue,
  type Gap,
  type Input,
  type ModuleContext,
  type Create,
  type State,
} from '@millrace/engine';
import { Cursor } from '../../cursor.js';
import { Keyed, type Key } from '../../keyed.js';
import { endingOf, newOpen, type Ending, type Open, type WindowSettings } from './ending.js';
import { Rows } from './rows.js';

class Window implements Behaviour {
  private readonly open: Keyed<Open>;
  private readonly ending: Ending;
  private readonly schema = new Schema();
  private readonly out: Batch;
  /** Names of the gathered columns by their number; fixed when the settings name them. */
  private readonly names: string[];
  private readonly numbers = new Map<string, number>();
  private inputs: { schema: Schema; columns: number[]; keep: number[]; change: number[] }[] = [];
  private readonly cursors: Cursor[] = [];
  private readonly keepCursors: Cursor[];
  private readonly changeCursors: Cursor[];
  private readonly changed: (FieldValue | undefined)[] = [];

  constructor(private readonly context: ModuleContext<WindowSettings>) {
    const { settings } = context;
    this.open = new Keyed(context.settings, context, () => newOpen(settings));
    this.ending = endingOf(settings, {
      emit: (key, open, t, length) => this.emit(key, open, t, length),
      drop: (reason, n) => context.drop(reason, n),
      count: (what, n) => context.count(what, n),
    });
    this.names = [...(settings.columns ?? [])];
    this.names.forEach((name, number) => this.numbers.set(name, number));
    this.keepCursors = settings.keep.map(() => new Cursor());
    this.changeCursors = (settings.change ?? []).map(() => new Cursor());
    for (const name of ['count', 'from', 'to']) this.schema.index(name);
    this.out = new Batch(this.schema, BATCH_ROWS);
  }

  bind(inputs: readonly Input[]): Schema[][] {
    const { keep, change = [], columns = [] } = this.context.settings;
    this.open.bind(inputs);
    this.inputs = inputs.map(({ schema }) => ({
      schema,
      columns: columns.map((name) => schema.index(name)),
      keep: keep.map((name) => schema.index(name)),
      change: change.map((name) => schema.index(name)),
    }));
    return [[this.schema]];
  }

  process(batch: Batch, input: number): void {
    const places = this.inputs[input];
    if (this.context.settings.columns === undefined) this.learn(batch, places.columns);
    this.open.begin(batch, input);
    places.columns.forEach((index, k) => (this.cursors[k] ??= new Cursor()).open(batch.peek(index)));
    places.keep.forEach((index, k) => this.keepCursors[k].open(batch.peek(index)));
    places.change.forEach((index, k) => this.changeCursors[k].open(batch.peek(index)));
    this.out.arrival = batch.arrival;
    this.out.born = batch.born;
    let row = 0;
    for (const gap of batch.gaps ?? []) {
      for (; row < gap.row; row++) this.take(batch.t[row], row, places.columns.length);
      this.break(gap);
    }
    for (; row < batch.n; row++) this.take(batch.t[row], row, places.columns.length);
    this.flush();
  }

  /** A session ends in silence too, by the node's own clock. */
  tick(): void {
    if (this.context.settings.by !== 'session') return;
    const now = this.context.clock.monotonic();
    this.out.arrival = this.context.clock.wall();
    for (const [key, open] of this.open) {
      if (open.rows.count > 0 && now - open.touched > this.context.settings.gapMs!)
        this.ending.close(key, open);
    }
    this.flush();
  }

  end(): void {
    for (const [key, open] of this.open) this.ending.end(key, open);
    this.flush();
  }

  private take(t: number, row: number, columns: number): void {
    const key = this.open.keyAt(row);
    if (key === undefined) {
      this.context.drop('no-key');
      return;
    }
    const open = this.open.get(key);
    for (let k = 0; k < this.changeCursors.length; k++) {
      const entry = this.changeCursors[k].at(row);
      this.changed[k] = entry < 0 ? undefined : this.changeCursors[k].column!.get(entry);
    }
    const at = this.ending.before(key, open, t, this.changed);
    if (at < 0) return;
    for (let k = 0; k < columns; k++) {
      const entry = this.cursors[k].at(row);
      if (entry < 0) continue;
      const column = this.cursors[k].column!;
      if (column.kinds === null || column.kinds[entry] === NUMBER) open.rows.set(at, k, column.values[entry]);
    }
    for (let k = 0; k < this.keepCursors.length; k++) {
      const entry = this.keepCursors[k].at(row);
      if (entry >= 0 && this.keepCursors[k].column!.kind(entry) !== NULL) {
        open.kept[k] = this.keepCursors[k].column!.get(entry);
      }
    }
    if (this.context.live) open.touched = this.context.clock.monotonic();
    this.ending.after(key, open, t);
  }

  private break(gap: Gap): void {
    const { keyBy } = this.context.settings;
    for (const [key, open] of this.open) {
      if (keyBy === undefined || gap.key === undefined || gap.key === key) this.ending.gap(key, open, gap.to);
    }
    (this.out.gaps ??= []).push({ ...gap, row: this.out.n });
  }

  /** Columns that the settings do not name: whatever has a number gets the next place. */
  private learn(batch: Batch, columns: number[]): void {
    const { keyBy, keep, change = [] } = this.context.settings;
    for (let index = 0; index < batch.columns.length; index++) {
      const column = batch.peek(index);
      if (column === undefined || batch.schema.roles[index] !== undefined || columns.includes(index))
        continue;
      const name = batch.schema.names[index];
      if (name === keyBy || keep.includes(name) || change.includes(name)) continue;
      if (RESERVED.has(name)) continue;
      let has = false;
      for (let i = 0; i < column.count && !has; i++) has = column.kind(i) === NUMBER;
      if (!has) continue;
      let number = this.numbers.get(name);
      if (number === undefined) {
        number = this.names.length;
        this.names.push(name);
        this.numbers.set(name, number);
      }
      // Holes are inputs that lack a column which another input has; index -1 reads as absent.
      while (columns.length <= number) columns.push(-1);
      columns[number] = index;
    }
  }

  private emit(key: Key, open: Open, t: number, length: number): void {
    const { settings } = this.context;
    const { out, schema } = this;
    const { rows } = open;
    const row = out.row(t);
    const put = (name: string, value: FieldValue) => {
      const index = schema.index(name);
      if (index >= 0) out.column(index).push(row, value);
    };
    put('count', rows.count);
    put('from', rows.time(0));
    put('to', rows.last);
    if (settings.keyBy !== undefined) put(settings.keyBy, key);
    settings.keep.forEach((name, k) => {
      if (open.kept[k] !== undefined) put(name, open.kept[k]);
    });
    if (settings.matrix !== undefined) put(settings.matrix, rows.matrix(this.names.length, length));
    else {
      this.names.forEach((name, number) => {
        if (settings.columns !== undefined || rows.hasNumber(number)) put(name, rows.column(number, length));
      });
    }
    if (settings.times) put('times', rows.timesOf(length));
    if (settings.gapFactor !== undefined) put('hasGap', rows.hasStepOver(settings.gapFactor));
    if (out.n >= BATCH_ROWS) this.flush();
  }

  private flush(): void {
    const { out } = this;
    if (out.n > 0 || out.gaps !== null) this.context.emit(out);
    out.reset();
  }

  save(): State {
    return {
      names: this.names,
      open: this.open.save(({ rows, ...rest }) => ({ ...rest, rows: rows.save() })),
    };
  }

  load(state: State): void {
    const { names, open } = state as { names: string[]; open: unknown };
    names.forEach((name, number) => {
      if (this.numbers.has(name)) return;
      this.names[number] = name;
      this.numbers.set(name, number);
    });
    const touched = this.context.clock.monotonic();
    this.open.load(open, (saved: Omit<Open, 'rows'> & { rows: ReturnType<Rows['save']> }) => {
      const rows = new Rows();
      rows.load(saved.rows);
      return { ...saved, rows, touched };
    });
  }
}

/** Names that a window's record has for itself. */
const RESERVED = new Set(['count', 'from', 'to', 'times', 'hasGap']);

export const create: Create<WindowSettings> = (context) => new Window(context);
