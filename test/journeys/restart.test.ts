/** Stopping, starting again, and kill -9 at a bad moment: everything is kept, nothing is made twice. */
import { once } from 'node:events';
import { Installation, until } from '../kit/millrace.js';

interface Page<T> {
  items: T[];
}

let it: Installation;

const alerts = async () =>
  (await it.call<Page<{ id: string; receivedAt: string; flow: string }>>('GET', '/v1/alerts?limit=100')).body
    .items;
const nodes = async () =>
  (await it.call<Page<{ id: string; name: string; status: string }>>('GET', '/v1/nodes')).body.items;
const names = async (path: string) =>
  (await it.call<Page<{ name: string }>>('GET', path)).body.items.map(({ name }) => name).sort();

beforeAll(async () => {
  it = await Installation.create();
  await it.up('--demo');
}, 180_000);
afterAll(() => it.remove(), 120_000);

test('the demo raises alerts within a minute of being ready', async () => {
  const found = await until('an alert of the demo', async () => (await alerts())[0], 60_000);
  expect(found.flow).toBe('hydraulic-cooler');
}, 90_000);

test('three nodes in two groups, one of them offline on purpose', async () => {
  await until(
    'two nodes online',
    async () => (await nodes()).filter(({ status }) => status === 'online').length === 2,
  );
  expect((await nodes()).map(({ name, status }) => `${name} ${status}`).sort()).toEqual([
    'node-1 online',
    'node-2 online',
    'node-3 offline',
  ]);
  expect(await names('/v1/groups')).toEqual(['line-1', 'line-2']);
}, 90_000);

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'after %s everything is as it was, and alerts go on',
  async (signal) => {
    const before = {
      alerts: await alerts(),
      nodes: await nodes(),
      flows: await names('/v1/flows'),
      resources: await names('/v1/resources'),
    };
    const { email, password, token } = it;
    await it.down(signal);
    await it.up('--demo');
    expect({ email: it.email, password: it.password, token: it.token }).toEqual({ email, password, token });
    const ids = new Set((await alerts()).map(({ id }) => id));
    for (const { id } of before.alerts.slice(0, 20)) expect(ids.has(id)).toBe(true);
    expect((await nodes()).map(({ id }) => id).sort()).toEqual(before.nodes.map(({ id }) => id).sort());
    expect(await names('/v1/flows')).toEqual(before.flows);
    expect(await names('/v1/resources')).toEqual(before.resources);
    const started = new Date().toISOString();
    await until(
      'new alerts',
      async () => (await alerts()).some(({ receivedAt }) => receivedAt > started),
      90_000,
    );
  },
  300_000,
);

test('a second one on the same data says so and leaves the first alone', async () => {
  const second = it.spawn(['up', '--json', '--port', '0', '--data', it.data], 'second');
  let said = '';
  second.stderr!.on('data', (chunk: Buffer) => (said += chunk));
  const [code] = (await once(second, 'exit')) as [number];
  expect(code).toBe(1);
  expect(said).toMatch(/already|in use|runs/i);
  expect((await it.call('GET', '/v1/me')).status).toBe(200);
}, 120_000);

test('stopping leaves no process behind', async () => {
  const { execFileSync } = await import('node:child_process');
  await it.down('SIGTERM');
  const left = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(it.folder));
  expect(left).toEqual([]);
}, 90_000);
