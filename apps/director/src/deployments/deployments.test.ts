import { createHash, createPublicKey, verify } from 'node:crypto';
import { canonicalBytes, judgeDesired } from '@millrace/fleet';
import type {
  Assignment,
  Deployment,
  DeploymentMove,
  FlowReport,
  NodeFacts,
  NodeWhy,
  Plan,
  PublicKey,
  SignedDesired,
  Target,
  LockedResource,
} from '@millrace/schemas';
import { testDirector, type TestDirector } from '../../../../test/kit/director.js';
import { testFacts, testNode, type TestNode } from '../../../../test/kit/node.js';
import { Presence } from '../fleet/presence.js';
import { FlowsStore } from '../flows/flows.store.js';
import { newId } from '../platform/id.js';
import { Rollouts } from './rollouts.js';

let t: TestDirector;
beforeAll(async () => {
  t = await testDirector();
});
afterAll(() => t?.close());

const sha = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const advance = () => t.director.app.get(Rollouts).advance(t.organization);
let count = 0;
const fresh = (what: string) => `${what}-${(count += 1)}`;

/** Flow versions as the flows room keeps them once they are published. */
async function publish(flow: string, versions: number, bytes = 0): Promise<void> {
  const store = t.director.app.get(FlowsStore);
  await t.test.database.withinSql(t.organization, async (tx) => {
    const at = new Date();
    const id = newId();
    const kept = { id, name: flow, description: null, draft_revision: 0, latest_version: 0 };
    await store.create(tx, { ...kept, created_by: 'test', created_at: at, changed_at: at });
    for (let version = 1; version <= versions; version++) {
      const document = {
        apiVersion: 'millrace/v1' as const,
        kind: 'Flow' as const,
        metadata: { name: flow },
        parameters: {
          limit: { type: 'number' as const, default: version },
          site: { type: 'string' as const, default: 'nowhere' },
        },
        modules: {},
      };
      const digest = sha(`${flow}@${version}`);
      const blob = sha(`${flow} model ${version}`);
      const lock: Record<string, LockedResource> = bytes
        ? { model: { kind: 'model', version, digest: blob, size: bytes } }
        : {};
      const row = { flow, version, digest, document, lock, note: null, draft_revision: 1 };
      await store.publish(tx, id, { ...row, published_by: 'test', published_at: at }, []);
      if (bytes) {
        await tx.sql(
          `INSERT INTO blobs (digest, key, size, inspection, created_at) VALUES ($1, $2, $3, '{}', $4)`,
          [blob, `blobs/${blob.slice(7)}`, bytes, at],
        );
      }
    }
  });
}

interface Fleet {
  flow: string;
  group: string;
  nodes: TestNode[];
}

/** A flow with versions, a group, and nodes in it that are online. */
async function fleet(nodes: number, versions = 3, bytes = 0): Promise<Fleet> {
  const [flow, group] = [fresh('flow'), fresh('group')];
  await publish(flow, versions, bytes);
  await t.call('POST', '/v1/groups', { name: group });
  const made: TestNode[] = [];
  for (let i = 0; i < nodes; i++) made.push(await testNode(t, fresh('node'), { group }));
  await wake(...made);
  return { flow, group, nodes: made };
}

async function wake(...nodes: TestNode[]): Promise<void> {
  const presence = t.director.app.get(Presence);
  for (const node of nodes) presence.heard(t.organization, node.id);
  await presence.flush();
  await advance();
}

async function sleep(...nodes: TestNode[]): Promise<void> {
  const presence = t.director.app.get(Presence);
  for (const node of nodes) presence.left(t.organization, node.id);
  await presence.flush();
  await advance();
}

async function deploy(f: Fleet, version: number, more: Record<string, unknown> = {}): Promise<string> {
  const strategy = { probationMs: 0, ...(more.strategy as object) };
  const body = { flow: f.flow, version, group: f.group, ...more, strategy };
  const answer = await t.call<Deployment>('POST', '/v1/deployments', body);
  expect(answer.status).toBe(201);
  await advance();
  return answer.body.id;
}

