/**
 * "A file cut anywhere gives the uncut answer": for every module that keeps state, random series, cut at random
 * records, saved by the serializer and restored into a new run, with the same rows at every port and the same
 * counts. Which modules keep state is found from the kinds: one that is new has to be entered here.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { systemClock, type Create, type Host, type PlainRecord } from '@millrace/engine';
import type { ModuleCounters } from '@millrace/schemas';
import { runRecords } from '../../../test/kit/flow.js';
import { identity, model } from '../../../test/kit/onnx.js';
import { behaviours } from './behaviours.js';
import { kinds } from './kinds.js';

/** Settings by type; every setting that changes what is kept stands in one of them. */
const CASES: Record<string, object[]> = {
  'align.rows': [
    ...['hold', 'linear', 'mean', 'min', 'max', 'sum', 'count', 'last', 'timeWeightedMean'].map((method) => ({
      grid: { periodMs: 100 },
      latenessMs: 60,
      maxFillRows: 4,
      columns: [
        { name: 'v', method, maxAgeMs: 150, default: 7 },
        { name: 'w', method, maxAgeMs: 300, required: false },
      ],
    })),
    ...['forward', 'drop', 'revise'].map((late) => ({
      grid: { periodMs: 50, originMs: 7 },
      latenessMs: 0,
      late,
      closed: 'left',
      label: 'start',
      watermark: 'min',
      nulls: 'set',
      emit: 'onNew',
      columns: [
        { name: 'v', maxAgeMs: 400 },
        { name: 'w', method: 'mean' },
      ],
    })),
    { grid: { master: 'v' }, late: 'revise', columns: [{ name: 'v' }, { name: 'w', method: 'sum' }] },
    {
      grid: { periodMs: 100 },
      maxSamplesPerColumn: 2,
      ties: 'go',
      start: { when: 'all', timeoutMs: 500 },
      columns: [
        { name: 's', dtype: 'string', maxAgeMs: 500, default: 'none' },
        { name: 'b', dtype: 'boolean', method: 'last' },
      ],
    },
  ],
  'align.window': [
    { by: 'time', size: 500, hop: 200, columns: ['v', 'w'] },
    { by: 'time', size: 300, closed: 'left', label: 'start', emitPartial: true, gapFactor: 3 },
    { by: 'count', size: 5, hop: 3, columns: ['v', 'w'], matrix: 'x', times: true },
    { by: 'count', size: 4, hop: 2, pad: 'front', columns: ['w'], keep: ['s'] },
    { by: 'session', gapMs: 90, change: ['b'], keep: ['s'], emitPartial: true },
    { by: 'change', change: ['s'], size: 6 },
  ],
  'align.lag': [{ columns: ['v', 's'], steps: [1, 4] }],
  'clean.deadband': [
    { field: 'v', absolute: 3 },
    { field: 'v', percent: 50, maxSilenceMs: 300 },
  ],
  'clean.fill': [
    { field: 'v', method: 'constant', value: 1, maxAgeMs: 90 },
    { field: 'v', method: 'hold', maxAgeMs: 90, absent: false },
    { field: 'v', method: 'median', window: 3, maxAgeMs: 200 },
    { field: 'v', method: 'linear', maxAgeMs: 200 },
    { field: 'v', method: 'linear', maxAgeMs: 60, maxHoleMs: 300 },
  ],
  'clean.hampel': ['median', 'null', 'drop'].map((replace) => ({
    field: 'v',
    window: 5,
    sigmas: 1,
    replace,
  })),
  'clean.iqr': ['drop', 'clamp'].map((action) => ({ field: 'v', window: 8, k: 0.3, minSamples: 4, action })),
  'clean.rate': ['drop', 'null', 'clamp', 'flag'].map((action) => ({ field: 'v', maxPerSecond: 40, action })),
  'clean.stuck': [{ field: 'v', forMs: 60, epsilon: 6, action: 'flag' }],
  'clean.zscore': [
    { field: 'v', window: 6, minSamples: 3, threshold: 1, relearnAfter: 2, score: 'z', action: 'flag' },
    { field: 'v', window: 80, minSamples: 3, threshold: 1.5, ddof: 1, score: 'z' },
  ],
  'feature.stats': [{ rows: 4 }, { rows: 70 }, { ms: 250 }].map((over) => ({
    columns: ['v', 'w'],
    out: ['mean', 'var', 'min', 'skew', 'kurtosis', 'median', 'quantiles', 'slope', 'diff', 'first', 'count'],
    over,
    minRows: 2,
    slopePer: 'second',
  })),
  'feature.fft': [{ column: 'v', size: 8, hop: 3, sampleHz: 10, out: ['bins', 'peak'] }],
  'feature.ewma': [{ column: 'v', alpha: 0.3, adjust: true }],
  'feature.baseline': [{ column: 'v', over: 5, skip: 2, out: ['diff', 'percent', 'z'] }],
  'feature.cusum': [
    { column: 'v', drift: 1, threshold: 9 },
    { column: 'v', drift: 0.5, threshold: 2, units: 'std', over: 6 },
  ],
  'route.alert': [
    { when: 'v > 3', holdMs: 60, clearWhen: 'v < 0', severity: 'high', message: 'at {v}', signalMs: 1000 },
  ],
  'route.debounce': [{ quietMs: 60 }, { quietMs: 40, maxWaitMs: 200 }, { quietMs: 50, field: 's' }],
  'route.limit': [{ perSecond: 20, burst: 2 }],
  'model.onnx': [
    {
      model: 'identity.onnx',
      inputs: [{ tensor: 'x', columns: ['v', 'w'] }],
      outputs: [{ tensor: 'y', as: 'y' }],
      onIncomplete: 'port',
    },
  ],
};

