import type { PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../../test/kit/flow.js';
import { kind } from './kind.js';

async function range(settings: Record<string, unknown>, feed: PlainRecord[], batchRows = 256) {
  const { records, counters } = await runRecords({
    modules: { x: { type: 'clean.range', from: ['in'], settings: { field: 'p', ...settings } } },
    feed: { in: feed },
    collect: ['x'],
    batchRows,
  });
  return { rows: records.x, ...counters.x };
}

const feed: PlainRecord[] = [
  { t: 1, p: 0 },
  { t: 2, p: -0.1, other: 2 },
  { t: 3, other: 3 },
  { t: 4, p: 16 },
  { t: 5, p: 16.1 },
  { t: 6, p: NaN },
  { t: 7, p: null },
  { t: 8, p: 'high' },
  { t: 9, p: Infinity },
];
const limits = { min: 0, max: 16 };

describe('clean.range', () => {
  test('drops records outside; limits are inside, and what has no number passes', async () => {
    const { rows, dropped, counted } = await range(limits, feed);
    expect(rows.map(({ t }) => t)).toEqual([1, 3, 4, 7, 8]);
    expect(dropped).toEqual({ range: 4 });
    expect(counted).toEqual({ text: 1 });
  });

  test('blanks values', async () => {
    const { rows } = await range({ ...limits, action: 'null' }, feed);
    expect(rows.map(({ p }) => p)).toEqual([0, null, undefined, 16, null, null, null, 'high', null]);
  });

  test('clamps values, where there is something to clamp', async () => {
    const { rows, counted, dropped } = await range({ ...limits, action: 'clamp' }, feed);
    expect(rows.map(({ p }) => p)).toEqual([0, 0, undefined, 16, 16, null, null, 'high', 16]);
    expect(counted).toEqual({ clamped: 3, text: 1 });
    expect(dropped).toEqual({ range: 1 });
  });

  test('flags values', async () => {
    const { rows, counted } = await range({ ...limits, action: 'flag' }, feed, 4);
    expect(rows.map(({ p_range }) => p_range)).toEqual([
      true,
      false,
      undefined,
      true,
      false,
      false,
      undefined,
      undefined,
      false,
    ]);
    expect(counted).toEqual({ outside: 4, text: 1 });
  });

  test('one limit is enough, none is not, and they must be in order', async () => {
    expect((await range({ max: 1 }, feed)).rows.map(({ t }) => t)).toEqual([1, 2, 3, 7, 8]);
    const check = (settings: object) =>
      kind.check!({ field: 'p', action: 'drop', ...settings } as never, [], () => undefined).length;
    expect([check({}), check({ min: 1, max: 0 }), check({ min: 0 })]).toEqual([1, 1, 0]);
  });
});
