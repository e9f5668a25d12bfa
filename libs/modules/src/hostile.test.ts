/**
 * Data as no one would wish it, through every kind: what is no number, clocks that are wrong, fields that come and
 * go, keys without end, records of ten megabytes. Found from the kinds and the fields that each one's example
 * reads, so a new kind is tried too.
 *
 * Held of all: the flow goes on, every record is accounted for, what comes after is as if nothing had been, and
 * memory stays bounded.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Host, PlainRecord } from '@millrace/engine';
import { fieldsOf, parseExpression, type ModuleKind } from '@millrace/flow';
import { runRecords } from '../../../test/kit/flow.js';
import { identity, model } from '../../../test/kit/onnx.js';
import { kinds } from './kinds.js';

const folder = mkdtempSync(path.join(tmpdir(), 'millrace-hostile-'));
writeFileSync(path.join(folder, 'identity.onnx'), model(identity()));
afterAll(() => rmSync(folder, { recursive: true }));
const host: Partial<Host> = { path: (file) => path.join(folder, file), workFolder: folder };

/** In the place of an example that is too long for a short series, or names what is not here. */
const SETTINGS: Record<string, Record<string, unknown>> = {
  'align.rows': { grid: { periodMs: 1000 }, columns: [{ name: 'v' }, { name: 'w', method: 'mean' }] },
  'feature.fft': { column: 'v', size: 8, sampleHz: 1 },
  'feature.baseline': { column: 'v', over: 20 },
  'feature.cusum': { column: 'v', drift: 0.5, threshold: 5, units: 'std', over: 20 },
  'feature.stats': { columns: ['v', 'w'], out: ['mean', 'std', 'slope'], over: { rows: 8 } },
  'align.lag': { columns: ['v'], steps: [1, 5] },
  'align.window': { by: 'count', size: 8, columns: ['v', 'w'] },
  'clean.fill': { field: 'v', method: 'linear', maxAgeMs: 3000 },
  'model.onnx': {
    model: 'identity.onnx',
    inputs: [{ tensor: 'x', columns: ['v', 'w'] }],
    outputs: [{ tensor: 'y', as: 'y' }],
  },
  'model.javascript': {
    code: 'export const predict = (rows) => rows.map(({ v, w }) => v + w);',
    columns: ['v', 'w'],
    sandbox: 'off',
  },
};
/** What they give goes over a network, and records leave them by no port: tested beside them, against a real one. */
const ELSEWHERE = new Set(['act.http', 'act.mqtt', 'sink.http', 'sink.mqtt']);
/** model.javascript with another interpreter behind it, which a machine may lack and which takes a second to start. */
const SAME = new Set(['model.java', 'model.julia', 'model.python', 'model.r']);
/** Neither one record for one record, nor counted one by one: windows, rows, changes. */
const REGROUPS = new Set(['align.rows', 'align.window', 'route.switch', 'route.alert', 'route.debounce']);

/** Weigh all that ever was, or count their hops in rows that have a number. */
const REMEMBERS = new Set(['feature.ewma', 'feature.cusum', 'feature.fft']);

const subjects = [...kinds.values()].filter(
  ({ type, inputs }) => inputs !== 'none' && !ELSEWHERE.has(type) && !SAME.has(type),
);

const settingsOf = (kind: ModuleKind): Record<string, unknown> =>
  SETTINGS[kind.type] ?? (kind.example.settings as Record<string, unknown>);

/** Every field that the settings read, by name or in an expression. */
function fieldsReadBy(kind: ModuleKind): string[] {
  const settings = kind.settings.parse(settingsOf(kind));
  const read = (kind.reads?.(settings) ?? []).map(({ field }) => field);
  const inside = (kind.expressions?.(settings) ?? []).flatMap(({ source }) =>
    fieldsOf(parseExpression(source)),
  );
  return [...new Set([...read, ...inside, 'v', 'w'])];
}

async function run(kind: ModuleKind, feed: PlainRecord[], settings = settingsOf(kind)) {
  const { records, counters } = await runRecords({
    modules: { x: { type: kind.type, from: ['in'], settings } },
    feed: { in: feed },
    collect: kind.outputs.map((port) => `x.${port}`),
    host,
  });
  const ports = Object.values(records).map((rows) => rows.filter((row) => !('gap' in row)));
  return { ...counters.x, rows: ports.flat(), ports };
}

const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0);
const SECOND = 1000;
const BEGIN = 1_700_000_000_000;
/** Numbers as a machine gives them, a second apart. */
const calm = (fields: string[], n: number, from = BEGIN): PlainRecord[] =>
  Array.from({ length: n }, (_, i) => ({
    t: from + i * SECOND,
    ...Object.fromEntries(fields.map((field, k) => [field, 5 + Math.sin(i + k)])),
  }));

