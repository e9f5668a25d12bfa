import type { PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../../test/kit/flow.js';
import { kind } from './kind.js';

async function set(settings: Record<string, unknown>, feed: object[], batchRows = 256) {
  const { records } = await runRecords({
    modules: { x: { type: 'map.set', from: ['in'], settings } },
    feed: { in: feed as PlainRecord[] },
    collect: ['x'],
    batchRows,
  });
  return records.x;
}

describe('map.set', () => {
  test('computes from the incoming record, so that two fields can be swapped', async () => {
    expect(
      await set({ set: { a: 'b', b: 'a', sum: 'a + b', when: 't / 1000' } }, [{ t: 2000, a: 1, b: 2 }]),
    ).toEqual([{ t: 2000, a: 2, b: 1, sum: 3, when: 2 }]);
  });

  test('gives texts, booleans and nulls', async () => {
    const feed = [
      { t: 1, x: 5, unit: 'bar' },
      { t: 2, x: null, unit: 'bar' },
      { t: 3, x: -1, unit: null },
    ];
    expect(await set({ set: { high: 'x > 3', label: 'unit + "!"', twice: 'x * 2' } }, feed)).toEqual([
      { t: 1, x: 5, unit: 'bar', high: true, label: 'bar!', twice: 10 },
      { t: 2, x: null, unit: 'bar', high: false, label: 'bar!', twice: null },
      { t: 3, x: -1, unit: null, high: false, label: null, twice: -2 },
    ]);
  });

  test('a record that lacks a field keeps what it has, unless the expression says otherwise', async () => {
    const feed = [
      { t: 1, x: 5 },
      { t: 2, other: 7, y: 70 },
      { t: 3, x: 6, y: 60 },
    ];
    expect(await set({ set: { y: 'x * 2', z: 'has(x) ? x : 0' } }, feed)).toEqual([
      { t: 1, x: 5, y: 10, z: 5 },
      { t: 2, other: 7, y: 70, z: 0 },
      { t: 3, x: 6, y: 12, z: 6 },
    ]);
  });

  test('renames all at once, then drops', async () => {
    const feed = [
      { t: 1, a: 1, b: 2, c: 3 },
      { t: 2, b: 4 },
    ];
    expect(await set({ rename: { a: 'b', b: 'a' }, drop: ['c'] }, feed)).toEqual([
      { t: 1, b: 1, a: 2 },
      { t: 2, a: 4 },
    ]);
  });

  test('a rename meets a field of the new name in other records', async () => {
    const feed = [
      { t: 1, old: 1 },
      { t: 2, fresh: 2 },
      { t: 3, old: 3, fresh: 4 },
    ];
    expect(await set({ rename: { old: 'fresh' } }, feed)).toEqual([
      { t: 1, fresh: 1 },
      { t: 2, fresh: 2 },
      { t: 3, fresh: 3 },
    ]);
  });

  test('one batch after the other gives what one batch gives', async () => {
    const feed = Array.from({ length: 50 }, (_, i) => ({ t: i, a: i, ...(i % 3 ? { b: i * 2 } : {}) }));
    const settings = { set: { c: 'a + b', a: 'a * 10' }, rename: { b: 'd' }, drop: ['e'] };
    expect(await set(settings, feed, 7)).toEqual(await set(settings, feed));
  });

  test('another branch of the flow still sees what came in', async () => {
    const { records } = await runRecords({
      modules: {
        x: {
          type: 'map.set',
          from: ['in'],
          settings: { set: { a: 'a * 10' }, rename: { b: 'c' }, drop: ['d'] },
        },
        y: { type: 'map.set', from: ['in'], settings: { set: { n: 'a' } } },
      },
      feed: {
        in: [
          { t: 1, a: 1, b: 2, d: 3 },
          { t: 2, a: 2, b: 3, d: 4 },
        ],
      },
      collect: ['x', 'y'],
      batchRows: 1,
    });
    expect(records.x).toEqual([
      { t: 1, a: 10, c: 2 },
      { t: 2, a: 20, c: 3 },
    ]);
    expect(records.y).toEqual([
      { t: 1, a: 1, b: 2, d: 3, n: 1 },
      { t: 2, a: 2, b: 3, d: 4, n: 2 },
    ]);
  });

  test('the timestamp cannot be set', () => {
    expect(kind.check!({ set: { t: '1' } }, [], () => undefined)).toMatchObject([{ pointer: '/set/t' }]);
  });
});
