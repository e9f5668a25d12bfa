import { readFile } from 'node:fs/promises';
import { verify, createPublicKey } from 'node:crypto';
import { Client } from 'pg';
import { testDirector, type TestDirector } from '../../../../test/kit/director.js';
import { Live } from '../platform/live/live.js';
import { Audit } from './audit.js';
import { FirstStart } from './first-start.js';
import { SigningKeys } from './keys.js';
import { TidyJob } from './tidy.job.js';

interface Items {
  items: Record<string, unknown>[];
  next: string | null;
}

let t: TestDirector;
beforeAll(async () => {
  t = await testDirector();
});
afterAll(() => t?.close());

describe('signing in', () => {
  it('takes email and password, and ends with signing out', async () => {
    const { email, password } = t;
    const wrong = await t.call('POST', '/v1/sessions', { email, password: 'wrong' }, { token: null });
    expect(wrong).toMatchObject({ status: 401, body: { code: 'access.unauthenticated' } });
    const unknown = await t.call('POST', '/v1/sessions', { email: 'x@y.org', password }, { token: null });
    expect(unknown.body).toMatchObject({ code: 'access.unauthenticated', detail: wrong.body.detail });
    const session = await t.call<{ token: string }>(
      'POST',
      '/v1/sessions',
      { email, password },
      { token: null },
    );
    expect(session.status).toBe(201);
    const { token } = session.body;
    const me = await t.call('GET', '/v1/me', undefined, { token });
    expect(me).toMatchObject({
      status: 200,
      body: { kind: 'user', email, role: 'admin', organization: { name: 'default' } },
    });
    expect((await t.call('DELETE', '/v1/sessions/current', undefined, { token })).status).toBe(204);
    expect((await t.call('GET', '/v1/me', undefined, { token })).status).toBe(401);
  });

  it('is slowed down for who guesses, for that name alone', async () => {
    const guess = () =>
      t.call('POST', '/v1/sessions', { email: 'victim@x.org', password: 'no' }, { token: null });
    const statuses = [];
    for (let i = 0; i < 22; i++) statuses.push((await guess()).status);
    const last = await guess();
    expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
    expect(last).toMatchObject({ status: 429, body: { code: 'platform.too-many-requests' } });
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it.each([
    ['nothing', null],
    ['no credential of ours', 'eyJhbGciOiJub25lIn0.e30.'],
    ['a made-up secret', `mrt_someorganization_${'a'.repeat(43)}`],
    ['the credential of a node', `mrn_o_n_${'a'.repeat(43)}`],
    ['a join token', `mrj_o_${'a'.repeat(43)}`],
  ])('refuses %s', async (_, token) => {
    const answer = await t.call('GET', '/v1/me', undefined, { token });
    expect(answer).toMatchObject({ status: 401, body: { code: 'access.unauthenticated' } });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });

  it('happens once for the first admin, whose file nobody can make again', async () => {
    expect(await t.director.app.get(FirstStart).run()).toBeUndefined();
  });
});

describe('people and roles', () => {
  it('lets a role do what the table says, and nothing else', async () => {
    const viewer = await t.person('viewer');
    expect((await t.call('GET', '/v1/users', undefined, viewer)).status).toBe(200);
    const refused = await t.call(
      'POST',
      '/v1/users',
      { email: 'n@x.org', name: 'N', role: 'admin', password: 'long enough here' },
      viewer,
    );
    expect(refused).toMatchObject({ status: 403, body: { code: 'access.forbidden' } });
    expect((await t.call('GET', '/v1/audit', undefined, viewer)).status).toBe(403);
  });

  it('acts at once when a permission is taken away', async () => {
    const person = await t.person('admin');
    expect((await t.call('GET', '/v1/audit', undefined, person)).status).toBe(200);
    expect((await t.call('PATCH', `/v1/users/${person.id}`, { role: 'viewer' })).body).toMatchObject({
      role: 'viewer',
    });
    expect((await t.call('GET', '/v1/audit', undefined, person)).status).toBe(403);
    expect((await t.call('DELETE', `/v1/users/${person.id}`)).status).toBe(204);
    expect((await t.call('GET', '/v1/me', undefined, person)).status).toBe(401);
  });

  it('keeps an admin, and an address for one person', async () => {
    const users = await t.call<Items>('GET', '/v1/users?limit=200');
    const first = users.body.items.find((user) => user.email === t.email);
    const last = await t.call('PATCH', `/v1/users/${first?.id as string}`, { role: 'viewer' });
    expect(last).toMatchObject({ status: 409, body: { code: 'access.last-admin' } });
    const twice = { email: t.email.toUpperCase(), name: 'X', role: 'viewer', password: 'long enough here' };
    expect(await t.call('POST', '/v1/users', twice)).toMatchObject({
      status: 409,
      body: { code: 'access.email-taken' },
    });
  });

  it('lets an address be used again after its person was removed', async () => {
    const body = { email: 'again@x.org', name: 'A', role: 'viewer', password: 'long enough here' };
    const { id } = (await t.call('POST', '/v1/users', body)).body;
    expect((await t.call('DELETE', `/v1/users/${id as string}`)).status).toBe(204);
    expect((await t.call('POST', '/v1/users', body)).status).toBe(201);
  });

  it('changes a password and ends the sessions of the old one', async () => {
    const person = await t.person('viewer');
    const wrong = { current: 'not it', password: 'another long one' };
    expect((await t.call('POST', '/v1/me:change-password', wrong, person)).status).toBe(403);
    const right = { current: 'a long enough password', password: 'another long one' };
    expect((await t.call('POST', '/v1/me:change-password', right, person)).status).toBe(204);
    expect((await t.call('GET', '/v1/me', undefined, person)).status).toBe(401);
  });
});

describe('tokens', () => {
  const soon = () => new Date(Date.now() + 3_600_000).toISOString();

  it('do what their scopes say and never more than their maker may', async () => {
    const maker = await t.person('operator');
    const forbidden = await t.call(
      'POST',
      '/v1/tokens',
      { name: 'ci', scopes: ['fleet.read'], expiresAt: soon() },
      maker,
    );
    expect(forbidden.status).toBe(403);
    const admin = await t.person('admin');
    const made = await t.call<{ token: string; id: string }>(
      'POST',
      '/v1/tokens',
      { name: 'ci', scopes: ['access.read', 'audit.read'], expiresAt: soon() },
      admin,
    );
    expect(made.status).toBe(201);
    const { token, id } = made.body;
    const me = await t.call('GET', '/v1/me', undefined, { token });
    expect(me.body).toMatchObject({ kind: 'token', name: 'ci', permissions: ['access.read', 'audit.read'] });
    expect((await t.call('POST', '/v1/tokens', {}, { token })).status).toBe(403);
    await t.call('PATCH', `/v1/users/${admin.id}`, { role: 'viewer' });
    expect((await t.call('GET', '/v1/audit', undefined, { token })).status).toBe(403);
    expect((await t.call('DELETE', `/v1/tokens/${id}`)).status).toBe(204);
    expect((await t.call('GET', '/v1/me', undefined, { token })).status).toBe(401);
    const listed = JSON.stringify((await t.call('GET', '/v1/tokens')).body);
    expect(listed).not.toContain(t.token.split('_').at(-1));
  });

  it('end when they said they would', async () => {
    const admin = await t.person('admin');
    const past = { name: 'x', scopes: ['access.read'], expiresAt: new Date(Date.now() - 1).toISOString() };
    expect(await t.call('POST', '/v1/tokens', past, admin)).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/expiresAt' }] },
    });
    const made = await t.call<{ token: string; id: string }>(
      'POST',
      '/v1/tokens',
      { ...past, expiresAt: soon() },
      admin,
    );
    await t.test.database.withinSql(t.organization, (tx) =>
      tx.sql(`UPDATE api_tokens SET expires_at = now() - interval '1 second' WHERE id = $1`, [made.body.id]),
    );
    expect((await t.call('GET', '/v1/me', undefined, { token: made.body.token })).status).toBe(401);
  });
});

