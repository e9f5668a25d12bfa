/** Promise 48 in small: every changing route of the document leaves exactly one entry, chained by hash. */
import { generateKeyPairSync } from 'node:crypto';
import type { AuditEntry, SignedDesired, UploadBegun } from '@millrace/schemas';
import { pathNames, pathOf, readApi, type Api, type Json, type Route } from '../../../test/kit/api.js';
import { testDirector, type Answer, type TestDirector } from '../../../test/kit/director.js';
import { speaking, type Speaking } from '../../../test/kit/edge.js';
import { as, makeEstate, type Estate } from '../../../test/kit/estate.js';
import { testFacts, testNode } from '../../../test/kit/node.js';
import { beginUpload, digestOfBytes, sealed, sendParts } from '../../../test/kit/resources.js';
import { Audit } from './access/audit.js';
import { Rollouts } from './deployments/rollouts.js';

let t: TestDirector;
let voice: Speaking | undefined;
let api: Api;
let e: Estate;
beforeAll(async () => {
  t = await testDirector();
  api = await readApi(t);
  e = await makeEstate(as(t, (await t.person('admin')).token, t.organization), 'plant', 'cmapss_hgb_rul');
  voice = await speaking(e.node);
});
afterAll(async () => {
  await voice?.close();
  await t?.close();
});

const entries = async (after: number): Promise<AuditEntry[]> => {
  const { body } = await t.call<{ items: AuditEntry[] }>('GET', '/v1/audit?limit=200');
  return body.items.filter((entry) => entry.sequence > after).reverse();
};
const newest = async () =>
  (await t.call<{ items: AuditEntry[] }>('GET', '/v1/audit?limit=1')).body.items[0]?.sequence ?? 0;

interface Change {
  /** Values of the path. */
  at?: Record<string, string>;
  body?: unknown;
  /** What the entry says. */
  action: string;
  token?: string | null;
  headers?: Record<string, string>;
}
type Make = () => Change | Promise<Change>;

const deploy = async (version: number) => {
  const body = { flow: e.flow, version, group: e.group.id, strategy: { probationMs: 0 } };
  const { id } = (await e.t.call<{ id: string }>('POST', '/v1/deployments', body)).body;
  await t.director.app.get(Rollouts).advance(t.organization);
  return id;
};
const paused = async (version: number) => {
  const id = await deploy(version);
  await e.t.call('POST', `/v1/deployments/${id}:pause`);
  return id;
};
/** Its only node says that it does not take it. */
const refused = async (version: number) => {
  const id = await deploy(version);
  const { payload } = (await e.node.call<SignedDesired>('GET', '/v1/agent/desired')).body;
  const { epoch, sequence } = payload;
  const reason = { code: 'NO_SPACE' as const, detail: 'the disk is full' };
  await e.node.report([], { epoch, sequence: sequence - 1, refused: { epoch, sequence, reason } });
  await t.director.app.get(Rollouts).advance(t.organization);
  return id;
};
const upload = async (text: string) => {
  const bytes = Buffer.from(text);
  const { body } = await beginUpload(e.t, e.resource, bytes, { kind: 'data', fileName: 'a.csv' });
  if (body.exists) throw new Error('nothing was begun');
  await sendParts(body, bytes);
  return body.upload;
};
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();
const password = 'a long enough password';

