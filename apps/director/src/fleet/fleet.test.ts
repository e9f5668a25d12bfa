import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { canonicalBytes } from '@millrace/fleet';
import { testDirector, type TestDirector } from '../../../../test/kit/director.js';
import { joinToken, testFacts, testNode } from '../../../../test/kit/node.js';
import type { Database } from '../platform/database/database.js';
import { FleetReader } from './fleet.reader.js';
import { Presence, SILENT_AFTER_MS } from './presence.js';
import { NodeReports } from './reports.js';

interface Items<Item> {
  items: Item[];
  next: string | null;
}
interface NodeView {
  id: string;
  name: string;
  status: string;
  groups: string[];
}

let t: TestDirector;
let database: Database;
beforeAll(async () => {
  t = await testDirector();
  database = t.test.database;
});
afterAll(() => t?.close());

const key = () =>
  generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
const enrol = (token: string, more: Record<string, unknown> = {}) =>
  t.call('POST', '/v1/agent/enrol', { token, signingKey: key(), ...more }, { token: null });
const getNode = async (id: string) => (await t.call<NodeView>('GET', `/v1/nodes/${id}`)).body;

describe('joining', () => {
  it('works within the count of the token, also when many come at once, and is useless after', async () => {
    const token = await joinToken(t, { uses: 3 });
    const answers = await Promise.all(Array.from({ length: 8 }, () => enrol(token)));
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(3);
    for (const answer of answers.filter((one) => one.status !== 201)) {
      expect(answer).toMatchObject({ status: 401, body: { code: 'fleet.join-token-invalid' } });
    }
  });

  it('ends with the token, and with its removal', async () => {
    const created = await t.call<{ id: string; token: string }>('POST', '/v1/join-tokens', { minutes: 1 });
    await database.withinSql(t.organization, (tx) =>
      tx.sql(`UPDATE join_tokens SET expires_at = now() - interval '1 second' WHERE id = $1`, [
        created.body.id,
      ]),
    );
    expect((await enrol(created.body.token)).status).toBe(401);
    const other = await t.call<{ id: string; token: string }>('POST', '/v1/join-tokens', {});
    expect((await t.call('DELETE', `/v1/join-tokens/${other.body.id}`)).status).toBe(204);
    expect((await enrol(other.body.token)).status).toBe(401);
  });

  it('brings the labels and the group of the token, whatever the node says', async () => {
    const group = await t.call<{ id: string }>('POST', '/v1/groups', { name: 'line-3' });
    const node = await testNode(t, 'press', { group: 'line-3', labels: { line: '3' } });
    expect(await getNode(node.id)).toMatchObject({
      name: 'press',
      labels: { line: '3' },
      groups: [group.body.id],
      status: 'offline',
      facts: { arch: 'x64' },
    });
  });

  it('gives a second node of the same name another one', async () => {
    const [a, b] = [await testNode(t, 'twin'), await testNode(t, 'twin')];
    expect(a.name).toBe('twin');
    expect(b.name).toMatch(/^twin-.{6}$/);
  });

  it.each([
    ['a session', () => t.token],
    ['a made-up one', () => `mrj_${t.organization}_${'x'.repeat(43)}`],
    ['one of another organization', () => `mrj_other_${'x'.repeat(43)}`],
  ])('is refused with %s instead of a join token', async (_, token) => {
    expect(await enrol(token())).toMatchObject({ status: 401, body: { code: 'fleet.join-token-invalid' } });
  });

  it('refuses a key that is no Ed25519 key, and counts nothing', async () => {
    const token = await joinToken(t);
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
    for (const signingKey of ['nonsense', rsa.export({ type: 'spki', format: 'der' }).toString('base64')]) {
      expect(await enrol(token, { signingKey })).toMatchObject({
        status: 422,
        body: { code: 'fleet.key-invalid' },
      });
    }
    expect((await enrol(token)).status).toBe(201);
  });
});

