/** Test files over HTTP: taken as a stream, bounded, looked at, swept; what is refused leaves nothing. */
import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Page, Problem, TestFile } from '@millrace/schemas';
import { testDirector, type TestDirector } from '../../../../../test/kit/director.js';
import { stranger } from '../../../../../test/kit/resources.js';
import { TestFilesService } from './test-files.service.js';

const LIMIT = 100_000;
const QUOTA = 250_000;

let t: TestDirector;
beforeAll(async () => {
  t = await testDirector({
    MILLRACE_MAX_TEST_FILE_BYTES: String(LIMIT),
    MILLRACE_TEST_FILES_QUOTA_BYTES: String(QUOTA),
    MILLRACE_MAX_BODY_BYTES: '2000',
  });
});
afterAll(() => t?.close());
afterEach(async () => {
  for (const { id } of (await list()).items) await t.call('DELETE', `/v1/test-files/${id}`);
  expect(await left()).toEqual([]);
});

const list = async (token = t.token) =>
  (await t.call<Page<TestFile>>('GET', '/v1/test-files', undefined, { token })).body;
const send = <Body = TestFile>(body: string, options: { token?: string; key?: string; type?: string } = {}) =>
  t.call<Body>('POST', '/v1/test-files?name=rig.csv', body, {
    token: options.token,
    headers: {
      'content-type': options.type ?? 'text/csv',
      ...(options.key && { 'idempotency-key': options.key }),
    },
  });

/** Rows, objects and folders of uploads that are there. */
async function left(): Promise<string[]> {
  const data = t.director.platform.config.data;
  const organizations = join(data, 'objects/objects/test-files');
  const objects = await readdir(organizations, { recursive: true, withFileTypes: true }).catch(() => []);
  const rows = await t.test.database.withinSql(t.organization, (tx) =>
    tx.sql<{ id: string }>('SELECT id FROM test_files'),
  );
  return [
    ...objects.filter((one) => one.isFile()).map(({ name }) => `object ${name}`),
    ...rows.map(({ id }) => `row ${id}`),
    ...(await readdir(join(data, 'testing')).catch(() => [])).map((name) => `folder ${name}`),
  ];
}

/** A body without an announced length, written chunk by chunk. */
function streamed(chunks: string[], cut = false): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(t.url);
    const ask = request(
      {
        hostname,
        port,
        method: 'POST',
        path: '/v1/test-files?name=rig.csv',
        headers: { authorization: `Bearer ${t.token}`, 'content-type': 'application/octet-stream' },
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      },
    );
    ask.on('error', reject);
    const next = (i: number): void => {
      const chunk = chunks[i];
      if (chunk !== undefined) ask.write(chunk, () => next(i + 1));
      else if (cut) ask.destroy(new Error('cut off'));
      else ask.end();
    };
    next(0);
  });
}

const row = '1700000000000,1.5\n';
const rows = (bytes: number) => `t,pressure\n${row.repeat(Math.floor(bytes / row.length))}`;

describe('a test file', () => {
  it('is taken larger than other bodies, listed with its columns, and deleted with its bytes', async () => {
    const text = rows(90_000);
    const { status, body } = await send(text);
    expect(status).toBe(201);
    expect(body).toMatchObject({ name: 'rig.csv', size: text.length, columns: ['t', 'pressure'] });
    expect(Date.parse(body.expiresAt) - Date.now()).toBeGreaterThan(86_000_000);
    expect(await list()).toEqual({ items: [body], next: null, mostBytes: expect.any(Number) });
    expect(await left()).toHaveLength(2);
    expect((await t.call('DELETE', `/v1/test-files/${body.id}`)).status).toBe(204);
    expect((await t.call('DELETE', `/v1/test-files/${body.id}`)).status).toBe(404);
  });

  it('comes once when it is sent twice with the same Idempotency-Key', async () => {
    const [first, again] = [await send('t,a\n1,2\n', { key: 'k' }), await send('t,a\n1,2\n', { key: 'k' })];
    expect(again.status).toBe(201);
    expect(again.body).toEqual(first.body);
    expect((await list()).items).toHaveLength(1);
  });

  it('is refused at once when its announced length is too large, else at the byte that is one too many', async () => {
    const announced = await send<Problem>(rows(LIMIT + 1_000));
    expect(announced).toMatchObject({
      status: 413,
      body: {
        code: 'flows.test-file-too-large',
        detail: expect.stringMatching(/100000 bytes.*catalogue/) as string,
      },
    });
    const chunk = rows(30_000);
    const late = await streamed(Array.from({ length: 20 }, () => chunk));
    expect(late).toMatchObject({
      status: 413,
      body: expect.stringContaining('flows.test-file-too-large') as string,
    });
    expect(await left()).toEqual([]);
    expect((await streamed([chunk, row])).status).toBe(201);
  });

  it('that is cut off, binary, empty, or no body at all leaves nothing', async () => {
    await expect(streamed([rows(1_000)], true)).rejects.toThrow('cut off');
    expect(await send<Problem>('a\u0000b')).toMatchObject({
      status: 422,
      body: { code: 'flows.test-file-unfit' },
    });
    expect(await send<Problem>('')).toMatchObject({ status: 422 });
    expect((await t.call('POST', '/v1/test-files')).status).toBe(400);
    expect((await send('{}', { type: 'application/json' })).status).toBe(400);
    const until = Date.now() + 5_000; // the director hears of a cut line a moment later
    while ((await left()).length > 0 && Date.now() < until) await new Promise((done) => setTimeout(done, 20));
    expect(await left()).toEqual([]);
  });

  it('counts against the quota of its organization, and gives the space back', async () => {
    const text = rows(95_000);
    const first = await send(text);
    await send(text);
    const full = await send<Problem>(text);
    expect(full).toMatchObject({ status: 413, body: { code: 'flows.test-files-full' } });
    const other = await stranger(t);
    const theirs = await send(text, { token: other.token });
    expect(theirs.status).toBe(201);
    expect((await list(other.token)).items).toHaveLength(1);
    expect((await t.call('DELETE', `/v1/test-files/${theirs.body.id}`)).status).toBe(404);
    await t.call('DELETE', `/v1/test-files/${first.body.id}`);
    expect((await send(text)).status).toBe(201);
    const away = { token: other.token };
    expect((await t.call('DELETE', `/v1/test-files/${theirs.body.id}`, undefined, away)).status).toBe(204);
  });

  it('goes away a day after it came, with its bytes', async () => {
    const { body } = await send('t,a\n1,2\n');
    const sweep = () => t.director.app.get(TestFilesService).sweep(t.organization);
    await sweep();
    expect(await left()).toHaveLength(2);
    await t.test.database.withinSql(t.organization, (tx) =>
      tx.sql(`UPDATE test_files SET expires_at = now() - interval '1 second' WHERE id = $1`, [body.id]),
    );
    expect((await list()).items).toEqual([]);
    await sweep();
    expect(await left()).toEqual([]);
  });

  it('is sent to its own route alone', async () => {
    const headers = { 'content-type': 'text/csv' };
    expect((await t.call('POST', '/v1/flows', 't,a\n', { headers })).status).toBe(415);
  });
});
