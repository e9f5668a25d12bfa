import type { PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../../test/kit/flow.js';

async function stuck(settings: Record<string, unknown>, feed: PlainRecord[], more = {}) {
  const { records, counters } = await runRecords({
    modules: { x: { type: 'clean.stuck', from: ['in'], settings: { field: 'v', ...settings } } },
    feed: { in: feed },
    collect: ['x'],
    ...more,
  });
  return { rows: records.x, values: records.x.map(({ v }) => v), ...counters.x };
}

const seconds = (...values: PlainRecord[string][]): PlainRecord[] =>
  values.map((v, i) => ({ t: i * 1000, v }));

describe('clean.stuck', () => {
  test('a value that stays is stuck once the time is over, and good when it moves', async () => {
    const feed = seconds(1, 2, 2, 2, 2, 2, 3, 3);
    const drops = await stuck({ forMs: 3000 }, feed);
    expect(drops.rows.map(({ t }) => t)).toEqual([0, 1000, 2000, 3000, 6000, 7000]);
    expect(drops.dropped).toEqual({ stuck: 2 });
    expect((await stuck({ forMs: 3000, action: 'null' }, feed)).values).toEqual([
      1,
      2,
      2,
      2,
      null,
      null,
      3,
      3,
    ]);
    const flags = await stuck({ forMs: 3000, action: 'flag' }, feed, { batchRows: 3 });
    expect(flags.rows.map(({ v_stuck }) => v_stuck)).toEqual([
      false,
      false,
      false,
      false,
      true,
      true,
      false,
      false,
    ]);
    expect(flags.counted).toEqual({ stuck: 2 });
  });

  test('epsilon is measured from the first of the values, so a slow drift is no standstill', async () => {
    const flicker = seconds(5, 5.1, 5, 4.9, 5.1, 5);
    expect((await stuck({ forMs: 3000, epsilon: 0.1 }, flicker)).dropped).toEqual({ stuck: 3 });
    expect((await stuck({ forMs: 3000, epsilon: 0.09 }, flicker)).dropped).toEqual({});
    const drift = Array.from({ length: 50 }, (_, i) => ({ t: i * 1000, v: i * 0.05 }));
    expect((await stuck({ forMs: 3000, epsilon: 0.1 }, drift)).dropped).toEqual({});
  });

  test('without an epsilon the smallest change is a sign of life', async () => {
    const alive = Array.from({ length: 20 }, (_, i) => ({
      t: i * 1000,
      v: 1000 + (i % 2) * 1000 * Number.EPSILON,
    }));
    expect(alive[1].v).not.toBe(alive[0].v);
    expect((await stuck({ forMs: 2000 }, alive)).dropped).toEqual({});
  });

  test('what is no number neither breaks the run nor is judged', async () => {
    const { values, counted } = await stuck({ forMs: 3000 }, seconds(2, null, 'x', NaN, 2));
    expect(values).toEqual([2, null, 'x', null]);
    expect(counted).toEqual({ text: 1 });
  });

  test('an older record begins the time anew, and is counted', async () => {
    const feed: PlainRecord[] = [
      { t: 10_000, v: 2 },
      { t: 12_000, v: 2 },
      { t: 2000, v: 2 },
      { t: 4000, v: 2 },
      { t: 5000, v: 2 },
    ];
    const { rows, counted } = await stuck({ forMs: 3000 }, feed);
    expect(rows.map(({ t }) => t)).toEqual([10_000, 12_000, 2000, 4000]);
    expect(counted).toEqual({ 'out-of-order': 1 });
  });

  test('keys do not touch each other; cut anywhere and restored, the rows are the same', async () => {
    const feed: PlainRecord[] = Array.from({ length: 60 }, (_, i) => ({
      t: i * 500,
      v: i % 2 === 0 ? 7 : Math.floor(i / 12),
      m: i % 2,
    }));
    const settings = { forMs: 4000, keyBy: 'm' };
    const whole = await stuck(settings, feed);
    expect(whole.rows.filter(({ m }) => m === 0)).toHaveLength(4);
    expect(whole.rows.filter(({ m }) => m === 1).length).toBeGreaterThan(15);
    for (const cutAfter of [1, 2, 7, 13, 14, 29]) {
      const cut = await stuck(settings, feed, { cutAfter, batchRows: 4 });
      expect(cut.rows).toEqual(whole.rows);
    }
  });
});
