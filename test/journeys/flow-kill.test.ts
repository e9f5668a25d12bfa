/**
 * kill -9 at random times under load: the process of a flow is killed again and again while it works, and what its
 * durable sinks hold in the end is what a run that nobody disturbed gives, byte for byte. MILLRACE_KILLS says how
 * often (a hundred times takes some minutes), MILLRACE_SEED repeats a run.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import type { FlowDocument } from '@millrace/schemas';
import { findMosquitto, leftOut, startMosquitto } from '../kit/brokers.js';
import { LoneFlow } from '../kit/flow-process.js';
import { until } from '../kit/millrace.js';

const KILLS = Number(process.env.MILLRACE_KILLS ?? 8);
const seed = Number(process.env.MILLRACE_SEED ?? Date.now() % 1_000_000);
/** A start takes about 400 ms and the state is saved each second: some kills come before the first save. */
const LIFE_MS = [100, 2_200] as const;
const MS = 60_000 + KILLS * 8_000;

let state = seed + 1;
const random = () => (state = (state * 48271) % 0x7fffffff) / 0x7fffffff;
const life = () => LIFE_MS[0] + random() * (LIFE_MS[1] - LIFE_MS[0]);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Keyed windows, an aligner and features in front of a file and the director. */
const chain = (source: FlowDocument['modules'][string]): FlowDocument['modules'] => ({
  in: source,
  clean: { type: 'clean.range', from: ['in'], settings: { field: 'pressure', min: 2, max: 98 } },
  spikes: { type: 'clean.hampel', from: ['clean'], settings: { field: 'pressure', window: 7 } },
  rows: {
    type: 'align.rows',
    from: ['spikes'],
    settings: {
      keyBy: 'machine',
      grid: { periodMs: 20 },
      latenessMs: 0,
      idleMs: 0,
      backfillMs: 1e15,
      columns: [
        { name: 'pressure', maxAgeMs: 200 },
        { name: 'flow', method: 'mean', maxAgeMs: 200 },
      ],
    },
  },
  stats: {
    type: 'feature.stats',
    from: ['rows'],
    settings: { columns: ['pressure', 'flow'], out: ['mean', 'std'], over: { rows: 10 }, keyBy: 'key' },
  },
  file: { type: 'sink.file', from: ['stats'], settings: { path: 'rows.jsonl' } },
  up: { type: 'sink.director', from: ['stats'], settings: { channel: 'result' } },
});

const record = (i: number) => ({
  t: 1_700_000_000_000 + i * 2,
  machine: `m${i % 3}`,
  pressure: Math.round(50 + 49 * Math.sin(i / 50) + (i % 97 === 0 ? 30 : 0)),
  ...(i % 4 === 0 ? { flow: (i * 7919) % 100 } : {}),
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-kill-'));
});

const flow = async (name: string, modules: FlowDocument['modules']) => {
  await mkdir(join(folder, name));
  return new LoneFlow(join(folder, name), modules);
};
const rows = (of: LoneFlow) => readFile(join(of.work, 'rows.jsonl'), 'utf8');

/** Both hold the same, and something. */
async function expectSame(cut: LoneFlow, uncut: LoneFlow, atLeast: number): Promise<void> {
  const [one, other] = [await rows(cut), await rows(uncut)];
  expect(other.split('\n').length).toBeGreaterThan(atLeast);
  // Not the whole texts, which would be printed.
  expect(one.length).toBe(other.length);
  expect(one === other).toBe(true);
  const [sent, expected] = [await cut.results(), await uncut.results()];
  expect(sent.length).toBe(expected.length);
  expect(JSON.stringify(sent) === JSON.stringify(expected)).toBe(true);
}

test(
  `a flow on a file, killed ${KILLS} times (seed ${seed}), leaves what an uncut run leaves`,
  async () => {
    // So many that the last kill surely comes before the end.
    const perSecond = 10_000;
    const count = Math.round(perSecond * (KILLS + 1) * 1.2);
    const file = join(folder, 'in.csv');
    const text = createWriteStream(file);
    text.write('t,machine,pressure,flow\n');
    for (let i = 0; i < count; i++) {
      const { t, machine, pressure, flow: liters = '' } = record(i);
      if (!text.write(`${t},${machine},${pressure},${liters}\n`)) await once(text, 'drain');
    }
    text.end();
    await once(text, 'close');
    const source = (speed: number | 'max') =>
      chain({
        type: 'source.csv',
        settings: { file, timestamp: { column: 't', format: 'epochMs' }, speed },
      });
    const uncut = await flow('file-uncut', source('max'));
    const cut = await flow('file-cut', source((perSecond * 2) / 1000));
    try {
      await uncut.start();
      await until('the uncut run to end', async () => uncut.finished, 120_000);
      for (let kill = 0; kill < KILLS; kill++) {
        await cut.start();
        await pause(life());
        expect(cut.finished).toBe(false);
        await cut.kill();
      }
      await cut.start();
      await until('the run that was killed to end', async () => cut.finished, 120_000);
      await expectSame(cut, uncut, count / 100);
    } finally {
      await uncut.remove();
      await cut.remove();
    }
  },
  MS,
);

const onMosquitto = findMosquitto() === undefined ? test.skip : test;
if (findMosquitto() === undefined)
  leftOut('kill -9 on an MQTT source was not tried: Mosquitto is not installed');

/** Publishes until it is told to stop; gives how many. */
async function publish(port: number, going: () => boolean): Promise<number> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`);
  let i = 0;
  for (const began = performance.now(); going(); await pause(10)) {
    const due = performance.now() - began;
    const sent: Promise<unknown>[] = [];
    for (; i < due; i++) sent.push(client.publishAsync('plant/pump', JSON.stringify(record(i)), { qos: 1 }));
    await Promise.all(sent);
  }
  await client.endAsync();
  return i;
}

const listening = (port: number, clientId: string, journal: object | undefined) =>
  chain({
    type: 'source.mqtt',
    settings: {
      broker: `mqtt://127.0.0.1:${port}`,
      topics: ['plant/pump'],
      timestamp: { path: 't' },
      clientId,
      ...(journal && { journal }),
    },
  });

onMosquitto(
  `a journaled flow on a broker, killed ${KILLS} times (seed ${seed}), leaves what an uncut run leaves`,
  async () => {
    const broker = await startMosquitto();
    const uncut = await flow('mqtt-uncut', listening(broker.tcp, 'uncut', {}));
    const cut = await flow('mqtt-cut', listening(broker.tcp, 'cut', {}));
    try {
      for (const one of [uncut, cut]) {
        await one.start();
        await until('the subscription', async () => one.logs.some((line) => line.includes('connected to')));
      }
      await pause(500);
      let going = true;
      const publishing = publish(broker.tcp, () => going);
      for (let kill = 0; kill < KILLS; kill++) {
        await pause(life());
        await cut.kill();
        await cut.start();
      }
      going = false;
      const count = await publishing;
      const all = async (one: LoneFlow) => {
        const counted = one.metrics?.modules.in?.counted;
        return counted?.waiting === 0 && (await rows(one)).includes(`"t":${lastRow(count)}`);
      };
      await until('the last rows', async () => (await all(cut)) && (await all(uncut)), 60_000);
      await cut.end();
      await uncut.end();
      await expectSame(cut, uncut, count / 100);
    } finally {
      await uncut.remove();
      await cut.remove();
      await broker.close();
    }
  },
  MS,
);

/** The last boundary behind which a sample came. */
const lastRow = (count: number): number => Math.floor((record(count - 1).t - 1) / 20) * 20;
