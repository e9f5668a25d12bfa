import { connect } from 'node:net';
import { fingerprintOf } from './idempotency.js';
import { testDirector, type TestDirector } from '../../../../../test/kit/director.js';

interface Items {
  items: { id: string }[];
  next: string | null;
}

let t: TestDirector;
beforeAll(async () => {
  t = await testDirector({ MILLRACE_MAX_BODY_BYTES: '65536' });
});
afterAll(() => t?.close());

const user = (email: string) => ({ email, name: 'N', role: 'viewer', password: 'long enough here' });

describe('problems', () => {
  it.each([
    ['an unknown route', 'GET', '/v1/nothing', undefined, 404, 'platform.not-found'],
    ['an unknown thing', 'GET', '/v1/users/nobody', undefined, 404, 'platform.not-found'],
    ['no JSON', 'POST', '/v1/users', '{"email": ', 400, 'platform.invalid-request'],
    [
      'a key __proto__',
      'POST',
      '/v1/users',
      '{"__proto__": {"role": "admin"}}',
      400,
      'platform.invalid-request',
    ],
    ['deep nesting', 'POST', '/v1/users', '['.repeat(10_000), 400, 'platform.invalid-request'],
    ['an empty body', 'POST', '/v1/users', undefined, 400, 'platform.invalid-request'],
    [
      'a body too large',
      'POST',
      '/v1/users',
      JSON.stringify('x'.repeat(70_000)),
      413,
      'platform.body-too-large',
    ],
    ['a wrong limit', 'GET', '/v1/users?limit=0', undefined, 400, 'platform.invalid-request'],
    ['a made-up cursor', 'GET', '/v1/users?cursor=abc', undefined, 400, 'platform.invalid-request'],
    ['a broken URL', 'GET', '/v1/users/%ff', undefined, 400, 'platform.invalid-request'],
  ])('are told for %s', async (_, method, path, body, status, code) => {
    const answer = await t.call(method, path, body);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer).toMatchObject({ status, body: { code, status, requestId: expect.any(String) } });
    expect(answer.headers.get('x-request-id')).toBe(answer.body.requestId);
  });

  it('point at what is wrong', async () => {
    const answer = await t.call('POST', '/v1/users', { ...user('no address'), role: 'king' });
    expect(answer.body.errors).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ pointer: '/email' }),
        expect.objectContaining({ pointer: '/role' }),
      ]),
    );
  });

  it('refuse a dry run, which would else be a real one', async () => {
    for (const [method, path] of [
      ['POST', '/v1/users?dryRun=true'],
      ['DELETE', '/v1/users/nobody?dryRun='],
    ] as const) {
      const answer = await t.call(method, path, method === 'POST' ? user('dry@example.org') : undefined);
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/dryRun' }] } });
    }
    const { body } = await t.call<{ items: { email: string }[] }>('GET', '/v1/users?dryRun=true');
    expect(body.items.map(({ email }) => email)).not.toContain('dry@example.org');
  });

  it('refuse another media type', async () => {
    const answer = await t.call('POST', '/v1/users', 'a=b', { headers: { 'content-type': 'text/csv' } });
    expect(answer).toMatchObject({ status: 415, body: { code: 'platform.unsupported-media-type' } });
  });

  it('refuse a body of a gigabyte before it is sent', async () => {
    const { hostname, port } = new URL(t.url);
    const socket = connect(Number(port), hostname);
    const answer = await new Promise<string>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('data', (data) => resolve(data.toString()));
      socket.write(
        `POST /v1/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer ${t.token}\r\nContent-Length: 1073741824\r\n\r\n{`,
      );
    });
    socket.destroy();
    expect(answer).toContain('413');
  });
});

describe('pages', () => {
  it('neither repeat nor skip while others add', async () => {
    for (let i = 0; i < 7; i++) await t.call('POST', '/v1/users', user(`page${i}@x.org`));
    const seen: string[] = [];
    let next: string | null = '';
    while (next !== null) {
      const page: Items = (await t.call<Items>('GET', `/v1/users?limit=3${next ? `&cursor=${next}` : ''}`))
        .body;
      expect(page.items.length).toBeLessThanOrEqual(3);
      seen.push(...page.items.map((item) => item.id));
      next = page.next;
      if (seen.length === 3) await t.call('POST', '/v1/users', user('newcomer@x.org'));
    }
    expect(seen).toHaveLength(8);
    expect(new Set(seen).size).toBe(8);
    expect(seen).toEqual([...seen].sort().reverse());
  });
});

