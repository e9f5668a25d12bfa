import { jest } from '@jest/globals';
import type {
  Alias,
  AliasMoved,
  Deployment,
  FlowReport,
  FlowVersionDetails,
  LiveEvent,
  Problem,
  Promotion,
  PromotionPlan,
} from '@millrace/schemas';
import { readFile } from 'node:fs/promises';
import { testDirector, type TestDirector } from '../../../../test/kit/director.js';
import type { TestNode } from '../../../../test/kit/node.js';
import { digestOfBytes, uploadResource } from '../../../../test/kit/resources.js';
import { bytesOf, replay, siteKit, type Site } from '../../../../test/kit/site.js';
import { DeploymentsStore } from './deployments.store.js';

let t: TestDirector;
beforeAll(async () => {
  t = await testDirector();
});
afterAll(() => t?.close());

const { fresh, advance, must, site, wants, obey, settle } = siteKit(() => t);

const promote = <Body = Promotion>(
  { resource }: Site,
  version: number,
  more: Record<string, unknown> = {},
  options: { token?: string; headers?: Record<string, string> } = {},
) => t.call<Body>('POST', '/v1/promotions', { resource, version, alias: 'production', ...more }, options);
const plan = (s: Site, version: number, more: Record<string, unknown> = {}) =>
  t.call<PromotionPlan>('POST', '/v1/promotions:plan', {
    resource: s.resource,
    version,
    alias: 'production',
    ...more,
  });
const get = (id: string) => must<Promotion>('GET', `/v1/promotions/${id}`);
const act = <Body = Promotion>(id: string, verb: string, token?: string, body?: unknown) =>
  t.call<Body>('POST', `/v1/promotions/${id}:${verb}`, body, { token });
const aliasOf = ({ resource }: Site) => must<Alias>('GET', `/v1/resources/${resource}/aliases/production`);
const latest = async (flow: string) =>
  (await must<{ latestVersion: number }>('GET', `/v1/flows/${flow}`)).latestVersion;
const audited = async (subject: string) =>
  (await must<{ items: { action: string }[] }>('GET', `/v1/audit?subject=${subject}`)).items.map(
    (one) => one.action,
  );

