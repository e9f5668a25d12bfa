/** Behaviour of `clean.range`: one loop over the entries of one column. No state. */
import {
  BAD,
  NULL,
  NUMBER,
  type Batch,
  type Behaviour,
  type Create,
  type Input,
  type ModuleContext,
} from '@millrace/engine';
import { Leaving } from '../leaving.js';

export interface RangeSettings {
  field: string;
  min?: number;
  max?: number;
  action: 'drop' | 'null' | 'clamp' | 'flag';
}

class Range implements Behaviour {
  private readonly min: number;
  private readonly max: number;
  private fields: number[] = [];
  private flags: number[] = [];
  private readonly leaving = new Leaving();

  constructor(private readonly context: ModuleContext<RangeSettings>) {
    const { min = -Infinity, max = Infinity } = context.settings;
    this.min = min;
    this.max = max;
  }

  bind(inputs: readonly Input[]): void {
    const { field, action } = this.context.settings;
    this.fields = inputs.map(({ schema }) => schema.index(field));
    this.flags = inputs.map(({ schema }) => (action === 'flag' ? schema.index(`${field}_range`) : -1));
  }

  process(batch: Batch, input: number): void {
    const column = batch.peek(this.fields[input]);
    if (column !== undefined) {
      const { action } = this.context.settings;
      if (action === 'drop') this.drop(batch, input);
      else if (action === 'flag') this.flag(batch, input);
      else this.mend(batch, input, action === 'clamp');
    }
    this.context.emit(batch);
  }

  private drop(batch: Batch, input: number): void {
    const { values, kinds, rows, count } = batch.peek(this.fields[input])!;
    const { min, max } = this;
    let dropped = 0;
    for (let i = 0; i < count; i++) {
      // Written so that NaN is outside.
      if (values[i] >= min && values[i] <= max) continue;
      if (kinds !== null && kinds[i] !== NUMBER && kinds[i] !== BAD) {
        if (kinds[i] !== NULL) this.context.count('text');
        continue;
      }
      dropped++;
      this.leaving.mark(batch, rows[i]);
    }
    if (dropped === 0) return;
    this.context.drop('range', dropped);
    this.leaving.leave(batch);
  }

  private mend(batch: Batch, input: number, clamps: boolean): void {
    const { min, max } = this;
    let column = batch.peek(this.fields[input])!;
    let owned = false;
    for (let i = 0; i < column.count; i++) {
      const value = column.values[i];
      if (value >= min && value <= max) continue;
      const kind = column.kind(i);
      if (kind !== NUMBER && kind !== BAD) {
        if (kind !== NULL) this.context.count('text');
        continue;
      }
      if (!owned) {
        column = batch.own(this.fields[input])!;
        owned = true;
      }
      if (clamps && value === value) {
        column.put(i, value < min ? min : max);
        this.context.count('clamped');
      } else {
        column.put(i, null);
        this.context.drop('range');
      }
    }
  }

  private flag(batch: Batch, input: number): void {
    const { min, max } = this;
    const column = batch.peek(this.fields[input])!;
    if (this.flags[input] < 0) return;
    batch.clear(this.flags[input]);
    const flag = batch.column(this.flags[input]);
    let outside = 0;
    for (let i = 0; i < column.count; i++) {
      const kind = column.kind(i);
      if (kind !== NUMBER && kind !== BAD) {
        if (kind !== NULL) this.context.count('text');
        continue;
      }
      const value = column.values[i];
      const inside = value >= min && value <= max;
      if (!inside) outside++;
      flag.push(column.rows[i], inside);
    }
    if (outside > 0) this.context.count('outside', outside);
  }
}

export const create: Create<RangeSettings> = (context) => new Range(context);
