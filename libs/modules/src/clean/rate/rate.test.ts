import type { PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../../test/kit/flow.js';
import { readGolden } from '../../../../../test/kit/golden.js';

async function rate(settings: Record<string, unknown>, feed: PlainRecord[], more = {}) {
  const { records, counters } = await runRecords({
    modules: { x: { type: 'clean.rate', from: ['in'], settings: { field: 'v', ...settings } } },
    feed: { in: feed },
    collect: ['x'],
    ...more,
  });
  return { rows: records.x, values: records.x.map(({ v }) => v), ...counters.x };
}

/** A value a second. */
const seconds = (...values: PlainRecord[string][]): PlainRecord[] =>
  values.map((v, i) => ({ t: i * 1000, v }));

describe('clean.rate', () => {
  test('equals the differences of pandas on a measured machine, where none of them was too fast before', async () => {
    const golden = readGolden('nab-temperature/golden_machine_prep.first1000.csv');
    const perSecond = 2 / 300;
    const { rows } = await rate(
      { maxPerSecond: perSecond, action: 'flag' },
      golden.map((row) => ({ t: Date.parse(row.t as string), v: row.value as number })),
    );
    let compared = 0;
    for (let i = 2; i < rows.length; i++) {
      if (rows[i - 1].v_jump) continue;
      compared++;
      expect([i, rows[i].v_jump]).toEqual([i, Math.abs(golden[i].diff1 as number) > 2]);
    }
    expect(compared).toBeGreaterThan(800);
    expect(rows.filter(({ v_jump }) => v_jump).length).toBeGreaterThan(10);
  });

  test('a spike is no jump on its way back, and a step is accepted in the end', async () => {
    const spike = await rate({ maxPerSecond: 1 }, seconds(5, 5, 90, 5, 5.5));
    expect(spike.values).toEqual([5, 5, 5, 5.5]);
    expect(spike.dropped).toEqual({ rate: 1 });
    const step = await rate({ maxPerSecond: 1 }, seconds(0, 3, 3, 3, 3));
    expect(step.rows).toEqual([
      { t: 0, v: 0 },
      { t: 3000, v: 3 },
      { t: 4000, v: 3 },
    ]);
  });

  test('nulls, clamps or flags', async () => {
    const feed = seconds(10, 12, 7, 10.5);
    expect((await rate({ maxPerSecond: 1, action: 'null' }, feed)).values).toEqual([10, null, null, 10.5]);
    const clamps = await rate({ maxPerSecond: 0.5, action: 'clamp' }, feed);
    expect(clamps.values).toEqual([10, 10.5, 9, 10.5]);
    expect(clamps.counted).toEqual({ clamped: 2 });
    const flags = await rate({ maxPerSecond: 1, action: 'flag' }, feed);
    expect(flags.rows.map(({ v_jump }) => v_jump)).toEqual([false, true, true, false]);
    expect(flags.counted).toEqual({ rate: 2 });
  });

  test('the limit itself is allowed, also in decimals', async () => {
    const ramp = Array.from({ length: 200 }, (_, i) => ({ t: i * 100, v: i / 10 }));
    expect(ramp.some(({ v }, i) => i > 0 && v - ramp[i - 1].v > 0.1)).toBe(true);
    expect((await rate({ maxPerSecond: 1 }, ramp)).dropped).toEqual({});
    expect((await rate({ maxPerSecond: 0.999 }, ramp)).dropped.rate).toBeGreaterThan(0);
  });

  test('one timestamp has one value; an older record is counted and starts afresh', async () => {
    const feed: PlainRecord[] = [
      { t: 1000, v: 1 },
      { t: 1000, v: 1 },
      { t: 1000, v: 1.1 },
      { t: 500, v: 60 },
      { t: 1500, v: 61 },
    ];
    const { values, dropped, counted } = await rate({ maxPerSecond: 1 }, feed);
    expect(values).toEqual([1, 1, 60, 61]);
    expect([dropped, counted]).toEqual([{ rate: 1 }, { 'out-of-order': 1 }]);
  });

  test('what is no number is neither judged nor remembered', async () => {
    const { values, counted, dropped } = await rate({ maxPerSecond: 1 }, seconds(1, null, 'x', NaN, 5, 9));
    expect(values).toEqual([1, null, 'x', null, 5]);
    expect([counted, dropped]).toEqual([{ text: 1 }, { rate: 1 }]);
  });

  test('keys do not touch each other; cut anywhere and restored, the rows are the same', async () => {
    const feed: PlainRecord[] = Array.from({ length: 60 }, (_, i) => ({
      t: i * 500,
      v: (i % 2) * 1000 + Math.sin(i) * 3,
      m: i % 2,
    }));
    const settings = { maxPerSecond: 2, keyBy: 'm' };
    const whole = await rate(settings, feed);
    expect(whole.dropped.rate).toBeGreaterThan(5);
    expect(whole.rows.length).toBeGreaterThan(20);
    for (const cutAfter of [1, 2, 13, 14, 29]) {
      const cut = await rate(settings, feed, { cutAfter, batchRows: 4 });
      expect(cut.rows).toEqual(whole.rows);
    }
  });
});