/** Every changing route, in an order that works: what is deleted comes last. */
const changes: Record<string, Make> = {
  'POST /v1/sessions': () => ({
    body: {
      email: e.user.email,
      password: e.user.password,
    },
    action: 'access.sign-in',
    token: null,
  }),
  'DELETE /v1/sessions/current': async () => ({
    token: (await t.person('viewer')).token,
    action: 'access.sign-out',
  }),
  'POST /v1/tokens': () => ({
    body: { name: 'a', scopes: ['flows.read'], expiresAt: inAnHour() },
    action: 'access.create-token',
  }),
  'DELETE /v1/tokens/{id}': () => ({ at: { id: e.token.id }, action: 'access.remove-token' }),
  'POST /v1/me:change-password': async () => ({
    body: { current: password, password: 'another long one' },
    token: (await t.person('viewer')).token,
    action: 'access.change-password',
  }),
  'POST /v1/users': () => ({
    body: { email: 'a@x.org', name: 'A', role: 'viewer', password },
    action: 'access.create-user',
  }),
  'PATCH /v1/organization': () => ({
    body: { allowPickle: false },
    action: 'access.change-organization',
  }),
  'PATCH /v1/users/{id}': () => ({
    at: { id: e.user.id },
    body: { role: 'viewer' },
    action: 'access.change-role',
  }),
  'DELETE /v1/users/{id}': () => ({ at: { id: e.user.id }, action: 'access.remove-user' }),
  'POST /v1/resources': () => ({ body: { name: 'short-lived' }, action: 'catalogue.create' }),
  'DELETE /v1/resources/{name}': () => ({ at: { name: 'short-lived' }, action: 'catalogue.remove' }),
  'POST /v1/resources/{name}/versions:begin-upload': () => ({
    at: { name: e.resource },
    body: { kind: 'data', fileName: 'a.csv', size: 1, digest: digestOfBytes(Buffer.from('a')) },
    action: 'catalogue.begin-upload',
  }),
  'POST /v1/resources/{name}/pieces:begin-upload': () => ({
    at: { name: e.resource },
    body: { fileName: 'a.whl', size: 1, digest: digestOfBytes(Buffer.from('b')) },
    action: 'catalogue.begin-upload',
  }),
  'POST /v1/resources/{name}/pieces/{upload}:complete-upload': async () => {
    const bytes = Buffer.from('c');
    const body = { fileName: 'c.whl', size: 1, digest: digestOfBytes(bytes) };
    const path = `/v1/resources/${e.resource}/pieces:begin-upload`;
    const begun = (await e.t.call<UploadBegun>('POST', path, body)).body;
    await sendParts(begun, bytes);
    return {
      at: { name: e.resource, upload: begun.exists ? '' : begun.upload },
      action: 'catalogue.complete-piece',
    };
  },
  'DELETE /v1/resources/{name}/uploads/{upload}': () => ({
    at: { name: e.resource, upload: e.upload },
    action: 'catalogue.abort-upload',
  }),
  'POST /v1/resources/{name}/uploads/{upload}:complete-upload': async () => ({
    at: { name: e.resource, upload: await upload('t,a\n1,2\n') },
    action: 'catalogue.complete-upload',
  }),
  'DELETE /v1/resources/{name}/versions/{version}': async () => {
    await sealed(e.t, e.resource, 2);
    return { at: { name: e.resource, version: '2' }, action: 'catalogue.remove-version' };
  },
  'PUT /v1/resources/{name}/aliases/{alias}': () => ({
    at: { name: e.resource, alias: 'another' },
    body: { version: 1 },
    action: 'catalogue.move-alias',
  }),
  'PATCH /v1/resources/{name}/aliases/{alias}': () => ({
    at: { name: e.resource, alias: 'another' },
    body: { approval: true },
    action: 'catalogue.guard-alias',
  }),
  'PUT /v1/retention': () => ({
    body: { keepLast: 100, keepDays: null },
    action: 'catalogue.set-retention',
  }),
  'PUT /v1/resources/{name}/retention': () => ({
    at: { name: e.resource },
    body: { keepLast: 100, keepDays: null },
    action: 'catalogue.set-retention',
  }),
  'DELETE /v1/resources/{name}/retention': () => ({
    at: { name: e.resource },
    action: 'catalogue.set-retention',
  }),
  'POST /v1/flows': () => ({ body: { name: 'short-lived' }, action: 'flows.create' }),
  'DELETE /v1/flows/{name}': () => ({ at: { name: 'short-lived' }, action: 'flows.remove' }),
  'PUT /v1/flows/{name}/draft': async () => {
    const { body } = await e.t.call<Json>('GET', `/v1/flows/${e.flow}/draft`);
    const document = { ...(body.document as Json), parameters: {} };
    return { at: { name: e.flow }, body: { document }, action: 'flows.save-draft' };
  },
  'POST /v1/test-files': () => ({
    body: 't,p\n1,2\n',
    headers: { 'content-type': 'text/csv' },
    action: 'flows.upload-test-file',
  }),
  'DELETE /v1/test-files/{id}': () => ({ at: { id: e.testFile }, action: 'flows.remove-test-file' }),
  'POST /v1/flows/{name}:publish': () => ({ at: { name: e.flow }, body: {}, action: 'flows.publish' }),
  'PATCH /v1/nodes/{id}': () => ({
    at: { id: e.node.id },
    body: { labels: { site: 'b' } },
    action: 'fleet.change-node',
  }),
  'POST /v1/nodes/{id}:restart': () => ({
    at: { id: e.node.id },
    body: { flow: e.flow },
    action: 'fleet.restart-flow',
  }),
  'POST /v1/nodes/{id}:revoke': async () => ({
    at: { id: (await testNode(e.t, 'to-revoke')).id },
    action: 'fleet.revoke-node',
  }),
  'DELETE /v1/nodes/{id}': async () => ({
    at: { id: (await testNode(e.t, 'to-remove')).id },
    action: 'fleet.remove-node',
  }),
  'POST /v1/groups': () => ({ body: { name: 'short-lived' }, action: 'fleet.create-group' }),
  'PATCH /v1/groups/{id}': () => ({
    at: { id: 'short-lived' },
    body: { priority: 2 },
    action: 'fleet.change-group',
  }),
  'DELETE /v1/groups/{id}': () => ({ at: { id: 'short-lived' }, action: 'fleet.remove-group' }),
  'POST /v1/join-tokens': () => ({ body: {}, action: 'fleet.create-join-token' }),
  'POST /v1/agent/enrol': () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    const signingKey = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    const { token } = e.joinToken;
    return { body: { token, name: 'late', signingKey, facts: testFacts }, token: null, action: 'fleet.join' };
  },
  'DELETE /v1/join-tokens/{id}': () => ({ at: { id: e.joinToken.id }, action: 'fleet.remove-join-token' }),
  'POST /v1/deployments': () => ({
    body: { flow: e.flow, version: 2, group: e.group.id, strategy: { probationMs: 0 } },
    action: 'deployments.deploy',
  }),
  'POST /v1/deployments/{id}:pause': async () => ({
    at: { id: await deploy(2) },
    action: 'deployments.pause',
  }),
  'POST /v1/deployments/{id}:resume': async () => ({
    at: { id: await paused(2) },
    action: 'deployments.resume',
  }),
  'POST /v1/deployments/{id}:abort': async () => ({
    at: { id: await paused(2) },
    body: { nodes: 'keep' },
    action: 'deployments.abort',
  }),
  'POST /v1/deployments/{id}:retry': async () => ({
    at: { id: await refused(2) },
    action: 'deployments.retry',
  }),
  'POST /v1/deployments/{id}:rollback': async () => ({
    at: { id: await paused(2) },
    action: 'deployments.rollback',
  }),
  'DELETE /v1/assignments/{id}': () => ({ at: { id: e.assignment }, action: 'deployments.undeploy' }),
  'POST /v1/alerts/{id}:acknowledge': () => ({ at: { id: e.alert }, action: 'alerts.acknowledge' }),
};

