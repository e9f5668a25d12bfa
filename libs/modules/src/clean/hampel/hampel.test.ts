import type { PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../../test/kit/flow.js';

async function hampel(settings: Record<string, unknown>, feed: PlainRecord[], more = {}) {
  const { records, counters } = await runRecords({
    modules: { x: { type: 'clean.hampel', from: ['in'], settings: { field: 'v', ...settings } } },
    feed: { in: feed },
    collect: ['x'],
    ...more,
  });
  return { rows: records.x, ...counters.x };
}

/** The definition, with sorts. */
function byDefinition(values: number[], window: number, sigmas: number): number[] {
  const median = (of: number[]) => {
    const sorted = of.toSorted((a, b) => a - b);
    const half = sorted.length >> 1;
    return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  };
  return values.map((value, i) => {
    const last = values.slice(Math.max(0, i - window + 1), i + 1);
    const middle = median(last);
    const mad = median(last.map((x) => Math.abs(x - middle)));
    return mad > 0 && Math.abs(value - middle) > sigmas * 1.4826 * mad ? middle : value;
  });
}

/** A repeatable series with spikes, ties and a step. */
function series(n: number, seed: number): number[] {
  let state = seed;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  return Array.from({ length: n }, (_, i) => {
    const noise = random() + random() + random() - 1.5;
    const level = i > n / 2 ? 5 : 0;
    const rounded = Math.round((level + noise) * 10) / 10 + 0; // no -0: it equals 0 and stands where it likes
    return random() < 0.05 ? rounded + 20 * (random() - 0.5) : rounded;
  });
}

const asFeed = (values: number[]): PlainRecord[] => values.map((v, t) => ({ t, v }));

describe('clean.hampel', () => {
  test.each([3, 4, 7, 15, 16, 99, 100])('equals the definition with a window of %d', async (window) => {
    const values = series(600, window);
    const expected = byDefinition(values, window, 3);
    expect(expected).not.toEqual(values);
    const { rows, counted } = await hampel({ window }, asFeed(values), { batchRows: 37 });
    expect(rows.map(({ v }) => v)).toEqual(expected);
    expect(counted.outlier).toBe(values.filter((value, i) => value !== expected[i]).length);
  });

  test('nulls or drops an outlier; what is no number neither enters nor is judged', async () => {
    const feed: PlainRecord[] = [1, 2, null, 3, 'x', 2, 90, 2].map((v, t) => ({ t, v }));
    feed.push({ t: 8, other: 1 });
    const nulls = await hampel({ replace: 'null' }, feed);
    expect(nulls.rows.map(({ v }) => v)).toEqual([1, 2, null, 3, 'x', 2, null, 2, undefined]);
    expect([nulls.dropped, nulls.counted]).toEqual([{ outlier: 1 }, { text: 1 }]);
    const drops = await hampel({ replace: 'drop' }, feed);
    expect(drops.rows.map(({ t }) => t)).toEqual([0, 1, 2, 3, 4, 5, 7, 8]);
  });

  test('a MAD of 0 means no outlier', async () => {
    const { rows } = await hampel({ window: 5 }, asFeed([4, 4, 4, 4, 50, 4]));
    expect(rows.map(({ v }) => v)).toEqual([4, 4, 4, 4, 50, 4]);
  });

  test('keys do not touch each other, the least used goes, and a record without a key passes', async () => {
    const a = series(80, 5);
    const b = series(80, 6).map((x) => x + 1000);
    const feed: PlainRecord[] = a.flatMap((v, i) => [
      { t: i, v, m: 'a' },
      { t: i, v: b[i], m: 7 },
    ]);
    const { rows } = await hampel({ keyBy: 'm' }, feed);
    expect(rows.filter(({ m }) => m === 'a').map(({ v }) => v)).toEqual(byDefinition(a, 7, 3));
    expect(rows.filter(({ m }) => m === 7).map(({ v }) => v)).toEqual(byDefinition(b, 7, 3));
    const one = await hampel({ keyBy: 'm', maxKeys: 1 }, [...feed, { t: 99, v: 1 }]);
    expect(one.counted).toMatchObject({ 'keys-evicted': 159, 'no-key': 1 });
    expect(one.rows).toHaveLength(161);
  });

  test('cut anywhere and restored, the rows are the same', async () => {
    const feed = asFeed(series(40, 3)).map((row, i) => ({ ...row, m: i % 3 }));
    const whole = await hampel({ keyBy: 'm', maxKeys: 2 }, feed);
    for (const cutAfter of [1, 13, 14, 29]) {
      const cut = await hampel({ keyBy: 'm', maxKeys: 2 }, feed, { cutAfter, batchRows: 5 });
      expect(cut.rows).toEqual(whole.rows);
    }
  });
});
