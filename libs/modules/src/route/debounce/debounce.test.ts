import { part, rig, temporary, until } from '../../../../../test/kit/rig.js';
import { runRecords } from '../../../../../test/kit/flow.js';
import { create as createSimulator } from '../../sources/simulator/behaviour.js';
import { kind as simulatorKind } from '../../sources/simulator/kind.js';
import { create } from './behaviour.js';
import { kind } from './kind.js';

async function debounced(settings: object, feed: { t: number }[], more: object = {}) {
  const { records, counters } = await runRecords({
    modules: { x: { type: 'route.debounce', from: ['in'], settings: { quietMs: 100, ...settings } } },
    feed: { in: feed },
    collect: ['x'],
    ...more,
  });
  return { left: records.x, times: records.x.map(({ t }) => t), ...counters.x };
}
const at = (...times: number[]) => times.map((t) => ({ t, v: t }));
const door = (...pairs: [number, unknown][]) => pairs.map(([t, door]) => ({ t, door })) as { t: number }[];

describe('route.debounce', () => {
  it('lets the last of a burst through', async () => {
    const { left, dropped } = await debounced({}, at(0, 50, 90, 200, 299, 398, 600, 800));
    // 90 was followed after 110 ms, 398 after 202; nothing followed 800 for long enough.
    expect(left).toEqual(at(90, 398, 600));
    expect(dropped).toEqual({ debounced: 4, unsettled: 1 });
  });

  it('counts exactly quietMs as quiet', async () => {
    expect((await debounced({}, at(0, 100, 199, 298.9))).times).toEqual([0]);
  });

  it('waits no longer than maxWaitMs', async () => {
    const burst = Array.from({ length: 40 }, (_, i) => i * 10);
    expect((await debounced({ maxWaitMs: 150 }, at(...burst))).times).toEqual([140, 290]);
  });

  it('lets a value through once, when it has stood', async () => {
    const feed = door([0, 'shut'], [60, 'shut'], [100, 'shut'], [150, 'open'], [160, 'shut'], [200, 'shut']);
    const more = door(
      [300, 'open'],
      [310, 'shut'],
      [320, 'open'],
      [400, 'open'],
      [425, 'open'],
      [500, 'open'],
    );
    const { left, dropped } = await debounced({ field: 'door' }, [...feed, ...more]);
    expect(left).toEqual(door([60, 'shut'], [400, 'open']));
    expect(dropped).toEqual({ debounced: 10 });
  });

  it('lets a record without the field pass, and tells null from absent', async () => {
    const feed = [...door([0, null]), { t: 10, other: 1 }, ...door([200, 1], [350, 1])];
    expect((await debounced({ field: 'door' }, feed)).times).toEqual([10, 0, 200]);
  });

  it('waits for each key alone', async () => {
    const feed = [
      { t: 0, key: 'a' },
      { t: 60, key: 'b' },
      { t: 120, key: 'b' },
      { t: 230, key: 'a' },
    ];
    expect((await debounced({ keyBy: 'key' }, feed)).times).toEqual([0, 120]);
  });

  it.each([1, 5, 20])('gives the same when it is cut after %i records', async (cutAfter) => {
    const feed = Array.from({ length: 60 }, (_, i) => ({
      t: i * 40 + (i % 7) * 30,
      key: `k${i % 2}`,
      door: i % 5 < 3,
    }));
    for (const settings of [{ keyBy: 'key' }, { keyBy: 'key', field: 'door' }, { maxWaitMs: 170 }]) {
      const whole = await debounced(settings, feed);
      const cut = await debounced(settings, feed, { cutAfter, batchRows: 1 });
      expect(cut.left).toEqual(whole.left);
      expect(whole.left.length).toBeGreaterThan(3);
    }
  });

  it('needs no record after it in a live flow', async () => {
    const { folder, remove } = temporary();
    const { run, out } = rig(
      [part(simulatorKind, createSimulator), part(kind, create)],
      {
        in: { type: 'source.simulator', settings: { signals: [{ name: 'a', shape: 'ramp', hz: 0.001 }] } },
        x: { type: 'route.debounce', from: ['in'], settings: { quietMs: 50 } },
      },
      { folder },
    );
    await run.start();
    await until('the only record to leave', () => out.x.length === 1);
    await run.stop();
    expect(out.x).toEqual(out.in);
    remove();
  });

  it('refuses a longest wait for a value that must stand', () => {
    const settings = kind.settings.parse({ field: 'a', quietMs: 1, maxWaitMs: 2 });
    expect(kind.check!(settings, [], () => undefined).map(({ pointer }) => pointer)).toEqual(['/maxWaitMs']);
  });
});
