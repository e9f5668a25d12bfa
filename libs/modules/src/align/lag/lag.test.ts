import { Batch, Schema, type ModuleContext, type PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../../test/kit/flow.js';
import { fixture, readGolden, worst } from '../../../../../test/kit/golden.js';
import { create, type LagSettings } from './behaviour.js';
import { kind } from './kind.js';

async function lag(settings: Record<string, unknown>, feed: object[], more = {}) {
  const { records, counters } = await runRecords({
    modules: { x: { type: 'align.lag', from: ['in'], settings } },
    feed: { in: feed as PlainRecord[] },
    collect: ['x'],
    ...more,
  });
  return { rows: records.x, ...counters.x };
}

describe('align.lag', () => {
  test('what a column was, of any kind; null where there was no row', async () => {
    const { rows } = await lag(
      { columns: ['v'], steps: [1, 3] },
      [7, 'text', null, [1, 2], true].map((v, t) => ({ t, v })),
      { batchRows: 2 },
    );
    expect(rows.map(({ v_lag1 }) => v_lag1)).toEqual([null, 7, 'text', null, [1, 2]]);
    expect(rows.map(({ v_lag3 }) => v_lag3)).toEqual([null, null, null, 7, 'text']);
    expect(rows.map(({ v }) => v)).toEqual([7, 'text', null, [1, 2], true]);
  });

  test('a record without the column is no step, one without a key has no past', async () => {
    const { rows, counted } = await lag({ columns: ['v', 'w'], steps: [1], keyBy: 'm' }, [
      { t: 1, m: 'a', v: 1, w: 10 },
      { t: 2, m: 'b', v: 2 },
      { t: 3, m: 'a', w: 30 },
      { t: 4, m: 'a', v: 4, w: 40 },
      { t: 5, v: 5 },
      { t: 6, m: 'b', v: 6, w: 60 },
    ]);
    expect(rows).toEqual([
      { t: 1, m: 'a', v: 1, w: 10, v_lag1: null, w_lag1: null },
      { t: 2, m: 'b', v: 2, v_lag1: null },
      { t: 3, m: 'a', w: 30, w_lag1: 10 },
      { t: 4, m: 'a', v: 4, w: 40, v_lag1: 1, w_lag1: 30 },
      { t: 5, v: 5 },
      { t: 6, m: 'b', v: 6, w: 60, v_lag1: 2, w_lag1: null },
    ]);
    expect(counted).toEqual({ 'no-key': 1 });
  });

  test('a hole breaks the past, also in a batch without the column', () => {
    const schema = new Schema();
    const seen: unknown[] = [];
    const settings: LagSettings = { columns: ['v'], steps: [1], maxKeys: 10 };
    const behaviour = create({
      settings,
      emit: (batch: Batch) => {
        for (let row = 0; row < batch.n; row++) seen.push(batch.value(row, schema.find('v_lag1')));
      },
      count: () => {},
    } as unknown as ModuleContext<LagSettings> as never);
    behaviour.bind!([{ schema, from: 'in', port: 'out' }]);
    const send = (values: number[], ...gaps: number[]) => {
      const batch = new Batch(schema);
      for (const value of values) batch.column(schema.index('v')).pushNumber(batch.row(0), value);
      if (gaps.length > 0) batch.gaps = gaps.map((row) => ({ row, from: 0, to: 1, rows: 1 }));
      behaviour.process!(batch, 0);
    };
    send([1, 2, 3], 2);
    send([4]);
    send([], 0);
    send([5, 6]);
    expect(seen).toEqual([null, 1, null, 3, null, 5]);
  });

  test('turbofan engines, a unit at a time, equal pandas', async () => {
    const raw = readGolden('cmapss-fd001/test.units1-3.csv');
    const golden = readGolden('cmapss-fd001/golden_features.units1-3.csv');
    const columns = ['s4', 's11', 's12'];
    const feed = raw
      .map((row, i) => ({ row, i }))
      .toSorted((a, b) => (a.row.cycle as number) - (b.row.cycle as number));
    const { records } = await runRecords({
      modules: {
        scale: { type: 'scale.minmax', from: ['in'], settings: { columns, resource: 'resource:scaler@1' } },
        x: { type: 'align.lag', from: ['scale'], settings: { columns, steps: [1], keyBy: 'unit' } },
      },
      feed: { in: feed.map(({ row }) => ({ t: row.cycle, ...row })) as PlainRecord[] },
      collect: ['x'],
      host: {
        resource: (name) => ({ path: fixture('cmapss-fd001/scaler.json'), name, version: 1, digest: null }),
      },
    });
    const pairs = records.x.flatMap((row, k) =>
      columns.map((c) => [row[`${c}_lag1`], golden[feed[k].i][`lag1_${c}`]] as const),
    );
    expect(pairs).toHaveLength(206 * 3);
    expect(worst(pairs, 0.01, 9)).toBeLessThan(1e-9);
  });

  test('cut anywhere and restored, the rows are the same', async () => {
    const feed = Array.from({ length: 40 }, (_, i) => ({
      t: i,
      v: i % 5 ? i : null,
      w: i % 3 ? `w${i}` : [i, 2],
      u: i * 2,
      m: i % 2,
    }));
    const settings = { columns: ['v', 'w', 'u'], steps: [1, 4, 7], keyBy: 'm' };
    const whole = await lag(settings, feed);
    for (const cutAfter of [1, 9, 20, 33])
      expect((await lag(settings, feed, { cutAfter, batchRows: 6 })).rows).toEqual(whole.rows);
  });

  test('a field that would be written twice is refused', () => {
    const check = (columns: string[], steps: number[]) =>
      kind.check!({ columns, steps, maxKeys: 1 }, [], () => undefined);
    expect(check(['a', 'b'], [1, 2])).toEqual([]);
    expect(check(['a', 'a'], [1])).toHaveLength(1);
    expect(check(['a', 'a_lag1'], [1])).toHaveLength(1);
  });
});
