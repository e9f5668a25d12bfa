import type { PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../../test/kit/flow.js';

async function fill(settings: Record<string, unknown>, feed: object[], more = {}) {
  const { records, counters } = await runRecords({
    modules: { x: { type: 'clean.fill', from: ['in'], settings: { field: 'v', maxAgeMs: 2, ...settings } } },
    feed: { in: feed as PlainRecord[] },
    collect: ['x'],
    ...more,
  });
  return { rows: records.x, values: records.x.map(({ v }) => v), ...counters.x };
}

const of = (...values: (number | string | null | undefined)[]): object[] =>
  values.map((v, t) => (v === undefined ? { t, other: t } : { t, v }));

describe('clean.fill', () => {
  test('hold: the last value of any type, as long as it is not too old', async () => {
    const { values, counted } = await fill(
      { method: 'hold' },
      of(null, 1, null, undefined, null, 'on', NaN, 3),
    );
    expect(values).toEqual([null, 1, 1, 1, null, 'on', 'on', 3]);
    expect(counted).toEqual({ unfilled: 2, filled: 3 });
  });

  test('constant: from the start, until the last value is too old; absent fields on request', async () => {
    const feed = of(null, 5, null, null, null, undefined);
    expect((await fill({ method: 'constant', value: 0 }, feed)).values).toEqual([
      0,
      5,
      0,
      0,
      null,
      undefined,
    ]);
    expect((await fill({ method: 'constant', value: 0, maxAgeMs: 9 }, feed)).values).toEqual([
      0, 5, 0, 0, 0, 0,
    ]);
    const kept = await fill({ method: 'constant', value: 0, maxAgeMs: 9, absent: false }, feed);
    expect(kept.values).toEqual([0, 5, 0, 0, 0, undefined]);
  });

  test('median: of the last values, never of its own fillings', async () => {
    const { values } = await fill(
      { method: 'median', window: 3, maxAgeMs: 9 },
      of(null, 9, null, 1, null, 4, 5, null, null),
    );
    expect(values).toEqual([null, 9, 9, 1, 5, 4, 5, 4, 4]);
  });

  test('linear: a straight line to the next value, with the records in their order', async () => {
    const feed = of(0, null, undefined, 6, null, null, null, 8, null);
    const { rows, values, counted } = await fill({ method: 'linear', maxAgeMs: 3 }, feed, { batchRows: 1 });
    expect(values).toEqual([0, 2, 4, 6, null, null, null, 8, null]);
    expect(rows.map(({ t }) => t)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(counted).toEqual({ filled: 2, unfilled: 4 });
  });

  test('linear: of a hole that is wider than what it fills, the beginning is filled', async () => {
    const feed = of(0, null, null, null, 8, null, null, null, null, null, 7);
    const { values, counted } = await fill({ method: 'linear', maxAgeMs: 2, maxHoleMs: 4 }, feed);
    expect(values).toEqual([0, 2, 4, null, 8, null, null, null, null, null, 7]);
    expect(counted).toEqual({ filled: 2, unfilled: 6 });
  });

  test('linear, by key: one waits for its own next value', async () => {
    const feed: PlainRecord[] = [
      { t: 0, v: 0, m: 'a' },
      { t: 0, v: 100, m: 'b' },
      { t: 1, v: null, m: 'a' },
      { t: 1, v: null, m: 'b' },
      { t: 2, v: 2, m: 'a' },
      { t: 2, v: null, m: 'b' },
      { t: 4, v: 300, m: 'b' },
      { t: 9, v: 9, m: 'a' },
    ];
    const { values } = await fill({ method: 'linear', maxAgeMs: 4, keyBy: 'm' }, feed, { batchRows: 2 });
    expect(values).toEqual([0, 100, 1, 150, 2, 200, 300, 9]);
  });

  test.each(['constant', 'hold', 'median', 'linear'])(
    '%s: cut anywhere and restored, the rows are the same',
    async (method) => {
      const feed: PlainRecord[] = Array.from({ length: 60 }, (_, t) => ({
        t,
        v: (t * 7) % 5 > 1 ? null : Math.sin(t),
        m: t % 2,
      }));
      const settings = { method, maxAgeMs: 9, keyBy: 'm', ...(method === 'constant' ? { value: 1 } : {}) };
      const whole = await fill(settings, feed);
      expect(whole.counted.filled).toBeGreaterThan(10);
      for (const cutAfter of [7, 23, 24, 41]) {
        const cut = await fill(settings, feed, { cutAfter, batchRows: 4 });
        expect(cut.rows).toEqual(whole.rows);
      }
    },
  );
});
