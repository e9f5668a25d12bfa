/**
 * Behaviour of `route.merge`: copies the columns of each input into one batch of a schema that grows with them.
 * Names are resolved once, also those that an input learns while it runs.
 */
import { Batch, Schema, type Behaviour, type Create, type Input, type ModuleContext } from '@millrace/engine';
import type { MergeSettings } from './kind.js';

class Merge implements Behaviour {
  private readonly schema = new Schema();
  private readonly out = new Batch(this.schema);
  private readonly origin: number;
  private inputs: { schema: Schema; from: string; indexes: number[] }[] = [];

  constructor(private readonly context: ModuleContext<MergeSettings>) {
    const { origin } = context.settings;
    this.origin = origin === undefined ? -1 : this.schema.index(origin);
  }

  bind(inputs: readonly Input[]): Schema[][] {
    this.inputs = inputs.map(({ schema, from }) => ({ schema, from, indexes: [] }));
    this.inputs.forEach((_, input) => this.learn(input));
    return [[this.schema]];
  }

  process(batch: Batch, input: number): void {
    const { out, origin, context } = this;
    const { from, indexes } = this.inputs[input];
    out.reset();
    for (let row = 0; row < batch.n; row++) out.row(batch.t[row]);
    if (batch.columns.length > indexes.length) this.learn(input);
    for (let i = 0; i < batch.columns.length; i++) {
      const column = batch.peek(i);
      if (column === undefined || indexes[i] === origin) continue;
      if (indexes[i] < 0) context.drop('too-many-fields', column.count);
      else out.column(indexes[i]).copyFrom(column, 0, column.count, 0);
    }
    if (origin >= 0 && batch.n > 0) {
      const column = out.column(origin);
      for (let row = 0; row < batch.n; row++) column.push(row, from);
    }
    out.gaps = batch.gaps;
    out.signals = batch.signals;
    out.arrival = batch.arrival;
    out.born = batch.born;
    context.emit(out);
  }

  private learn(input: number): void {
    const { schema, indexes } = this.inputs[input];
    for (let i = indexes.length; i < schema.size; i++) {
      indexes.push(this.schema.index(schema.names[i], schema.roles[i]));
    }
  }
}

export const create: Create<MergeSettings> = (context) => new Merge(context);