describe('credentials', () => {
  it('of people open no node route, and the other way round', async () => {
    const node = await testNode(t, 'guarded');
    expect((await node.call('GET', '/v1/agent/keys')).status).toBe(200);
    expect((await node.call('GET', '/v1/nodes')).status).toBe(401);
    expect((await t.call('GET', '/v1/agent/keys')).status).toBe(401);
    const wrong = `${node.credential.slice(0, -3)}abc`;
    expect((await t.call('GET', '/v1/agent/keys', undefined, { token: wrong })).status).toBe(401);
  });

  it('of a revoked node are worth nothing at once', async () => {
    const node = await testNode(t, 'stolen');
    const revoked = await t.call<NodeView>('POST', `/v1/nodes/stolen:revoke`);
    expect(revoked).toMatchObject({ status: 200, body: { status: 'revoked' } });
    expect((await node.call('GET', '/v1/agent/keys')).status).toBe(401);
    expect((await t.call('DELETE', `/v1/nodes/${node.id}`)).status).toBe(204);
    expect((await t.call('GET', `/v1/nodes/${node.id}`)).status).toBe(404);
  });

  it('give a node the keys of its organization, and time that is signed with them', async () => {
    const node = await testNode(t, 'timely');
    const { body: keys } = await node.call<{ keys: { keyId: string; publicKey: string }[] }>(
      'GET',
      '/v1/agent/keys',
    );
    const nonce = 'abcdefgh12345678';
    const { body } = await node.call<{
      payload: { nonce: string; time: number };
      signature: { keyId: string; value: string };
    }>('GET', `/v1/agent/time?nonce=${nonce}`);
    const known = keys.keys.find((one) => one.keyId === body.signature.keyId);
    const publicKey = createPublicKey({
      key: Buffer.from(known?.publicKey ?? '', 'base64'),
      format: 'der',
      type: 'spki',
    });
    const value = Buffer.from(body.signature.value, 'base64url');
    expect(body.payload.nonce).toBe(nonce);
    expect(verify(null, canonicalBytes(body.payload), publicKey, value)).toBe(true);
    const later = { ...body.payload, time: body.payload.time + 1 };
    expect(verify(null, canonicalBytes(later), publicKey, value)).toBe(false);
  });
});

describe('groups', () => {
  it('choose by selector over labels and facts, now and not then', async () => {
    const [a, b] = [
      await testNode(t, 'sel-a', { labels: { zone: 'north' } }),
      await testNode(t, 'sel-b', { labels: { zone: 'south' } }),
    ];
    const preview = await t.call('POST', '/v1/groups:preview', { selector: 'zone==north;facts.arch==x64' });
    expect(preview).toMatchObject({ status: 200, body: { size: 1, nodes: [{ id: a.id }] } });
    const group = await t.call<{ id: string }>('POST', '/v1/groups', {
      name: 'north',
      selector: 'zone==north',
    });
    expect(group).toMatchObject({ status: 201, body: { size: 1 } });
    await t.call('PATCH', '/v1/nodes/sel-b', { labels: { zone: 'north' } });
    const members = await t.call<Items<NodeView>>('GET', '/v1/groups/north/nodes');
    expect(members.body.items.map((node) => node.id)).toEqual([b.id, a.id]);
    const page = await t.call<Items<NodeView>>('GET', '/v1/groups/north/nodes?limit=1');
    const rest = await t.call<Items<NodeView>>(
      'GET',
      `/v1/groups/north/nodes?limit=1&cursor=${page.body.next}`,
    );
    expect([page.body.items[0]?.id, rest.body.items[0]?.id, rest.body.next]).toEqual([b.id, a.id, null]);
  });

  it('refuse what is wrong with the place of it, and change nothing', async () => {
    const bad = await t.call('POST', '/v1/groups', { name: 'bad', selector: 'zone=' });
    expect(bad).toMatchObject({
      status: 422,
      body: { code: 'fleet.selector-invalid', errors: [{ pointer: '/selector' }] },
    });
    const both = await t.call('POST', '/v1/groups', { name: 'bad', selector: 'a==1', members: [] });
    expect(both).toMatchObject({ status: 422, body: { code: 'fleet.group-kind' } });
    const nobody = await t.call('POST', '/v1/groups', { name: 'bad', members: ['nobody'] });
    expect(nobody).toMatchObject({
      status: 404,
      body: { code: 'fleet.node-unknown', errors: [{ pointer: '/members/0' }] },
    });
    expect((await t.call('GET', '/v1/groups/bad')).status).toBe(404);
  });

  it('of members are changed by naming nodes, and those are looked at again', async () => {
    const [a, b] = [await testNode(t, 'mem-a'), await testNode(t, 'mem-b')];
    await t.call('POST', '/v1/groups', { name: 'hand', members: ['mem-a'] });
    const reader = t.director.app.get(FleetReader);
    await database.withinSql(t.organization, async (tx) => reader.note(tx, await reader.changed(tx, 1_000)));
    const changed = await t.call('PATCH', '/v1/groups/hand', { add: ['mem-b'], remove: [a.id] });
    expect(changed).toMatchObject({ status: 200, body: { size: 1 } });
    const looked = await database.withinSql(t.organization, (tx) => reader.changed(tx, 1_000));
    expect(looked.map((node) => node.id)).toEqual([a.id, b.id]);
    expect((await t.call('POST', '/v1/groups', { name: 'hand' })).status).toBe(409);
  });
});

