import { TapFrame, type FlowModule } from '@millrace/schemas';
import * as fc from 'fast-check';
import { runRecords } from '../../../test/kit/flow.js';
import type { PlainRecord } from './record.js';
import type { FlowRun } from './run.js';
import { FlowSampler, type SamplerOptions } from './sampler.js';

const range: Record<string, FlowModule> = {
  x: { type: 'clean.range', from: ['in'], settings: { field: 'p', min: 0, action: 'drop' } },
};
const rising = (n: number): PlainRecord[] => Array.from({ length: n }, (_, i) => ({ t: i, p: i }));

/** Runs to the end under one sampler and gives its only frame, through its schema and as JSON, as it travels. */
async function look(
  feed: PlainRecord[],
  options: SamplerOptions,
  modules = range,
  batchRows?: number,
): Promise<TapFrame> {
  let sampler!: FlowSampler;
  const collect = [Object.keys(modules).at(-1)!];
  const opened = (run: FlowRun) => (sampler = new FlowSampler(run, options));
  await runRecords({ modules, feed: { in: feed }, collect, batchRows, look: opened });
  return TapFrame.parse(JSON.parse(JSON.stringify(sampler.frame(1_000))));
}

test('samples are few, in order, evenly spaced from the first to the end; counts are exact', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 700 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 256 }),
      async (n, perPort, batchRows) => {
        const { modules } = await look(rising(n), { perPort }, range, batchRows);
        for (const id of ['in', 'x']) {
          const { records, sampled } = modules[id].ports.out;
          expect(records).toBe(n);
          expect(sampled.length).toBeLessThanOrEqual(perPort);
          const times = sampled.map(({ t }) => t as number);
          expect(times[0]).toBe(n > 0 ? 0 : undefined);
          const stride = times.length > 1 ? times[1] - times[0] : 1;
          times.forEach((t, i) => expect(t).toBe(i * stride));
          if (n <= perPort) expect(times).toHaveLength(n);
          else expect(times.length).toBeGreaterThanOrEqual(Math.floor((perPort + 1) / 2));
          if (perPort > 1 && n > 0) expect(n - times.at(-1)!).toBeLessThanOrEqual(2 * stride);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('each frame begins anew and tells its own interval', async () => {
  const frames: TapFrame[] = [];
  await runRecords({
    modules: range,
    feed: { in: rising(9) },
    collect: ['x'],
    batchRows: 3,
    look(run) {
      const sampler = new FlowSampler(run, { perPort: 2, modules: ['x'], since: 100 });
      let now = 100;
      // Looked at behind the sampler, so that a batch is in the frame that is made of it.
      run.tap('x', () => frames.push(sampler.frame((now += 500))));
    },
  });
  expect(frames.map(({ t, intervalMs }) => [t, intervalMs])).toEqual([
    [600, 500],
    [1100, 500],
    [1600, 500],
  ]);
  expect(frames.map(({ modules }) => Object.keys(modules))).toEqual([['x'], ['x'], ['x']]);
  expect(frames.map(({ modules }) => modules.x.ports.out)).toEqual([
    {
      records: 3,
      sampled: [
        { t: 0, p: 0 },
        { t: 2, p: 2 },
      ],
    },
    {
      records: 3,
      sampled: [
        { t: 3, p: 3 },
        { t: 5, p: 5 },
      ],
    },
    {
      records: 3,
      sampled: [
        { t: 6, p: 6 },
        { t: 8, p: 8 },
      ],
    },
  ]);
});

test('a frame as a whole is bounded: the more modules, the fewer samples of each', async () => {
  const wide = Object.fromEntries(Array.from({ length: 19 }, (_, i) => [`x${i}`, { ...range.x }] as const));
  const { modules } = await look(rising(300), { perPort: 100, total: 210 }, wide);
  const ports = Object.values(modules).flatMap((module) => Object.values(module.ports));
  expect(ports).toHaveLength(20);
  for (const { sampled } of ports) expect(sampled.length).toBeLessThanOrEqual(10);
  expect(ports.every(({ records, sampled }) => records === 300 && sampled.length >= 5)).toBe(true);
});

test('the port for errors is looked at where the module uses it', async () => {
  const feed: PlainRecord[] = [
    { t: 1, p: 5 },
    { t: 2, p: 'broken' },
  ];
  const guarded: Record<string, FlowModule> = {
    x: { type: 'clean.range', from: ['in'], settings: { field: 'p', min: 0 }, onError: 'port' },
  };
  const { modules } = await look(feed, { perPort: 10 }, guarded);
  expect(Object.keys(modules.x.ports)).toEqual(['out', 'error']);
  expect(Object.keys(modules.in.ports)).toEqual(['out']);
  expect(modules.x.counters.in).toBe(2);
});

test('long lists and texts are clipped, what has no number is null, the time is the record’s own', async () => {
  const feed = [{ t: 7, list: Array.from({ length: 1_000 }, (_, i) => i), text: 'ä'.repeat(500), p: NaN }];
  const { modules } = await look(feed, { perPort: 1 });
  const [sample] = modules.in.ports.out.sampled;
  expect(sample.t).toBe(7);
  expect(sample.list).toEqual(Array.from({ length: 32 }, (_, i) => i));
  expect(sample.text).toBe(`${'ä'.repeat(199)}…`);
  expect(sample.p).toBeNull();
});

test('one who stops looking sees nothing more and takes nothing from others; an unknown module is named', async () => {
  let kept!: FlowSampler;
  let ended!: FlowSampler;
  await runRecords({
    modules: range,
    feed: { in: rising(10) },
    collect: ['x'],
    look(run) {
      expect(() => new FlowSampler(run, { perPort: 1, modules: ['nowhere'] })).toThrow(/no module nowhere/);
      kept = new FlowSampler(run, { perPort: 5 });
      ended = new FlowSampler(run, { perPort: 5 });
      ended.stop();
    },
  });
  expect(kept.frame(1).modules.x.ports.out.records).toBe(10);
  expect(ended.frame(1).modules.x.ports.out).toEqual({ records: 0, sampled: [] });
});
