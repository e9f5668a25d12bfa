/** One suite for the two object stores: the folder on disk and S3 (a real S3 protocol server in process). */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fastify, { type FastifyInstance } from 'fastify';
import { buildApp } from 'fauxqs';
import { sendProblem } from '../http/problems.js';
import { createLog } from '../log.js';
import { DiskStore } from './disk.js';
import { readPermit, signPermit } from './links.js';
import { addObjectRoutes, rangeOf } from './route.js';
import { S3Store } from './s3.js';
import { LEAST_PART_BYTES, type ObjectStore } from './store.js';

interface Rig {
  store: ObjectStore;
  /** Moves the store's clock, where links end by it. */
  wait(ms: number): void;
  close(): Promise<void>;
}

async function diskRig(): Promise<Rig & { folder: string; store: DiskStore }> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-objects-'));
  let time = Date.now();
  let address = '';
  const store = new DiskStore(
    folder,
    randomBytes(32),
    () => address,
    () => time,
  );
  await store.prepare();
  const server = fastify({ forceCloseConnections: true });
  const log = createLog('silent');
  server.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, log));
  addObjectRoutes(server, store, () => time);
  await server.listen({ port: 0, host: '127.0.0.1' });
  address = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
  return {
    store,
    folder,
    wait: (ms) => (time += ms),
    close: async () => {
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function s3Rig(): Promise<Rig> {
  const server = buildApp({ logger: false }) as unknown as FastifyInstance;
  addListParts(server);
  const endpoint = await server.listen({ port: 0, host: '127.0.0.1' });
  await fetch(`${endpoint}/models`, { method: 'PUT' });
  let time = Date.now();
  const store = new S3Store(
    {
      bucket: 'models',
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      forcePathStyle: true,
    },
    () => time,
  );
  return {
    store,
    wait: (ms) => (time += ms),
    close: async () => {
      await store.close();
      await server.close();
    },
  };
}

interface PartQuery {
  uploadId?: string;
  partNumber?: string;
}

/** The server knows no ListParts: it is told from the parts that went through. */
function addListParts(server: FastifyInstance): void {
  const uploads = new Map<string, Map<number, string>>();
  server.addHook('onRequest', async (request, reply) => {
    const { uploadId } = request.query as PartQuery;
    if (uploadId === undefined || request.method !== 'GET') return;
    const parts = uploads.get(uploadId);
    await reply
      .status(parts ? 200 : 404)
      .type('application/xml')
      .send(
        parts
          ? `<ListPartsResult><IsTruncated>false</IsTruncated>${[...parts]
              .sort(([a], [b]) => a - b)
              .map(([, xml]) => xml)
              .join('')}</ListPartsResult>`
          : '<Error><Code>NoSuchUpload</Code><Message>gone</Message></Error>',
      );
  });
  server.addHook('onSend', async (request, reply) => {
    const { uploadId, partNumber } = request.query as PartQuery;
    if (uploadId === undefined || reply.statusCode >= 300) return;
    if (request.method === 'DELETE' || request.method === 'POST') uploads.delete(uploadId);
    if (request.method !== 'PUT') return;
    const parts = uploads.get(uploadId) ?? new Map<number, string>();
    const etag = String(reply.getHeader('etag')).replaceAll('"', '&quot;');
    parts.set(
      Number(partNumber),
      `<Part><PartNumber>${partNumber}</PartNumber><ETag>${etag}</ETag><Size>${request.headers['content-length']}</Size></Part>`,
    );
    uploads.set(uploadId, parts);
  });
}

describe.each([
  ['disk', diskRig],
  ['S3', s3Rig],
])('the object store on %s', (_name, rig) => {
  let store: ObjectStore;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ store, close } = await rig());
  });
  afterAll(() => close?.());

  it('gives back what was put, whole and in ranges', async () => {
    const bytes = randomBytes(300_000);
    await store.put('a/b.bin', Readable.from([bytes.subarray(0, 1000), bytes.subarray(1000)]), bytes.length);
    expect(await store.head('a/b.bin')).toEqual({ size: bytes.length });
    expect((await buffer(await store.get('a/b.bin'))).equals(bytes)).toBe(true);
    const part = await buffer(await store.get('a/b.bin', { start: 1000, end: 1999 }));
    expect(part.equals(bytes.subarray(1000, 2000))).toBe(true);
    await store.put('a/b.bin', Buffer.from('new'), 3);
    expect((await buffer(await store.get('a/b.bin'))).toString()).toBe('new');
  });

  it('says when there is nothing, and deletes what may be gone already', async () => {
    expect(await store.head('nothing')).toBeUndefined();
    await expect(store.get('nothing')).rejects.toMatchObject({ code: 'platform.object-missing' });
    await store.put('gone', Buffer.from('x'), 1);
    await store.delete('gone');
    await store.delete('gone');
    expect(await store.head('gone')).toBeUndefined();
  });

  it('takes an upload in parts through links', async () => {
    const parts = [randomBytes(LEAST_PART_BYTES), randomBytes(1234)];
    const upload = await store.beginUpload('big/model.onnx');
    const done = [];
    for (const [i, bytes] of parts.entries()) {
      const { url } = await store.partLink('big/model.onnx', upload, i + 1, bytes.length, 60);
      const response = await fetch(url, { method: 'PUT', body: new Uint8Array(bytes) });
      expect(response.status).toBe(200);
      done.push({ number: i + 1, etag: response.headers.get('etag') ?? '' });
      // Not there before it is complete.
      expect(await store.head('big/model.onnx')).toBeUndefined();
    }
    await store.completeUpload('big/model.onnx', upload, done);
    const whole = await buffer(await store.get('big/model.onnx'));
    expect(createHash('sha256').update(whole).digest('hex')).toBe(
      createHash('sha256').update(Buffer.concat(parts)).digest('hex'),
    );
  });

  it('says which parts have come, so that an upload can go on', async () => {
    const upload = await store.beginUpload('resumed');
    expect(await store.listParts('resumed', upload)).toEqual([]);
    const parts = [randomBytes(LEAST_PART_BYTES), randomBytes(10)];
    for (const number of [2, 1]) {
      const bytes = parts[number - 1]!;
      const { url } = await store.partLink('resumed', upload, number, bytes.length, 60);
      await fetch(url, { method: 'PUT', body: new Uint8Array(bytes) });
    }
    const listed = await store.listParts('resumed', upload);
    expect(listed.map(({ number, size }) => ({ number, size }))).toEqual([
      { number: 1, size: LEAST_PART_BYTES },
      { number: 2, size: 10 },
    ]);
    await store.completeUpload('resumed', upload, listed);
    expect(await store.head('resumed')).toEqual({ size: LEAST_PART_BYTES + 10 });
    expect(await store.listParts('resumed', upload)).toEqual([]);
  });

  it('forgets an aborted upload', async () => {
    const upload = await store.beginUpload('half');
    const { url } = await store.partLink('half', upload, 1, 3, 60);
    const put = await fetch(url, { method: 'PUT', body: 'abc' });
    await store.abortUpload('half', upload);
    await store.abortUpload('half', upload);
    // A part that comes late leaves nothing behind.
    expect((await fetch(url, { method: 'PUT', body: 'abc' })).status).toBe(404);
    expect(await store.listParts('half', upload)).toEqual([]);
    const etag = put.headers.get('etag') ?? '';
    await expect(store.completeUpload('half', upload, [{ number: 1, etag }])).rejects.toMatchObject({
      code: 'platform.object-missing',
    });
  });

  it('gives links for one object, with ranges', async () => {
    const bytes = randomBytes(5000);
    await store.put('linked', bytes, bytes.length);
    const { url, expiresAt } = await store.link('linked', 60);
    expect(expiresAt).toBeGreaterThan(Date.now());
    expect(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(bytes)).toBe(true);
    const resumed = await fetch(url, { headers: { range: 'bytes=4000-' } });
    expect(resumed.status).toBe(206);
    expect(resumed.headers.get('content-range')).toBe('bytes 4000-4999/5000');
    expect(Buffer.from(await resumed.arrayBuffer()).equals(bytes.subarray(4000))).toBe(true);
  });

  it('refuses keys that are paths', async () => {
    for (const key of ['../x', 'a/../b', '/etc/passwd', 'a//b', '', 'A B']) {
      await expect(store.put(key, Buffer.from('x'), 1)).rejects.toThrow(/not a key/);
    }
  });

  it('answers when it is asked whether it is there', async () => {
    await expect(store.check()).resolves.toBeUndefined();
  });
});

