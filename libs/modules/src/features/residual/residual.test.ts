import { columnsOf } from '@millrace/flow';
import type { PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../../test/kit/flow.js';
import { kind } from './kind.js';

async function residual(settings: Record<string, unknown>, feed: object[], more = {}) {
  const { records, counters } = await runRecords({
    modules: { x: { type: 'feature.residual', from: ['in'], settings } },
    feed: { in: feed as PlainRecord[] },
    collect: ['x'],
    ...more,
  });
  return { rows: records.x, ...counters.x };
}

describe('feature.residual', () => {
  test.each([
    ['l1', 19],
    ['l2', 13],
    ['max', 12],
    ['mae', 19 / 3],
    ['mse', 169 / 3],
    ['rmse', Math.sqrt(169 / 3)],
  ])('%s', async (norm, wanted) => {
    const settings = { inputs: ['a', 'b', 'c'], outputs: ['A', 'B', 'C'], norm };
    const { rows } = await residual(settings, [{ t: 1, a: 1, b: 2, c: 3, A: 4, B: -2, C: 15, other: 1 }]);
    expect(rows[0].residual).toBeCloseTo(wanted, 12);
    expect(rows[0]).toMatchObject({ t: 1, a: 1, A: 4, other: 1 });
  });

  test('columns against a vector, and windows against windows', async () => {
    const settings = { inputs: ['a', 'b'], outputs: ['y'], norm: 'l1', name: 'score' };
    const { rows, counted } = await residual(settings, [
      { t: 1, a: 1, b: 2, y: [1.5, 4] },
      { t: 2, a: [1, 2], b: [3, 4], y: [1, 2, 3, 0] },
      { t: 3, a: 1, b: 2, y: [1, 2, 3] },
      { t: 4, a: Array(40).fill(1), b: Array(40).fill(2), y: Array(80).fill(0) },
    ]);
    expect(rows.map(({ score }) => score)).toEqual([2.5, 4, null, 120]);
    expect(counted).toEqual({ unequal: 1 });
  });

  test('what is missing makes it null; records of other kinds pass untouched', async () => {
    const feed = [
      { t: 1, a: 1, b: null, A: 1, B: 1 },
      { t: 2, a: 1, A: 1, B: 1 },
      { t: 3, a: 1, b: 1, A: 'text', B: 1 },
      { t: 4, a: [null], b: 1, A: 1, B: 1 },
      { t: 5, a: 1, b: 1 },
      { t: 6, A: 1, B: 1 },
      { t: 7, other: 1 },
      { t: 8, a: 1, b: 1, A: 1, B: 4 },
    ];
    const { rows, counted } = await residual({ inputs: ['a', 'b'], outputs: ['A', 'B'] }, feed, {
      batchRows: 3,
    });
    expect(rows.map((row) => row.residual)).toEqual([
      null,
      null,
      null,
      null,
      undefined,
      undefined,
      undefined,
      3,
    ]);
    expect(rows[4]).toEqual(feed[4]);
    expect(counted).toEqual({ incomplete: 4 });
  });

  test('columns that cannot meet are refused before the flow runs', () => {
    const check = (settings: object) =>
      kind.check!(
        kind.settings.parse(settings),
        [columnsOf({ a: 'number', b: 'number', A: 'number', y: 'vector' })],
        () => undefined,
      ).map(({ pointer }) => pointer);
    expect(check({ inputs: ['a', 'b'], outputs: ['y'] })).toEqual([]);
    expect(check({ inputs: ['a', 'b'], outputs: ['A'] })).toEqual(['/outputs']);
    expect(check({ inputs: ['a'], outputs: ['A'], name: 'A' })).toEqual(['/name']);
  });
});
