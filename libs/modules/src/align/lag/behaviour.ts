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
  /** The next entry of each column. */
  private readonly next: Int32Array;
  private inputs: { columns: number[]; results: number[][] }[] = [];

  constructor(private readonly context: ModuleContext<LagSettings>) {
    const { columns, steps } = context.settings;
    this.longest = Math.max(...steps);
    this.next = new Int32Array(columns.length);
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
    const { columns: indexes, results } = this.inputs[input];
    const columns = indexes.map((index) => batch.peek(index));
    const outs = columns.map((column, k) =>
      column === undefined ? [] : results[k].map((index) => freshColumn(batch, index)),
    );
    this.pasts.begin(batch, input);
    this.next.fill(0);
    let row = 0;
    for (const gap of batch.gaps ?? []) {
      this.look(columns, outs, row, gap.row);
      for (const pasts of this.pasts.touched(gap)) for (const past of pasts) past.clear();
      row = gap.row;
    }
    this.look(columns, outs, row, batch.n);
    this.context.emit(batch);
  }

  /** Rows [first, end). */
  private look(columns: (Column | undefined)[], outs: Column[][], first: number, end: number): void {
    const { steps } = this.context.settings;
    const pasts = this.pasts.atRows(columns, first, end);
    columns.forEach((column, k) => {
      if (column === undefined) return;
      let i = this.next[k];
      for (; i < column.count && column.rows[i] < end; i++) {
        const row = column.rows[i];
        const past = pasts[row]?.[k];
        if (past === undefined) continue;
        for (let j = 0; j < steps.length; j++) past.writeTo(outs[k][j], row, steps[j]);
        past.take(column, i);
      }
      this.next[k] = i;
    });
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
