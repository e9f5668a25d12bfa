/**
 * The loop of the modules that judge the numbers of one field, each by a rule of its own: over the entries of
 * one column, with a state a key, and one of four things done to a value that is found wrong.
 *
 * Guarantee: what is no number is neither judged nor remembered, and passes; a gap clears the states that it
 * is about. What is wrong, and what is remembered, is the rule's business.
 */
import {
  BAD,
  NULL,
  NUMBER,
  type Batch,
  type Behaviour,
  type Column,
  type Input,
  type ModuleContext,
  type State,
} from '@millrace/engine';
import { freshColumn } from '../fresh-column.js';
import { Keyed } from '../keyed.js';
import { Leaving } from './leaving.js';

export interface JudgedSettings {
  field: string;
  action: 'drop' | 'null' | 'clamp' | 'flag';
  keyBy?: string;
  maxKeys: number;
}

/** How a number is judged. One object a module; what it remembers lies in the state of a key. */
export interface Rule<S> {
  /** The name under which wrong values are counted. */
  readonly reason: string;
  /** `flag` writes `<field>_<flag>`, true where a value is wrong. */
  readonly flag: string;
  /** Field that takes `score` after each verdict, where one is wanted. */
  readonly scoreField?: string;
  /** A number about the value judged last; NaN when nothing can be said. */
  score?: number;
  /** The right value that is closest to the one judged wrong last, for `clamp`. */
  nearest?: number;
  make(): S;
  clear(state: S): void;
  /** Whether the value is wrong; brings the state up to date. `t` in epoch milliseconds. */
  judge(state: S, value: number, t: number): boolean;
  save(state: S): unknown;
  load(packed: never): S;
}

export class Judged<S> implements Behaviour {
  private readonly states: Keyed<S>;
  private readonly leaving = new Leaving();
  private fields: number[] = [];
  private flags: number[] = [];
  private scores: number[] = [];
  /** Columns of the batch at hand: the flags, the scores, and the values once one of them is changed. */
  private flagged: Column | null = null;
  private scored: Column | null = null;
  private mended: Column | undefined;

  constructor(
    private readonly context: ModuleContext<JudgedSettings>,
    private readonly rule: Rule<S>,
  ) {
    this.states = new Keyed(context.settings, context, () => rule.make());
  }

  bind(inputs: readonly Input[]): void {
    const { field, action } = this.context.settings;
    const { flag, scoreField } = this.rule;
    this.states.bind(inputs);
    this.fields = inputs.map(({ schema }) => schema.index(field));
    this.flags = inputs.map(({ schema }) => (action === 'flag' ? schema.index(`${field}_${flag}`) : -1));
    this.scores = inputs.map(({ schema }) => (scoreField === undefined ? -1 : schema.index(scoreField)));
  }

  process(batch: Batch, input: number): void {
    const column = batch.peek(this.fields[input]);
    if (column !== undefined) {
      this.states.begin(batch, input);
      this.flagged = this.flags[input] < 0 ? null : freshColumn(batch, this.flags[input]);
      this.scored = this.scores[input] < 0 ? null : freshColumn(batch, this.scores[input]);
      this.mended = undefined;
    }
    let entry = 0;
    if (batch.gaps !== null) {
      for (const gap of batch.gaps) {
        if (column !== undefined) entry = this.judge(batch, column, input, entry, gap.row);
        for (const state of this.states.touched(gap)) this.rule.clear(state);
      }
    }
    if (column !== undefined) this.judge(batch, column, input, entry, batch.n);
    this.leaving.leave(batch);
    this.context.emit(batch);
  }

  /** Entries from `first` on whose rows lie before `end`; gives the entry after them. */
  private judge(batch: Batch, column: Column, input: number, first: number, end: number): number {
    const { states, rule, flagged, scored } = this;
    const { values, kinds, rows } = column;
    const single = this.context.settings.keyBy === undefined;
    let state = single ? states.get('') : undefined;
    let i = first;
    for (; i < column.count && rows[i] < end; i++) {
      if (kinds !== null && kinds[i] !== NUMBER) {
        if (kinds[i] !== NULL && kinds[i] !== BAD) this.context.count('text');
        continue;
      }
      const row = rows[i];
      if (!single && (state = states.at(row)) === undefined) continue;
      const wrong = rule.judge(state as S, values[i], batch.t[row]);
      if (flagged !== null) flagged.push(row, wrong);
      if (scored !== null) scored.push(row, rule.score === rule.score ? rule.score! : null);
      if (wrong) this.act(batch, input, i, row);
    }
    return i;
  }

  private act(batch: Batch, input: number, entry: number, row: number): void {
    const { context, rule } = this;
    const { action } = context.settings;
    if (action === 'flag') {
      context.count(rule.reason);
    } else if (action === 'drop') {
      context.drop(rule.reason);
      this.leaving.mark(batch, row);
    } else {
      const column = (this.mended ??= batch.own(this.fields[input])!);
      if (action === 'clamp') {
        context.count('clamped');
        column.put(entry, rule.nearest!);
      } else {
        context.drop(rule.reason);
        column.put(entry, null);
      }
    }
  }

  save(): State {
    return this.states.save((state) => this.rule.save(state));
  }

  load(state: State): void {
    this.states.load(state, (packed) => this.rule.load(packed));
  }
}
