/**
 * Promise 46 and the roles, as tables made from the OpenAPI document: every route, every kind of credential,
 * every role and every scope. What is expected comes from test/kit/who-may.ts and access/permissions.ts.
 */
import { Permission, Role } from '@millrace/schemas';
import { pathNames, pathOf, readApi, statusOf, type Api, type Route } from '../../../test/kit/api.js';
import { testDirector, type TestDirector } from '../../../test/kit/director.js';
import { joinToken, testNode } from '../../../test/kit/node.js';
import { stranger } from '../../../test/kit/resources.js';
import { whoMay, type WhoMay } from '../../../test/kit/who-may.js';
import { grants } from './access/permissions.js';

let t: TestDirector;
let api: Api;
beforeAll(async () => {
  t = await testDirector();
  api = await readApi(t);
});
afterAll(() => t?.close());

async function apiToken(
  token: string,
  scopes: readonly Permission[],
): Promise<{ id: string; token: string }> {
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  const made = await t.call<{ id: string; token: string }>(
    'POST',
    '/v1/tokens',
    { name: scopes.join().slice(0, 100), scopes, expiresAt },
    { token },
  );
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  return made.body;
}

const end = (table: 'sessions' | 'api_tokens', token: string) =>
  t.test.database.withinSql(t.organization, (tx) =>
    tx.sql(
      `UPDATE ${table} SET expires_at = now() - interval '1 second'
       WHERE secret_hash = encode(sha256($1::bytea), 'hex') RETURNING id`,
      [token.split('_').slice(2).join('_')],
    ),
  );

const bearer = (token: string) => `Bearer ${token}`;
const withWord = (word: string, token: string) => bearer(token.replace(/^\w{3}/, word));
const lastWord = (token: string) => token.split('_').slice(2).join('_');

/** To a place that does not exist, without a body: what is allowed changes nothing. */
const nowhere = (route: Route): string =>
  pathOf(route, Object.fromEntries(pathNames(route).map((name) => [name, '999'])));

/** What each route of `routes` answers to this credential, where that is not as `fits` says. */
async function misfits(
  routes: Route[],
  authorization: string | null,
  fits: (status: number, route: Route) => boolean,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const route of routes) {
    const status = await statusOf(t, route, nowhere(route), authorization);
    if (!fits(status, route) || status >= 500) wrong.push(`${route.name}: ${status}`);
  }
  return wrong;
}

const needs = (route: Route): WhoMay => {
  const may = whoMay[route.name];
  if (!may) throw new Error(`${route.name} is new: say in test/kit/who-may.ts who may call it`);
  return may;
};
const ofPeople = () => api.routes.filter((route) => !['nodes', 'anybody'].includes(needs(route)));
const ofNodes = () => api.routes.filter((route) => needs(route) === 'nodes');
const passes = (status: number) => status !== 401 && status !== 403;
/** Signing out would end the very session that the next question needs. */
const isSignOut = (route: Route) => route.name === 'DELETE /v1/sessions/current';

it('every route of the document says who may, and no line is about a route that is gone', () => {
  expect(api.routes.map((route) => route.name).sort()).toEqual(Object.keys(whoMay).sort());
  for (const route of api.routes)
    expect([route.name, route.open]).toEqual([route.name, needs(route) === 'anybody']);
});