const getDeployment = async (id: string) => (await t.call<Deployment>('GET', `/v1/deployments/${id}`)).body;
const act = async (id: string, action: string, body: unknown = {}) => {
  const answer = await t.call<Deployment>('POST', `/v1/deployments/${id}:${action}`, body);
  await advance();
  return answer;
};
const targetsOf = async (id: string) =>
  new Map(
    (await t.call<{ items: Target[] }>('GET', `/v1/deployments/${id}/targets`)).body.items.map((one) => [
      one.node,
      one,
    ]),
  );
const desired = async (node: TestNode) =>
  (await node.call<SignedDesired>('GET', '/v1/agent/desired')).body.payload;
const wants = async (node: TestNode, flow: string) =>
  (await desired(node)).flows.find((one) => one.flow === flow)?.version ?? null;

/** The node does what it is told, or says what went wrong. */
async function obey(node: TestNode, flow: string, change: Partial<FlowReport> = {}, facts?: NodeFacts) {
  const state = await desired(node);
  const want = state.flows.find((one) => one.flow === flow);
  const report: FlowReport = {
    flow,
    runningDigest: want?.digest ?? null,
    runningVersion: want?.version ?? null,
    desiredDigest: want?.digest ?? null,
    desiredVersion: want?.version ?? null,
    progress: 'running',
    outcome: want ? 'succeeded' : null,
    reason: null,
    gapMs: 7,
    lost: 0,
    since: 0,
    ...change,
  };
  const answer = await node.report(want ? [report] : [], {
    epoch: state.epoch,
    sequence: state.sequence,
    facts,
  });
  expect(answer).toMatchObject({ status: 200, body: { sequence: state.sequence } });
  await advance();
}

const wentWrong: Partial<FlowReport> = {
  runningDigest: sha('the old one'),
  runningVersion: 1,
  progress: 'probation',
  outcome: 'rolled-back',
  reason: { code: 'PROBATION_FAILED', detail: 'score is NaN', evidence: { errors: 12 } },
};

