import { AlertSignal, SIGNAL_BYTES, type FlowModule } from '@millrace/schemas';
import type { DirectorMessage, PlainRecord } from '@millrace/engine';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { part, rig } from '../../../../../test/kit/rig.js';
import { create as createSink } from '../../sinks/director/behaviour.js';
import { kind as sinkKind } from '../../sinks/director/kind.js';
import { create as createCsv } from '../../sources/csv/behaviour.js';
import { kind as csvKind } from '../../sources/csv/kind.js';
import { create } from './behaviour.js';
import { kind } from './kind.js';
import { Ring, ringSize, signalFields } from './signal.js';

type Alert = Extract<DirectorMessage, { channel: 'alert' }>;
const parts = [part(csvKind, createCsv), part(kind, create), part(sinkKind, createSink)];

let folder: string;
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), 'millrace-signal-'))));
afterAll(() => rmSync(folder, { recursive: true }));

/** What the director gets of these rows, and what leaves route.alert as records. */
async function run(settings: Record<string, unknown>, columns: string, rows: string[]) {
  writeFileSync(path.join(folder, 'in.csv'), `${columns}\n${rows.join('\n')}\n`);
  const sent: Alert[] = [];
  const modules: Record<string, FlowModule> = {
    in: { type: 'source.csv', settings: { file: 'in.csv', timestamp: { column: 't', format: 'epochMs' } } },
    x: { type: 'route.alert', from: ['in'], settings },
    up: { type: 'sink.director', from: ['x'], settings: { channel: 'alert' } },
  };
  const one = rig(parts, modules, {
    folder,
    toDirector: async (message) => void sent.push(message as Alert),
  });
  await one.run.start();
  await one.run.finished;
  return { sent, records: one.out.x as PlainRecord[] };
}

const ten = (from: number, to: number, valueAt: (second: number) => number): string[] =>
  Array.from({ length: (to - from) * 10 }, (_, i) => `${from * 1_000 + i * 100},${valueAt(from + i / 10)}`);

describe('the signal around an alert', () => {
  test('is a row a second up to the raise, and on up to the clear; the record has none of it', async () => {
    const rows = ten(0, 8, (s) => (s >= 4.5 && s < 7.2 ? 0.9 : 0.1));
    const { sent, records } = await run({ when: 'score > 0.8' }, 't,score', rows);
    expect(sent.map(({ t, change }) => [t, change])).toEqual([
      [4_500, 'raised'],
      [7_200, 'cleared'],
    ]);
    expect(sent[0]?.signal).toEqual({
      t: [0, 1_000, 2_000, 3_000, 4_000, 4_500],
      fields: { score: [0.1, 0.1, 0.1, 0.1, 0.1, 0.9] },
    });
    expect(sent[1]?.signal).toEqual({
      t: [5_000, 6_000, 7_000, 7_200],
      fields: { score: [0.9, 0.9, 0.9, 0.1] },
    });
    expect(records[0]).toEqual({
      t: 4_500,
      score: 0.9,
      alert: 'raised',
      severity: 'medium',
      message: 'score > 0.8',
    });
  });

  test('is of each key for itself, and of the numbers that the condition reads first', async () => {
    const rows = ['0,a,1,x', '0,b,5,y', '1000,a,2,x', '1000,b,9,y', '2000,a,8,x'];
    const settings = { when: 'level > 7 && name != "z"', key: 'unit' };
    const { sent } = await run(settings, 't,unit,level,name', rows);
    expect(sent.map(({ key, signal }) => [key, signal])).toEqual([
      ['b', { t: [0, 1_000], fields: { level: [5, 9] } }],
      ['a', { t: [0, 1_000, 2_000], fields: { level: [1, 2, 8] } }],
    ]);
  });

  test('goes back signalMs, thinned evenly to 120 points with both ends; 0 switches it off', async () => {
    const rows = Array.from({ length: 1_001 }, (_, s) => `${s * 1_000},${s === 1_000 ? 1 : s / 1e6}`);
    const { sent } = await run({ when: 'score > 0.5', signalMs: 300_000 }, 't,score', rows);
    const signal = AlertSignal.parse(sent[0]?.signal);
    expect([signal.t.length, signal.t[0], signal.t.at(-1)]).toEqual([120, 701_000, 1_000_000]);
    const steps = signal.t.slice(1).map((t, i) => t - signal.t[i]);
    expect([Math.min(...steps), Math.max(...steps)]).toEqual([2_000, 3_000]);
    expect((await run({ when: 'score > 0.5', signalMs: 0 }, 't,score', rows)).sent[0]).not.toHaveProperty(
      'signal',
    );
  });
});

describe('the ring', () => {
  const filled = (ring: Ring, times: number[], value = (t: number) => t) => {
    for (const t of times) if (ring.wants(t)) ring.values[ring.row(t)] = value(t);
    return ring.signal(['v'], -Infinity, Infinity)?.t;
  };

  test('keeps the newest rows, in order, however often it goes round', () => {
    const times = Array.from({ length: 100 }, (_, i) => i * 1_000);
    expect(filled(new Ring(1, 20, 1_000), times)).toEqual(times.slice(-20));
  });

  test('only rises: late rows are left out, and a time far back begins anew', () => {
    expect(filled(new Ring(1, 10, 1_000), [5_000, 6_000, 5_500, 7_000])).toEqual([5_000, 6_000, 7_000]);
    expect(filled(new Ring(1, 10, 1_000), [50_000, 51_000, 1_000, 2_000])).toEqual([1_000, 2_000]);
  });

  test('of many keys takes longer steps, and of too many none', () => {
    expect(ringSize(600_000, 1)).toEqual({ rows: 600, stepMs: 1_000 });
    expect(ringSize(600_000, 5_000)).toEqual({ rows: 120, stepMs: 5_000 });
    expect(ringSize(10_000, 1)).toEqual({ rows: 11, stepMs: 1_000 });
    expect([ringSize(600_000, 1_000_000), ringSize(0, 1)]).toEqual([undefined, undefined]);
  });

  test('written out stays within its bytes, whatever the numbers and names are', () => {
    const names = signalFields(Array.from({ length: 20 }, (_, k) => `${'\u20ac'.repeat(127)}${k % 10}`));
    expect(names).toHaveLength(8);
    const ring = new Ring(8, 600, 1_000);
    for (let s = 0; s < 600; s++) {
      const at = ring.row(1.7e12 + s * 1_000 + 0.123);
      for (let k = 0; k < 8; k++) ring.values[at + k] = -1.23456e20 * (1 + k / 10);
    }
    const signal = ring.signal(names, -Infinity, Infinity);
    expect(Buffer.byteLength(JSON.stringify(signal))).toBeLessThanOrEqual(SIGNAL_BYTES);
    expect(signal?.t.length).toBeGreaterThan(20);
    expect(signal?.t.at(-1)).toBe(1.7e12 + 599_000 + 0.123);
  });

  test('without a number has nothing to tell', () => {
    const ring = new Ring(1, 10, 1_000);
    ring.values[ring.row(0)] = NaN;
    expect(ring.signal(['v'], -1, 1)).toBeUndefined();
    expect(signalFields(['t', 'x'.repeat(200), 'score'])).toEqual(['score']);
  });
});
