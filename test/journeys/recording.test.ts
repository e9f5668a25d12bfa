/**
 * A recording: a node journals what its sensors say, the file is fetched from afar, and replayed on a desk it gives,
 * byte for byte, what the flow gave in the plant.
 */
import { readFile, writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { foldersOf } from '../../apps/agent/src/folders.js';
import { startAedes, type Broker } from '../kit/brokers.js';
import { Installation, until, type AgentProcess } from '../kit/millrace.js';

const MESSAGES = 1_500;
const FLOW = 'press-features';

let it: Installation;
let plant: Broker;
let node: AgentProcess;

beforeAll(async () => {
  it = await Installation.create();
  await it.up();
  plant = await startAedes();
  await it.json('group', 'create', 'presses');
  node = await it.node('press-1', 'presses');
}, 240_000);
afterAll(async () => {
  await it.remove();
  await plant.close();
}, 120_000);

const text = () => `apiVersion: millrace/v1
kind: Flow
metadata: { name: ${FLOW} }
modules:
  sensors:
    type: source.mqtt
    settings:
      broker: mqtt://127.0.0.1:${plant.tcp}
      topics: [plant/+]
      topicFields: plant/{machine}
      timestamp: { path: ts }
      journal: {}
  rows:
    type: align.rows
    from: [sensors]
    settings:
      keyBy: machine
      grid: { periodMs: 20 }
      latenessMs: 0
      idleMs: 0
      columns: [{ name: force, maxAgeMs: 200 }, { name: stroke, method: mean, maxAgeMs: 200 }]
  out: { type: sink.file, from: [rows], settings: { path: rows.jsonl } }
`;

test('what a node took is fetched, and gives the same rows again', async () => {
  const flow = join(it.folder, 'flow.yaml');
  await writeFile(flow, text());
  await it.json('flow', 'push', flow);
  await it.json('flow', 'publish', FLOW);
  await it.json('deploy', `${FLOW}@1`, '--to', 'presses', '--wait');

  const sensor = await connectAsync(`mqtt://127.0.0.1:${plant.tcp}`);
  const began = Date.now();
  for (let i = 0; i < MESSAGES; i++) {
    const force = Math.round(1000 * Math.sin(i / 20)) / 10;
    const message = { ts: began + i * 3, force, ...(i % 3 === 0 && { stroke: i % 50 }) };
    await sensor.publishAsync(`plant/m${i % 2}`, JSON.stringify(message), { qos: 1 });
  }
  await sensor.endAsync();
  const { work } = foldersOf(node.data).flow(FLOW);
  const last = `"t":${Math.floor((began + (MESSAGES - 2) * 3 - 1) / 20) * 20},`;
  const inPlant = await until('the last row', async () => {
    const rows = await readFile(join(work, 'rows.jsonl'), 'utf8');
    return rows.includes(last) && rows;
  });

  const recording = join(it.folder, 'sensors.journal');
  const fetched = await it.run('node', 'recording', 'press-1', FLOW, 'sensors', '--out', recording);
  expect(fetched).toMatchObject({ code: 0, stdout: '' });
  const desk = join(it.folder, 'desk');
  await mkdir(desk);
  await writeFile(join(desk, 'flow.yaml'), text());
  const replayed = await it.run('run', join(desk, 'flow.yaml'), '--input', `sensors=${recording}`);
  expect(replayed).toMatchObject({ code: 0 });
  const onDesk = await readFile(join(desk, 'rows.jsonl'), 'utf8');
  // A file ends, so the last boundary leaves there that the plant still waits with.
  expect(onDesk.startsWith(inPlant)).toBe(true);
  expect(inPlant.split('\n').length).toBeGreaterThan(MESSAGES / 10);
}, 300_000);

test('what cannot be fetched or replayed is told', async () => {
  const none = await it.run('node', 'recording', 'press-1', FLOW, 'rows', '--out', join(it.folder, 'x'));
  expect(none.code).toBe(1);
  expect(none.stderr).toContain('nothing of this module');
  const flow = await it.run(
    'node',
    'recording',
    'press-1',
    'no-flow',
    'sensors',
    '--out',
    join(it.folder, 'x'),
  );
  expect(flow.code).toBe(1);
  expect(flow.stderr).toContain('no flow no-flow is on this node');
  const wrong = join(it.folder, 'wrong.journal');
  await writeFile(wrong, 'this is no recording\n'.repeat(20));
  const run = await it.run('run', join(it.folder, 'flow.yaml'), '--input', `sensors=${wrong}`);
  expect(run.code).toBe(1);
  expect(run.stderr).toContain('is no recording');
}, 120_000);