describe('a deployment', () => {
  it('starts one node, and the rest when it has proved itself', async () => {
    const f = await fleet(3);
    const id = await deploy(f, 1);
    const [first, ...others] = f.nodes as [TestNode, ...TestNode[]];
    expect(await wants(first, f.flow)).toBe(1);
    for (const node of others) expect(await wants(node, f.flow)).toBeNull();
    await obey(first, f.flow, { progress: 'probation', outcome: null, runningDigest: null });
    expect(await getDeployment(id)).toMatchObject({
      state: 'rolling',
      wave: 1,
      waves: 2,
      targets: { working: 1 },
    });
    await obey(first, f.flow);
    expect(await getDeployment(id)).toMatchObject({ state: 'rolling', wave: 2 });
    for (const node of others) {
      expect(await wants(node, f.flow)).toBe(1);
      await obey(node, f.flow);
    }
    expect(await getDeployment(id)).toMatchObject({
      state: 'succeeded',
      targets: { total: 3, succeeded: 3 },
    });
    expect((await targetsOf(id)).get(first.id)).toMatchObject({ outcome: 'succeeded', gapMs: 7, lost: 0 });
  });

  it('that stands is not rolled back while a newer one is under way, which goes on', async () => {
    const f = await fleet(2);
    const first = await deploy(f, 1);
    await obeyAll(f, first);
    const second = await deploy(f, 2);
    expect(await act(first, 'rollback')).toMatchObject({
      status: 409,
      body: { code: 'deployments.illegal-move' },
    });
    await obeyAll(f, second);
    expect(await getDeployment(second)).toMatchObject({ state: 'succeeded' });
  });

  it('stops when the first goes back, touches nobody else, and says why', async () => {
    const f = await fleet(2);
    await obeyAll(f, await deploy(f, 1));
    const id = await deploy(f, 2);
    const [first, second] = f.nodes as [TestNode, TestNode];
    await obey(first, f.flow, wentWrong);
    expect(await getDeployment(id)).toMatchObject({
      state: 'paused',
      says: expect.stringContaining('1 of 1 node failed'),
      actions: ['resume', 'abort', 'rollback', 'retry'],
    });
    expect(await wants(second, f.flow)).toBe(1);
    const why = (await t.call<NodeWhy>('GET', `/v1/nodes/${first.name}/why`)).body;
    expect(why).toMatchObject({
      same: false,
      flows: [
        {
          desiredVersion: 2,
          runningVersion: 1,
          same: false,
          reason: { code: 'PROBATION_FAILED' },
          says: 'runs version 1 and should run version 2: PROBATION_FAILED: score is NaN',
        },
      ],
    });
    const other = (await t.call<NodeWhy>('GET', `/v1/nodes/${second.id}/why`)).body;
    expect(other).toMatchObject({ flows: [{ same: true }], waiting: [{ deployment: id, version: 2 }] });
    // Back to what each had proved; the state is a newer one, never an old one again.
    const before = await desired(first);
    expect((await act(id, 'rollback')).body.state).toBe('rolled-back');
    expect(await wants(first, f.flow)).toBe(1);
    expect((await desired(first)).sequence).toBeGreaterThan(before.sequence);
    expect(await act(id, 'resume')).toMatchObject({
      status: 409,
      body: { code: 'deployments.illegal-move' },
    });
  });

  it('goes back by itself when it is told to', async () => {
    const f = await fleet(2);
    await obeyAll(f, await deploy(f, 1));
    const id = await deploy(f, 2, { strategy: { onBreach: 'rollback' } });
    await obey(f.nodes[0] as TestNode, f.flow, wentWrong);
    const says = `wave 1 of 2: 1 of 1 node failed, 0 may: ${f.nodes[0]?.name} (rolled-back)`;
    expect(await getDeployment(id)).toMatchObject({ state: 'rolled-back', says });
    await advance();
    const { items } = (await t.call<{ items: Deployment[] }>('GET', `/v1/deployments?flow=${f.flow}`)).body;
    expect(items.find((one) => one.id === id)?.says).toBe(says);
    const moves = await t.call<{ items: DeploymentMove[] }>('GET', `/v1/deployments/${id}/timeline`);
    expect(moves.body.items[0]).toMatchObject({ state: 'rolled-back', says, actor: 'system' });
    for (const node of f.nodes) expect(await wants(node, f.flow)).toBe(1);
    const [assignment] = await assignmentsOf(f);
    expect(assignment).toMatchObject({ version: 1, deployment: null, nodes: 2 });
  });

  it('that is taken back by hand has not failed on the nodes that ran it', async () => {
    const f = await fleet(3);
    await obeyAll(f, await deploy(f, 1));
    const [first, second, third] = f.nodes as [TestNode, TestNode, TestNode];
    for (const [action, body, by] of [
      ['rollback', {}, 'rolled back'],
      ['abort', { nodes: 'revert' }, 'aborted'],
    ] as const) {
      const id = await deploy(f, 2, { strategy: { waves: [2], gate: { maxFailures: 1 } } });
      await obey(first, f.flow);
      await obey(second, f.flow, wentWrong);
      await act(id, action, body);
      expect((await getDeployment(id)).targets).toMatchObject({ succeeded: 0, failed: 1, other: 2 });
      const targets = await targetsOf(id);
      expect(targets.get(first.id)).toMatchObject({
        outcome: 'cancelled',
        reason: {
          code: 'STOPPED',
          detail: `it ran version 2 and was taken back: ${by} by the token first start`,
        },
      });
      expect(targets.get(second.id)?.outcome).toBe('rolled-back');
      expect(targets.get(third.id)?.reason?.detail).toBe(`${by} by the token first start`);
      for (const node of f.nodes) await obey(node, f.flow);
    }
  });

  it('says people, tokens and nodes by their names', async () => {
    const f = await fleet(1);
    const person = await t.person('operator');
    const answer = await t.call<{ id: string }>(
      'POST',
      '/v1/deployments',
      { flow: f.flow, version: 1, group: f.group },
      { token: person.token },
    );
    const { id } = answer.body;
    await advance();
    await t.call('POST', `/v1/deployments/${id}:pause`, {}, { token: person.token });
    expect((await getDeployment(id)).says).toBe('paused by operator');
    await deploy(f, 2);
    expect((await getDeployment(id)).says).toBe(`version 2 of ${f.flow} took its place`);
    const [assignment] = await assignmentsOf(f);
    await t.call('DELETE', `/v1/assignments/${assignment?.id}`);
    const { items } = (await t.call<{ items: Deployment[] }>('GET', `/v1/deployments?flow=${f.flow}`)).body;
    expect(items.map((one) => one.says)).toContain('undeployed by the token first start');
    for (const one of items) {
      const { items: moves } = (
        await t.call<{ items: DeploymentMove[] }>('GET', `/v1/deployments/${one.id}/timeline`)
      ).body;
      const { items: targets } = (
        await t.call<{ items: Target[] }>('GET', `/v1/deployments/${one.id}/targets`)
      ).body;
      for (const said of [...moves.map(({ says }) => says), ...targets.map(({ reason }) => reason?.detail)])
        expect(said).not.toMatch(/[0-9a-z]{26}/);
    }
  });

  it('goes on after what a person has seen, and tries again what failed', async () => {
    const f = await fleet(2);
    const id = await deploy(f, 1);
    const [first, second] = f.nodes as [TestNode, TestNode];
    await obey(first, f.flow, { ...wentWrong, runningDigest: null, runningVersion: null });
    await act(id, 'resume');
    await obey(second, f.flow);
    expect(await getDeployment(id)).toMatchObject({
      state: 'partial',
      targets: { succeeded: 1, failed: 1 },
      actions: ['rollback', 'retry'],
    });
    await act(id, 'retry');
    expect((await desired(first)).flows).toMatchObject([{ flow: f.flow, attempt: 2 }]);
    await obey(first, f.flow);
    expect((await getDeployment(id)).state).toBe('succeeded');
  });

  it('gives up a node that does not prove itself in time', async () => {
    const f = await fleet(2);
    const id = await deploy(f, 1);
    await t.test.database.withinSql(t.organization, (tx) =>
      tx.sql(
        'UPDATE deployment_targets SET deadline = now() WHERE deployment_id = $1 AND deadline IS NOT NULL',
        [id],
      ),
    );
    await advance();
    expect((await targetsOf(id)).get(f.nodes[0]?.id ?? '')).toMatchObject({
      outcome: 'timed-out',
      reason: { code: 'TIMED_OUT' },
    });
    expect((await getDeployment(id)).state).toBe('paused');
  });

  it('neither waits for offline nodes nor counts them; they come along when they return', async () => {
    const f = await fleet(3);
    const [first, second, third] = f.nodes as [TestNode, TestNode, TestNode];
    await sleep(first);
    const id = await deploy(f, 1);
    await obey(second, f.flow);
    await obey(third, f.flow);
    expect(await getDeployment(id)).toMatchObject({
      state: 'partial',
      targets: { succeeded: 2, offline: 1 },
    });
    expect((await targetsOf(id)).get(first.id)).toMatchObject({ reason: { code: 'OFFLINE' }, outcome: null });
    // Nothing failed, so there is nothing to try again.
    expect((await getDeployment(id)).actions).toEqual(['rollback']);
    expect(await act(id, 'retry')).toMatchObject({ status: 409, body: { code: 'deployments.illegal-move' } });
    await wake(first);
    await obey(first, f.flow);
    expect(await getDeployment(id)).toMatchObject({ state: 'succeeded', targets: { succeeded: 3 } });
  });

  it('of an older version is not brought to a node that returns when there is a newer one', async () => {
    const f = await fleet(2);
    const [first, second] = f.nodes as [TestNode, TestNode];
    await sleep(second);
    const old = await deploy(f, 1);
    await obey(first, f.flow);
    expect((await getDeployment(old)).state).toBe('partial');
    const newer = await deploy(f, 2);
    await wake(second);
    expect(await wants(second, f.flow)).toBeNull();
    await obey(first, f.flow);
    await obey(second, f.flow);
    expect(await wants(second, f.flow)).toBe(2);
    expect((await getDeployment(newer)).state).toBe('succeeded');
    expect((await targetsOf(old)).get(second.id)).toMatchObject({ outcome: 'superseded' });
  });

  it('knows a node that runs it already, though that has nothing new to report', async () => {
    const f = await fleet(1);
    await obeyAll(f, await deploy(f, 1));
    const again = await deploy(f, 1);
    expect(await getDeployment(again)).toMatchObject({ state: 'succeeded', targets: { succeeded: 1 } });
  });

  it('becomes partial when a node that joined it later fails', async () => {
    const f = await fleet(1);
    const id = await deploy(f, 1);
    await obeyAll(f, id);
    const late = await testNode(t, fresh('late'), { group: f.group });
    await wake(late);
    await obey(late, f.flow, { ...wentWrong, runningDigest: null, runningVersion: null });
    expect(await getDeployment(id)).toMatchObject({ state: 'partial', targets: { failed: 1 } });
  });

  it('takes the place of an older one, and a rollback leads to what was proved', async () => {
    const f = await fleet(2);
    await obeyAll(f, await deploy(f, 1));
    const second = await deploy(f, 2);
    const third = await deploy(f, 3);
    expect((await getDeployment(second)).state).toBe('superseded');
    expect([...(await targetsOf(second)).values()].map((one) => one.outcome)).toEqual([
      'superseded',
      'superseded',
    ]);
    expect(await wants(f.nodes[0] as TestNode, f.flow)).toBe(3);
    await act(third, 'rollback');
    expect(await wants(f.nodes[0] as TestNode, f.flow)).toBe(1);
    expect(await act(second, 'rollback')).toMatchObject({ status: 409 });
  });

  it('that is paused starts nobody, and takes back what nobody has begun', async () => {
    const f = await fleet(2);
    const id = await deploy(f, 1);
    await act(id, 'pause');
    for (const node of f.nodes) expect(await wants(node, f.flow)).toBeNull();
    await act(id, 'resume');
    await obeyAll(f, id);
    expect((await getDeployment(id)).state).toBe('succeeded');
  });

  it('is aborted with what nodes have, or with what they had', async () => {
    const f = await fleet(2);
    await obeyAll(f, await deploy(f, 1));
    const [first, second] = f.nodes as [TestNode, TestNode];
    const kept = await deploy(f, 2);
    await obey(first, f.flow);
    await act(kept, 'abort', { nodes: 'keep' });
    expect([await wants(first, f.flow), await wants(second, f.flow)]).toEqual([2, 2]);
    const reverted = await deploy(f, 3);
    await obey(first, f.flow);
    await act(reverted, 'abort', { nodes: 'revert' });
    expect([await wants(first, f.flow), await wants(second, f.flow)]).toEqual([2, 1]);
  });

  it('can be followed: who moved it when, why targets do not run it, and targets by filter', async () => {
    const f = await fleet(3);
    const [first, asleep] = f.nodes as [TestNode, TestNode, TestNode];
    await sleep(asleep);
    const id = await deploy(f, 1);
    const told = (await targetsOf(id)).get(first.id)?.progress === 'offered' ? first : f.nodes[2]!;
    await obey(told, f.flow, wentWrong);
    await act(id, 'retry');
    await obey(told, f.flow);
    const moves = await t.call<{ items: DeploymentMove[] }>('GET', `/v1/deployments/${id}/timeline`);
    expect(
      moves.body.items.map(({ state, wave, actor }) => [state, wave, actor.split(':')[0]]).reverse(),
    ).toEqual([
      ['rolling', 1, 'token'],
      ['paused', 1, 'system'],
      ['rolling', 1, 'token'],
      ['rolling', 2, 'system'],
    ]);
    expect(moves.body.items.at(-1)?.says).toContain('goes to 3 nodes');
    await act(id, 'pause');
    const last = f.nodes.find((node) => node !== told && node !== asleep)!;
    const reasons = await t.call('GET', `/v1/deployments/${id}/reasons`);
    expect(reasons.body).toEqual({ items: [{ code: 'OFFLINE', count: 1 }], next: null });
    const by = async (filter: string) =>
      (
        await t.call<{ items: Target[] }>(
          'GET',
          `/v1/deployments/${id}/targets?filter=${encodeURIComponent(filter)}`,
        )
      ).body.items.map((one) => one.node);
    expect(await by('reason==OFFLINE')).toEqual([asleep.id]);
    expect(await by('outcome==succeeded;wave==1')).toEqual([told.id]);
    expect(await by(`outcome!=succeeded;nodeName!=${asleep.name}`)).toEqual([last.id]);
    expect(await t.call('GET', `/v1/deployments/${id}/targets?filter=state==x`)).toMatchObject({
      status: 422,
      body: { code: 'fleet.selector-invalid' },
    });
    const found = await t.call<{ items: Deployment[] }>(
      'GET',
      `/v1/deployments?filter=${encodeURIComponent(`flow==${f.flow};state=in=(paused,rolling);groupName==${f.group}`)}`,
    );
    expect(found.body.items.map((one) => one.id)).toEqual([id]);
  });

  it('of no nodes succeeds, and leaves its assignment', async () => {
    const f = await fleet(0);
    const id = await deploy(f, 1);
    expect((await getDeployment(id)).state).toBe('succeeded');
    const node = await testNode(t, fresh('late'), { group: f.group });
    await wake(node);
    expect(await wants(node, f.flow)).toBe(1);
  });

  it('is refused with the place of what is wrong, and changes nothing', async () => {
    const f = await fleet(1);
    const base = { flow: f.flow, version: 1, group: f.group };
    const call = async (change: object) => {
      const { status, body } = await t.call('POST', '/v1/deployments', { ...base, ...change });
      return { status, code: body.code, errors: body.errors };
    };
    expect(await call({ version: 9 })).toMatchObject({ status: 404, code: 'deployments.nothing-published' });
    expect(await call({ flow: 'none' })).toMatchObject({ errors: [{ pointer: '/flow' }] });
    expect(await call({ group: 'none' })).toMatchObject({ status: 404, code: 'fleet.group-unknown' });
    expect(await call({ parameters: { nope: 1 } })).toMatchObject({
      errors: [{ pointer: '/parameters/nope' }],
    });
    expect(await call({ parameters: { limit: 'x' } })).toMatchObject({ code: 'deployments.parameters' });
    expect(await call({ strategy: { waves: ['150%'] } })).toMatchObject({ status: 400 });
    expect(await call({ strategy: { waves: [{ selector: 'a=' }] } })).toMatchObject({
      code: 'fleet.selector-invalid',
      errors: [{ pointer: '/strategy/waves/0/selector' }],
    });
    expect((await desired(f.nodes[0] as TestNode)).flows).toEqual([]);
    expect(await assignmentsOf(f)).toEqual([]);
  });
});

