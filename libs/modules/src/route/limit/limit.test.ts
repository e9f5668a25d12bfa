import { runRecords } from '../../../../../test/kit/flow.js';

async function limited(settings: object, feed: { t: number; key?: string }[], more: object = {}) {
  const { records, counters } = await runRecords({
    modules: { x: { type: 'route.limit', from: ['in'], settings: { ...settings } } },
    feed: { in: feed },
    collect: ['x'],
    ...more,
  });
  return { passed: records.x, times: records.x.map(({ t }) => t), ...counters.x };
}
const every = (ms: number, to: number) => Array.from({ length: to / ms }, (_, i) => ({ t: i * ms }));

describe('route.limit', () => {
  it('lets one in a hundred milliseconds through at ten a second, after a burst of ten', async () => {
    const { times, dropped } = await limited({ perSecond: 10 }, every(10, 2000));
    // 10 tokens at first and one more every 100 ms: the bucket is empty after 11 records, at 100 ms.
    expect(times.slice(0, 11)).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
    expect(times.slice(11)).toEqual(Array.from({ length: 18 }, (_, i) => 200 + i * 100));
    expect(dropped).toEqual({ limit: 200 - 29 });
  });

  it('saves up no more than the burst in a silence, and less than one a second works', async () => {
    const one = await limited(
      { perSecond: 0.5, burst: 1 },
      [0, 1000, 2000, 9000, 9001, 11_000].map((t) => ({ t })),
    );
    expect(one.times).toEqual([0, 2000, 9000, 11_000]);
    const two = await limited(
      { perSecond: 1, burst: 2 },
      [0, 0, 0, 60_000, 60_000, 60_000].map((t) => ({ t })),
    );
    expect(two.times).toEqual([0, 0, 60_000, 60_000]);
  });

  it('gains nothing from records out of order, and goes on when the clock is put back', async () => {
    const jitter = [0, 500, 400, 600, 450, 1000, 900, 1500].map((t) => ({ t }));
    expect((await limited({ perSecond: 1 }, jitter)).times).toEqual([0, 1000]);
    const back = [0, 3_300_000, 0, 1000, 2000].map((t) => ({ t }));
    expect((await limited({ perSecond: 1 }, back)).times).toEqual([0, 3_300_000, 1000, 2000]);
  });

  it('keeps a bucket for each key', async () => {
    const feed = every(100, 1000).flatMap(({ t }) => [
      { t, key: 'a' },
      { t, key: 'b' },
    ]);
    const { passed } = await limited({ perSecond: 2, burst: 1, keyBy: 'key' }, feed);
    for (const key of ['a', 'b']) {
      expect(passed.filter((one) => one.key === key).map(({ t }) => t)).toEqual([0, 500]);
    }
  });

  it.each([1, 7, 150])('gives the same when it is cut after %i records', async (cutAfter) => {
    const feed = every(30, 6000).map(({ t }, i) => ({ t, key: `k${i % 3}` }));
    const settings = { perSecond: 3, keyBy: 'key', clock: 'node' };
    const whole = await limited(settings, feed);
    expect((await limited(settings, feed, { cutAfter, batchRows: 1 })).passed).toEqual(whole.passed);
    expect(whole.passed.length).toBeLessThan(100);
  });
});