describe('Idempotency-Key', () => {
  const headers = (key: string) => ({ headers: { 'idempotency-key': key } });

  it('a retried POST creates once', async () => {
    const first = await t.call('POST', '/v1/users', user('once@x.org'), headers('k1'));
    const again = await t.call('POST', '/v1/users', user('once@x.org'), headers('k1'));
    expect(first.status).toBe(201);
    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
  });

  it('refuses the same key with another request', async () => {
    await t.call('POST', '/v1/users', user('two@x.org'), headers('k2'));
    const other = await t.call('POST', '/v1/users', user('three@x.org'), headers('k2'));
    expect(other).toMatchObject({ status: 422, body: { code: 'platform.idempotency-mismatch' } });
  });

  it('lets one of many at once through', async () => {
    const all = await Promise.all(
      Array.from({ length: 6 }, () => t.call('POST', '/v1/users', user('race@x.org'), headers('k3'))),
    );
    const statuses = all.map((answer) => answer.status).sort();
    expect(new Set(statuses.filter((status) => status !== 201))).toEqual(
      statuses.every((status) => status === 201) ? new Set() : new Set([409]),
    );
    expect(
      all.filter((answer) => answer.status === 201 && !answer.headers.get('idempotency-replayed')),
    ).toHaveLength(1);
    const inProgress = all.find((answer) => answer.status === 409);
    if (inProgress) expect(inProgress.body.code).toBe('platform.idempotency-in-progress');
  });

  it('knows what a request that was cut off has done', async () => {
    // As a kill leaves it: the claim, and in the second case also the mark that was committed with the change.
    const cut = (key: string, committed: boolean, age: string) =>
      t.test.database.withinSql(t.organization, async (tx) => {
        const [me] = await tx.sql<{ id: string }>(`SELECT id FROM api_tokens WHERE name = 'first start'`);
        await tx.sql(
          `INSERT INTO idempotency_keys (actor, key, fingerprint, committed, created_at)
           VALUES ($1, $2, $3, $4, now() - $5::interval)`,
          [`token:${me?.id}`, key, fingerprintOf('POST', '/v1/users', user(`${key}@x.org`)), committed, age],
        );
      });
    const ask = async (key: string) =>
      (await t.call('POST', '/v1/users', user(`${key}@x.org`), headers(key))).body.code ?? 'created';
    await cut('k5', false, '1 second');
    expect(await ask('k5')).toBe('platform.idempotency-in-progress');
    await cut('k6', false, '5 minutes');
    expect(await ask('k6')).toBe('created');
    await cut('k7', true, '5 minutes');
    expect(await ask('k7')).toBe('platform.answer-lost');
    const marked = await t.test.database.withinSql(t.organization, (tx) =>
      tx.sql(`SELECT committed, status FROM idempotency_keys WHERE key = 'k6'`),
    );
    expect(marked).toEqual([{ committed: true, status: 201 }]);
  });

  it('is free again after a refusal, and belongs to who sent it', async () => {
    expect((await t.call('POST', '/v1/users', user('once@x.org'), headers('k4'))).status).toBe(409);
    expect((await t.call('POST', '/v1/users', user('four@x.org'), headers('k4'))).status).toBe(201);
    const admin = await t.person('admin');
    const other = await t.call('POST', '/v1/users', user('five@x.org'), { ...headers('k4'), ...admin });
    expect(other.status).toBe(201);
  });
});

describe('documentation and health', () => {
  it('describes every route with schemas that are there', async () => {
    const { body } = await t.call<{
      openapi: string;
      paths: Record<string, Record<string, { requestBody?: unknown; responses: Record<string, unknown> }>>;
      components: { schemas: Record<string, unknown> };
    }>('GET', '/v1/openapi.json', undefined, { token: null });
    expect(body.openapi).toBe('3.1.0');
    expect(body.paths['/v1/users']?.post?.requestBody).toEqual({
      required: true,
      content: { 'application/json': { schema: { $ref: '#/components/schemas/UserCreate' } } },
    });
    expect(body.paths['/v1/me:change-password']?.post).toBeDefined();
    expect(JSON.stringify(body.paths['/v1/users/{id}']?.get?.responses)).toContain(
      '#/components/schemas/User',
    );
    const refs = new Set(JSON.stringify(body).match(/#\/components\/schemas\/\w+/g));
    for (const ref of refs) expect(body.components.schemas).toHaveProperty(ref.split('/').at(-1) as string);
  });

  it('has a page with everything it needs', async () => {
    const page = await t.call<string>('GET', '/v1/docs', undefined, { token: null });
    expect(page.status).toBe(200);
    const assets = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string);
    expect(assets.length).toBeGreaterThan(2);
    for (const asset of assets) {
      expect(asset).toMatch(/^\/v1\/docs\//);
      expect((await t.call('GET', asset, undefined, { token: null })).status).toBe(200);
    }
  });

  it('says that it lives, that it is ready, and how it does', async () => {
    expect((await t.call('GET', '/livez', undefined, { token: null })).status).toBe(200);
    const ready = await t.call('GET', '/readyz', undefined, { token: null });
    expect(ready.body).toEqual({ status: 'ok', checks: { database: 'ok', objects: 'ok', queue: 'ok' } });
    const metrics = await t.call<string>('GET', '/metrics', undefined, { token: null });
    expect(metrics.body).toMatch(/millrace_http_requests_total\{method="GET",status="2xx"\} \d+/);
  });
});