async function obeyAll(f: Fleet, id: string): Promise<void> {
  for (const node of f.nodes) await obey(node, f.flow);
  expect((await getDeployment(id)).state).toBe('succeeded');
}

const assignmentsOf = async (f: Fleet) =>
  (await t.call<{ items: Assignment[] }>('GET', `/v1/assignments?flow=${f.flow}`)).body.items;

describe('an assignment', () => {
  it('brings the flow to who joins, in the middle with the last wave, and takes it from who leaves', async () => {
    const f = await fleet(2);
    const id = await deploy(f, 1);
    const late = await testNode(t, fresh('late'), { group: f.group });
    await wake(late);
    expect(await wants(late, f.flow)).toBeNull();
    await obey(f.nodes[0] as TestNode, f.flow);
    expect(await wants(late, f.flow)).toBe(1);
    await obey(f.nodes[1] as TestNode, f.flow);
    await obey(late, f.flow);
    expect(await getDeployment(id)).toMatchObject({ state: 'succeeded', targets: { total: 3 } });
    await t.call('PATCH', `/v1/groups/${f.group}`, { remove: [late.id] });
    await advance();
    expect(await wants(late, f.flow)).toBeNull();
    await t.call('PATCH', `/v1/groups/${f.group}`, { add: [late.id] });
    await advance();
    expect(await wants(late, f.flow)).toBe(1);
  });

  it('ends with undeploy, and keeps its group and flow until then', async () => {
    const f = await fleet(1);
    await obeyAll(f, await deploy(f, 1));
    const [assignment] = await assignmentsOf(f);
    expect(await t.call('DELETE', `/v1/groups/${f.group}`)).toMatchObject({
      status: 409,
      body: { code: 'fleet.group-in-use', errors: [{ detail: `assignment ${assignment?.id}` }] },
    });
    expect((await t.call('DELETE', `/v1/assignments/${assignment?.id}`)).status).toBe(204);
    expect(await wants(f.nodes[0] as TestNode, f.flow)).toBeNull();
    expect((await t.call('DELETE', `/v1/groups/${f.group}`)).status).toBe(204);
    expect((await t.call('GET', `/v1/assignments/${assignment?.id}`)).status).toBe(404);
  });

  it('of a group with a higher priority wins, and the plan shows it', async () => {
    const f = await fleet(1);
    const node = f.nodes[0] as TestNode;
    const strong = fresh('strong');
    await t.call('POST', '/v1/groups', { name: strong, priority: 5, members: [node.id] });
    await obeyAll({ ...f, group: strong }, await deploy({ ...f, group: strong }, 2));
    const plan = await t.call<Plan>('POST', '/v1/deployments:plan', {
      flow: f.flow,
      version: 1,
      group: f.group,
    });
    expect(plan.body.nodes[0]?.conflicts).toEqual([`group ${strong} has a higher priority for this flow`]);
    const weak = await deploy(f, 1);
    expect(await wants(node, f.flow)).toBe(2);
    expect((await targetsOf(weak)).get(node.id)).toMatchObject({
      outcome: 'superseded',
      reason: { detail: `group ${strong} has a higher priority and gives it version 2 of ${f.flow}` },
    });
    const [first] = (await assignmentsOf(f)).filter((one) => one.groupName === strong);
    await t.call('DELETE', `/v1/assignments/${first?.id}`);
    expect(await wants(node, f.flow)).toBe(1);
  });

  it('takes parameters from flow, group, node and deployment, the later winning', async () => {
    const f = await fleet(1);
    const node = f.nodes[0] as TestNode;
    await obeyAll(f, await deploy(f, 2));
    const parameters = async () => (await desired(node)).flows[0]?.parameters;
    expect(await parameters()).toEqual({ limit: 2, site: 'nowhere' });
    await t.call('PATCH', `/v1/groups/${f.group}`, {
      parameters: { [f.flow]: { site: 'group', limit: 10 } },
    });
    await advance();
    expect(await parameters()).toEqual({ limit: 10, site: 'group' });
    await t.call('PATCH', `/v1/nodes/${node.id}`, { parameters: { [f.flow]: { limit: 20 } } });
    await advance();
    expect(await parameters()).toEqual({ limit: 20, site: 'group' });
    await deploy(f, 2, { parameters: { limit: 30 } });
    expect(await parameters()).toEqual({ limit: 30, site: 'group' });
  });
});