describe('the audit log', () => {
  it('is found by who, what and of whom; a star stands for any text', async () => {
    const wanted = { name: 'found', scopes: ['flows.read'], expiresAt: '2099-01-01T00:00:00Z' };
    const person = await t.person('admin');
    const { body: token } = await t.call<{ id: string }>('POST', '/v1/tokens', wanted, person);
    const find = async (query: string) =>
      (await t.call<Items>('GET', `/v1/audit?${query}`)).body.items.map((entry) => entry.subject);
    expect(await find(`subject=token:${token.id}`)).toEqual([`token:${token.id}`]);
    expect(await find(`action=access.create-*&subject=token:${token.id}`)).toHaveLength(1);
    expect(await find(`action=flows.*&subject=token:${token.id}`)).toEqual([]);
    expect(await find(`actor=nobody&subject=*${token.id}`)).toEqual([]);
    // What stands for something to the database stands for itself here.
    expect(await find('subject=%25')).toEqual([]);
    expect(await find('subject=%25*')).toEqual([]);
  });

  it('has one entry a change, and shows tampering', async () => {
    const before = (await t.call<Items>('GET', '/v1/audit?limit=1')).body.items[0]?.sequence as number;
    const many = Array.from({ length: 10 }, (_, i) =>
      t.call('POST', '/v1/users', {
        email: `a${i}@x.org`,
        name: 'A',
        role: 'viewer',
        password: 'long enough here',
      }),
    );
    expect((await Promise.all(many)).map((answer) => answer.status)).toEqual(Array(10).fill(201));
    const after = (await t.call<Items>('GET', '/v1/audit?limit=1')).body.items[0];
    expect(after?.sequence).toBe(before + 10);
    expect(after).toMatchObject({ action: 'access.create-user', actor: expect.stringMatching(/^token:/) });

    const audit = t.director.app.get(Audit);
    expect(await audit.firstBroken(t.organization)).toBeNull();
    const owner = new Client(t.test.ownerUrl);
    await owner.connect();
    try {
      await owner.query(`SELECT set_config('millrace.organization', $1, false)`, [t.organization]);
      await owner.query(`UPDATE audit_entries SET details = '{"email":"else"}' WHERE sequence = $1`, [
        before + 3,
      ]);
      expect(await audit.firstBroken(t.organization)).toBe(before + 3);
      await owner.query(`DELETE FROM audit_entries WHERE sequence = 2`);
      expect(await audit.firstBroken(t.organization)).toBe(2);
    } finally {
      await owner.end();
    }
  });

  it('takes additions only from the director', async () => {
    for (const sql of ['UPDATE audit_entries SET actor = actor', 'DELETE FROM audit_entries']) {
      await expect(t.test.database.withinSql(t.organization, (tx) => tx.sql(sql))).rejects.toThrow(
        /permission denied/,
      );
    }
  });
});

