/** Fifty simulated nodes at a real director: they join, run what is deployed, roll back, come back, and leave. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import type { Deployment, Node, TargetCounts } from '@millrace/schemas';
import { Installation, until } from '../kit/millrace.js';

const NODES = 50;
const FAILING = 5;
const AWAY = 2;

let it: Installation;
let simulation: ChildProcess;

const nodes = async () => (await it.call<{ items: Node[] }>('GET', '/v1/nodes?limit=100')).body.items;
const online = async () => (await nodes()).filter(({ status }) => status === 'online');

beforeAll(async () => {
  it = await Installation.create();
  await it.up();
  await it.json('group', 'create', 'line');
}, 180_000);
afterAll(() => it.remove(), 120_000);

const flow = (value: number) => `apiVersion: millrace/v1
kind: Flow
metadata: { name: watch }
modules:
  sensors: { type: source.simulator, settings: { signals: [{ name: pressure, shape: sine, hz: 1 }] } }
  clean: { type: clean.range, from: [sensors], settings: { field: pressure, min: -${value}, max: ${value} } }
  out: { type: sink.file, from: [clean], settings: { path: out.jsonl, format: jsonl } }
`;

/** Publishes the flow and brings it to the group; resolves when every node that is there has an outcome. */
async function deploy(version: number): Promise<TargetCounts> {
  const file = join(it.folder, 'watch.yaml');
  await writeFile(file, flow(version));
  await it.json('flow', 'publish', file);
  const strategy = { waves: ['100%'], probationMs: 300, gate: { maxFailures: '50%' } };
  const asked = { flow: 'watch', version, group: 'line', strategy };
  const made = await it.call<Deployment>('POST', '/v1/deployments', asked);
  expect(made.status).toBe(201);
  return until('outcomes of the deployment', async () => {
    const { body } = await it.call<Deployment>('GET', `/v1/deployments/${made.body.id}`);
    const { succeeded, failed } = body.targets;
    return succeeded + failed === NODES - AWAY && body.targets;
  });
}

const runs = async (version: number) =>
  (await nodes()).filter(({ flows }) => flows.some((one) => one.runningVersion === version)).length;

test('they join, are online, and say what they are', async () => {
  const shares = ['--fail', String(FAILING / NODES), '--offline', String(AWAY / NODES), '--seed', '3'];
  simulation = it.spawn(
    ['simulate', '--nodes', String(NODES), '--group', 'line', '--json', ...shares],
    'simulate',
  );
  const [line] = (await once(simulation.stdout!, 'data')) as [Buffer];
  const connected = NODES - AWAY;
  expect(JSON.parse(String(line))).toEqual({ ready: true, nodes: NODES, connected, offline: AWAY });
  await until('nodes online', async () => (await online()).length === connected);
  const all = await nodes();
  expect(all).toHaveLength(NODES);
  expect(all.every(({ facts }) => facts?.simulated === true)).toBe(true);
}, 180_000);

test('what is deployed runs on all that are there', async () => {
  expect(await deploy(1)).toMatchObject({ succeeded: NODES - AWAY, failed: 0 });
  expect(await runs(1)).toBe(NODES - AWAY);
}, 120_000);

test('a version rolls back on those that were told to, and on no other', async () => {
  expect(await deploy(2)).toMatchObject({ succeeded: NODES - AWAY - FAILING, failed: FAILING });
  expect(await runs(1)).toBe(FAILING);
  expect(await runs(2)).toBe(NODES - AWAY - FAILING);
}, 120_000);

test('they come back to a director that was killed', async () => {
  await it.down('SIGKILL');
  await it.up();
  await until('nodes online again', async () => (await online()).length === NODES - AWAY, 120_000);
  expect(await runs(2)).toBe(NODES - AWAY - FAILING);
}, 240_000);

test('undeployed they run nothing; ended they are offline', async () => {
  await it.json('undeploy', 'watch', '--from', 'line');
  await until('no flow', async () => (await nodes()).every(({ flows }) => flows.length === 0));
  const ended = once(simulation, 'exit');
  simulation.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  await until('nodes offline', async () => (await online()).length === 0);
}, 120_000);