describe('a plan', () => {
  it('says what would change, what is to be fetched and who is offline, and changes nothing', async () => {
    const f = await fleet(3, 2, 1_000);
    const [first, second, third] = f.nodes as [TestNode, TestNode, TestNode];
    await obeyAll(f, await deploy(f, 1));
    await obey(first, f.flow, {}, { ...testFacts, blobs: [sha(`${f.flow} model 2`)] });
    await obey(second, f.flow, {}, { ...testFacts, diskFreeBytes: 10 });
    await sleep(third);
    const { body } = await t.call<Plan>('POST', '/v1/deployments:plan', {
      flow: f.flow,
      version: 2,
      group: f.group,
    });
    expect(body).toMatchObject({ waves: [1, 2], bytesToFetch: 2_000, offline: 1, conflicts: 1 });
    const nodes = new Map(body.nodes.map((node) => [node.node, node]));
    expect(nodes.get(first.id)).toMatchObject({
      change: 'replace',
      fromVersion: 1,
      bytesToFetch: 0,
      wave: 1,
    });
    expect(nodes.get(second.id)?.conflicts).toEqual(['1000 bytes are to be fetched and 10 are free']);
    expect(nodes.get(third.id)).toMatchObject({ online: false, wave: 2 });
    expect(await wants(first, f.flow)).toBe(1);
  });

  it('starts from what runs on the node, which may have gone back by itself', async () => {
    const f = await fleet(2);
    const [first, second] = f.nodes as [TestNode, TestNode];
    const plan = async (version: number) => {
      const wanted = { flow: f.flow, version, group: f.group };
      const { body } = await t.call<Plan>('POST', '/v1/deployments:plan', wanted);
      const of = new Map(body.nodes.map(({ node, change, fromVersion }) => [node, [change, fromVersion]]));
      return f.nodes.map(({ id }) => of.get(id));
    };
    await obey(first, f.flow);
    expect(await plan(1)).toEqual([
      ['start', null],
      ['start', null],
    ]);
    await obeyAll(f, await deploy(f, 1));
    await deploy(f, 2);
    await obey(first, f.flow, { ...wentWrong, runningDigest: sha(`${f.flow}@1`) });
    expect(await wants(first, f.flow)).toBe(2);
    expect(await plan(2)).toEqual([
      ['replace', 1],
      ['replace', 1],
    ]);
    expect(await plan(1)).toEqual([
      ['none', 1],
      ['none', 1],
    ]);
    expect(await wants(second, f.flow)).toBe(1);
  });
});

