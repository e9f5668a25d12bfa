/** A gap is a break for every module that remembers: called as the engine calls them, with a gap in the batch. */
import { Batch, Schema, type Behaviour, type Create, type ModuleContext } from '@millrace/engine';
import { behaviours } from '../behaviours.js';
import { kinds } from '../kinds.js';

/** Values a second apart in one batch, a gap before the row `at`; gives the rows that leave, and the gaps. */
function run(
  type: string,
  settings: object,
  values: number[],
  at: number | null,
  key?: number,
  ofGap?: number,
) {
  const left: number[] = [];
  let gaps: object[] = [];
  const context: Partial<ModuleContext> = {
    id: 'x',
    settings: kinds.get(type)!.settings.parse({ field: 'v', ...settings }),
    live: false,
    count: () => {},
    drop: () => {},
    emit(batch) {
      left.push(...batch.t.subarray(0, batch.n));
      gaps = batch.gaps ?? [];
    },
  };
  const behaviour: Behaviour = (behaviours.get(type) as Create<unknown>)(context as ModuleContext);
  const schema = new Schema(['v', 'm']);
  const batch = new Batch(schema);
  for (const value of values) {
    const row = batch.row(batch.n * 1000);
    batch.column(0).push(row, value);
    if (key !== undefined) batch.column(1).push(row, key);
  }
  if (at !== null)
    batch.gaps = [{ row: at, from: 0, to: 1, rows: 1, ...(ofGap === undefined ? {} : { key: ofGap }) }];
  behaviour.bind?.([{ schema, from: 'in', port: 'out' }]);
  behaviour.process!(batch, 0);
  return { left: left.map((t) => t / 1000), gaps };
}

const calm = [1, 3, 1, 3, 1, 3, 1, 3, 1, 3];

/** Values whose last one goes, unless a gap stands before it. */
const CASES: [type: string, settings: object, values: number[]][] = [
  ['clean.zscore', { window: 20 }, [...calm, 90]],
  ['clean.zscore', { window: 100 }, [...Array.from({ length: 80 }, (_, i) => i % 2), 90]],
  ['clean.iqr', { window: 20 }, [...calm, 90]],
  ['clean.rate', { maxPerSecond: 1 }, [1, 90]],
  ['clean.stuck', { forMs: 2000 }, [5, 5, 5]],
  ['clean.deadband', { absolute: 1 }, [5, 5.5]],
];

describe.each(CASES)('%s %j', (type, settings, values) => {
  const last = values.length - 1;
  const all = values.map((_, i) => i);

  test('starts afresh after a gap, which goes on', () => {
    expect(run(type, settings, values, null).left).toEqual(all.slice(0, last));
    const { left, gaps } = run(type, settings, values, last);
    expect(left).toEqual(all);
    expect(gaps).toMatchObject([{ row: last, rows: 1 }]);
  });

  test('a gap of another key is no break, and one behind the last row keeps its place', () => {
    const keyed = { ...settings, keyBy: 'm' };
    expect(run(type, keyed, values, last, 7, 8).left).toEqual(all.slice(0, last));
    expect(run(type, keyed, values, last, 7, 7).left).toEqual(all);
    expect(run(type, settings, values, values.length).gaps).toMatchObject([{ row: last }]);
  });
});