const VALUES: [string, unknown][] = [
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['null', null],
  ['a text', 'n/a'],
  ['an empty text', ''],
  ['a truth', true],
  ['the largest number', Number.MAX_VALUE],
  ['the smallest number', Number.MIN_VALUE],
  ['-0', -0],
  ['a vector', new Float64Array([1, NaN, 3])],
  ['an empty vector', new Float64Array(0)],
  ['an object', { deep: 1 }],
];

describe.each(subjects.map((kind) => [kind.type, kind] as const))('%s', (type, kind) => {
  const fields = fieldsReadBy(kind);

  test.each(VALUES)('%s in every field that it reads', async (_, value) => {
    const feed = calm(fields, 120).map((record, i) => {
      if (i < 40 || i >= 50) return record;
      return { t: record.t, ...Object.fromEntries(fields.map((field) => [field, value])) } as PlainRecord;
    });
    const result = await run(kind, feed);
    expect(result.in).toBe(120);
    accountedFor(type, kind, result);
    expect(result.rows.every((row) => Object.values(row).every(isPlain))).toBe(true);
    const whole = await run(kind, calm(fields, 120));
    if (!REMEMBERS.has(type)) expect(tail(result.rows)).toEqual(tail(whole.rows));
    else expect(tail(result.rows)).toHaveLength(20);
  });

  test('fields that come and go, and thousands that nobody knows', async () => {
    const feed = calm(fields, 300).map((record, i) => {
      const kept = Object.entries(record).filter(([name], k) => name === 't' || (i + k) % 3 !== 0);
      return { ...Object.fromEntries(kept), [`junk${i % 150}`]: i, t: record.t } as PlainRecord;
    });
    const result = await run(kind, feed);
    expect(result.in).toBe(300);
    accountedFor(type, kind, result);
  });

  test.each([
    ['seconds in the place of milliseconds', (t: number) => t / 1000],
    ['microseconds in their place', (t: number) => t * 1000],
    ['1970', () => 0],
    ['before 1970', () => -5_000_000],
    ['the year 4000', () => Date.UTC(4000, 0)],
    ['an hour back', (t: number) => t - 3_600_000],
    ['the end of time', () => Number.MAX_VALUE],
  ])('timestamps of %s', async (_, wrong) => {
    const feed = calm(fields, 200).map((record, i) =>
      i >= 60 && i < 70 ? { ...record, t: wrong(record.t as number) } : record,
    );
    const result = await run(kind, feed);
    expect(result.in).toBe(200);
    accountedFor(type, kind, result);
    // Not more than ten records of their own are missing in the end, or what is missing is counted.
    const missing = sum(result.dropped) + sum(result.counted) + result.errors;
    const whole = await run(kind, calm(fields, 200));
    expect(result.rows.length + missing).toBeGreaterThanOrEqual(Math.min(whole.rows.length, 150));
  });

  test('a record of ten megabytes', async () => {
    const feed = calm(fields, 60);
    const long = { text: 'x'.repeat(10_000_000), vector: new Float64Array(100_000).fill(1) };
    Object.assign(feed[30], { junkText: long.text, junkVector: long.vector });
    feed[31] = { t: feed[31].t, ...Object.fromEntries(fields.map((field) => [field, long.text])) };
    feed[32] = { t: feed[32].t, ...Object.fromEntries(fields.map((field) => [field, long.vector])) } as never;
    const result = await run(kind, feed);
    expect(result.in).toBe(60);
    accountedFor(type, kind, result);
  });

  if ('keyBy' in kind.settings.shape) {
    test('keys without end: no more than maxKeys are kept, and memory with them', async () => {
      const N = 30_000;
      const settings = { ...settingsOf(kind), keyBy: 'id', maxKeys: 100 };
      const feed = calm(['v'], N).map((record, id) => ({ ...everything(fields, record), id }));
      // The records themselves are the test's.
      const before = heapUsed();
      const { counted, in: received, rows } = await run(kind, feed, settings);
      rows.length = 0;
      expect(received).toBe(N);
      expect(counted['keys-evicted']).toBe(N - 100);
      expect(heapUsed() - before).toBeLessThan(30_000_000);
    });
  }
});

const everything = (fields: string[], { t, v }: PlainRecord) => ({
  t,
  ...Object.fromEntries(fields.map((field) => [field, v])),
});

/** One record in, one out, unless it was dropped or failed; none is there twice. */
function accountedFor(type: string, kind: ModuleKind, result: Awaited<ReturnType<typeof run>>): void {
  if (REGROUPS.has(type) || kind.outputs.length === 0) return;
  expect(result.out).toBeLessThanOrEqual(result.in);
  expect(result.in).toBeLessThanOrEqual(result.out + sum(result.dropped) + result.errors);
}

/** What left of the last twenty seconds. */
const tail = (rows: PlainRecord[]) => rows.filter(({ t }) => (t as number) >= BEGIN + 100 * SECOND);

/** As JSON has it. */
const isPlain = (value: unknown): boolean =>
  typeof value !== 'number' ? typeof value !== 'undefined' : Number.isFinite(value);

function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
