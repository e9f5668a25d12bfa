/** Behaviour of `map.convert`: a unit is the straight line of the scalers, a cast a look at each entry. No state. */
import {
  NULL,
  NUMBER,
  type Batch,
  type Behaviour,
  type Create,
  type Input,
  type ModuleContext,
} from '@millrace/engine';
import { Failure } from '@millrace/schemas';
import { Lines } from '../../scale/linear.js';
import { cast, type Cast } from './cast.js';
import { conversion } from './units.js';

export interface ConvertSettings {
  field: string;
  unit?: { from: string; to: string };
  cast?: Cast;
}

class CastField implements Behaviour {
  private fields: number[] = [];

  constructor(
    private readonly context: ModuleContext<ConvertSettings>,
    private readonly to: Cast,
  ) {}

  bind(inputs: readonly Input[]): void {
    this.fields = inputs.map(({ schema }) => schema.index(this.context.settings.field));
  }

  process(batch: Batch, input: number): void {
    const { to } = this;
    const here = batch.peek(this.fields[input]);
    // A column of numbers is what most are, and is one already.
    if (here !== undefined && !(to === 'number' && here.kinds === null)) {
      const column = batch.own(this.fields[input])!;
      let lost = 0;
      for (let i = 0; i < column.count; i++) {
        const kind = column.kind(i);
        if (kind === NULL || (kind === NUMBER && to === 'number')) continue;
        const made = cast(column.get(i), to);
        if (made === undefined) lost++;
        column.put(i, made ?? null);
      }
      if (lost > 0) this.context.drop('uncastable', lost);
    }
    this.context.emit(batch);
  }
}

export const create: Create<ConvertSettings> = (context) => {
  const { field, unit, cast: to } = context.settings;
  if (to !== undefined) return new CastField(context, to);
  return new Lines(context, [field], () => {
    const line = conversion(unit!.from, unit!.to);
    // checkFlow says it before, unless a parameter of the flow stood there.
    if (line === undefined)
      throw new Failure(
        'flows.setting-invalid',
        `${context.id}: ${unit!.from} cannot be converted to ${unit!.to}, since they measure different things. ` +
          'Choose two units of one measure.',
      );
    return [{ ...line, low: -Infinity, high: Infinity }];
  });
};
