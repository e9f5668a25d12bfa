/** What ran where and when, and where a resource version comes from: as nodes tell it, and as people ask. */
import type { NodeHistory, NodeRun, ResourceLineage, ResourceNode } from '@millrace/schemas';
import { testDirector, type TestDirector } from '../../../../test/kit/director.js';
import type { TestNode } from '../../../../test/kit/node.js';
import { uploadResource } from '../../../../test/kit/resources.js';
import { bytesOf, replay, siteKit } from '../../../../test/kit/site.js';

let t: TestDirector;
beforeAll(async () => {
  t = await testDirector();
});
afterAll(() => t?.close());

const { fresh, must, site, obey, settle } = siteKit(() => t);
interface Page<Item> {
  items: Item[];
  next: string | null;
}
const runsOf = (node: TestNode, query = '') =>
  must<Page<NodeRun>>('GET', `/v1/nodes/${node.name}/runs${query}`);
const nodesOf = (resource: string, version: number, query = '') =>
  must<Page<ResourceNode>>('GET', `/v1/resources/${resource}/versions/${version}/nodes${query}`);
const rows = () =>
  t.test.database.withinSql(t.organization, async (tx) => (await tx.sql('SELECT 1 FROM node_runs')).length);

it('what runs on a node is kept as intervals, and can be asked for at a moment', async () => {
  const s = await site();
  const [first] = s.nodes as [TestNode, TestNode];
  const [flow] = s.flows as [string];
  const before = new Date().toISOString();
  const [run] = (await runsOf(first)).items;
  expect(run).toMatchObject({
    flow,
    version: 1,
    until: null,
    resources: [{ name: s.resource, version: 1 }],
  });
  await must('POST', '/v1/promotions', { resource: s.resource, version: 2, alias: 'production' });
  await settle(s);
  const after = new Date().toISOString();
  const [now, old] = (await runsOf(first)).items;
  expect(now).toMatchObject({ flow, version: 2, until: null, resources: [{ version: 2 }] });
  expect(old).toMatchObject({ flow, version: 1, until: now!.since, since: run!.since });
  expect((await runsOf(first, `?at=${before}`)).items).toMatchObject([{ version: 1 }]);
  expect((await runsOf(first, `?at=${after}`)).items).toMatchObject([{ version: 2 }]);
  expect((await runsOf(first, '?at=2020-01-01T00:00:00Z')).items).toEqual([]);
  // Pages neither repeat nor skip.
  const page = await runsOf(first, '?limit=1');
  expect(page.items).toEqual([now]);
  expect((await runsOf(first, `?limit=1&cursor=${page.next}`)).items).toEqual([old]);
  const history = await must<NodeHistory>('GET', `/v1/nodes/${first.id}/history?at=${before}`);
  expect(history.ran).toMatchObject([{ flow, version: 1 }]);
  expect(history.items[0]?.flows).toMatchObject([{ runningVersion: 1 }]);
  expect((await must<NodeHistory>('GET', `/v1/nodes/${first.id}/history`)).ran).toBeUndefined();
});

it('a report that says nothing new writes nothing; one that lost a flow ends its interval', async () => {
  const s = await site({ nodes: 1 });
  const [node] = s.nodes as [TestNode];
  const before = await rows();
  for (let i = 0; i < 5; i++) await obey(node);
  expect(await rows()).toBe(before);
  await obey(node, {
    [s.flows[0]!]: { runningDigest: null, runningVersion: null, progress: 'starting', outcome: null },
  });
  expect((await runsOf(node)).items).toMatchObject([{ version: 1, until: expect.any(String) }]);
  await obey(node);
  expect((await runsOf(node)).items).toMatchObject([{ until: null }, { until: expect.any(String) }]);
});

it('a resource version tells which nodes ran it, and which run it now', async () => {
  const s = await site({ flows: 2 });
  expect((await nodesOf(s.resource, 1, '?running=true')).items).toHaveLength(4);
  const before = new Date().toISOString();
  await must('POST', '/v1/promotions', { resource: s.resource, version: 2, alias: 'production' });
  await settle(s);
  expect((await nodesOf(s.resource, 1, '?running=true')).items).toEqual([]);
  const ran = (await nodesOf(s.resource, 1)).items;
  expect(ran).toHaveLength(4);
  expect(ran.every((one) => one.until !== null && one.flowVersion === 1)).toBe(true);
  expect(new Set(ran.map((one) => one.nodeName))).toEqual(new Set(s.nodes.map((one) => one.name)));
  expect((await nodesOf(s.resource, 2, '?running=true')).items).toHaveLength(4);
  expect((await nodesOf(s.resource, 1, `?at=${before}`)).items).toEqual(ran);
  expect((await nodesOf(s.resource, 2, `?at=${before}`)).items).toEqual([]);
  const page = await nodesOf(s.resource, 1, `?at=${before}&limit=3`);
  const rest = await nodesOf(s.resource, 1, `?at=${before}&limit=3&cursor=${page.next}`);
  expect([...page.items, ...rest.items]).toEqual(ran);
});

it('a version tells who made it of what, what locks it, and where it runs', async () => {
  const s = await site();
  const [flow] = s.flows as [string];
  const { digest } = await must<{ digest: string }>('GET', `/v1/flows/${flow}/versions/1`);
  const contract = {
    columns: [],
    outputs: [],
    golden: [],
    runtime: 'none',
    trainedOn: 'nine weeks of line 3',
    metrics: { auc: 0.93 },
    prepare: digest,
  };
  const trained = fresh('trained');
  const more = { kind: 'data' as const, fileName: 'a.csv', note: 'with the new sensor', contract };
  await uploadResource(t, trained, bytesOf(trained, 1), more);
  const user = fresh('flow');
  await must('POST', '/v1/flows', { name: user, document: replay(user, `resource:${trained}@1`) });
  await must('POST', `/v1/flows/${user}:publish`);
  const path = `/v1/resources/${trained}/versions/1/lineage`;
  expect(await must<ResourceLineage>('GET', path)).toMatchObject({
    note: 'with the new sensor',
    createdBy: expect.stringMatching(/^token:|^user:/),
    trainedOn: 'nine weeks of line 3',
    metrics: { auc: 0.93 },
    prepare: { digest, flow, version: 1 },
    flows: [{ flow: user, flowVersion: 1 }],
    flowCount: 1,
    nodes: [],
    nodeCount: 0,
  });
  const runs = await must<ResourceLineage>('GET', `/v1/resources/${s.resource}/versions/1/lineage`);
  expect(runs).toMatchObject({ aliases: ['production'], trainedOn: null, prepare: null, nodeCount: 2 });
  expect(runs.nodes).toHaveLength(2);
});
