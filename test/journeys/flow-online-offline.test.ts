/**
 * Online and offline are the same: what a live flow made of messages from a broker, `millrace run` and
 * `millrace prepare` make of the recorded samples, byte for byte.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FlowRun, toRecord } from '@millrace/engine';
import { fillParameters, readFlow } from '@millrace/flow';
import { behaviours, kinds } from '@millrace/modules';
import { connectAsync } from 'mqtt';
import { startAedes, type Broker } from '../kit/brokers.js';
import { until } from '../kit/rig.js';

const command = fileURLToPath(new URL('../../apps/cli/bin/millrace.js', import.meta.url));
const SAMPLES = 600;
/** Milliseconds between samples; one in seven comes 35 ms late, which is too late for some rows. */
const STEP = 7;

/**
 * Nothing here acts by the clock alone (`idleMs: 0`, no watermark of the wall), and nothing is old: rule 11 then
 * promises the same rows. Three modules count the node's time: the second aligner, the limit and the hold.
 */
const flow = (broker: string, out: string) => `apiVersion: millrace/v1
kind: Flow
metadata: { name: twice }
parameters: { out: { type: string, default: ${out} } }
modules:
  in: { type: source.mqtt, settings: { broker: '${broker}', topics: [twice], timestamp: { path: ts, unit: ms } } }
  clean: { type: clean.hampel, from: [in], settings: { field: a } }
  rows:
    type: align.rows
    from: [clean]
    settings:
      grid: { periodMs: 50 }
      latenessMs: 10
      idleMs: 0
      late: revise
      columns:
        - { name: a, maxAgeMs: 100 }
        - { name: mean, from: a, method: timeWeightedMean, maxAgeMs: 100 }
        - { name: b, method: linear, maxAgeMs: 100 }
  arrived:
    type: align.rows
    from: [in]
    settings: { clock: arrival, grid: { periodMs: 20 }, latenessMs: 0, idleMs: 0, columns: [{ name: a, method: count }, { name: b, maxAgeMs: 50 }] }
  stats: { type: feature.stats, from: [rows], settings: { columns: [a, b], out: [mean, std, slope], over: { rows: 5 }, minRows: 1 } }
  few: { type: route.limit, from: [in], settings: { perSecond: 50, burst: 2, clock: node } }
  high: { type: route.alert, from: [stats], settings: { when: a > 0, holdMs: 120, severity: high } }
  file: { type: sink.file, from: [stats], settings: { path: 'stats-\${out}' } }
  second: { type: sink.file, from: [arrived], settings: { path: 'arrived-\${out}' } }
  third: { type: sink.file, from: [few], settings: { path: 'few-\${out}' } }
  fourth: { type: sink.file, from: [high], settings: { path: 'high-\${out}' } }
`;

let broker: Broker;
let folder: string;
beforeAll(async () => {
  broker = await startAedes();
  folder = await mkdtemp(join(tmpdir(), 'millrace-twice-'));
});
afterAll(async () => {
  await broker.close();
  await rm(folder, { recursive: true, force: true });
});

const read = (name: string) => readFile(join(folder, name), 'utf8');
const millrace = (...args: string[]) =>
  new Promise<string>((resolve, reject) =>
    execFile(process.execPath, [command, ...args], { cwd: folder, timeout: 60_000 }, (error, _, stderr) =>
      error ? reject(new Error(stderr)) : resolve(stderr),
    ),
  );

/** Runs the flow on what a broker brings, and gives each sample with the moment at which it arrived. */
async function live(): Promise<string[]> {
  const document = fillParameters(readFlow(await read('flow.yaml')).document!);
  const recorded: string[] = [];
  const run = new FlowRun({
    document,
    kinds,
    behaviours,
    host: {
      path: (file) => join(folder, file),
      resource: () => {
        throw new Error('there are none');
      },
      workFolder: folder,
      flow: { name: 'twice', version: null },
    },
  });
  run.tap('in', (batch) => {
    for (let row = 0; row < batch.n; row++)
      recorded.push(JSON.stringify({ ...toRecord(batch, row), t_arrival: batch.arrival }));
  });
  await run.start();
  const client = await connectAsync(`mqtt://127.0.0.1:${broker.tcp}`);
  const began = Math.ceil(Date.now() / 1000) * 1000;
  const place = (i: number) => i + (i % 7 === 3 ? 5.5 : 0);
  const order = Array.from({ length: SAMPLES }, (_, i) => i).toSorted((a, b) => place(a) - place(b));
  for (const [n, i] of order.entries()) {
    const sample = {
      ts: began + i * STEP,
      a: Math.sin(i / 30) + (i % 50 === 0 ? 9 : 0),
      ...(i % 3 ? {} : { b: i / 7 }),
    };
    await client.publishAsync('twice', JSON.stringify(sample), { qos: 1 });
    // As sensors do: some messages at once, then a while without any.
    if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  // Ends between two boundaries, so that the end of the file lets no further row go.
  const last = began + Math.ceil((SAMPLES * STEP) / 50) * 50 + 30;
  await client.publishAsync('twice', JSON.stringify({ ts: last, a: 0, b: 0 }), { qos: 1 });
  await until('every sample to arrive', () => recorded.length === order.length + 1);
  await client.endAsync();
  await run.stop();
  return recorded;
}

it('a live flow, and a run and a preparation of what was recorded, give the same bytes', async () => {
  await writeFile(join(folder, 'flow.yaml'), flow(`mqtt://127.0.0.1:${broker.tcp}`, 'live.jsonl'));
  const recorded = await live();
  await writeFile(join(folder, 'recorded.jsonl'), `${recorded.join('\n')}\n`);
  await millrace('run', 'flow.yaml', '--input', 'in=recorded.jsonl', '--set', 'out=file.jsonl');
  for (const name of ['stats', 'few', 'high', 'arrived']) {
    const online = await read(`${name}-live.jsonl`);
    expect(online.split('\n').length).toBeGreaterThan(name === 'high' ? 2 : 60);
    expect(await read(`${name}-file.jsonl`)).toBe(online);
  }
  expect((await read('stats-live.jsonl')).includes('"revision":1')).toBe(true);
  await millrace(
    'prepare',
    'flow.yaml',
    '--until',
    'stats',
    '--input',
    'in=recorded.jsonl',
    '--out',
    'rows.jsonl',
  );
  expect(await read('rows.jsonl')).toBe(await read('stats-live.jsonl'));

  // Without the arrivals the node's time is another one, and so are rows that depend on it.
  const bare = recorded.map((line) => line.replace(/,"t_arrival":[^}]+/, ''));
  await writeFile(join(folder, 'bare.jsonl'), bare.join('\n'));
  await millrace('run', 'flow.yaml', '--input', 'in=bare.jsonl', '--set', 'out=bare.jsonl');
  expect(await read('stats-bare.jsonl')).toBe(await read('stats-live.jsonl'));
  expect(await read('arrived-bare.jsonl')).not.toBe(await read('arrived-live.jsonl'));
});
