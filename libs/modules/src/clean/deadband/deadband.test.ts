import type { PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../../test/kit/flow.js';
import { kind } from './kind.js';

async function deadband(settings: Record<string, unknown>, feed: PlainRecord[], more = {}) {
  const { records, counters } = await runRecords({
    modules: { x: { type: 'clean.deadband', from: ['in'], settings: { field: 'v', ...settings } } },
    feed: { in: feed },
    collect: ['x'],
    ...more,
  });
  return { rows: records.x, values: records.x.map(({ v }) => v), ...counters.x };
}

const asFeed = (...values: PlainRecord[string][]): PlainRecord[] => values.map((v, t) => ({ t, v }));

describe('clean.deadband', () => {
  test('absolute: against what left last, so a drift is sent too; the band itself is no change', async () => {
    const feed = asFeed(1, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 0);
    const { values, dropped } = await deadband({ absolute: 0.1 }, feed, { batchRows: 3 });
    expect(values).toEqual([1, 1.15, 1.3, 0]);
    expect(dropped).toEqual({ unchanged: 4 });
    expect(4.2 - 4.1).toBeGreaterThan(0.1);
    expect((await deadband({ absolute: 0.1 }, asFeed(4.1, 4.2))).values).toEqual([4.1]);
    expect((await deadband({ absolute: 0 }, asFeed(0.1 + 0.2, 0.3, 0.3))).values).toHaveLength(2);
  });

  test('percent: of the size of what left last', async () => {
    const feed = asFeed(-100, -109, -111, -121, -122.2, 0, 0, 0.001);
    expect((await deadband({ percent: 10 }, feed)).values).toEqual([-100, -111, -122.2, 0, 0.001]);
  });

  test('the longest silence', async () => {
    const feed = [0, 400, 900, 1000, 1500, 5000, 5999].map((t) => ({ t, v: 7 }));
    expect((await deadband({ absolute: 1, maxSilenceMs: 1000 }, feed)).rows.map(({ t }) => t)).toEqual([
      0, 1000, 5000,
    ]);
  });

  test('nulls, texts and booleans leave when they are a change; other records pass', async () => {
    const feed = asFeed(1, null, NaN, null, 1, 'on', 'on', 'off', true, true, [1, 2], [1, 2], true);
    feed.push({ t: 99, other: 1 });
    const { values, counted } = await deadband({ absolute: 5 }, feed);
    expect(values).toEqual([1, null, 1, 'on', 'off', true, [1, 2], [1, 2], undefined]);
    expect(counted).toEqual({ vector: 2 });
  });

  test('an older record leaves and is counted', async () => {
    const feed: PlainRecord[] = [
      { t: 100, v: 1 },
      { t: 50, v: 1 },
      { t: 60, v: 1 },
    ];
    const { rows, counted } = await deadband({ absolute: 1 }, feed);
    expect(rows.map(({ t }) => t)).toEqual([100, 50]);
    expect(counted).toEqual({ 'out-of-order': 1 });
  });

  test('keys do not touch each other; cut anywhere and restored, the rows are the same', async () => {
    const feed: PlainRecord[] = Array.from({ length: 60 }, (_, t) => ({
      t,
      v: t % 9 === 0 ? null : (t % 2) * 1000 + 3 * Math.sin(t / 5),
      m: t % 2,
    }));
    const settings = { absolute: 1, maxSilenceMs: 9, keyBy: 'm' };
    const whole = await deadband(settings, feed);
    expect(whole.dropped.unchanged).toBeGreaterThan(10);
    expect(whole.rows.length).toBeGreaterThan(15);
    for (const cutAfter of [1, 2, 13, 14, 29, 47]) {
      const cut = await deadband(settings, feed, { cutAfter, batchRows: 4 });
      expect(cut.rows).toEqual(whole.rows);
    }
  });

  test('one band is needed, and one is enough', () => {
    const check = (settings: object) =>
      kind.check!({ field: 'v', maxKeys: 1, ...settings }, [], () => undefined).map(({ pointer }) => pointer);
    expect([check({}), check({ absolute: 1, percent: 1 }), check({ percent: 0 })]).toEqual([
      ['/absolute'],
      ['/percent'],
      [],
    ]);
  });
});
