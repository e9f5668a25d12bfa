import { readFileSync } from 'node:fs';
import type { PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../../test/kit/flow.js';
import { fixture, readGolden } from '../../../../../test/kit/golden.js';

async function iqr(settings: Record<string, unknown>, feed: PlainRecord[], more = {}) {
  const { records, counters } = await runRecords({
    modules: { x: { type: 'clean.iqr', from: ['in'], settings: { field: 'v', ...settings } } },
    feed: { in: feed },
    collect: ['x'],
    ...more,
  });
  return { rows: records.x, values: records.x.map(({ v }) => v), ...counters.x };
}

/** The definition, with sorts: whether each value is an outlier. */
function byDefinition(values: number[], window: number, k: number): boolean[] {
  const quantile = (sorted: number[], q: number) => {
    const at = (sorted.length - 1) * q;
    const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
    return low + (high - low) * (at - Math.floor(at));
  };
  return values.map((value, i) => {
    const sorted = values.slice(Math.max(0, i - window + 1), i + 1).toSorted((a, b) => a - b);
    if (sorted.length < Math.min(10, window)) return false;
    const [lower, upper] = [quantile(sorted, 0.25), quantile(sorted, 0.75)];
    const reach = k * (upper - lower);
    return reach > 0 && (value < lower - reach || value > upper + reach);
  });
}

function series(n: number, seed: number): number[] {
  let state = seed;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  return Array.from(
    { length: n },
    () => Math.round((random() + random() + random() + (random() < 0.05 ? 20 * random() - 10 : 0)) * 50) / 50,
  );
}

const asFeed = (values: PlainRecord[string][]): PlainRecord[] => values.map((v, t) => ({ t, v }));

describe('clean.iqr', () => {
  test.each(['TS1', 'TS2', 'TS4'])(
    'sets the fences of the quartiles of pandas: %s of a test rig',
    async (sensor) => {
      const golden = readGolden('hydraulic-1hz/golden_cycle_features.first120.csv');
      const cycles = readFileSync(fixture(`hydraulic-1hz/${sensor}.first120.tsv`), 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.split('\t').map(Number));
      // Narrow fences, so that many a last second of a cycle is outside and shows where they stand.
      const k = 0.05;
      const { rows } = await iqr({ window: 60, k, action: 'clamp' }, asFeed(cycles.flat()));
      let outside = 0;
      cycles.forEach((cycle, c) => {
        const last = cycle.at(-1)!;
        const [q1, q3] = [golden[c][`${sensor}_q1`] as number, golden[c][`${sensor}_q3`] as number];
        const [low, high] = [q1 - k * (q3 - q1), q3 + k * (q3 - q1)];
        if (last < low || last > high) outside++;
        // The table has eight digits.
        expect(rows[60 * c + 59].v).toBeCloseTo(Math.min(Math.max(last, low), high), 5);
      });
      expect(outside).toBeGreaterThan(10);
    },
  );

  test.each([
    [7, 1.5],
    [30, 1.5],
    [101, 3],
  ])('equals the definition with a window of %d and k %d', async (window, k) => {
    const values = series(700, window);
    const expected = byDefinition(values, window, k);
    const { rows, counted } = await iqr({ window, k, action: 'flag' }, asFeed(values), { batchRows: 37 });
    expect(rows.map(({ v_outlier }) => v_outlier)).toEqual(expected);
    expect(counted.outlier).toBe(expected.filter(Boolean).length);
    expect(counted.outlier).toBeGreaterThan(10);
  });

  const calm = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

  test('drops, nulls or clamps; what is no number neither enters nor is judged', async () => {
    const feed = asFeed([...calm, null, 'x', NaN, 99, 5]);
    const drops = await iqr({ window: 11 }, feed);
    expect(drops.values).toEqual([...calm, null, 'x', null, 5]);
    expect([drops.dropped, drops.counted]).toEqual([{ outlier: 1 }, { text: 1 }]);
    expect((await iqr({ window: 11, action: 'null' }, feed)).values.slice(-2)).toEqual([null, 5]);
    // Quartiles of 1 to 10 and 99: 3.5 and 8.5.
    expect((await iqr({ window: 11, action: 'clamp' }, feed)).values.slice(-2)).toEqual([16, 5]);
  });

  test('an iqr of 0 means no outlier, and a step is followed', async () => {
    expect((await iqr({ window: 5 }, asFeed([4, 4, 4, 4, 50, 4]))).values).toEqual([4, 4, 4, 4, 50, 4]);
    const step = [...calm, 50, 51, 50, 52, 51, 50, 51, 52];
    const { dropped } = await iqr({ window: 12 }, asFeed(step));
    expect(dropped.outlier).toBe(byDefinition(step, 12, 1.5).filter(Boolean).length);
    expect(dropped.outlier).toBeLessThan(4);
  });

  test('keys do not touch each other, and a record without a key passes', async () => {
    const a = series(80, 5);
    const b = series(80, 6).map((x) => x + 1000);
    const feed: PlainRecord[] = a.flatMap((v, i) => [
      { t: i, v, m: 'a' },
      { t: i, v: b[i], m: 7 },
    ]);
    feed.push({ t: 99, v: 5 });
    const { rows, counted } = await iqr({ window: 20, keyBy: 'm', action: 'flag' }, feed);
    expect(rows.filter(({ m }) => m === 'a').map((row) => row.v_outlier)).toEqual(byDefinition(a, 20, 1.5));
    expect(rows.filter(({ m }) => m === 7).map((row) => row.v_outlier)).toEqual(byDefinition(b, 20, 1.5));
    expect(rows.at(-1)).toEqual({ t: 99, v: 5 });
    expect(counted['no-key']).toBe(1);
  });

  test('cut anywhere and restored, the rows are the same', async () => {
    const feed = asFeed(series(90, 3)).map((row, i) => ({ ...row, m: i % 3 }));
    const settings = { window: 12, k: 0.5, keyBy: 'm', maxKeys: 2, action: 'null', minSamples: 4 };
    const two = feed.filter(({ m }) => m < 2);
    const whole = await iqr(settings, two);
    expect(whole.dropped.outlier).toBeGreaterThan(5);
    for (const cutAfter of [1, 13, 14, 29, 50]) {
      const cut = await iqr(settings, two, { cutAfter, batchRows: 5 });
      expect(cut.rows).toEqual(whole.rows);
    }
  });
});
