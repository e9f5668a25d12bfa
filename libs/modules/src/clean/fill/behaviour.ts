/**
 * Behaviour of `clean.fill` for the methods that look back only: constant, hold and median. A batch without
 * blanks passes with one look at its column; one with blanks gets a new column. `linear` lies beside.
 */
import {
  BAD,
  Column,
  NULL,
  NUMBER,
  type Batch,
  type Behaviour,
  type Create,
  type FieldValue,
  type Input,
  type ModuleContext,
  type State,
} from '@millrace/engine';
import { Cursor } from '../../cursor.js';
import { Keyed } from '../../keyed.js';
import { SortedWindow } from '../../sorted-window.js';
import type { FillSettings } from './kind.js';
import { LinearFill } from './linear.js';

interface Past {
  /** Time of the last value, epoch ms; NaN before the first. */
  t: number;
  value: FieldValue;
  /** `median` only. */
  window: SortedWindow | null;
}

class Fill implements Behaviour {
  private readonly pasts: Keyed<Past>;
  private readonly cursor = new Cursor();
  private fields: number[] = [];
  private made = new Column(0);

  constructor(private readonly context: ModuleContext<FillSettings>) {
    this.pasts = new Keyed(context.settings, context, () => ({
      t: NaN,
      value: null,
      window: this.newWindow(),
    }));
  }

  bind(inputs: readonly Input[]): void {
    this.pasts.bind(inputs);
    this.fields = inputs.map(({ schema }) => schema.index(this.context.settings.field));
  }

  process(batch: Batch, input: number): void {
    const index = this.fields[input];
    const column = batch.peek(index);
    this.pasts.begin(batch, input);
    this.cursor.open(column);
    const full = column !== undefined && column.count === batch.n && column.kinds === null;
    if (!full) this.made.reset();
    let row = 0;
    for (const gap of batch.gaps ?? []) {
      for (; row < gap.row; row++) this.look(batch, row, full);
      for (const past of this.pasts.touched(gap)) past.window?.clear();
    }
    for (; row < batch.n; row++) this.look(batch, row, full);
    if (!full && index >= 0) {
      while (batch.columns.length <= index) batch.columns.push(undefined);
      const before = batch.columns[index];
      batch.columns[index] = this.made;
      this.made = before === undefined || before.shared ? new Column(0) : before;
    }
    this.context.emit(batch);
  }

  /** Remembers the row's value, or fills its blank. A full column is only remembered. */
  private look(batch: Batch, row: number, full: boolean): void {
    const { cursor, made } = this;
    const entry = cursor.at(row);
    const past = this.pasts.at(row);
    const column = cursor.column!;
    const kind = entry < 0 ? NULL : column.kind(entry);
    if (past === undefined) {
      if (entry >= 0) made.pushFrom(row, column, entry);
      return;
    }
    if (kind !== NULL && kind !== BAD) {
      past.t = batch.t[row];
      if (past.window === null) past.value = kind === NUMBER ? column.values[entry] : column.get(entry);
      else if (kind === NUMBER) past.window.push(column.values[entry]);
      if (!full) made.pushFrom(row, column, entry);
      return;
    }
    if (entry < 0 && !this.context.settings.absent) return;
    const value = this.filling(past, batch.t[row]);
    this.context.count(value === null ? 'unfilled' : 'filled');
    if (value !== null) made.push(row, value);
    else if (entry >= 0) made.pushFrom(row, column, entry);
  }

  private filling(past: Past, t: number): FieldValue {
    const { method, maxAgeMs, value = null } = this.context.settings;
    // NaN before the first value: not too old, so a constant fills.
    if (Math.abs(t - past.t) > maxAgeMs) return null;
    if (method === 'constant') return value;
    if (past.window === null) return past.value;
    return past.window.count === 0 ? null : past.window.median();
  }

  private newWindow(): SortedWindow | null {
    const { method, window } = this.context.settings;
    return method === 'median' ? new SortedWindow(window) : null;
  }

  save(): State {
    return this.pasts.save(({ t, value, window }) => ({ t, value, values: window?.values() }));
  }

  load(state: State): void {
    this.pasts.load(
      state,
      ({ t, value, values }: { t: number; value: FieldValue; values?: Float64Array }) => {
        const window = this.newWindow();
        if (values) window?.load(values);
        return { t, value, window };
      },
    );
  }
}

export const create: Create<FillSettings> = (context) =>
  context.settings.method === 'linear' ? new LinearFill(context) : new Fill(context);
