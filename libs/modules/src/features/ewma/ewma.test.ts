import type { PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../../test/kit/flow.js';
import { readGolden, worst } from '../../../../../test/kit/golden.js';

async function ewma(settings: Record<string, unknown>, feed: object[], more = {}) {
  const { records, counters } = await runRecords({
    modules: { x: { type: 'feature.ewma', from: ['in'], settings } },
    feed: { in: feed as PlainRecord[] },
    collect: ['x'],
    ...more,
  });
  return { rows: records.x, ...counters.x };
}

describe('feature.ewma', () => {
  test('a machine temperature equals pandas', async () => {
    const golden = readGolden('nab-temperature/golden_machine_prep.first1000.csv');
    const feed = golden.map((row) => ({ t: Date.parse(row.t as string), value: row.value }));
    const { rows } = await ewma({ column: 'value', alpha: 0.1 }, feed, { batchRows: 100 });
    expect(rows).toHaveLength(1000);
    // The table has ten digits.
    expect(worst(rows.map((row, i) => [row.value_ewma, golden[i]['ewma_a0.1']] as const))).toBeLessThan(1e-9);
  });

  test('adjusted weights are the weighted mean of all values', async () => {
    const values = [4, 8, 15, 16, 23, 42];
    const { rows } = await ewma(
      { column: 'v', alpha: 0.3, adjust: true },
      values.map((v, t) => ({ t, v })),
    );
    const wanted = values.map((_, i) => {
      const weights = values.slice(0, i + 1).map((__, k) => 0.7 ** (i - k));
      return weights.reduce((sum, w, k) => sum + w * values[k], 0) / weights.reduce((sum, w) => sum + w, 0);
    });
    expect(worst(rows.map((row, i) => [row.v_ewma, wanted[i]] as const))).toBeLessThan(1e-14);
  });

  test('rows without a value give null and leave the mean alone', async () => {
    const { rows, counted } = await ewma({ column: 'v', alpha: 0.5, minRows: 2 }, [
      { t: 1, v: 1 },
      { t: 2, v: null },
      { t: 3, other: 1 },
      { t: 4, v: 'text' },
      { t: 5, v: 3 },
    ]);
    expect(rows.map(({ v_ewma }) => v_ewma)).toEqual([null, null, undefined, null, 2]);
    expect(rows[2]).toEqual({ t: 3, other: 1 });
    expect(counted).toEqual({ text: 1 });
  });

  test('a hole that align.rows announces begins a new mean', async () => {
    const rows = (t: number, v: number) => ({ t, v });
    const feed = [rows(1, 10), rows(1001, 20), rows(60_001, 100), rows(61_001, 200), rows(62_001, 300)];
    const { records } = await runRecords({
      modules: {
        grid: {
          type: 'align.rows',
          from: ['in'],
          settings: {
            grid: { periodMs: 1000 },
            maxFillRows: 5,
            columns: [{ name: 'v', method: 'hold', maxAgeMs: 1000 }],
          },
        },
        x: { type: 'feature.ewma', from: ['grid'], settings: { column: 'v', alpha: 0.5 } },
      },
      feed: { in: feed },
      collect: ['x'],
    });
    const after = records.x.findIndex((record) => 'gap' in record);
    expect(after).toBeGreaterThan(0);
    expect(records.x[after + 1]).toMatchObject({ v: 100, v_ewma: 100 });
  });

  test('cut anywhere and restored, the rows are the same', async () => {
    const feed = Array.from({ length: 40 }, (_, i) => ({ t: i, v: i % 5 ? Math.cos(i) : null, m: i % 3 }));
    for (const adjust of [true, false]) {
      const settings = { column: 'v', alpha: 0.2, adjust, minRows: 3, keyBy: 'm' };
      const whole = await ewma(settings, feed);
      for (const cutAfter of [1, 9, 20, 33])
        expect((await ewma(settings, feed, { cutAfter, batchRows: 6 })).rows).toEqual(whole.rows);
    }
  });
});