describe('signing keys', () => {
  it('sign what nodes can check, and lie encrypted in the database', async () => {
    const keys = t.director.app.get(SigningKeys);
    const bytes = Buffer.from('what a node should be');
    const signature = await keys.sign(t.organization, bytes);
    const [key] = await keys.publicKeys(t.organization);
    expect(key).toMatchObject({ epoch: 1, algorithm: 'ed25519', keyId: signature.keyId });
    const publicKey = createPublicKey({
      key: Buffer.from(key?.publicKey ?? '', 'base64'),
      format: 'der',
      type: 'spki',
    });
    expect(verify(null, bytes, publicKey, Buffer.from(signature.value, 'base64url'))).toBe(true);
    const [row] = await t.test.database.withinSql(t.organization, (tx) =>
      tx.sql<{ sealed_key: string }>('SELECT sealed_key FROM signing_keys'),
    );
    // The head of every PKCS#8 Ed25519 key.
    expect(Buffer.from(row?.sealed_key ?? '', 'base64url').includes(Buffer.from('302e0201', 'hex'))).toBe(
      false,
    );
    const file = await readFile(`${t.director.platform.config.data}/master.key`, 'utf8');
    expect(Buffer.from(file.trim(), 'base64url')).toHaveLength(32);
  });
});

it('what has ended is forgotten, what has not is kept', async () => {
  const count = async (table: string) => {
    const rows = await t.test.database.withinSql(t.organization, (tx) =>
      tx.sql<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`),
    );
    return rows[0]?.n;
  };
  const person = await t.person('viewer');
  await t.test.database.withinSql(t.organization, async (tx) => {
    await tx.sql(`UPDATE sessions SET expires_at = now() - interval '1 minute' WHERE user_id <> $1`, [
      person.id,
    ]);
    await tx.sql(
      `INSERT INTO idempotency_keys (actor, key, fingerprint, created_at)
       VALUES ('a', 'old', '', now() - interval '25 hours'), ('a', 'new', '', now() - interval '23 hours')`,
    );
  });
  await t.director.app.get(TidyJob).tidy();
  expect([await count('sessions'), await count('idempotency_keys')]).toEqual([1, 1]);
});

describe('events', () => {
  it('come as they happen, again after a break, and end with the permission', async () => {
    const live = t.director.app.get(Live);
    const person = await t.person('viewer');
    const open = async (lastId?: string) => {
      const response = await fetch(`${t.url}/v1/events`, {
        headers: { authorization: `Bearer ${person.token}`, ...(lastId && { 'last-event-id': lastId }) },
      });
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      return {
        response,
        until: async (wanted: RegExp) => {
          while (!wanted.test(text)) {
            const chunk = await reader?.read();
            if (!chunk || chunk.done) throw new Error(`the stream ended after ${JSON.stringify(text)}`);
            text += chunk.value;
          }
          return text;
        },
        end: async () => {
          while (!(await reader?.read())?.done);
        },
        cancel: () => reader?.cancel(),
      };
    };
    const first = await open();
    expect(first.response.headers.get('content-type')).toBe('text/event-stream');
    await first.until(/hello/);
    live.publish('another-organization', { type: 'secret', subject: 'x', data: {} });
    live.publish(t.organization, { type: 'node.online', subject: 'n1', data: { a: 1 } });
    const text = await first.until(/n1/);
    expect(text).not.toContain('secret');
    await first.cancel();
    live.publish(t.organization, { type: 'node.online', subject: 'n2', data: {} });
    live.publish(t.organization, { type: 'node.online', subject: 'n3', data: {} });
    const second = await open(/^id: (.*)$/m.exec(text)?.[1]);
    const missed = await second.until(/n3/);
    expect(missed).toContain('"n2"');
    expect(missed).not.toContain('"n1"');
    await t.call('DELETE', `/v1/users/${person.id}`);
    await second.end();
  });

  it('say so when what was missed is no longer kept', async () => {
    const live = t.director.app.get(Live);
    const types: string[] = [];
    live.follow(t.organization, (event) => types.push(event.type), 'elsewhere-7')();
    expect(types[0]).toBe('gap');
  });
});
