/** What is kept of old versions: shown before it goes, and never gone while anything names it. */
import type { Collectable, Problem, Promotion, Retention } from '@millrace/schemas';
import { testDirector, type TestDirector } from '../../../../test/kit/director.js';
import { uploadResource } from '../../../../test/kit/resources.js';
import { bytesOf, replay, siteKit } from '../../../../test/kit/site.js';
import { RetentionService } from './retention.service.js';

let t: TestDirector;
beforeAll(async () => {
  t = await testDirector();
});
afterAll(() => t?.close());

const { fresh, must, site, settle } = siteKit(() => t);
const collect = () => t.director.app.get(RetentionService).collect(t.organization);
const collectable = async (query: string) => must<Collectable>('GET', `/v1/resources:collectable?${query}`);
const versionsOf = async (resource: string) =>
  (await must<{ items: { version: number }[] }>('GET', `/v1/resources/${resource}/versions`)).items
    .map((one) => one.version)
    .sort();
const sql = (text: string, values: unknown[]) =>
  t.test.database.withinSql(t.organization, (tx) => tx.sql(text, values));
const age = (resource: string, days: number) =>
  sql(
    `UPDATE resource_versions v SET sealed_at = v.sealed_at - $2 * interval '1 day'
     FROM resources r WHERE r.id = v.resource_id AND r.name = $1`,
    [resource, days],
  );
const dayPasses = () =>
  sql(`UPDATE resource_versions SET collect_after = collect_after - interval '25 hours'`, []);

async function withVersions(count: number): Promise<string> {
  const resource = fresh('old');
  for (let version = 1; version <= count; version++)
    await uploadResource(t, resource, bytesOf(resource, version), { kind: 'data', fileName: 'a.csv' });
  return resource;
}

it('keeps everything without a policy, and shows what one would collect', async () => {
  const resource = await withVersions(4);
  expect(await must<Retention>('GET', '/v1/retention')).toMatchObject({ keepLast: null, keepDays: null });
  expect((await collectable(`resource=${resource}`)).total).toBe(0);
  const shown = await collectable(`resource=${resource}&keepLast=2`);
  expect(shown.items.map((one) => [one.version, one.collectAt])).toEqual([
    [1, null],
    [2, null],
  ]);
  expect(shown.bytes).toBe(bytesOf(resource, 1).length * 2);
  expect((await collectable(`resource=${resource}&keepLast=1&keepDays=7`)).total).toBe(0);
  await age(resource, 8);
  expect((await collectable(`resource=${resource}&keepLast=1&keepDays=7`)).total).toBe(3);
  await collect();
  await dayPasses();
  await collect();
  expect(await versionsOf(resource)).toEqual([1, 2, 3, 4]);
});

it('collects by the policy of the resource, else of the organization, a day after it was shown', async () => {
  const [own, other] = [await withVersions(4), await withVersions(3)];
  await must('PUT', '/v1/retention', { keepLast: 2, keepDays: null });
  expect(await must<Retention>('GET', `/v1/resources/${own}/retention`)).toMatchObject({
    keepLast: 2,
    own: false,
  });
  await must('PUT', `/v1/resources/${own}/retention`, { keepLast: 3, keepDays: null });
  expect(await collect()).toBe(0);
  const [first] = (await collectable(`resource=${own}`)).items;
  expect(first).toMatchObject({ version: 1, collectAt: expect.any(String) });
  expect(Date.parse(first!.collectAt!)).toBeGreaterThan(Date.now() + 23 * 3_600_000);
  expect(await versionsOf(own)).toEqual([1, 2, 3, 4]);
  await dayPasses();
  expect(await collect()).toBeGreaterThanOrEqual(2);
  expect(await versionsOf(own)).toEqual([2, 3, 4]);
  expect(await versionsOf(other)).toEqual([2, 3]);
  const { items } = await must<{ items: { action: string }[] }>('GET', `/v1/audit?subject=resource:${own}`);
  expect(items[0]).toMatchObject({ action: 'catalogue.collect', actor: 'system' });
  await must('DELETE', `/v1/resources/${own}/retention`);
  expect(await must<Retention>('GET', `/v1/resources/${own}/retention`)).toMatchObject({ own: false });
  await must('PUT', '/v1/retention', { keepLast: null, keepDays: null });
});

it('never takes what an alias, a flow version or a wish for approval names, whenever that came', async () => {
  const resource = await withVersions(6);
  await must('PUT', `/v1/resources/${resource}/retention`, { keepLast: 1, keepDays: null });
  const flow = fresh('flow');
  await must('PUT', `/v1/resources/${resource}/aliases/production`, { version: 1 });
  await must('POST', '/v1/flows', { name: flow, document: replay(flow, `resource:${resource}@2`) });
  await must('POST', `/v1/flows/${flow}:publish`);
  const token = (await t.person('data-scientist')).token;
  const wish = { resource, version: 3, alias: 'production' };
  const asked = await t.call<Promotion>('POST', '/v1/promotions', wish, { token });
  expect(asked.body.state).toBe('awaiting-approval');
  await collect();
  expect((await collectable(`resource=${resource}`)).items.map((one) => one.version)).toEqual([4, 5]);
  await dayPasses();
  // After it was shown, and before it goes, it is taken into use again.
  await must('PUT', `/v1/resources/${resource}/aliases/staging`, { version: 4 });
  await collect();
  expect(await versionsOf(resource)).toEqual([1, 2, 3, 4, 6]);
  const refused = await t.call<Problem>('DELETE', `/v1/resources/${resource}/versions/3`);
  expect(refused).toMatchObject({
    status: 409,
    body: { code: 'catalogue.in-use', errors: [{ detail: expect.stringContaining('awaits approval') }] },
  });
});

it('what a node runs stays though its flow is gone, and deleting it names the user', async () => {
  const s = await site({ nodes: 1 });
  const [flow] = s.flows as [string];
  await must('PUT', `/v1/resources/${s.resource}/aliases/production`, { version: 3 }, { 'if-match': '*' });
  const { items } = await must<{ items: { id: string }[] }>('GET', `/v1/assignments?flow=${flow}`);
  await must('DELETE', `/v1/assignments/${items[0]!.id}`);
  await must('DELETE', `/v1/flows/${flow}`);
  // The node sleeps, and runs on.
  const refused = await t.call<Problem>('DELETE', `/v1/resources/${s.resource}/versions/1`);
  expect(refused).toMatchObject({
    status: 409,
    body: { errors: [{ detail: `flow ${flow}@1 on nodes of ${s.group}` }] },
  });
  expect((await collectable(`resource=${s.resource}&keepLast=1`)).items.map((one) => one.version)).toEqual([
    2,
  ]);
  await settle(s);
  expect((await t.call('DELETE', `/v1/resources/${s.resource}/versions/1`)).status).toBe(204);
});
