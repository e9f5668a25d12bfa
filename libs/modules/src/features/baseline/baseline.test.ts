import type { PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../../test/kit/flow.js';
import { readGolden, worst } from '../../../../../test/kit/golden.js';
import { kind } from './kind.js';

async function baseline(settings: Record<string, unknown>, feed: object[], more = {}) {
  const { records, counters } = await runRecords({
    modules: { x: { type: 'feature.baseline', from: ['in'], settings } },
    feed: { in: feed as PlainRecord[] },
    collect: ['x'],
    ...more,
  });
  return { rows: records.x, ...counters.x };
}

describe('feature.baseline', () => {
  const golden = readGolden('nab-temperature/golden_machine_prep.first1000.csv');
  const machine = golden.map((row) => ({ t: Date.parse(row.t as string), value: row.value }));

  test('a machine temperature against its first 750 values equals scikit-learn', async () => {
    const { rows } = await baseline({ column: 'value', over: 750, out: ['z'] }, machine, { batchRows: 100 });
    expect(rows.slice(0, 750).every((row) => row.value_z === null)).toBe(true);
    const pairs = rows.slice(750).map((row, i) => [row.value_z, golden[750 + i].z] as const);
    expect(pairs).toHaveLength(250);
    expect(worst(pairs, 0.01, 10)).toBeLessThan(1e-9);
  });

  test('a machine temperature against a reference equals scikit-learn', async () => {
    const reference = { mean: 82.01881100449334, std: 6.590327640106561 };
    const { rows } = await baseline({ column: 'value', reference, out: ['z', 'diff'] }, machine);
    expect(
      worst(
        rows.map((row, i) => [row.value_z, golden[i].z] as const),
        0.01,
        10,
      ),
    ).toBeLessThan(1e-9);
    expect(rows[0].value_off).toBeCloseTo(73.96732207 - reference.mean, 12);
  });

  test('values passed over, learnt from, and compared', async () => {
    const { rows, counted } = await baseline(
      { column: 'v', over: 2, skip: 1, out: ['diff', 'percent', 'z'], ddof: 1 },
      [99, 10, null, 'text', 14, 18, null].map((v, t) => ({ t, v })),
    );
    const nothing = { v_off: null, v_offPercent: null, v_z: null };
    for (const row of rows.slice(0, 5)) expect(row).toMatchObject(nothing);
    expect(rows[5]).toMatchObject({ v_off: 6, v_offPercent: 50, v_z: 6 / Math.sqrt(8) });
    expect(rows[6]).toMatchObject(nothing);
    expect(counted).toEqual({ text: 1 });
  });

  test('a baseline without a spread, or of zero, gives null', async () => {
    const { rows } = await baseline(
      { column: 'v', over: 3, out: ['diff', 'percent', 'z'] },
      [0, 0, 0, 5, 0].map((v, t) => ({ t, v })),
    );
    expect(rows[3]).toMatchObject({ v_off: 5, v_offPercent: null, v_z: null });
    expect(rows[4]).toMatchObject({ v_off: 0, v_offPercent: null, v_z: null });
  });

  test('large values keep their digits, and each key has its own', async () => {
    const feed = [1, 2, 3, 2].flatMap((x, i) => [
      { t: 2 * i, m: 'a', v: 1e9 + x },
      { t: 2 * i + 1, m: 'b', v: -x },
    ]);
    const { rows } = await baseline({ column: 'v', over: 3, out: ['z', 'diff'], keyBy: 'm' }, [
      ...feed,
      { t: 9, m: 'a', v: 1e9 + 4 },
      { t: 10, v: 4 },
    ]);
    expect(rows[8].v_z).toBeCloseTo(2 / Math.sqrt(2 / 3), 12);
    expect(rows[7]).toMatchObject({ v_off: 0, v_z: 0 });
    expect(rows[9]).toEqual({ t: 10, v: 4 });
  });

  test('cut anywhere and restored, the rows are the same', async () => {
    const feed = Array.from({ length: 40 }, (_, i) => ({ t: i, v: i % 5 ? Math.cos(i) : null, m: i % 2 }));
    const settings = { column: 'v', over: 6, skip: 3, keyBy: 'm' };
    const whole = await baseline(settings, feed);
    expect(whole.rows.some(({ v_z }) => typeof v_z === 'number')).toBe(true);
    for (const cutAfter of [1, 9, 20, 33])
      expect((await baseline(settings, feed, { cutAfter, batchRows: 6 })).rows).toEqual(whole.rows);
  });

  test('what contradicts itself is refused', () => {
    const check = (settings: object) =>
      kind.check!(kind.settings.parse({ column: 'v', ...settings }), [], () => undefined).map(
        ({ pointer }) => pointer,
      );
    expect(check({ over: 5 })).toEqual([]);
    expect(check({})).toEqual(['/over']);
    expect(check({ over: 5, reference: { mean: 1, std: 1 } })).toEqual(['/over']);
    expect(check({ skip: 1, reference: { mean: 1 } })).toEqual(['/skip', '/reference/std']);
  });
});