describe('A signed URL of the disk store', () => {
  let rig: Awaited<ReturnType<typeof diskRig>>;
  beforeAll(async () => {
    rig = await diskRig();
  });
  afterAll(() => rig.close());

  const refused = async (url: string, init?: RequestInit) => {
    const response = await fetch(url, init);
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: 'platform.link-refused' });
  };

  it('is for one key, one method and minutes', async () => {
    await rig.store.put('mine', Buffer.from('mine'), 4);
    await rig.store.put('other', Buffer.from('other'), 5);
    const { url } = await rig.store.link('mine', 60);
    expect((await fetch(url, { method: 'HEAD' })).headers.get('content-length')).toBe('4');
    await refused(url.replace('/mine?', '/other?'));
    await refused(url.replace(/expires=\d+/, `expires=${Date.now() + 9e9}`));
    await refused(url.replace('method=GET', 'method=PUT'), { method: 'PUT', body: 'x' });
    await refused(url, { method: 'PUT', body: 'x' });
    await refused(url.replace(/signature=.*/, 'signature='));
    rig.wait(61_000);
    await refused(url);
  });

  it('is for one size, and what is too long or cut leaves nothing', async () => {
    const upload = await rig.store.beginUpload('sized');
    const { url } = await rig.store.partLink('sized', upload, 1, 4, 60);
    await refused(url.replace('size=4', 'size=400'), { method: 'PUT', body: 'x'.repeat(400) });
    const long = await fetch(url, { method: 'PUT', body: 'longer' });
    expect(long.status).toBe(400);
    const chunked = await fetch(url, {
      method: 'PUT',
      body: new Blob(['more than four']).stream(),
      duplex: 'half',
    } as RequestInit);
    expect(chunked.status).toBe(400);
    expect(await readdir(join(rig.folder, 'incoming'))).toEqual([]);
    expect(await readdir(join(rig.folder, 'uploads', upload))).toEqual([]);
  });

  it('says which parts of it are signed', () => {
    const secret = randomBytes(32);
    const permit = { key: 'k', method: 'PUT', expiresAt: 1000, upload: 'u', part: 1, size: 5 } as const;
    const [path = '', query = ''] = signPermit(permit, secret).split('?');
    const read = (change: object) =>
      readPermit(
        path.slice('/objects/'.length),
        { ...Object.fromEntries(new URLSearchParams(query)), ...change },
        'PUT',
        secret,
        999,
      );
    expect(read({})).toEqual(permit);
    for (const change of [
      { expires: '1001' },
      { upload: 'v' },
      { part: '2' },
      { size: '6' },
      { method: 'GET' },
    ]) {
      expect(() => read(change)).toThrow(/not made by the director/);
    }
  });
});

it.each([
  ['bytes=0-0', 10, { start: 0, end: 0 }],
  ['bytes=5-', 10, { start: 5, end: 9 }],
  ['bytes=-3', 10, { start: 7, end: 9 }],
  ['bytes=-30', 10, { start: 0, end: 9 }],
  ['bytes=8-99', 10, { start: 8, end: 9 }],
  ['bytes=10-', 10, 'unsatisfiable'],
  ['bytes=7-3', 10, 'unsatisfiable'],
  ['bytes=-0', 10, 'unsatisfiable'],
  ['bytes=0-1,3-4', 10, undefined],
  ['lines=1-2', 10, undefined],
  [undefined, 10, undefined],
])('the range %s of %d bytes', (header, size, range) => {
  expect(rangeOf(header, size)).toEqual(range);
});