describe('token confusion is impossible', () => {
  it('on every user route: of a node, a join token, an ended, removed or altered credential', async () => {
    const person = await t.person('admin');
    const token = (await apiToken(person.token, ['flows.read'])).token;
    const node = await testNode(t, 'confused');
    const join = await joinToken(t);
    const other = await stranger(t);

    const signedOut = (await t.person('admin')).token;
    await t.call('DELETE', '/v1/sessions/current', undefined, { token: signedOut });
    const endedSession = (await t.person('admin')).token;
    expect(await end('sessions', endedSession)).toHaveLength(1);
    const endedToken = (await apiToken(person.token, ['flows.read'])).token;
    expect(await end('api_tokens', endedToken)).toHaveLength(1);
    const deleted = await apiToken(person.token, ['flows.read']);
    await t.call('DELETE', `/v1/tokens/${deleted.id}`);
    const gone = await t.person('admin');
    await t.call('DELETE', `/v1/users/${gone.id}`);

    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const claims = Buffer.from(JSON.stringify({ sub: person.id, role: 'admin' })).toString('base64url');
    const credentials: Record<string, string | null> = {
      nothing: null,
      'an empty one': 'Bearer ',
      'a password': `Basic ${Buffer.from(`${t.email}:${t.password}`).toString('base64')}`,
      'a token with another scheme': `Token ${token}`,
      'a JWT of algorithm none': bearer(`${none}.${claims}.`),
      'of a node': bearer(node.credential),
      'a node secret as a session': bearer(
        `mrs_${t.organization}_${node.credential.split('_').slice(3).join('_')}`,
      ),
      'a node secret as a token': bearer(
        `mrt_${t.organization}_${node.credential.split('_').slice(3).join('_')}`,
      ),
      'a join token': bearer(join),
      'a join token as a session': withWord('mrs', join),
      'a join token as a token': withWord('mrt', join),
      'a session as a token': withWord('mrt', person.token),
      'a token as a session': withWord('mrs', token),
      'a session in another organization': bearer(`mrs_${other.organization}_${lastWord(person.token)}`),
      'a token in another organization': bearer(`mrt_${other.organization}_${lastWord(token)}`),
      'a session cut short': bearer(person.token.slice(0, -1)),
      'a session and more': bearer(`${person.token}A`),
      'a session after signing out': bearer(signedOut),
      'a session that has ended': bearer(endedSession),
      'a token that has ended': bearer(endedToken),
      'a token that was deleted': bearer(deleted.token),
      'a session of somebody removed': bearer(gone.token),
    };
    for (const [what, authorization] of Object.entries(credentials))
      expect([what, await misfits(ofPeople(), authorization, (status) => status === 401)]).toEqual([
        what,
        [],
      ]);
    // The same question with the right ones passes: it is the credential that was refused.
    const good = ofPeople().filter((route) => !isSignOut(route));
    expect(await misfits(good, bearer(person.token), passes)).toEqual([]);
  });

  it('on every user route: a token of somebody removed or demoted does nothing', async () => {
    const maker = await t.person('admin');
    const { token } = await apiToken(maker.token, Permission.options);
    const ruled = ofPeople().filter((route) => needs(route) !== 'signed in');
    expect(await misfits(ruled, bearer(token), passes)).toEqual([]);
    await t.call('PATCH', `/v1/users/${maker.id}`, { role: 'viewer' });
    const asViewer = (status: number, route: Route) =>
      passes(status) === grants.viewer.includes(needs(route) as Permission);
    expect(await misfits(ruled, bearer(token), asViewer)).toEqual([]);
    await t.call('DELETE', `/v1/users/${maker.id}`);
    expect(await misfits(ofPeople(), bearer(token), (status) => status === 401)).toEqual([]);
  });

  it('on every route of nodes: of a person, a program, another organization, a revoked node', async () => {
    const person = await t.person('admin');
    const token = (await apiToken(person.token, Permission.options)).token;
    const node = await testNode(t, 'honest');
    const revoked = await testNode(t, 'revoked');
    await t.call('POST', `/v1/nodes/${revoked.id}:revoke`);
    const removed = await testNode(t, 'removed');
    await t.call('DELETE', `/v1/nodes/${removed.id}`);
    const other = await stranger(t);
    const secret = node.credential.split('_').slice(3).join('_');
    const credentials: Record<string, string | null> = {
      nothing: null,
      'a session': bearer(person.token),
      'a token': bearer(token),
      'a join token': bearer(await joinToken(t)),
      'a session as a node': bearer(`mrn_${t.organization}_${node.id}_${lastWord(person.token)}`),
      'of one node for another': bearer(`mrn_${t.organization}_${revoked.id}_${secret}`),
      'in another organization': bearer(`mrn_${other.organization}_${node.id}_${secret}`),
      'of a node that was revoked': bearer(revoked.credential),
      'of a node that was removed': bearer(removed.credential),
    };
    for (const [what, authorization] of Object.entries(credentials))
      expect([what, await misfits(ofNodes(), authorization, (status) => status === 401)]).toEqual([what, []]);
    expect(await misfits(ofNodes(), bearer(node.credential), passes)).toEqual([]);
  });

  it('a join token joins, and what else is sent in its place does not', async () => {
    const person = await t.person('admin');
    const node = await testNode(t, 'joined');
    const token = await joinToken(t);
    const enrol = (sent: string) =>
      t.call(
        'POST',
        '/v1/agent/enrol',
        { token: sent, name: 'intruder', signingKey: node.signingKey },
        { token: null },
      );
    for (const wrong of [person.token, t.token, node.credential, token.slice(0, -1), ''])
      expect((await enrol(wrong)).status).toBeGreaterThanOrEqual(400);
    expect((await enrol(token)).status).toBe(201);
    expect((await enrol(token)).status).toBeGreaterThanOrEqual(400);
  });
});

describe('who may what is the table of permissions, on every route', () => {
  it.each(Role.options)('%s', async (role) => {
    const { token } = await t.person(role);
    const exact = (status: number, route: Route) =>
      route.open || needs(route) === 'nodes'
        ? true
        : passes(status) ===
          (needs(route) === 'signed in' || grants[role].includes(needs(route) as Permission));
    const routes = ofPeople().filter((route) => !isSignOut(route));
    expect(await misfits(routes, bearer(token), exact)).toEqual([]);
    expect(await misfits(ofPeople().filter(isSignOut), bearer(token), exact)).toEqual([]);
  });

  it.each(Permission.options)('a token with %s alone, whatever its maker may', async (scope) => {
    const { token } = await apiToken((await t.person('admin')).token, [scope]);
    const exact = (status: number, route: Route) => passes(status) === (needs(route) === scope);
    const ruled = ofPeople().filter((route) => needs(route) !== 'signed in');
    expect(await misfits(ruled, bearer(token), exact)).toEqual([]);
  });
});