describe('the desired state over HTTPS', () => {
  it('is signed for this node, and has its digest as the ETag', async () => {
    const f = await fleet(1);
    const node = f.nodes[0] as TestNode;
    await deploy(f, 1);
    const answer = await node.call<SignedDesired>('GET', '/v1/agent/desired');
    const { keys } = (await node.call<{ keys: PublicKey[] }>('GET', '/v1/agent/keys')).body;
    const check = (key: PublicKey, bytes: Uint8Array, value: string) =>
      verify(
        null,
        bytes,
        createPublicKey({ key: Buffer.from(key.publicKey, 'base64'), format: 'der', type: 'spki' }),
        Buffer.from(value, 'base64url'),
      );
    const trust = {
      organization: t.organization,
      node: node.id,
      keys,
      threshold: 1,
      accepted: null,
      now: Date.now(),
    };
    expect(judgeDesired(answer.body, trust, check)).toEqual({ verdict: 'take' });
    expect(judgeDesired(answer.body, { ...trust, node: 'other' }, check)).toMatchObject({
      code: 'WRONG_NODE',
    });
    const etag = answer.headers.get('etag');
    const bytes = canonicalBytes(answer.body.payload);
    expect(etag).toBe(`"sha256:${createHash('sha256').update(bytes).digest('hex')}"`);
    const again = await node.call('GET', '/v1/agent/desired', undefined, { 'if-none-match': etag ?? '' });
    expect(again.status).toBe(304);
  });

  it('gives links to its own bytes and to no others', async () => {
    const f = await fleet(1, 2, 500);
    const node = f.nodes[0] as TestNode;
    await deploy(f, 1);
    const own = await node.call('POST', '/v1/agent/downloads', { digest: sha(`${f.flow} model 1`) });
    expect(own).toMatchObject({ status: 200, body: { size: 500, url: expect.stringContaining('http') } });
    expect(Number(own.body.expiresAt)).toBeLessThanOrEqual(Date.now() + 61_000);
    const other = await node.call('POST', '/v1/agent/downloads', { digest: sha(`${f.flow} model 2`) });
    expect(other).toMatchObject({ status: 403, body: { code: 'deployments.download-refused' } });
  });

  it('is issued anew, and only higher, when the node is ahead of the tables or its state has grown old', async () => {
    const f = await fleet(1);
    const node = f.nodes[0] as TestNode;
    const { sequence } = await desired(node);
    await node.report([], { sequence: sequence + 50 });
    await advance();
    expect((await desired(node)).sequence).toBe(sequence + 51);
    await t.test.database.withinSql(t.organization, (tx) =>
      tx.sql(
        `UPDATE desired_states SET issued_at = now() - interval '5 days', expires_at = now() + interval '2 days'
              WHERE node_id = $1`,
        [node.id],
      ),
    );
    await advance();
    const renewed = await desired(node);
    expect(renewed.sequence).toBe(sequence + 52);
    expect(renewed.expiresAt).toBeGreaterThan(Date.now() + 6 * 86_400_000);
    await advance();
    expect((await desired(node)).sequence).toBe(sequence + 52);
  });
});
