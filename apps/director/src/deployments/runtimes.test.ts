/** What a plan says of the runtimes of a flow, and which bytes of them a node may fetch. */
import type { Plan, RuntimeManifest } from '@millrace/schemas';
import { testDirector, type TestDirector } from '../../../../test/kit/director.js';
import { testFacts, testNode, type TestNode } from '../../../../test/kit/node.js';
import { uploadResource } from '../../../../test/kit/resources.js';
import { wheel } from '../../../../test/kit/wheels.js';
import { Presence } from '../fleet/presence.js';
import { Rollouts } from './rollouts.js';

const pump = wheel('pump', '1.0', '');
const arm = wheel('pump', '1.0', '# for another processor\n');
const stranger = wheel('stranger', '1.0', '');
const manifest: RuntimeManifest = {
  apiVersion: 'millrace/v1',
  kind: 'Runtime',
  language: 'python',
  interpreter: { version: '3.11' },
  variants: [
    { system: 'linux', processor: 'x64', packages: [pump.package] },
    { system: 'linux', processor: 'arm64', packages: [arm.package] },
  ],
};
const bytes = Buffer.from(JSON.stringify(manifest));

let t: TestDirector;
let group: string;
const nodes: Record<string, TestNode> = {};
const facts = {
  fit: { runtimes: { python: '3.11.7' } },
  none: { runtimes: { node: '20.19.0' } },
  old: { runtimes: { python: '3.9.2' } },
  windows: { platform: 'win32', runtimes: { python: '3.11.7' } },
};

beforeAll(async () => {
  t = await testDirector();
  // Known to the catalogue as they are, which is all that a piece has to be.
  for (const { bytes: content } of [pump, arm, stranger])
    await uploadResource(t, 'wheels', content, { kind: 'data', fileName: 'a.whl' });
  await uploadResource(t, 'env', bytes, { kind: 'runtime', fileName: 'env.json' });
  for (const [name, more] of Object.entries(facts)) {
    nodes[name] = await testNode(t, name);
    await nodes[name].report([], { facts: { ...testFacts, ...more } });
  }
  const ids = Object.values(nodes).map(({ id }) => id);
  const made = await t.call<{ id: string }>('POST', '/v1/groups', { name: 'press', members: ids });
  group = made.body.id;
  const modules = {
    sensors: { type: 'source.simulator', settings: { signals: [{ name: 'p', shape: 'sine', hz: 1 }] } },
    watch: {
      type: 'route.alert',
      from: ['sensors'],
      settings: { when: 'p > 2', severity: 'low', message: 'resource:env@1' },
    },
  };
  const document = { apiVersion: 'millrace/v1', kind: 'Flow', metadata: { name: 'press' }, modules };
  await t.call('POST', '/v1/flows', { name: 'press', document });
  expect((await t.call('POST', '/v1/flows/press:publish')).status).toBe(201);
});
afterAll(() => t?.close());

it('a plan names the runtimes that a node lacks, and counts the packages of its own variant', async () => {
  const { body } = await t.call<Plan>('POST', '/v1/deployments:plan', {
    flow: 'press',
    version: 1,
    group,
  });
  const of = (name: string) => body.nodes.find(({ nodeName }) => nodeName === name)!;
  expect(of('fit')).toMatchObject({ conflicts: [], bytesToFetch: bytes.length + pump.bytes.length });
  expect(of('none').conflicts).toEqual(['runtime env needs python 3.11, and the node has none']);
  expect(of('old').conflicts).toEqual(['runtime env needs python 3.11, and the node has 3.9.2']);
  expect(of('windows').conflicts).toEqual(['runtime env has no variant for win32 x64']);
});

it('a node may fetch the packages of the runtimes that it is to run, and no other', async () => {
  const ask = async (digest: string) =>
    (await nodes.fit!.call('POST', '/v1/agent/downloads', { digest })).status;
  expect(await ask(pump.package.digest)).toBe(403);
  // Their reports were signs of life; a deployment begins with the nodes that are known to be there.
  await t.director.app.get(Presence).flush();
  await t.call('POST', '/v1/deployments', {
    flow: 'press',
    version: 1,
    group,
    strategy: { waves: ['100%'] },
  });
  await t.director.app.get(Rollouts).advance(t.organization);
  expect(await ask(pump.package.digest)).toBe(200);
  expect(await ask(stranger.package.digest)).toBe(403);
});
