/** Behaviour of `align.lag`: a ring of the last values a key and column. */
import type { Batch, Behaviour, Column, Create, Input, ModuleContext, State } from '@millrace/engine';
import { freshColumn } from '../../fresh-column.js';
import { Keyed } from '../../keyed.js';
import { lagName } from './kind.js';
import { Past, type SavedPast } from './past.js';

export interface LagSettings {
  columns: string[];
  steps: number[];
  keyBy?: string;
  maxKeys: number;
}

class Lag implements Behaviour {
  private readonly pasts: Keyed<Past[]>;
  private readonly longest: number;
  private inputs: { columns: number[]; results: number[][] }[] = [];

  constructor(private readonly context: ModuleContext<LagSettings>) {
    const { columns, steps } = context.settings;
    this.longest = Math.max(...steps);
    this.pasts = new Keyed(context.settings, context, () => columns.map(() => new Past(this.longest)));
  }

  bind(inputs: readonly Input[]): void {
    const { columns, steps } = this.context.settings;
    this.pasts.bind(inputs);
    this.inputs = inputs.map(({ schema }) => ({
      columns: columns.map((name) => schema.index(name)),
      results: columns.map((name) => steps.map((back) => schema.index(lagName(name, back)))),
    }));
  }

  process(batch: Batch, input: number): void {
    const { columns, results } = this.inputs[input];
    for (let k = 0; k < columns.length; k++) {
      const column = batch.peek(columns[k]);
      const out = column === undefined ? [] : results[k].map((index) => freshColumn(batch, index));
      this.pasts.begin(batch, input);
      let i = 0;
      for (const gap of batch.gaps ?? []) {
        if (column !== undefined) i = this.look(column, k, out, i, gap.row);
        for (const pasts of this.pasts.touched(gap)) pasts[k].clear();
      }
      if (column !== undefined) this.look(column, k, out, i, batch.n);
    }
    this.context.emit(batch);
  }

  /** Entries of column k from `first` on whose rows lie before `end`; gives the entry after them. */
  private look(column: Column, k: number, out: Column[], first: number, end: number): number {
    const { steps } = this.context.settings;
    let i = first;
    for (; i < column.count && column.rows[i] < end; i++) {
      const row = column.rows[i];
      const past = this.pasts.at(row)?.[k];
      if (past === undefined) continue;
      for (let j = 0; j < steps.length; j++) past.writeTo(out[j], row, steps[j]);
      past.take(column, i);
    }
    return i;
  }

  save(): State {
    return this.pasts.save((pasts) => pasts.map((past) => past.save()));
  }

  load(state: State): void {
    this.pasts.load(state, (saved: SavedPast[]) =>
      saved.map((values) => {
        const past = new Past(this.longest);
        past.load(values);
        return past;
      }),
    );
  }
}

export const create: Create<LagSettings> = (context) => new Lag(context);
