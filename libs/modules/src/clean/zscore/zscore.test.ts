import type { PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../../test/kit/flow.js';
import { readGolden, worst } from '../../../../../test/kit/golden.js';
import { kind } from './kind.js';

async function zscore(settings: Record<string, unknown>, feed: PlainRecord[], more = {}) {
  const { records, counters } = await runRecords({
    modules: { x: { type: 'clean.zscore', from: ['in'], settings: { field: 'v', ...settings } } },
    feed: { in: feed },
    collect: ['x'],
    ...more,
  });
  return { rows: records.x, values: records.x.map(({ v }) => v), ...counters.x };
}

/** The definition in two passes: a z-score a value, null where there is none, and whether it is an outlier. */
function byDefinition(values: number[], window: number, threshold: number, ddof: number) {
  const kept: number[] = [];
  return values.map((value) => {
    const last = kept.slice(-window);
    const mean = last.reduce((sum, x) => sum + x, 0) / last.length;
    const squares = last.reduce((sum, x) => sum + (x - mean) ** 2, 0);
    const deviation = Math.sqrt(squares / (last.length - ddof));
    const z = last.length >= Math.min(10, window) && deviation > 0 ? (value - mean) / deviation : null;
    const outlier = z !== null && Math.abs(z) > threshold;
    if (!outlier) kept.push(value);
    return { z, outlier };
  });
}

function series(n: number, seed: number): number[] {
  let state = seed;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  return Array.from(
    { length: n },
    () => 20 + random() + random() + random() + (random() < 0.05 ? 30 * (random() - 0.5) : 0),
  );
}

const asFeed = (values: PlainRecord[string][]): PlainRecord[] => values.map((v, t) => ({ t, v }));

describe('clean.zscore', () => {
  test('equals the rolling mean and deviation of pandas on a measured machine', async () => {
    const golden = readGolden('nab-temperature/golden_machine_prep.first1000.csv');
    const { rows } = await zscore(
      { window: 12, minSamples: 12, ddof: 1, threshold: 1e9, score: 'z' },
      golden.map((row, t) => ({ t, v: row.value as number })),
    );
    const pairs = rows.map(({ z }, i) => {
      const { mean12 = null, std12 = null } = golden[i - 1] ?? {};
      if (mean12 === null) return [z, null] as const;
      return [z, ((golden[i].value as number) - (mean12 as number)) / (std12 as number)] as const;
    });
    expect(pairs.filter(([, wanted]) => wanted !== null)).toHaveLength(988);
    // The table has ten digits of the mean, 5e-9, and the smallest deviation is about 0.1.
    expect(worst(pairs)).toBeLessThan(2e-7);
  });

  test.each([
    [5, 0],
    [12, 1],
    [64, 0],
    [65, 0],
    [300, 1],
  ])('equals the definition with a window of %d and ddof %d', async (window, ddof) => {
    const values = series(900, window);
    const expected = byDefinition(values, window, 3, ddof);
    const feed = asFeed(values);
    const { rows, counted } = await zscore({ window, ddof, action: 'flag', score: 'z' }, feed, {
      batchRows: 37,
    });
    expect(worst(rows.map(({ z }, i) => [z, expected[i].z]))).toBeLessThan(1e-9);
    expect(rows.map(({ v_outlier }) => v_outlier)).toEqual(expected.map(({ outlier }) => outlier));
    expect(counted.outlier).toBe(expected.filter(({ outlier }) => outlier).length);
    expect(counted.outlier).toBeGreaterThan(20);
  });

  const calm = [1, 3, 1, 3, 1, 3, 1, 3, 1, 3];

  test('drops, nulls or clamps; an outlier does not widen what is allowed after it', async () => {
    const feed = asFeed([...calm, 90, 6, 4]);
    const drops = await zscore({ window: 100 }, feed);
    expect(drops.values).toEqual([...calm, 4]);
    expect(drops.dropped).toEqual({ outlier: 2 });
    const nulls = await zscore({ window: 100, action: 'null' }, feed);
    expect(nulls.values).toEqual([...calm, null, null, 4]);
    const clamps = await zscore({ window: 100, action: 'clamp' }, feed);
    expect(clamps.values).toEqual([...calm, 5, 5, 4]);
    expect(clamps.counted).toEqual({ clamped: 2 });
  });

  test('what is no number is neither judged nor remembered, and other records pass', async () => {
    const feed = asFeed([...calm, null, 'x', NaN, 90]);
    feed.splice(11, 0, { t: 10.5, other: 1 });
    const { rows, values, counted } = await zscore({ window: 100, action: 'flag', score: 'z' }, feed);
    expect(values).toEqual([...calm, null, undefined, 'x', null, 90]);
    expect(counted).toEqual({ text: 1, outlier: 1 });
    expect(rows.map(({ v_outlier }) => v_outlier).slice(9)).toEqual([
      false,
      undefined,
      undefined,
      undefined,
      undefined,
      true,
    ]);
    expect(rows.at(-1)!.z).toBe(88);
  });

  test.each([10, 100])('equal values have no outlier, also 0.1s (%d of them)', async (window) => {
    const values = [...Array.from({ length: window }, () => 0.1), 0.2];
    expect((await zscore({ window, minSamples: 10 }, asFeed(values))).values).toEqual(values);
  });

  test('a step is an outlier for ever, unless the window is to start afresh', async () => {
    const step = Array.from({ length: 40 }, (_, i) => 50 + (i % 2));
    const feed = asFeed([...calm, ...step]);
    expect((await zscore({ window: 20 }, feed)).dropped).toEqual({ outlier: 40 });
    const learns = await zscore({ window: 20, relearnAfter: 4 }, feed);
    expect([learns.dropped, learns.counted]).toEqual([{ outlier: 4 }, { relearned: 1 }]);
  });

  test('a level far above the spread costs no digits', async () => {
    for (const window of [20, 200]) {
      const offsets = series(400, 7);
      const plain = await zscore({ window, score: 'z', threshold: 99 }, asFeed(offsets));
      const high = await zscore({ window, score: 'z', threshold: 99 }, asFeed(offsets.map((x) => x + 1e6)));
      // 1e6 itself leaves 1e-10 of the offsets.
      expect(worst(high.rows.map(({ z }, i) => [z, plain.rows[i].z]))).toBeLessThan(1e-8);
    }
  });

  test('keys do not touch each other', async () => {
    const a = series(80, 5);
    const b = series(80, 6).map((x) => x + 1000);
    const feed: PlainRecord[] = a.flatMap((v, i) => [
      { t: i, v, m: 'a' },
      { t: i, v: b[i], m: 7 },
    ]);
    const { rows } = await zscore({ window: 20, keyBy: 'm', action: 'flag' }, feed);
    for (const [key, values] of [
      ['a', a],
      [7, b],
    ] as const)
      expect(rows.filter(({ m }) => m === key).map(({ v_outlier }) => v_outlier)).toEqual(
        byDefinition(values, 20, 3, 0).map(({ outlier }) => outlier),
      );
  });

  test('cut anywhere and restored, the rows are the same to the last bit', async () => {
    const feed = asFeed(series(200, 3)).map((row, i) => ({ ...row, m: i % 2 }));
    for (const window of [8, 70]) {
      const settings = { window, threshold: 1.5, relearnAfter: 3, score: 'z', keyBy: 'm' };
      const whole = await zscore(settings, feed);
      expect(whole.dropped.outlier).toBeGreaterThan(10);
      for (const cutAfter of [1, 13, 14, 29, 155, 190]) {
        const cut = await zscore(settings, feed, { cutAfter, batchRows: 5 });
        expect(cut.rows).toEqual(whole.rows);
      }
    }
  });

  test('what the records had under the names of flag and score is replaced', async () => {
    const feed = asFeed([...calm, 90]).map((row) => ({ ...row, z: 77, v_outlier: 'old' }));
    const { rows } = await zscore({ window: 100, action: 'flag', score: 'z' }, feed, { batchRows: 4 });
    expect(rows.map(({ z }) => z)).toEqual([...calm.map(() => null), 88]);
    expect(rows.map(({ v_outlier }) => v_outlier)).toEqual([...calm.map(() => false), true]);
  });

  test('the score has a field of its own', () => {
    const check = (score: string) =>
      kind.check!(kind.settings.parse({ field: 'v', window: 9, keyBy: 'm', score }), [], () => undefined);
    expect(check('v')).toMatchObject([{ pointer: '/score' }]);
    expect(check('m')).toHaveLength(1);
    expect(check('z')).toEqual([]);
  });
});
