import type { PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../../test/kit/flow.js';

async function clean(settings: Record<string, unknown>, feed: PlainRecord[], batchRows = 256) {
  const { records, counters } = await runRecords({
    modules: { x: { type: 'clean.invalid', from: ['in'], settings } },
    feed: { in: feed },
    collect: ['x'],
    batchRows,
  });
  return { rows: records.x, dropped: counters.x.dropped };
}

const feed: PlainRecord[] = [
  { t: 1, a: 1, b: 10 },
  { t: 2, a: NaN, b: 20 },
  { t: 3, a: -9999, b: Infinity },
  { t: 4, a: 'broken', b: null },
  { t: 5, a: 5, b: 50, quality: 'bad' },
  { t: 6, b: 60, quality: 'good' },
];

describe('clean.invalid', () => {
  test('takes values away and says why', async () => {
    const { rows, dropped } = await clean({ badQuality: { field: 'quality', values: ['bad'] } }, feed);
    expect(rows).toEqual([
      { t: 1, a: 1, b: 10 },
      { t: 2, b: 20 },
      { t: 3 },
      { t: 4, a: 'broken', b: null },
      { t: 5, quality: 'bad' },
      { t: 6, b: 60, quality: 'good' },
    ]);
    expect(dropped).toEqual({ nan: 1, sentinel: 1, infinity: 1, quality: 2 });
  });

  test('only in the fields that are named; texts too when numbers are wanted', async () => {
    const { rows, dropped } = await clean(
      { fields: ['a'], numeric: true, sentinels: [1, 5], action: 'null' },
      feed,
    );
    expect(rows.map(({ a }) => a)).toEqual([null, null, -9999, null, null, undefined]);
    expect(rows.map(({ b }) => b)).toEqual([10, 20, null, null, 50, 60]);
    expect(dropped).toEqual({ sentinel: 2, nan: 1, text: 1 });
  });

  test('drops whole records, each once', async () => {
    const { rows, dropped } = await clean({ action: 'drop' }, feed, 4);
    expect(rows.map(({ t }) => t)).toEqual([1, 4, 5, 6]);
    expect(dropped).toEqual({ nan: 1, sentinel: 1 });
  });

  test('bad quality leaves no reading of any kind, and a null stays a null', async () => {
    const bad = [{ t: 1, a: 'text', b: true, c: [1, 2], d: null, q: 0 }];
    const { rows } = await clean({ badQuality: { field: 'q', values: [0] } }, bad);
    expect(rows).toEqual([{ t: 1, d: null, q: 0 }]);
  });

  test('the rows do not depend on the batches', async () => {
    const settings = { badQuality: { field: 'quality', values: ['bad'] }, sentinels: [-9999, 60] };
    expect(await clean(settings, feed, 1)).toEqual(await clean(settings, feed));
  });
});