/** Whose state is no memory of records: where that is tested instead. */
const APART: Record<string, string> = {
  'source.csv': 'sources/csv/csv.test.ts, the position of source.csv',
  'source.timer': 'sources/timer/timer.test.ts, ticks count on',
  'source.simulator': 'sources/simulator/simulator.test.ts',
  'source.mqtt': 'sources/mqtt/journaled.test.ts, comes again from the journal behind the saved state',
  'sink.director': 'test/journeys/flow-kill.test.ts, its place in a series',
  'sink.file': 'sinks/file/file.test.ts, a replay that goes on does not double rows',
  'act.http': 'acts/acts.test.ts, keeps its interval over a restart: it never acts in a replay',
  'act.mqtt': 'acts/acts.test.ts',
  // The queue before a worker is that of model.onnx, which is cut here.
  'model.python': 'models/worker/worker.test.ts',
  'model.javascript': 'models/worker/worker.test.ts',
  'model.r': 'models/worker/worker.test.ts',
  'model.java': 'models/worker/worker.test.ts',
  'model.julia': 'models/worker/worker.test.ts',
};
/** Counts of how a run was cut into batches, not of what was in it. */
const OF_BATCHES = new Set(['batches']);
/** Modules whose state is of the whole flow and not of a machine, and what takes the place of `keyBy`. */
const WITHOUT_KEY: Record<string, string> = {
  'route.alert': 'key',
  'model.onnx': 'its state is what waits, in order',
};

/** Trees and layers add up in an order that depends on the batch, which float32 shows; y = x is exact. */
const folder = mkdtempSync(join(tmpdir(), 'millrace-cut-'));
writeFileSync(join(folder, 'identity.onnx'), model(identity()));
afterAll(() => rmSync(folder, { recursive: true }));
const host: Partial<Host> = { path: (file) => join(folder, file) };

/** Types whose behaviour saves: with the settings of the example, or as its own folder's text says. */
function stateful(): string[] {
  const sources = new URL('./', import.meta.url).pathname;
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' });
  return [...kinds.values()]
    .filter((kind) => {
      const kindFile = files.find(
        (file) =>
          file.endsWith('/kind.ts') && readFileSync(sources + file, 'utf8').includes(`type: '${kind.type}'`),
      )!;
      const folder = kindFile.replace('kind.ts', '');
      const says = files.some(
        (file) =>
          file.startsWith(folder) &&
          /(?<!\.test)\.ts$/.test(file) &&
          /^ {2}save\(\)/m.test(readFileSync(sources + file, 'utf8')),
      );
      return says || saves(kind.type, kind.settings.parse(kind.example.settings));
    })
    .map(({ type }) => type);
}

function saves(type: string, settings: unknown): boolean {
  const host = { path: (file: string) => file, workFolder: '/nonexistent' };
  const context = { id: 'x', settings, host, clock: systemClock };
  return (behaviours.get(type) as Create<unknown>)(context as never).save !== undefined;
}

interface Step {
  dt: number;
  v: number | string | null | undefined;
  w: number | undefined;
  s: string | undefined;
  b: boolean | undefined;
  m: string | number | undefined;
  gap: boolean;
}

