import { Batch, Schema, type ModuleContext, type PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../../test/kit/flow.js';
import { create, type CusumSettings } from './behaviour.js';
import { kind } from './kind.js';

async function cusum(settings: Record<string, unknown>, feed: object[], more = {}) {
  const { records, counters } = await runRecords({
    modules: { x: { type: 'feature.cusum', from: ['in'], settings: { column: 'v', ...settings } } },
    feed: { in: feed as PlainRecord[] },
    collect: ['x'],
    ...more,
  });
  return { rows: records.x, ...counters.x };
}
const series = (...values: unknown[]) => values.map((v, t) => ({ t, v }));
const read = (rows: PlainRecord[]) => rows.map(({ v_up, v_down, v_shift }) => [v_up, v_down, v_shift]);

/**
 * Montgomery, Introduction to Statistical Quality Control, table 9.1: target 10, 20 values of it, then 10 of a
 * mean that is one higher. Drift 0.5 and threshold 5; the book's sums, and its alarm at row 29.
 */
const BOOK = [
  9.45, 7.99, 9.29, 11.66, 12.16, 10.18, 8.04, 11.46, 9.2, 10.34, 9.03, 11.47, 10.51, 9.4, 10.08, 9.37, 10.62,
  10.31, 8.52, 10.84, 10.9, 9.33, 12.29, 11.5, 10.6, 11.08, 10.38, 11.62, 11.31, 10.52,
];
const BOOK_UP = [
  0, 0, 0, 1.16, 2.82, 2.5, 0.04, 1.0, 0, 0, 0, 0.97, 0.98, 0, 0, 0, 0.12, 0, 0, 0.34, 0.74, 0, 1.79, 2.79,
  2.89, 3.47, 3.35, 4.47, 5.28, 5.3,
];
const BOOK_DOWN = [
  0.05, 1.56, 1.77, 0, 0, 0, 1.46, 0, 0.3, 0, 0.47, 0, 0, 0.1, 0, 0.13, 0, 0, 0.98, 0, 0, 0.17, 0, 0, 0, 0, 0,
  0, 0, 0,
];

describe('feature.cusum', () => {
  test('the sums of a published example', async () => {
    const { rows } = await cusum({ drift: 0.5, threshold: 5, target: 10 }, series(...BOOK), { batchRows: 7 });
    rows.forEach((row, i) => {
      expect(row.v_up).toBeCloseTo(BOOK_UP[i], 10);
      expect(row.v_down).toBeCloseTo(BOOK_DOWN[i], 10);
      expect(row.v_shift).toBe(i >= 28 ? 1 : 0);
    });
  });

  test('in standard deviations the same, with numbers that are twice as large', async () => {
    const plain = await cusum({ drift: 0.5, threshold: 5, target: 10 }, series(...BOOK));
    const twice = await cusum(
      { drift: 0.5, threshold: 5, target: 20, units: 'std', std: 2 },
      series(...BOOK.map((v) => 2 * v)),
    );
    expect(read(twice.rows)).toEqual(read(plain.rows));
  });

  test('learns target and deviation, tells a fall, begins again', async () => {
    // Mean 10 and population standard deviation 2.
    const feed = series(8, 12, null, 8, 12, 6, 'text', 6, 6, 10);
    const { rows, counted } = await cusum(
      { drift: 0.5, threshold: 2.5, units: 'std', over: 4, restart: true },
      feed,
    );
    const nothing = [null, null, null];
    expect(read(rows)).toEqual([
      nothing,
      nothing,
      nothing,
      nothing,
      nothing,
      [0, 1.5, 0],
      nothing,
      [0, 3, -1],
      [0, 1.5, 0],
      [0, 1, 0],
    ]);
    expect(counted).toEqual({ text: 1 });
    const on = await cusum({ drift: 0.5, threshold: 2.5, units: 'std', over: 4 }, feed);
    expect(on.rows.map(({ v_shift }) => v_shift).slice(7)).toEqual([-1, -1, -1]);
  });

  test('equal values have no deviation to count in; records without the column pass', async () => {
    const { rows } = await cusum({ drift: 0, threshold: 1, units: 'std', over: 2 }, [
      ...series(3, 3, 4),
      { t: 9, other: 1 },
    ]);
    expect(read(rows.slice(0, 3))).toEqual(Array.from({ length: 3 }, () => [null, null, null]));
    expect(rows[3]).toEqual({ t: 9, other: 1 });
  });

  test('after a hole the sums begin at 0, and what was learnt stays', () => {
    const schema = new Schema();
    const ups: unknown[] = [];
    const settings = kind.settings.parse({ column: 'v', drift: 0, threshold: 9, over: 2 });
    const behaviour = create({
      settings,
      emit: (batch: Batch) => {
        for (let row = 0; row < batch.n; row++) ups.push(batch.value(row, schema.find('v_up')));
      },
      count: () => {},
    } as unknown as ModuleContext<CusumSettings> as never);
    behaviour.bind!([{ schema, from: 'in', port: 'out' }]);
    const send = (values: number[], ...gaps: number[]) => {
      const batch = new Batch(schema);
      for (const value of values) batch.column(schema.index('v')).pushNumber(batch.row(0), value);
      if (gaps.length > 0) batch.gaps = gaps.map((row) => ({ row, from: 0, to: 1, rows: 1 }));
      behaviour.process!(batch, 0);
    };
    send([4, 6, 6, 6, 7], 4);
    send([], 0);
    send([6]);
    expect(ups).toEqual([null, null, 1, 2, 2, 1]);
  });

  test('cut anywhere and restored, the rows are the same', async () => {
    const feed = Array.from({ length: 40 }, (_, i) => ({ t: i, v: i % 5 ? Math.cos(i) : null, m: i % 2 }));
    const settings = { drift: 0.1, threshold: 1.5, units: 'std', over: 6, restart: true, keyBy: 'm' };
    const whole = await cusum(settings, feed);
    expect(whole.rows.some(({ v_shift }) => v_shift === 1)).toBe(true);
    for (const cutAfter of [1, 9, 20, 33])
      expect((await cusum(settings, feed, { cutAfter, batchRows: 6 })).rows).toEqual(whole.rows);
  });

  test('a deviation that nothing uses is refused', () => {
    const check = (settings: object) =>
      kind.check!(
        kind.settings.parse({ column: 'v', drift: 1, threshold: 1, ...settings }),
        [],
        () => undefined,
      );
    expect(check({ units: 'std', std: 2 })).toEqual([]);
    expect(check({ std: 2 })).toHaveLength(1);
  });
});
