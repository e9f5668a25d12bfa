/** People and tokens that are limited to groups: everything that changes a node is held to it, reading is not. */
import type { Me, Problem, Promotion, User } from '@millrace/schemas';
import { testDirector, type TestDirector } from '../../../../test/kit/director.js';
import { siteKit } from '../../../../test/kit/site.js';
import { narrower } from './limits.js';

let t: TestDirector;
beforeAll(async () => {
  t = await testDirector();
});
afterAll(() => t?.close());

const { fresh, must, site, settle } = siteKit(() => t);

/** An operator who is limited to these groups. */
async function limited(...groups: string[]): Promise<{ token: string; id: string }> {
  const person = await t.person('operator');
  await must('PATCH', `/v1/users/${person.id}`, { groups });
  return person;
}
const ask = (token: string, method: string, path: string, body?: unknown) =>
  t.call<Problem>(method, path, body, { token, headers: { 'if-match': '*' } });

it('two limits together are the narrower', () => {
  expect(narrower(null, null)).toBeNull();
  expect(narrower(['a'], null)).toEqual(new Set(['a']));
  expect(narrower(null, ['a'])).toEqual(new Set(['a']));
  expect(narrower(['a', 'b'], ['b', 'c'])).toEqual(new Set(['b']));
  expect(narrower([], null)).toEqual(new Set());
});

it('deployments, assignments, nodes, groups and join tokens of others are refused, with the groups named', async () => {
  const [own, other] = [await site(), await site()];
  const { token } = await limited(own.group);
  const deployment = async (group: string) =>
    (await must<{ items: { id: string }[] }>('GET', `/v1/deployments?group=${group}`)).items[0]!.id;
  const assignment = async (group: string) =>
    (await must<{ items: { id: string }[] }>('GET', `/v1/assignments?group=${group}`)).items[0]!.id;
  const [theirs, join] = [
    await deployment(other.group),
    (await must<{ id: string }>('POST', '/v1/join-tokens', { group: other.group })).id,
  ];
  const beyond: [string, string, unknown?][] = [
    ['POST', '/v1/deployments', { flow: other.flows[0], version: 1, group: other.group }],
    ...['pause', 'resume', 'abort', 'rollback', 'retry'].map(
      (verb) => ['POST', `/v1/deployments/${theirs}:${verb}`, {}] as [string, string, unknown],
    ),
    ['DELETE', `/v1/assignments/${await assignment(other.group)}`],
    ['PATCH', `/v1/nodes/${other.nodes[0]!.id}`, { labels: { a: 'b' } }],
    ['POST', `/v1/nodes/${other.nodes[0]!.id}:revoke`],
    ['POST', `/v1/nodes/${other.nodes[0]!.id}:restart`, { flow: other.flows[0] }],
    ['DELETE', `/v1/nodes/${other.nodes[0]!.id}`],
    ['PATCH', `/v1/groups/${other.group}`, { priority: 5 }],
    ['DELETE', `/v1/groups/${other.group}`],
    // Its own group, with a node of others.
    ['PATCH', `/v1/groups/${own.group}`, { add: [other.nodes[0]!.id] }],
    ['POST', '/v1/groups', { name: fresh('group') }],
    ['POST', '/v1/join-tokens', { group: other.group }],
    ['POST', '/v1/join-tokens', {}],
    ['POST', '/v1/join-tokens', { group: own.group, labels: { line: '3' } }],
    ['DELETE', `/v1/join-tokens/${join}`],
  ];
  const before = await must('GET', '/v1/audit?limit=1');
  const wrong: string[] = [];
  for (const [method, path, body] of beyond) {
    const answer = await ask(token, method, path, body);
    if (answer.status !== 403 || answer.body.code !== 'access.outside-groups')
      wrong.push(`${method} ${path}: ${answer.status} ${answer.body.code}`);
  }
  expect(wrong).toEqual([]);
  expect(await must('GET', '/v1/audit?limit=1')).toEqual(before);
  const named = await ask(token, 'POST', `/v1/deployments/${theirs}:rollback`);
  expect(named.body.detail).toContain(other.group);

  // What is theirs, they may; and they read all.
  expect((await ask(token, 'GET', `/v1/nodes/${other.nodes[0]!.id}`)).status).toBe(200);
  const allowed: [string, string, unknown?][] = [
    ['POST', `/v1/deployments/${await deployment(own.group)}:rollback`, {}],
    ['POST', '/v1/deployments', { flow: own.flows[0], version: 1, group: own.group }],
    ['PATCH', `/v1/nodes/${own.nodes[0]!.id}`, { labels: { a: 'b' } }],
    ['POST', '/v1/join-tokens', { group: own.group }],
    ['PATCH', `/v1/groups/${own.group}`, { priority: 5 }],
    ['DELETE', `/v1/nodes/${own.nodes[1]!.id}`],
  ];
  for (const [method, path, body] of allowed) {
    const answer = await ask(token, method, path, body);
    if (answer.status >= 300) wrong.push(`${method} ${path}: ${answer.status} ${answer.body.detail}`);
  }
  expect(wrong).toEqual([]);
});