/** Mostly in order, with holes, steps back, doubled stamps, nulls, NaN and text; three machines and none. */
const series = fc
  .array(
    fc.record<Step>({
      dt: fc.oneof(
        { weight: 12, arbitrary: fc.integer({ min: 1, max: 70 }) },
        { weight: 2, arbitrary: fc.constantFrom(0, -1, -40, -300) },
        { weight: 1, arbitrary: fc.constantFrom(600, 2500) },
      ),
      v: fc.oneof(
        { weight: 12, arbitrary: fc.double({ min: -10, max: 10, noNaN: true }) },
        { weight: 2, arbitrary: fc.constantFrom(1e6, 5, 5) },
        { weight: 2, arbitrary: fc.constantFrom(null, undefined, NaN, Infinity, 'text') },
      ),
      w: fc.oneof(
        { weight: 5, arbitrary: fc.double({ min: -1, max: 1, noNaN: true }) },
        { weight: 1, arbitrary: fc.constant(undefined) },
      ),
      s: fc.constantFrom('idle', 'run', 'run', undefined),
      b: fc.constantFrom(true, false, undefined),
      m: fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom('a', 'a', 7, 'b') },
        { weight: 1, arbitrary: fc.constant(undefined) },
      ),
      gap: fc.oneof(
        { weight: 15, arbitrary: fc.constant(false) },
        { weight: 1, arbitrary: fc.constant(true) },
      ),
    }),
    { minLength: 5, maxLength: 90 },
  )
  .map((steps) => {
    let t = 1_000_000;
    return steps.flatMap(({ dt, gap, ...fields }): PlainRecord[] => {
      t += dt;
      const given = Object.entries(fields).filter(([, value]) => value !== undefined);
      const record = { t, ...Object.fromEntries(given) } as PlainRecord;
      return gap ? [{ gap: { from: t - dt, to: t, rows: 1 } }, record] : [record];
    });
  });
const cutSeries = fc.tuple(
  series,
  fc.array(fc.nat(88), { minLength: 1, maxLength: 3 }),
  fc.integer({ min: 1, max: 9 }),
);

async function run(type: string, settings: object, feed: PlainRecord[], more: object = {}) {
  const collect = kinds.get(type)!.outputs.map((port) => `x.${port}`);
  const { records, counters } = await runRecords({
    modules: { x: { type, from: ['in'], settings: settings as Record<string, unknown> } },
    feed: { in: feed },
    collect,
    host,
    ...more,
  });
  return { records, counts: countsOf(counters.x) };
}

function countsOf({ in: received, out, errors, dropped, counted }: ModuleCounters) {
  const ofRecords = Object.fromEntries(Object.entries(counted).filter(([name]) => !OF_BATCHES.has(name)));
  return { received, out, errors, dropped, counted: ofRecords };
}

/** Runs of records between the cuts; the last record is never before a cut, so that each run is cut. */
function piecesOf(at: number[], rows: number): number[] {
  const places = [...new Set(at.map((place) => place % rows))].toSorted((a, b) => a - b);
  return places.map((place, i) => place - (places[i - 1] ?? 0));
}

const keyed = (type: string) => 'keyBy' in kinds.get(type)!.settings.shape;
const variants = Object.entries(CASES).flatMap(([type, all]) =>
  all.flatMap((settings) => [
    { type, settings },
    ...(keyed(type) ? [{ type, settings: { ...settings, keyBy: 'm', maxKeys: 2 } }] : []),
    ...(type === 'route.alert' ? [{ type, settings: { ...settings, key: 'm', maxKeys: 2 } }] : []),
  ]),
);

test.each(variants)('$type cut anywhere gives the uncut rows and counts: $settings', ({ type, settings }) =>
  fc.assert(
    fc.asyncProperty(cutSeries, async ([feed, at, batchRows]) => {
      const rows = feed.filter((record) => !('gap' in record)).length;
      const whole = await run(type, settings, feed);
      const pieces = await run(type, settings, feed, { cutAfter: piecesOf(at, rows), batchRows });
      expect(pieces).toEqual(whole);
    }),
    // A model takes a tenth of a second to open.
    { numRuns: type === 'model.onnx' ? 4 : 8 },
  ),
);

test('every module that keeps state is cut here, or elsewhere', () => {
  const known = [...Object.keys(CASES), ...Object.keys(APART)];
  expect(stateful().filter((type) => !known.includes(type))).toEqual([]);
  expect(Object.keys(CASES).filter((type) => !stateful().includes(type))).toEqual([]);
});

test('every module that keeps state of a machine takes keyBy', () => {
  const without = stateful().filter((type) => !keyed(type) && !(type in APART));
  expect(without.toSorted()).toEqual(Object.keys(WITHOUT_KEY).toSorted());
});
