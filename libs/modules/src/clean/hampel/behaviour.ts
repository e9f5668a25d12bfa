/**
 * Behaviour of `clean.hampel`: a sorted window a key. A value costs a shift inside the window and a search
 * for the MAD; nothing is sorted and nothing allocated.
 */
import {
  NULL,
  NUMBER,
  BAD,
  type Batch,
  type Behaviour,
  type Column,
  type Create,
  type Input,
  type ModuleContext,
  type State,
} from '@millrace/engine';
import { Keyed } from '../../keyed.js';
import { SortedWindow } from '../../sorted-window.js';
import { Leaving } from '../leaving.js';

export interface HampelSettings {
  field: string;
  window: number;
  sigmas: number;
  replace: 'median' | 'null' | 'drop';
  keyBy?: string;
  maxKeys: number;
}

/** 1 / (the 3/4 quantile of the standard normal distribution): MAD times this estimates its sigma. */
const MAD_TO_SIGMA = 1.4826;

class Hampel implements Behaviour {
  private readonly windows: Keyed<SortedWindow>;
  private readonly factor: number;
  private fields: number[] = [];
  private readonly leaving = new Leaving();

  constructor(private readonly context: ModuleContext<HampelSettings>) {
    const { window, sigmas } = context.settings;
    this.windows = new Keyed(context.settings, context, () => new SortedWindow(window));
    this.factor = sigmas * MAD_TO_SIGMA;
  }

  bind(inputs: readonly Input[]): void {
    this.windows.bind(inputs);
    this.fields = inputs.map(({ schema }) => schema.index(this.context.settings.field));
  }

  process(batch: Batch, input: number): void {
    // Owned at once: reading what is about to be changed twice would cost more than the copy that this may be.
    const column = batch.own(this.fields[input]);
    this.windows.begin(batch, input);
    let entry = 0;
    if (batch.gaps !== null) {
      for (const gap of batch.gaps) {
        if (column !== undefined) entry = this.clean(batch, column, entry, gap.row);
        for (const window of this.windows.touched(gap)) window.clear();
      }
    }
    if (column !== undefined) this.clean(batch, column, entry, batch.n);
    this.leaving.leave(batch);
    this.context.emit(batch);
  }

  /** Entries from `first` on whose rows lie before `end`; gives the entry after them. */
  private clean(batch: Batch, column: Column, first: number, end: number): number {
    const { windows, factor } = this;
    const { values, kinds, rows } = column;
    const single = this.context.settings.keyBy === undefined;
    let window = single ? windows.get('') : undefined;
    let i = first;
    for (; i < column.count && rows[i] < end; i++) {
      if (kinds !== null && kinds[i] !== NUMBER) {
        if (kinds[i] !== NULL && kinds[i] !== BAD) this.context.count('text');
        continue;
      }
      if (!single && (window = windows.at(rows[i])) === undefined) continue;
      const value = values[i];
      window!.push(value);
      const middle = window!.median();
      const distance = Math.abs(value - middle);
      if (distance === 0) continue;
      if (window!.isFar(distance, factor, middle)) this.replace(batch, column, i, middle);
    }
    return i;
  }

  private replace(batch: Batch, column: Column, entry: number, middle: number): void {
    const { replace } = this.context.settings;
    if (replace === 'median') {
      column.put(entry, middle);
      this.context.count('outlier');
      return;
    }
    this.context.drop('outlier');
    if (replace === 'null') {
      column.put(entry, null);
      return;
    }
    this.leaving.mark(batch, column.rows[entry]);
  }

  save(): State {
    return this.windows.save((window) => window.values());
  }

  load(state: State): void {
    this.windows.load(state, (values: Float64Array) => {
      const window = new SortedWindow(this.context.settings.window);
      window.load(values);
      return window;
    });
  }
}

export const create: Create<HampelSettings> = (context) => new Hampel(context);
