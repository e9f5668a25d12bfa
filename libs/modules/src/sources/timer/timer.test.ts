import type { Clock } from '@millrace/engine';
import { part, rig, temporary, until } from '../../../../../test/kit/rig.js';
import { startBeat } from '../beat.js';
import { create } from './behaviour.js';
import { kind } from './kind.js';

const parts = [part(kind, create)];
let folder: string;
let remove: () => void;
beforeEach(() => ({ folder, remove } = temporary()));
afterEach(() => remove());

const timer = (settings: object) =>
  rig(parts, { tick: { type: 'source.timer', settings: { ...settings } } }, { folder });

describe('source.timer', () => {
  it('ticks on whole multiples of its time', async () => {
    const { run, out } = timer({ everyMs: 20, aligned: true });
    const before = Date.now();
    await run.start();
    await until('five ticks', () => out.tick.length >= 5);
    await run.stop();
    const times = out.tick.map(({ t }) => Number(t));
    expect(times.map((t) => t % 20)).toEqual(times.map(() => 0));
    expect([...new Set(times)].sort((a, b) => a - b)).toEqual(times);
    expect(times[0]).toBeGreaterThan(before);
    const { missed = 0 } = run.counters().tick.counted;
    // Every place of the grid has a tick or is counted.
    expect((times.at(-1)! - times[0]) / 20 + 1).toBeLessThanOrEqual(times.length + missed);
  });

  it('ticks from the start on, and counts on after a restart', async () => {
    const first = timer({ everyMs: 10 });
    await first.run.start();
    await until('three ticks', () => first.out.tick.length >= 3);
    const snapshot = await first.run.stop();
    const ticks = first.out.tick.length;
    expect(first.out.tick.map(({ tick }) => tick)).toEqual(Array.from({ length: ticks }, (_, i) => i));
    const second = timer({ everyMs: 10 });
    await second.run.start(snapshot!);
    await until('a tick', () => second.out.tick.length > 0);
    await second.run.stop();
    expect(second.out.tick[0].tick).toBe(ticks);
  });
});

describe('the beat', () => {
  it('leaves out what it slept through, and follows a clock that is put back', async () => {
    let wall = 1_000_005;
    const clock: Clock = { wall: () => wall, monotonic: () => wall };
    const beats: [number, number][] = [];
    const stop = startBeat({ everyMs: 10, aligned: true }, clock, (t, missed) => beats.push([t, missed]));
    const to = async (time: number, n: number) => {
      wall = time;
      await until(`beat ${n}`, () => beats.length >= n);
    };
    await to(1_000_011, 1);
    await to(1_000_047, 2);
    wall = 500_003;
    // It must have looked at the clock before that goes on; a sleep is 10 ms here.
    await new Promise((resolve) => setTimeout(resolve, 60));
    await to(500_012, 3);
    stop();
    expect(beats).toEqual([
      [1_000_010, 0],
      [1_000_040, 2],
      [500_010, 0],
    ]);
  });
});
