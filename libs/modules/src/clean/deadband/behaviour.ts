/** Behaviour of `clean.deadband`: each value against the one that was sent last. */
import {
  BAD,
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
import { Keyed } from '../../keyed.js';
import { beyond } from '../beyond.js';
import { Leaving } from '../leaving.js';

export interface DeadbandSettings {
  field: string;
  absolute?: number;
  percent?: number;
  maxSilenceMs?: number;
  keyBy?: string;
  maxKeys: number;
}

/** What was sent last. A number that is none is null. */
interface Sent {
  /** Epoch milliseconds; NaN before the first value. */
  t: number;
  value: number | string | boolean | null;
}

class Deadband implements Behaviour {
  private readonly sent: Keyed<Sent>;
  private readonly leaving = new Leaving();
  private fields: number[] = [];

  constructor(private readonly context: ModuleContext<DeadbandSettings>) {
    this.sent = new Keyed(context.settings, context, () => ({ t: NaN, value: null }));
  }

  bind(inputs: readonly Input[]): void {
    this.sent.bind(inputs);
    this.fields = inputs.map(({ schema }) => schema.index(this.context.settings.field));
  }

  process(batch: Batch, input: number): void {
    const column = batch.peek(this.fields[input]);
    this.sent.begin(batch, input);
    let entry = 0;
    if (batch.gaps !== null) {
      for (const gap of batch.gaps) {
        if (column !== undefined) entry = this.sift(batch, column, entry, gap.row);
        for (const sent of this.sent.touched(gap)) sent.t = NaN;
      }
    }
    if (column !== undefined) this.sift(batch, column, entry, batch.n);
    this.leaving.leave(batch);
    this.context.emit(batch);
  }

  /** Entries from `first` on whose rows lie before `end`; gives the entry after them. */
  private sift(batch: Batch, column: Column, first: number, end: number): number {
    const { maxSilenceMs = Infinity } = this.context.settings;
    const { rows, values, kinds } = column;
    let i = first;
    for (; i < column.count && rows[i] < end; i++) {
      const row = rows[i];
      const kind = kinds === null ? NUMBER : kinds[i];
      if (kind === VECTOR) {
        this.context.count('vector');
        continue;
      }
      const sent = this.sent.at(row);
      if (sent === undefined) continue;
      const t = batch.t[row];
      const value = kind === NUMBER ? values[i] : kind === BAD ? null : (column.get(i) as Sent['value']);
      if (t < sent.t) this.context.count('out-of-order');
      if (t >= sent.t && t - sent.t < maxSilenceMs && !this.changed(value, sent.value)) {
        this.context.drop('unchanged');
        this.leaving.mark(batch, row);
        continue;
      }
      sent.t = t;
      sent.value = value;
    }
    return i;
  }

  private changed(value: Sent['value'], from: Sent['value']): boolean {
    if (typeof value !== 'number' || typeof from !== 'number') return value !== from;
    const { absolute, percent = 0 } = this.context.settings;
    return beyond(value, from, absolute ?? (percent / 100) * Math.abs(from));
  }

  save(): State {
    return this.sent.save((sent) => ({ ...sent }));
  }

  load(state: State): void {
    this.sent.load(state, (sent: Sent) => sent);
  }
}

export const create: Create<DeadbandSettings> = (context) => new Deadband(context);