it('a label that brings a node into a group of others is refused, and not written', async () => {
  const own = await site({ nodes: 1 });
  const line = fresh('line');
  await must('POST', '/v1/groups', { name: fresh('selecting'), selector: `labels.line==${line}` });
  const { token } = await limited(own.group);
  const [node] = own.nodes;
  const moved = await ask(token, 'PATCH', `/v1/nodes/${node!.id}`, { labels: { line } });
  expect(moved).toMatchObject({ status: 403, body: { code: 'access.outside-groups' } });
  expect(await must('GET', `/v1/nodes/${node!.id}`)).toMatchObject({ labels: {} });
});

it('a promotion reaches all groups of its flows: promoting, approving and taking back are held to it', async () => {
  const s = await site();
  const [flow] = s.flows as [string];
  const second = fresh('group');
  await must('POST', '/v1/groups', { name: second });
  await must('POST', '/v1/deployments', { flow, version: 1, group: second });
  const wish = (version: number) => ({ resource: s.resource, version, alias: 'production' });
  const { token } = await limited(s.group);
  const refused = await ask(token, 'POST', '/v1/promotions', wish(2));
  expect(refused).toMatchObject({ status: 403, body: { code: 'access.outside-groups' } });
  expect(refused.body.detail).toContain(second);
  expect(await must('GET', `/v1/resources/${s.resource}`)).toMatchObject({ aliases: { production: 1 } });
  // Asked for by somebody else: neither to be approved nor to be taken back by them.
  const scientist = (await t.person('data-scientist')).token;
  const asked = await t.call<Promotion>('POST', '/v1/promotions', wish(2), { token: scientist });
  expect(await ask(token, 'POST', `/v1/promotions/${asked.body.id}:approve`)).toMatchObject({
    body: { code: 'access.outside-groups' },
  });
  await must('POST', `/v1/promotions/${asked.body.id}:approve`);
  await settle(s);
  expect(await ask(token, 'POST', `/v1/promotions/${asked.body.id}:revert`)).toMatchObject({
    body: { code: 'access.outside-groups' },
  });
  const both = await limited(s.group, second);
  expect((await ask(both.token, 'POST', `/v1/promotions/${asked.body.id}:revert`)).status).toBe(200);
  expect((await ask(both.token, 'POST', '/v1/promotions', wish(3))).status).toBe(201);
});

it('a token is limited as it was made, and as its maker is now', async () => {
  const [own, other] = [await site({ nodes: 1 }), await site({ nodes: 1 })];
  const maker = await t.person('operator');
  const expiresAt = new Date(Date.now() + 60_000).toISOString();
  const wanted = { name: 'line', scopes: ['fleet.read', 'fleet.write'], expiresAt };
  // A token of an operator is made by an admin's right to make tokens; here the admin makes it.
  const admin = await t.person('admin');
  const made = await t.call<{ token: string; groups: string[] }>(
    'POST',
    '/v1/tokens',
    { ...wanted, groups: [own.group] },
    { token: admin.token },
  );
  expect(made).toMatchObject({ status: 201, body: { groups: [expect.any(String)] } });
  const change = (site: typeof own) =>
    ask(made.body.token, 'PATCH', `/v1/nodes/${site.nodes[0]!.id}`, { labels: { x: 'y' } });
  expect((await change(own)).status).toBe(200);
  expect((await change(other)).body.code).toBe('access.outside-groups');
  expect((await t.call<Me>('GET', '/v1/me', undefined, { token: made.body.token })).body.groups).toEqual(
    made.body.groups,
  );
  // Its maker becomes somebody who is limited to another group: nothing is left.
  await must('PATCH', `/v1/users/${admin.id}`, { role: 'operator', groups: [other.group] });
  expect((await change(own)).body.code).toBe('access.outside-groups');
  expect((await change(other)).body.code).toBe('access.outside-groups');
  await must('PATCH', `/v1/users/${admin.id}`, { groups: null });
  expect((await change(own)).status).toBe(200);
  expect(await must<User>('GET', `/v1/users/${maker.id}`)).toMatchObject({ groups: null });
});

it('whoever gives rights is not limited, and a group must be one', async () => {
  const s = await site({ nodes: 1 });
  const person = await t.person('operator');
  const change = (body: unknown) => t.call<Problem>('PATCH', `/v1/users/${person.id}`, body);
  expect(await change({ groups: ['nothing-such'] })).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/groups/0' }] },
  });
  expect(await change({ role: 'admin', groups: [s.group] })).toMatchObject({
    body: { errors: [{ pointer: '/groups' }] },
  });
  expect((await change({ groups: [s.group] })).status).toBe(200);
  expect((await change({ role: 'admin' })).status).toBe(400);
  expect(await change({ role: 'admin', groups: null })).toMatchObject({
    status: 200,
    body: { role: 'admin', groups: null },
  });
  const admin = await t.person('admin');
  const token = await t.call<Problem>(
    'POST',
    '/v1/tokens',
    {
      name: 'all',
      scopes: ['access.write'],
      groups: [s.group],
      expiresAt: new Date(Date.now() + 60_000).toISOString(),
    },
    { token: admin.token },
  );
  expect(token).toMatchObject({ status: 400, body: { errors: [{ pointer: '/groups' }] } });
});