/** POSTs that change nothing, and what nodes send: that is data, not somebody's decision. */
const silent = [
  'POST /v1/resources/{name}/uploads/{upload}:parts',
  'POST /v1/flows/{name}:check',
  'POST /v1/flows/{name}:test-run',
  'POST /v1/flows/{name}:prepare',
  'POST /v1/groups:preview',
  'POST /v1/deployments:plan',
  'POST /v1/promotions:plan',
  'POST /v1/agent/report',
  'POST /v1/agent/downloads',
  'POST /v1/agent/alerts',
  'POST /v1/agent/results',
];

/** One call that changes many things leaves an entry for each of them: deployments/promotions.test.ts. */
const many = [
  'POST /v1/promotions',
  'POST /v1/promotions/{id}:approve',
  'POST /v1/promotions/{id}:reject',
  'POST /v1/promotions/{id}:revert',
];

const send = (route: Route, { at = {}, body, token, headers }: Change): Promise<Answer<Json>> =>
  e.t.call(route.method, pathOf(route, at), body, {
    token,
    headers: { 'if-match': '*', ...headers },
  });

describe('the audit log is complete (one entry a change) and tamper-evident', () => {
  it('every changing route of the document is known here', () => {
    const changing = api.routes.filter((route) => route.method !== 'GET').map((route) => route.name);
    expect([...Object.keys(changes), ...silent, ...many].sort()).toEqual(changing.sort());
  });

  it('each change leaves exactly one entry, in its words, by who asked', async () => {
    const wrong: string[] = [];
    const routes = new Map(api.routes.map((route) => [route.name, route]));
    for (const [name, make] of Object.entries(changes)) {
      const route = routes.get(name) as Route;
      const change = await make();
      const before = await newest();
      const answer = await send(route, change);
      if (answer.status >= 300) wrong.push(`${name}: ${answer.status} ${JSON.stringify(answer.body)}`);
      wrong.push(...api.faults(route, answer.status, answer.body));
      const request = answer.headers.get('x-request-id');
      // What ticks and jobs do meanwhile is by the system, without a request.
      const left = (await entries(before)).filter((entry) => entry.requestId !== null);
      if (left.length !== 1 || left[0]?.action !== change.action || left[0]?.requestId !== request)
        wrong.push(
          `${name}: ${left.map((one) => `${one.action} of ${one.requestId}`).join(', ') || 'no entry'}`,
        );
    }
    expect(wrong).toEqual([]);
    expect(await t.director.app.get(Audit).firstBroken(t.organization)).toBeNull();
  });

  it('what is refused leaves none', async () => {
    const before = await newest();
    const asked = api.routes.filter((route) => route.method !== 'GET' && !route.path.endsWith('/current'));
    const done: string[] = [];
    for (const route of asked) {
      const at = Object.fromEntries(pathNames(route).map((name) => [name, '999']));
      const body = route.body ? { strange: true } : undefined;
      const { status } = await send(route, { at, body, action: '' });
      if (status < 300) done.push(route.name);
    }
    // Unknown fields are ignored, and a join token needs none of the known ones.
    expect(done).toEqual(['POST /v1/join-tokens']);
    const left = (await entries(before)).map((entry) => entry.action);
    expect(left).toEqual(['fleet.create-join-token']);
  });
});