describe('the list of nodes', () => {
  it('is filtered and paged, newest first', async () => {
    const made = [];
    for (let i = 0; i < 5; i++) made.push(await testNode(t, `page-${i}`, { labels: { batch: 'p' } }));
    const first = await t.call<Items<NodeView>>(
      'GET',
      '/v1/nodes?filter=labels.batch==p;name!=page-2&limit=3',
    );
    expect(first.body.items.map((node) => node.name)).toEqual(['page-4', 'page-3', 'page-1']);
    const second = await t.call<Items<NodeView>>(
      'GET',
      `/v1/nodes?filter=labels.batch==p;name!=page-2&limit=3&cursor=${first.body.next}`,
    );
    expect(second.body).toMatchObject({ items: [{ name: 'page-0' }], next: null });
    expect(await t.call('GET', '/v1/nodes?filter=nope==1')).toMatchObject({
      status: 422,
      body: { code: 'fleet.selector-invalid', detail: expect.stringContaining('"nope" is unknown') },
    });
  });
});

describe('a text that no database can hold', () => {
  it.each([
    ['GET', '/v1/nodes/a%00b', undefined],
    ['POST', '/v1/groups', { name: 'nul', selector: 'a=="\u0000"' }],
    ['POST', '/v1/join-tokens', { labels: { a: '\u0000' } }],
    ['GET', '/v1/alerts?node=%00', undefined],
    ['POST', '/v1/deployments', { flow: '\u0000', version: 1, group: 'g' }],
  ])('is a bad request: %s %s', async (method, path, body) => {
    expect(await t.call(method, path, body)).toMatchObject({
      status: 400,
      body: { code: 'platform.invalid-request' },
    });
  });
});

describe('presence', () => {
  const metrics = { at: 1, node: { cpuShare: 0.5, memoryBytes: 7, uptimeMs: 9 }, flows: [] };

  it('is written in batches and ends with the will, or with silence', async () => {
    const presence = t.director.app.get(Presence);
    const [a, b] = [await testNode(t, 'pre-a'), await testNode(t, 'pre-b')];
    presence.heard(t.organization, a.id, metrics);
    presence.heard(t.organization, b.id);
    await presence.flush();
    expect([(await getNode(a.id)).status, (await getNode(b.id)).status]).toEqual(['online', 'online']);
    expect((await t.call('GET', `/v1/nodes/${a.id}/metrics`)).body).toMatchObject({
      cpuShare: 0.5,
      memoryBytes: 7,
    });
    presence.left(t.organization, a.id);
    await presence.flush();
    expect((await getNode(a.id)).status).toBe('offline');
    await database.withinSql(t.organization, (tx) =>
      tx.sql('UPDATE nodes SET seen_at = $2 WHERE id = $1', [
        b.id,
        new Date(Date.now() - SILENT_AFTER_MS - 1_000),
      ]),
    );
    await presence.sweep();
    expect((await getNode(b.id)).status).toBe('offline');
  });
});

describe('reports', () => {
  const take = (node: string, signed: Parameters<NodeReports['take']>[2]) =>
    database.withinSql(t.organization, (tx) => t.director.app.get(NodeReports).take(tx, node, signed));

  it('are taken in the order of their numbers, once', async () => {
    const node = await testNode(t, 'reporter');
    const [one, two] = [node.signed({ facts: { ...testFacts, cpus: 8 } }), node.signed({ sequence: 2 })];
    expect(await take(node.id, two)).toMatchObject({ late: false });
    expect(await take(node.id, one)).toMatchObject({ late: true });
    expect(await take(node.id, two)).toMatchObject({ late: true });
    expect(await getNode(node.id)).toMatchObject({ accepted: { sequence: 2 }, facts: { cpus: 4 } });
    // The same again under a new number is no news.
    expect(await take(node.id, node.signed({ sequence: 2 }))).toMatchObject({ late: false });
    const history = await t.call<Items<{ seq: number }>>('GET', `/v1/nodes/${node.id}/history`);
    expect(history.body.items.map((entry) => entry.seq)).toEqual([2]);
  });

  it('are refused unless the node itself signed them about itself', async () => {
    const [a, b] = [await testNode(t, 'rep-a'), await testNode(t, 'rep-b')];
    const good = a.signed();
    const refused = { code: 'fleet.signature-invalid' };
    await expect(take(a.id, { ...good, payload: { ...good.payload, seq: 99 } })).rejects.toMatchObject(
      refused,
    );
    await expect(take(b.id, good)).rejects.toMatchObject(refused);
    await expect(take(a.id, b.signed({ node: a.id }))).rejects.toMatchObject(refused);
    await expect(take(a.id, a.signed({ organization: 'other' }))).rejects.toMatchObject(refused);
    expect(await take(a.id, good)).toMatchObject({ late: false });
  });
});