describe('a promotion', () => {
  it('moves the alias, publishes what follows it and deploys it where it is assigned, by one call', async () => {
    const s = await site({ flows: 3 });
    const [first, second] = s.nodes as [TestNode, TestNode];
    const { status, body } = await promote(s, 2, { note: 'a better one' });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      state: 'rolling',
      resource: s.resource,
      from: 1,
      to: 2,
      note: 'a better one',
      actions: ['revert'],
    });
    expect(body.flows.map(({ flow, fromVersion, version }) => [flow, fromVersion, version])).toEqual(
      s.flows.map((flow) => [flow, 1, 2]),
    );
    expect(await aliasOf(s)).toMatchObject({ version: 2, revision: 2 });
    for (const flow of s.flows) {
      const version = await must<FlowVersionDetails>('GET', `/v1/flows/${flow}/versions/2`);
      expect(version).toMatchObject({ draftRevision: 1, lock: { [s.resource]: { version: 2 } } });
    }
    // One node first.
    await advance();
    const told = await Promise.all(s.nodes.map(wants));
    const two = Object.fromEntries(s.flows.map((flow) => [flow, 2]));
    const one = Object.fromEntries(s.flows.map((flow) => [flow, 1]));
    expect(told).toEqual(expect.arrayContaining([two, one]));
    await settle(s);
    expect(await wants(first)).toEqual(two);
    expect(await wants(second)).toEqual(two);
    const done = await get(body.id);
    expect(done).toMatchObject({
      state: 'succeeded',
      says: 'of 3 deployments: 3 succeeded',
      endedAt: expect.any(String),
    });
    const [part] = done.flows[0]!.deployments;
    expect(part).toMatchObject({ groupName: s.group, fromVersion: 1, state: 'succeeded' });
    expect(part!.targets).toMatchObject({ total: 2, succeeded: 2 });
    // What the deployment before was given, it keeps.
    const kept = await must<Deployment>('GET', `/v1/deployments/${part!.id}`);
    expect(kept).toMatchObject({ promotion: body.id, parameters: { limit: 7 } });
    expect(await audited(`promotion:${body.id}`)).toEqual(['promotions.promote']);
  });

  it('is taken back by one call: the alias, and every node to what it ran', async () => {
    const s = await site({ flows: 2 });
    const { body } = await promote(s, 2);
    await settle(s);
    const back = await act(body.id, 'revert');
    expect(back).toMatchObject({
      status: 200,
      body: { state: 'rolled-back', actions: [], endedAt: expect.any(String) },
    });
    expect(back.body.says).toMatch(/^taken back by .+: production is version 1 again$/);
    expect(await aliasOf(s)).toMatchObject({ version: 1, revision: 3 });
    const path = `/v1/resources/${s.resource}/aliases/production/history`;
    const { items: moves } = await must<{ items: AliasMoved[] }>('GET', path);
    expect(moves.map(({ from, to, promotion }) => [from, to, promotion])).toEqual([
      [2, 1, body.id],
      [1, 2, body.id],
      [null, 1, null],
    ]);
    await advance();
    for (const node of s.nodes)
      expect(await wants(node)).toEqual(Object.fromEntries(s.flows.map((flow) => [flow, 1])));
    await settle(s);
    const assignments = await must<{ items: { version: number }[] }>(
      'GET',
      `/v1/assignments?group=${s.group}`,
    );
    expect(assignments.items.map((one) => one.version)).toEqual([1, 1]);
    expect(await act<Problem>(body.id, 'revert')).toMatchObject({
      status: 409,
      body: { code: 'deployments.promotion-illegal-move' },
    });
    // The version that was published then is there already, and goes out again.
    const again = await promote(s, 2);
    expect(again.body.flows[0]).toMatchObject({ fromVersion: 1, version: 2 });
    await settle(s);
    expect(await get(again.body.id)).toMatchObject({ state: 'succeeded' });
    expect(await latest(s.flows[0]!)).toBe(2);
  });

  it('is taken back while it is rolling', async () => {
    const s = await site({ nodes: 3 });
    const { body } = await promote(s, 2);
    const flow = s.flows[0]!;
    await obey(s.nodes[0]!);
    expect(await get(body.id)).toMatchObject({ state: 'rolling' });
    expect(await act(body.id, 'revert')).toMatchObject({ status: 200, body: { state: 'rolled-back' } });
    await settle(s);
    for (const node of s.nodes) expect(await wants(node)).toEqual({ [flow]: 1 });
    expect(await get(body.id)).toMatchObject({ state: 'rolled-back' });
  });

  it('is shown before: versions, nodes, waves, bytes, what needs approval; and changes nothing', async () => {
    const s = await site({ flows: 2 });
    const before = await t.call('GET', '/v1/audit?limit=1');
    const { status, body, headers } = await plan(s, 3);
    expect(status).toBe(200);
    expect(headers.get('etag')).toBe('"1"');
    const size = bytesOf(s.resource, 3).length;
    expect(body).toMatchObject({
      from: 1,
      to: 3,
      digest: digestOfBytes(bytesOf(s.resource, 3)),
      valid: true,
      approval: false,
      nodes: 2,
      offline: 0,
      conflicts: 0,
      // Both flows need it, and each node fetches it once.
      bytesToFetch: 2 * size,
    });
    expect(body.flows).toHaveLength(2);
    expect(body.flows[0]).toMatchObject({ flow: s.flows[0], fromVersion: 1, version: 2, published: true });
    expect(body.flows[0]!.deployments[0]).toMatchObject({
      groupName: s.group,
      fromVersion: 1,
      waves: [1, 1],
      bytesToFetch: 2 * size,
      nodes: [{ change: 'replace', fromVersion: 1, bytesToFetch: size }, { change: 'replace' }],
    });
    expect(await latest(s.flows[0]!)).toBe(1);
    expect(await aliasOf(s)).toMatchObject({ version: 1, revision: 1 });
    expect((await t.call('GET', '/v1/audit?limit=1')).body).toEqual(before.body);
    // What was planned, and nothing else.
    await must(
      'PUT',
      `/v1/resources/${s.resource}/aliases/production`,
      { version: 2 },
      { 'if-match': '"1"' },
    );
    expect(await promote<Problem>(s, 3, {}, { headers: { 'if-match': '"1"' } })).toMatchObject({
      status: 412,
      body: { code: 'platform.precondition-failed' },
    });
    expect((await promote(s, 3, {}, { headers: { 'if-match': '"2"' } })).status).toBe(201);
  });

  it('follows the draft that was published, and moves nothing but the alias', async () => {
    const s = await site();
    const [other, flow] = [fresh('other'), fresh('flow')];
    for (const version of [1, 2])
      await uploadResource(t, other, bytesOf(other, version), { kind: 'data', fileName: 'other.csv' });
    await must('PUT', `/v1/resources/${other}/aliases/production`, { version: 1 });
    const follows = replay(flow, `resource:${s.resource}@production`, `resource:${other}@production`);
    await must('POST', '/v1/flows', { name: flow, document: follows });
    await must('POST', `/v1/flows/${flow}:publish`);
    // Saved and not published; a pinned flow; another alias that stands at the same version.
    const pinned = fresh('flow');
    await must(
      'PUT',
      `/v1/flows/${flow}/draft`,
      { document: replay(flow, `resource:${other}@production`) },
      {
        'if-match': '"1"',
      },
    );
    await must('POST', '/v1/flows', { name: pinned, document: replay(pinned, `resource:${s.resource}@1`) });
    await must('POST', `/v1/flows/${pinned}:publish`);
    await must('PUT', `/v1/resources/${other}/aliases/production`, { version: 2 }, { 'if-match': '"1"' });
    const { body } = await promote(s, 2);
    expect(body.flows.map((one) => one.flow).sort()).toEqual([flow, s.flows[0]].sort());
    const version = await must<FlowVersionDetails>('GET', `/v1/flows/${flow}/versions/2`);
    expect(version.lock).toMatchObject({ [s.resource]: { version: 2 }, [other]: { version: 1 } });
    expect(version.draftRevision).toBe(1);
    expect(await latest(pinned)).toBe(1);
  });

  it('takes only the flows that it is told, and says which do not follow', async () => {
    const s = await site({ flows: 2 });
    const wrong = await promote<Problem>(s, 2, { flows: ['nothing-such', s.flows[0]] });
    expect(wrong).toMatchObject({
      status: 422,
      body: { code: 'deployments.promotion-refused', errors: [{ pointer: '/flows/0' }] },
    });
    expect(await aliasOf(s)).toMatchObject({ version: 1 });
    const { body } = await promote(s, 2, { flows: [s.flows[1]] });
    expect(body.flows.map((one) => one.flow)).toEqual([s.flows[1]]);
    await settle(s);
    expect(await latest(s.flows[0]!)).toBe(1);
    expect(await wants(s.nodes[0]!)).toEqual({ [s.flows[0]!]: 1, [s.flows[1]!]: 2 });
  });

  it('a flow that does not pass its checks refuses it whole, with the places', async () => {
    const bytes = await readFile('test/fixtures/onnx/onnxmltools_xgb/model.onnx');
    const [model, good, bad] = [fresh('model'), fresh('flow'), fresh('flow')];
    const columns = (last: string) => ['a', 'b', 'c', last];
    const contract = (column: string) => ({
      columns: columns(column).map((name) => ({ name, dtype: 'float32' as const })),
      outputs: [],
      golden: [],
      runtime: 'onnx',
    });
    await uploadResource(t, model, bytes);
    await uploadResource(t, model, bytes, { contract: contract('pressure') });
    await must('PUT', `/v1/resources/${model}/aliases/production`, { version: 1 });
    const scored = (name: string, column: string) => ({
      apiVersion: 'millrace/v1',
      kind: 'Flow',
      metadata: { name },
      modules: {
        sensors: {
          type: 'source.simulator',
          settings: { signals: columns(column).map((one) => ({ name: one, shape: 'sine', hz: 1 })) },
        },
        score: {
          type: 'model.onnx',
          from: ['sensors'],
          settings: {
            model: `resource:${model}@production`,
            inputs: [{ tensor: 'X', columns: columns(column) }],
            outputs: [{ tensor: 'variable', as: 'score' }],
          },
        },
        out: { type: 'sink.file', from: ['score'], settings: { path: 'out.jsonl', format: 'jsonl' } },
      },
    });
    for (const [name, column] of [
      [good, 'pressure'],
      [bad, 'flow'],
    ] as const) {
      await must('POST', '/v1/flows', { name, document: scored(name, column) });
      await must('POST', `/v1/flows/${name}:publish`);
    }
    const s = { resource: model, flows: [good, bad], group: '', nodes: [] };
    const planned = await plan(s, 2);
    expect(planned.body.valid).toBe(false);
    expect(planned.body.flows.map(({ flow, problems }) => [flow, problems.length > 0])).toEqual(
      [good, bad].sort().map((flow) => [flow, flow === bad]),
    );
    const refused = await promote<Problem>(s, 2);
    expect(refused).toMatchObject({ status: 422, body: { code: 'deployments.promotion-refused' } });
    expect(refused.body.errors?.[0]).toMatchObject({
      field: bad,
      module: 'score',
      detail: expect.stringContaining('pressure'),
    });
    expect(await aliasOf(s)).toMatchObject({ version: 1, revision: 1 });
    expect([await latest(good), await latest(bad)]).toEqual([1, 1]);
    expect((await promote(s, 2, { flows: [good] })).status).toBe(201);
    expect([await latest(good), await latest(bad)]).toEqual([2, 1]);
  });

  it('is whole or not begun, wherever it dies', async () => {
    const s = await site({ flows: 3 });
    const store = t.director.app.get(DeploymentsStore);
    const before = await must('GET', '/v1/deployments');
    const real = store.create.bind(store);
    const create = jest.spyOn(store, 'create');
    for (const survives of [0, 1, 2]) {
      create.mockClear();
      create.mockImplementation((...args) => {
        if (create.mock.calls.length > survives) throw new Error('the power is gone');
        return real(...args);
      });
      expect((await promote(s, 2)).status).toBe(500);
      expect(await aliasOf(s)).toMatchObject({ version: 1, revision: 1 });
      expect(await latest(s.flows[0]!)).toBe(1);
      expect(await must('GET', '/v1/deployments')).toEqual(before);
      expect(await must(`GET`, `/v1/promotions?resource=${s.resource}`)).toEqual({ items: [], next: null });
    }
    create.mockRestore();
    expect((await promote(s, 2)).status).toBe(201);
  });

  it('a second one takes the place of the first; the first is no longer to be taken back', async () => {
    const s = await site({ flows: 2 });
    const first = (await promote(s, 2)).body;
    await obey(s.nodes[0]!);
    const second = (await promote(s, 3)).body;
    expect(await get(first.id)).toMatchObject({ state: 'superseded', actions: [] });
    await settle(s);
    expect(await get(second.id)).toMatchObject({ state: 'succeeded', from: 2, to: 3 });
    const refused = await act<Problem>(first.id, 'revert');
    expect(refused).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('has moved since') },
    });
    // Nodes had proved the very first version alone: the second is taken back to where each was.
    await act(second.id, 'revert');
    await settle(s);
    expect(await aliasOf(s)).toMatchObject({ version: 2 });
    for (const node of s.nodes) expect(Object.values(await wants(node)).every((one) => one < 3)).toBe(true);
  });

  it('stands as its deployments do: one that stops it is told, and what was rolled back is seen', async () => {
    const s = await site({ flows: 2 });
    const { body } = await promote(s, 2);
    const [bad] = s.flows as [string, string];
    const wentWrong: Partial<FlowReport> = {
      runningDigest: `sha256:${'0'.repeat(64)}`,
      runningVersion: 1,
      progress: 'probation',
      outcome: 'rolled-back',
      reason: { code: 'PROBATION_FAILED', detail: 'score is NaN' },
    };
    const first = (await Promise.all(s.nodes.map(wants))).findIndex((one) => one[bad] === 2);
    await obey(s.nodes[Math.max(0, first)]!, { [bad]: wentWrong });
    const now = await get(body.id);
    expect(now).toMatchObject({
      state: 'rolling',
      says: expect.stringContaining(`${bad} to ${s.group} is paused`),
    });
    const part = now.flows.find((one) => one.flow === bad)!.deployments[0]!;
    await must('POST', `/v1/deployments/${part.id}:rollback`);
    await settle(s);
    expect(await get(body.id)).toMatchObject({ state: 'partial', actions: ['revert'] });
    await act(body.id, 'revert');
    await settle(s);
    for (const node of s.nodes)
      expect(await wants(node)).toEqual(Object.fromEntries(s.flows.map((flow) => [flow, 1])));
  });

  it('is made once by a retried POST, listed by state, and told as it moves', async () => {
    const s = await site();
    const events: LiveEvent[] = [];
    const stop = t.director.platform.live.follow(t.organization, (event) => events.push(event));
    const headers = { 'idempotency-key': fresh('key') };
    const [one, again] = [await promote(s, 2, {}, { headers }), await promote(s, 2, {}, { headers })];
    expect(again.body.id).toBe(one.body.id);
    const list = async (state: string) =>
      (
        await must<{ items: Promotion[] }>('GET', `/v1/promotions?resource=${s.resource}&state=${state}`)
      ).items.map((promotion) => promotion.id);
    expect(await list('rolling')).toEqual([one.body.id]);
    await settle(s);
    expect(await list('rolling')).toEqual([]);
    expect(await list('succeeded')).toEqual([one.body.id]);
    stop();
    const moves = events.filter((event) => event.type === 'promotion.moved');
    expect(moves.map((event) => (event.data as { state: string }).state)).toEqual(['rolling', 'succeeded']);
    expect(moves[0]).toMatchObject({ subject: one.body.id, data: { alias: 'production', from: 1, to: 2 } });
  });

  it('of nothing that is assigned has succeeded at once; of what is not ready is refused', async () => {
    const s = await site({ nodes: 0 });
    const resource = fresh('lonely');
    await uploadResource(t, resource, bytesOf(resource, 1), { kind: 'data', fileName: 'a.csv' });
    const lonely = { ...s, resource };
    expect((await promote(lonely, 1)).body).toMatchObject({
      state: 'succeeded',
      from: null,
      flows: [],
      actions: [],
    });
    expect(await promote<Problem>(lonely, 9)).toMatchObject({
      status: 404,
      body: { code: 'catalogue.version-not-found' },
    });
    expect(await promote<Problem>({ ...s, resource: 'nobody' }, 1)).toMatchObject({ status: 404 });
    expect(await act<Problem>('nothing', 'revert')).toMatchObject({
      status: 404,
      body: { code: 'deployments.promotion-not-found' },
    });
  });
});

