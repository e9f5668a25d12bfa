import { runRecords } from '../../../../../test/kit/flow.js';

const a = [0, 2, 4, 6].map((t) => ({ t, p: t / 10, both: `a${t}` }));
const b = [1, 3, 4, 5].map((t) => ({ t, q: t, both: t === 3 ? null : true }));

function merge(settings: object, more: { batchRows?: number; cutAfter?: number } = {}) {
  return runRecords({
    modules: { x: { type: 'route.merge', from: ['a', 'b'], settings: { ...settings } } },
    feed: { a, b },
    collect: ['x'],
    ...more,
  });
}

describe('route.merge', () => {
  it.each([1, 2, 256])(
    'lets every record of both leave, in order and whole (batches of %i)',
    async (batchRows) => {
      const { records, counters } = await merge({}, { batchRows });
      const byTime = (one: { t?: unknown }, other: { t?: unknown }) => Number(one.t) - Number(other.t);
      expect(records.x.map(({ t }) => t)).toEqual([0, 1, 2, 3, 4, 4, 5, 6]);
      expect(records.x.filter(({ t }) => t !== 4)).toEqual(
        [...a, ...b].filter(({ t }) => t !== 4).sort(byTime),
      );
      expect(records.x.filter(({ t }) => t === 4)).toEqual(expect.arrayContaining([a[2], b[2]]));
      expect(counters.x).toMatchObject({ in: 8, out: 8 });
    },
  );

  it('says where a record came from, whatever it said itself', async () => {
    const { records } = await merge({ origin: 'both' });
    expect(records.x.filter(({ both }) => both === 'a')).toEqual(
      a.map((record) => ({ ...record, both: 'a' })),
    );
    expect(records.x.filter(({ both }) => both === 'b')).toEqual(
      b.map((record) => ({ ...record, both: 'b' })),
    );
  });

  it('learns fields that come late', async () => {
    const { records } = await runRecords({
      modules: { x: { type: 'route.merge', from: ['a', 'b'] } },
      feed: { a: [...a, { t: 7, new1: 1, new2: [1, 2] }], b: [...b, { t: 8, new2: 'text' }] },
      collect: ['x'],
      batchRows: 1,
    });
    expect(records.x.slice(-2)).toEqual([
      { t: 7, new1: 1, new2: [1, 2] },
      { t: 8, new2: 'text' },
    ]);
  });

  it('keeps ages and flags in their objects, and gaps in their place', async () => {
    const align = {
      grid: { periodMs: 2 },
      maxFillRows: 1,
      columns: [{ name: 'p', method: 'hold', maxAgeMs: 9 }],
    };
    const rows = { rows: { type: 'align.rows', from: ['a'], settings: align } };
    const feed = { a: [...a, { t: 60, p: 1, both: 'a' }, { t: 62, p: 1, both: 'a' }] };
    const plain = await runRecords({ modules: rows, feed, collect: ['rows'] });
    const merged = await runRecords({
      modules: { ...rows, x: { type: 'route.merge', from: ['rows'] } },
      feed,
      collect: ['x'],
    });
    expect(merged.records.x).toEqual(plain.records.rows);
    expect(merged.records.x.some(({ gap }) => gap !== undefined)).toBe(true);
  });
});
