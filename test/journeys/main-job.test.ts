/**
 * The main job, end to end, as a user does it with the command: a model from the catalogue, in a versioned
 * flow, deployed to a group, running on nodes over real sensor data, raising alerts.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { examples, Installation, until, type AgentProcess } from '../kit/millrace.js';

interface Page<T> {
  items: T[];
}
interface Alert {
  id: string;
  t: number;
  receivedAt: string;
  node: string;
  flow: string;
  module: string;
  severity: string;
  state: string;
  message: string;
  values: Record<string, unknown>;
}

let it: Installation;
let first: AgentProcess;

const resources = ['cooler-ts1.csv', 'cooler-ts2.csv', 'cooler-ts4.csv', 'cooler-condition.onnx'];
const alerts = async () => (await it.call<Page<Alert>>('GET', '/v1/alerts')).body.items;

beforeAll(async () => {
  it = await Installation.create();
  await it.up();
}, 180_000);
afterAll(() => it.remove(), 120_000);

test('resources and a flow get into the catalogue, each with a version', async () => {
  for (const file of resources) {
    const name = file.replace(/\.\w+$/, '');
    const kind = file.endsWith('.onnx') ? 'model' : 'data';
    const path = join(examples, 'hydraulic-cooler/resources', file);
    await it.json('resource', 'push', path, '--name', name, '--kind', kind, '--alias', 'production');
  }
  const shown = await it.call<{ inspection: unknown }>('GET', '/v1/resources/cooler-condition/versions/1');
  expect(JSON.stringify(shown.body)).toContain('output_probability');
  await it.json('flow', 'push', join(examples, 'hydraulic-cooler/flow.yaml'));
  const version = await it.json<{ version: number; digest: string }>('flow', 'publish', 'hydraulic-cooler');
  expect(version).toMatchObject({ version: 1, digest: expect.stringMatching(/^sha256:/) });
}, 120_000);

test('nothing is sent when the digest is known', async () => {
  const again = await it.run(
    'resource',
    'push',
    join(examples, 'hydraulic-cooler/resources/cooler-ts1.csv'),
    '--name',
    'cooler-ts1',
    '--kind',
    'data',
  );
  expect(again.code).toBe(0);
  const versions = await it.call<Page<unknown>>('GET', '/v1/resources/cooler-ts1/versions');
  expect(versions.body.items).toHaveLength(1);
}, 60_000);

test('a deployment brings the flow to the nodes of a group, and they raise alerts', async () => {
  await it.json('group', 'create', 'line-1');
  first = await it.node('press-1', 'line-1');
  await it.node('press-2', 'line-1');
  await until('both nodes to be online', async () => {
    const { body } = await it.call<Page<{ status: string }>>('GET', '/v1/nodes');
    return body.items.filter(({ status }) => status === 'online').length === 2;
  });
  const live = ['--set', 'live=true', '--set', 'speed=100', '--set', 'periodMs=10'];
  const done = await it.run('deploy', 'hydraulic-cooler@1', '--to', 'line-1', ...live, '--wait');
  expect([done.code, done.stderr]).toEqual([0, expect.anything()]);
  const alert = await until('an alert', async () => (await alerts())[0], 90_000);
  expect(alert).toMatchObject({ flow: 'hydraulic-cooler', module: 'failing', severity: 'high' });
  expect(alert.message).toMatch(/The cooler is failing/);
  expect(alert.values).toMatchObject({ condition: 'failing' });
  expect(Math.abs(alert.t - Date.parse(alert.receivedAt))).toBeLessThan(60_000);
}, 240_000);

test('the command line shows them', async () => {
  const { code, stdout } = await it.run('alerts');
  expect(code).toBe(0);
  expect(stdout).toMatch(/hydraulic-cooler/);
  const follow = it.spawn(['alerts', '--follow', '-o', 'json']);
  let heard = '';
  follow.stdout!.on('data', (chunk: Buffer) => (heard += chunk));
  await until('an alert to be followed', async () => heard.includes('hydraulic-cooler'), 120_000);
  await it.end(follow, 'SIGTERM');
}, 180_000);

test('each node reports the digest of what it runs, and has nothing to explain', async () => {
  const version = (await it.call<{ digest: string }>('GET', '/v1/flows/hydraulic-cooler/versions/1')).body;
  const nodes = (await it.call<Page<{ id: string; name: string }>>('GET', '/v1/nodes')).body.items;
  for (const { id } of nodes) {
    const { body } = await it.call<unknown>('GET', `/v1/nodes/${id}`);
    expect(JSON.stringify(body)).toContain(version.digest);
    const why = await it.run('node', 'why', id);
    expect(why.code).toBe(0);
  }
}, 60_000);

test('a node that joins later gets the flow', async () => {
  await it.node('press-3', 'line-1');
  await until(
    'the third node to run the flow',
    async () => {
      const { body } = await it.call<Page<{ id: string; name: string }>>('GET', '/v1/nodes');
      const node = body.items.find(({ name }) => name === 'press-3');
      if (node === undefined) return false;
      const shown = await it.call<unknown>('GET', `/v1/nodes/${node.id}`);
      return (
        JSON.stringify(shown.body).includes('"running"') && JSON.stringify(shown.body).includes('sha256:')
      );
    },
    90_000,
  );
}, 120_000);

test('a version that cannot prove itself goes back, and the old one runs on', async () => {
  const flow = (version: string) => `apiVersion: millrace/v1
kind: Flow
metadata: { name: hydraulic-cooler }
modules:
  numbers:
    type: source.csv
    settings: { file: ${version}, timestamp: { column: t, format: epochMs } }
  out: { type: sink.director, from: [numbers], settings: { channel: result } }
`;
  const file = join(it.folder, 'broken.yaml');
  await writeFile(file, flow('there-is-no-such-file.csv'));
  await it.json('flow', 'push', file);
  const { version } = await it.json<{ version: number }>('flow', 'publish', 'hydraulic-cooler');
  expect(version).toBe(2);
  const deployed = await it.run('deploy', 'hydraulic-cooler@2', '--to', 'line-1', '--wait');
  expect(deployed.code).toBe(1);
  const deployments = (
    await it.call<Page<{ id: string; version: number; state: string }>>('GET', '/v1/deployments')
  ).body.items;
  const failed = deployments.find((deployment) => deployment.version === 2)!;
  expect(['paused', 'rolled-back', 'failed', 'partial']).toContain(failed.state);
  const targets = (
    await it.call<Page<{ outcome: string | null; reason: { code: string } | null }>>(
      'GET',
      `/v1/deployments/${failed.id}/targets`,
    )
  ).body.items;
  // One node first: the others were never touched.
  expect(targets.filter(({ outcome }) => outcome === 'rolled-back' || outcome === 'failed')).toHaveLength(1);
  const before = (await alerts()).length;
  await until('alerts of the old version to go on', async () => (await alerts()).length > before, 120_000);
}, 300_000);

test('an agent that is killed goes on where it was, also while the director is gone', async () => {
  await first.stop('SIGKILL');
  await it.down('SIGTERM');
  await first.start();
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  await it.up();
  const before = (await alerts()).length;
  expect(before).toBeGreaterThan(0);
  await until('new alerts after both came back', async () => (await alerts()).length > before, 120_000);
}, 300_000);

test('undeploy stops the flow on every node', async () => {
  const { code } = await it.run('undeploy', 'hydraulic-cooler', '--from', 'line-1');
  expect(code).toBe(0);
  await until('no node to run a flow', async () => {
    const { body } = await it.call<Page<{ id: string }>>('GET', '/v1/nodes');
    for (const { id } of body.items) {
      const shown = await it.call<{ flows: { runningDigest: string | null }[] }>('GET', `/v1/nodes/${id}`);
      if (shown.body.flows.some(({ runningDigest }) => runningDigest !== null)) return false;
    }
    return true;
  });
}, 120_000);