describe('approval', () => {
  const session = async (role: 'operator' | 'data-scientist' | 'viewer') => (await t.person(role)).token;

  it('is needed of whoever may not deploy, and given by somebody else', async () => {
    const s = await site();
    const scientist = await session('data-scientist');
    const asked = await promote(s, 2, {}, { token: scientist });
    expect(asked).toMatchObject({
      status: 201,
      body: { state: 'awaiting-approval', actions: ['approve', 'reject'], endedAt: null },
    });
    expect(asked.body.flows).toMatchObject([{ version: 2, deployments: [] }]);
    expect(await aliasOf(s)).toMatchObject({ version: 1 });
    expect((await act(asked.body.id, 'approve', scientist)).status).toBe(403);
    expect((await act(asked.body.id, 'approve', await session('viewer'))).status).toBe(403);
    const approved = await act(asked.body.id, 'approve', await session('operator'));
    expect(approved).toMatchObject({
      status: 200,
      body: { state: 'rolling', decidedBy: expect.any(String) },
    });
    await settle(s);
    expect(await get(asked.body.id)).toMatchObject({ state: 'succeeded', from: 1, to: 2 });
    expect(await aliasOf(s)).toMatchObject({ version: 2 });
    expect(await audited(`promotion:${asked.body.id}`)).toEqual(['promotions.approve', 'promotions.promote']);
  });

  it('is needed of everybody where the alias is guarded, which moves in no other way', async () => {
    const s = await site();
    const guard = (approval: boolean, token?: string) =>
      t.call<Alias>('PATCH', `/v1/resources/${s.resource}/aliases/production`, { approval }, { token });
    expect((await guard(true, await session('data-scientist'))).status).toBe(403);
    expect(await guard(true)).toMatchObject({ status: 200, body: { approval: true, version: 1 } });
    const byHand = await t.call<Problem>(
      'PUT',
      `/v1/resources/${s.resource}/aliases/production`,
      { version: 2 },
      { headers: { 'if-match': '*' } },
    );
    expect(byHand).toMatchObject({ status: 409, body: { code: 'catalogue.alias-guarded' } });
    expect((await plan(s, 2)).body.approval).toBe(true);
    const admin = (await t.person('admin')).token;
    const asked = await promote(s, 2, {}, { token: admin });
    expect(asked.body.state).toBe('awaiting-approval');
    // Not their own, and not by a token of their own either.
    expect(await act<Problem>(asked.body.id, 'approve', admin)).toMatchObject({
      status: 403,
      body: { code: 'deployments.promotion-own' },
    });
    const wanted = {
      name: 'mine',
      scopes: ['promotions.approve'],
      expiresAt: new Date(Date.now() + 60_000).toISOString(),
    };
    const { token } = (await t.call<{ token: string }>('POST', '/v1/tokens', wanted, { token: admin })).body;
    expect(await act<Problem>(asked.body.id, 'approve', token)).toMatchObject({
      body: { code: 'deployments.promotion-own' },
    });
    expect((await act(asked.body.id, 'approve', await session('operator'))).status).toBe(200);
    expect(await aliasOf(s)).toMatchObject({ version: 2, approval: true });
    await settle(s);
    expect((await act(asked.body.id, 'revert')).body).toMatchObject({ state: 'rolled-back' });
  });

  it('is refused with a reason, or overtaken by a newer wish', async () => {
    const s = await site();
    const scientist = await session('data-scientist');
    const first = (await promote(s, 2, {}, { token: scientist })).body;
    const second = (await promote(s, 3, {}, { token: scientist })).body;
    expect(await get(first.id)).toMatchObject({
      state: 'superseded',
      says: expect.stringContaining('promoted version 3 instead'),
    });
    const rejected = await act(second.id, 'reject', undefined, { note: 'not on a Friday' });
    expect(rejected.body).toMatchObject({
      state: 'rejected',
      says: expect.stringContaining('not on a Friday'),
    });
    expect(await act<Problem>(second.id, 'approve')).toMatchObject({ status: 409 });
    expect(await aliasOf(s)).toMatchObject({ version: 1 });
  });

  it('looks again: an alias that moved meanwhile is not moved from elsewhere', async () => {
    const s = await site();
    const asked = (await promote(s, 2, {}, { token: await session('data-scientist') })).body;
    await must('PUT', `/v1/resources/${s.resource}/aliases/production`, { version: 3 }, { 'if-match': '*' });
    expect(await act<Problem>(asked.id, 'approve')).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('was moved to version 3') },
    });
    expect(await get(asked.id)).toMatchObject({ state: 'awaiting-approval' });
  });
});
