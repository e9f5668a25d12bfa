/**
 * A rule that looks at one column, value after value, with a state a key, and adds numbers to the record.
 *
 * Guarantee: the rule sees numbers only, in order, and nothing is allocated a value. A null, or a number that
 * is none, gives null results and leaves the state alone; so does a text, which is counted as `text`. A record
 * without the column passes untouched. A gap record is told to the rule. The rule itself lies elsewhere.
 */
import { BAD, NULL, NUMBER, type Batch, type Behaviour, type Column, type Input } from '@millrace/engine';
import type { ModuleContext, State } from '@millrace/engine';
import { freshColumn } from '../fresh-column.js';
import { Keyed } from '../keyed.js';

export interface Rule {
  column: string;
  /** Names of the fields that are added, in the order of the results. */
  fields: string[];
  fresh(): Float64Array;
  /** Takes a number into the state and writes the results; NaN where there is none. */
  step(state: Float64Array, value: number, results: Float64Array): void;
  /** Rows are missing before the next value. */
  gap(state: Float64Array): void;
}

interface KeySettings {
  keyBy?: string;
  maxKeys: number;
}

export class PerValue implements Behaviour {
  private readonly states: Keyed<Float64Array>;
  private readonly results: Float64Array;
  private inputs: { column: number; fields: number[] }[] = [];

  constructor(
    private readonly context: ModuleContext<KeySettings>,
    private readonly rule: Rule,
  ) {
    this.states = new Keyed(context.settings, context, () => rule.fresh());
    this.results = new Float64Array(rule.fields.length);
  }

  bind(inputs: readonly Input[]): void {
    this.states.bind(inputs);
    this.inputs = inputs.map(({ schema }) => ({
      column: schema.index(this.rule.column),
      fields: this.rule.fields.map((name) => schema.index(name)),
    }));
  }

  process(batch: Batch, input: number): void {
    const { column: index, fields } = this.inputs[input];
    const column = batch.peek(index);
    const out = column === undefined ? [] : fields.map((field) => freshColumn(batch, field));
    this.states.begin(batch, input);
    let i = 0;
    for (const gap of batch.gaps ?? []) {
      if (column !== undefined) i = this.walk(column, out, i, gap.row);
      for (const state of this.states.touched(gap)) this.rule.gap(state);
    }
    if (column !== undefined) this.walk(column, out, i, batch.n);
    this.context.emit(batch);
  }

  /** Entries from `first` on whose rows lie before `end`; gives the entry after them. */
  private walk(column: Column, out: Column[], first: number, end: number): number {
    const { rule, results } = this;
    const { rows, values, kinds } = column;
    let i = first;
    for (; i < column.count && rows[i] < end; i++) {
      const state = this.states.at(rows[i]);
      if (state === undefined) continue;
      const kind = kinds === null ? NUMBER : kinds[i];
      if (kind === NUMBER) rule.step(state, values[i], results);
      else {
        if (kind !== NULL && kind !== BAD) this.context.count('text');
        results.fill(NaN);
      }
      for (let j = 0; j < out.length; j++) {
        if (results[j] - results[j] === 0) out[j].pushNumber(rows[i], results[j]);
        else out[j].push(rows[i], null);
      }
    }
    return i;
  }

  save(): State {
    return this.states.save((state) => state.slice());
  }

  load(state: State): void {
    this.states.load(state, (saved: Float64Array) => Float64Array.from(saved));
  }
}
