import { randomBytes } from 'node:crypto';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditEntry, Problem, ResourceVersion, Upload, UploadBegun } from '@millrace/schemas';
import { testDirector, type TestDirector } from '../../../../test/kit/director.js';
import {
  beginUpload,
  digestOfBytes,
  sealed,
  sendParts,
  uploadResource,
} from '../../../../test/kit/resources.js';
import { ObjectStore } from '../platform/objects/store.js';
import { CatalogueReader } from './catalogue.reader.js';
import { SealingService } from './sealing.service.js';

const MiB = 1024 * 1024;
const fixture = (name: string) => readFile(join('test/fixtures/onnx', name, 'model.onnx'));

let t: TestDirector;
let model: Buffer;
beforeAll(async () => {
  model = await fixture('hydraulic_rf_zipmap');
  t = await testDirector({
    MILLRACE_MAX_UPLOAD_BYTES: String(40 * MiB),
    MILLRACE_STORAGE_QUOTA_BYTES: String(120 * MiB),
  });
});
afterAll(() => t?.close());

const create = (name: string) => t.call('POST', '/v1/resources', { name });
const uploadPath = (name: string, begun: UploadBegun, action = '') =>
  `/v1/resources/${name}/uploads/${begun.exists ? '' : begun.upload}${action}`;
const complete = <Body = ResourceVersion>(name: string, begun: UploadBegun) =>
  t.call<Body>('POST', uploadPath(name, begun, ':complete-upload'));
const folderOf = (name: string) => join(t.director.platform.config.data, 'objects', name);
const sweep = () => t.director.app.get(SealingService, { strict: false }).sweep(t.organization);
const sql = (text: string, values: unknown[] = []) =>
  t.test.database.withinSql(t.organization, (tx) => tx.sql(text, values));
const readerOf = () => t.director.app.get(CatalogueReader, { strict: false });
const blobOf = (digest: string) =>
  t.test.database.withinSql(t.organization, (tx) => readerOf().blob(tx, digest));

describe('an upload', () => {
  it('becomes a version that is ready, with what the file says, and its bytes', async () => {
    const version = await uploadResource(t, 'cooler', model, {
      note: 'first',
      fileName: 'C:\\models\\rf.onnx',
    });
    expect(version).toMatchObject({
      resource: 'cooler',
      version: 1,
      state: 'ready',
      kind: 'model',
      fileName: 'rf.onnx',
      size: model.length,
      digest: digestOfBytes(model),
      note: 'first',
      refusal: null,
      inspection: { format: 'onnx', runsCode: false },
      contract: { runtime: 'onnx', columns: [] },
    });
    expect(version.contract?.outputs.length).toBeGreaterThan(0);
    const content = await fetch(`${t.url}/v1/resources/cooler/versions/1/content`, {
      headers: { authorization: `Bearer ${t.token}` },
      redirect: 'manual',
    });
    expect(content.status).toBe(302);
    const bytes = Buffer.from(await (await fetch(content.headers.get('location') ?? '')).arrayBuffer());
    expect(bytes.equals(model)).toBe(true);
    const blob = await blobOf(version.digest);
    expect(blob?.key).toMatch(new RegExp(`^${t.organization}/blobs/${version.digest.replace(':', '-')}/`));
    const { body } = await t.call<{ items: AuditEntry[] }>('GET', '/v1/audit?limit=4');
    expect(body.items.map((entry) => `${entry.action} by ${entry.actor.split(':')[0]}`)).toEqual([
      'catalogue.seal by system',
      'catalogue.complete-upload by token',
      'catalogue.begin-upload by token',
      'catalogue.create by token',
    ]);
  });

  it('sends nothing that is known already, in another resource too', async () => {
    const again = await beginUpload(t, 'cooler', model);
    expect(again.body).toEqual({ exists: true, version: 1 });
    await create('cooler-copy');
    expect((await beginUpload(t, 'cooler-copy', model)).body).toEqual({ exists: true, version: 1 });
    const { outputs } = (await sealed(t, 'cooler', 1)).contract ?? { outputs: [] };
    const contract = { columns: [], outputs, golden: [], runtime: 'onnx', periodMs: 60_000 };
    expect((await beginUpload(t, 'cooler', model, { contract })).body).toEqual({ exists: true, version: 2 });
    expect((await beginUpload(t, 'cooler', model, { contract })).body).toEqual({ exists: true, version: 2 });
    expect((await sealed(t, 'cooler', 2)).contract).toEqual(contract);
    const wrong = await beginUpload<Problem>(t, 'cooler', model, { size: 5 });
    expect(wrong).toMatchObject({ status: 422, body: { code: 'catalogue.digest-mismatch' } });
  });

  it('goes on from the parts that are there, with fresh links', async () => {
    const bytes = Buffer.concat([Buffer.from('a,b\n1,2\n3,4\n'), Buffer.alloc(17 * MiB, '5,6\n')]);
    await create('long');
    const data = { kind: 'data' as const, fileName: 'long.csv' };
    const { body: begun } = await beginUpload(t, 'long', bytes, data);
    expect(begun).toMatchObject({ exists: false, partCount: 2 });
    await sendParts(begun, bytes, (number) => number === 2);

    const state = await t.call<Upload>('GET', uploadPath('long', begun));
    expect(state.body).toMatchObject({ state: 'open', done: [2], version: null });
    expect(state.body.missing).toEqual([{ number: 1, offset: 0, length: 16 * MiB }]);
    const early = await complete<Problem>('long', begun);
    expect(early).toMatchObject({ status: 409, body: { code: 'catalogue.parts-missing' } });
    expect(early.body.errors).toEqual([{ detail: 'part 1' }]);

    // Begun again it is the same upload, and only what is missing is to be sent.
    const { body: resumed } = await beginUpload(t, 'long', bytes, data);
    expect(resumed).toMatchObject({ exists: false, upload: begun.exists ? '' : begun.upload });
    const links = await t.call<{ parts: { number: number }[] }>('POST', uploadPath('long', begun, ':parts'));
    expect(links.body.parts.map((part) => part.number)).toEqual([1]);
    expect(await sendParts(resumed, bytes)).toBe(1);
    const [first, second] = await Promise.all([complete('long', begun), complete('long', begun)]);
    expect([first.status, second.status]).toEqual([202, 202]);
    expect([first.body.version, second.body.version]).toEqual([1, 1]);
    expect(await sealed(t, 'long', 1)).toMatchObject({ state: 'ready', inspection: { format: 'csv' } });
    expect((await complete('long', begun)).body).toMatchObject({ version: 1, state: 'ready' });
    expect((await t.call('GET', '/v1/resources/long')).body).toMatchObject({ latest: 1, kind: 'data' });
  });

  it('goes on for anybody who may, and the log says whose it was', async () => {
    const bytes = Buffer.concat([Buffer.from('a,b\n'), Buffer.alloc(17 * MiB, '7,8\n')]);
    await create('shared');
    const data = { kind: 'data' as const, fileName: 'long.csv' };
    const { body: begun } = await beginUpload(t, 'shared', bytes, data);
    await sendParts(begun, bytes, (number) => number === 1);
    const other = await t.person('data-scientist');
    const viewer = await t.person('viewer');
    const begin = (token: string) =>
      t.call<UploadBegun>(
        'POST',
        '/v1/resources/shared/versions:begin-upload',
        { ...data, size: bytes.length, digest: digestOfBytes(bytes), note: 'finished by another' },
        { token },
      );
    expect((await begin(viewer.token)).status).toBe(403);
    const { body: resumed } = await begin(other.token);
    expect(resumed).toMatchObject({ exists: false, upload: begun.exists ? '' : begun.upload });
    expect(await sendParts(resumed, bytes)).toBe(1);
    const path = uploadPath('shared', resumed, ':complete-upload');
    const completed = await t.call<ResourceVersion>('POST', path, undefined, { token: other.token });
    expect(completed.body).toMatchObject({ createdBy: `user:${other.id}`, note: 'finished by another' });
    await sealed(t, 'shared', 1);
    const { body: log } = await t.call<{ items: AuditEntry[] }>('GET', '/v1/audit?limit=20');
    expect(log.items.find(({ action }) => action === 'catalogue.resume-upload')).toMatchObject({
      actor: `user:${other.id}`,
      details: { begunBy: expect.stringMatching(/^token:/) as string },
    });
  });

  it('tells how much of it has been hashed while it is sealing', async () => {
    const bytes = Buffer.concat([Buffer.from('a,b\n'), Buffer.alloc(18 * MiB, '9,8\n')]);
    await create('watched');
    const { body: begun } = await beginUpload(t, 'watched', bytes, { kind: 'data', fileName: 'w.csv' });
    await sendParts(begun, bytes);
    const objects = t.director.app.get(ObjectStore, { strict: false });
    const get = objects.get.bind(objects);
    let held!: () => void;
    const wait = new Promise<void>((resolve) => (held = resolve));
    // Half of it comes at once, the rest in drops.
    objects.get = async (key, range) => {
      const stream = await get(key, range);
      if (range !== undefined) return stream;
      return Readable.from(
        (async function* () {
          let passed = 0;
          for await (const chunk of stream) {
            yield chunk as Buffer;
            passed += (chunk as Buffer).length;
            if (passed > 9 * MiB) await Promise.race([wait, sleep(60)]);
          }
        })(),
      );
    };
    const heldAt = async () =>
      (await t.call<ResourceVersion>('GET', '/v1/resources/watched/versions/1')).body.verifiedBytes ?? 0;
    try {
      await complete('watched', begun);
      for (let i = 0; i < 200 && (await heldAt()) === 0; i++) await sleep(50);
      expect(await heldAt()).toBeGreaterThan(0);
      expect(await heldAt()).toBeLessThan(bytes.length);
    } finally {
      held();
      objects.get = get;
    }
    expect(await sealed(t, 'watched', 1)).toMatchObject({ state: 'ready', verifiedBytes: null });
  });

  it('is refused early when it is too large or does not fit the quota, and nothing is begun', async () => {
    await create('large');
    const before = (await readdir(folderOf('uploads'))).length;
    const bytes = randomBytes(10);
    const large = await beginUpload<Problem>(t, 'large', bytes, { size: 40 * MiB + 1 });
    expect(large).toMatchObject({ status: 413, body: { code: 'platform.body-too-large' } });
    const first = await beginUpload(t, 'large', bytes, { size: 40 * MiB });
    expect(first.status).toBe(200);
    const full = await beginUpload<Problem>(t, 'large', randomBytes(10), { size: 40 * MiB });
    expect(full).toMatchObject({ status: 413, body: { code: 'catalogue.quota-full' } });
    expect((await t.call('DELETE', uploadPath('large', first.body))).status).toBe(204);
    await sweep();
    expect(await readdir(folderOf('uploads'))).toHaveLength(before);
    expect((await complete<Problem>('large', first.body)).body.code).toBe('catalogue.upload-ended');
    const again = await beginUpload(t, 'large', bytes, { size: 40 * MiB });
    expect((await t.call('DELETE', uploadPath('large', again.body))).status).toBe(204);
  });

  it('that nobody completes is given up, and leaves nothing', async () => {
    await create('forgotten');
    const bytes = randomBytes(1000);
    const { body: begun } = await beginUpload(t, 'forgotten', bytes);
    await sendParts(begun, bytes);
    await sql(`UPDATE uploads SET expires_at = now() - interval '1 second' WHERE id = $1`, [
      begun.exists ? '' : begun.upload,
    ]);
    expect((await complete<Problem>('forgotten', begun)).body.code).toBe('catalogue.upload-ended');
    await sweep();
    await sweep();
    expect((await t.call('GET', uploadPath('forgotten', begun))).status).toBe(404);
    expect(await sql('SELECT key FROM stray_objects')).toEqual([]);
    await expect(sendParts(begun, bytes)).rejects.toThrow('part 1: 404');
  });

  it.each([
    ['no digest', { digest: 'sha256:abc' }],
    ['no size', { size: 0 }],
    ['a kind that is none', { kind: 'pipeline' as never }],
    ['a NUL in its name', { fileName: 'a\u0000' }],
  ])('with %s is refused', async (_, more) => {
    expect((await beginUpload(t, 'cooler', randomBytes(8), more)).status).toBe(400);
  });
});

describe('sealing', () => {
  const pickle = Buffer.from(
    '\x80\x04\x95\x1b\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94.',
    'latin1',
  );

  it.each<[string, string, () => Promise<Buffer> | Buffer, string]>([
    ['a model that is no model', 'model', () => Buffer.from('a,b\n1,2\n3,4\n'), 'catalogue.not-a-model'],
    ['a pickle that calls itself model.onnx', 'model', () => pickle, 'catalogue.pickle-not-allowed'],
    ['a pickle that calls itself data', 'data', () => pickle, 'catalogue.pickle-not-allowed'],
    ['a model that is cut off', 'model', () => model.subarray(0, 9000), 'catalogue.model-broken'],
    [
      'a model with what the runtime cannot run',
      'model',
      () => fixture('yalue_bfloat16_reject'),
      'catalogue.model-unsupported',
    ],
  ])('refuses %s', async (what, kind, bytes, code) => {
    const name = `bad-${what.replaceAll(/[^a-z]+/g, '-')}`;
    const version = await uploadResource(t, name, await bytes(), { kind: kind as 'model' });
    expect(version).toMatchObject({ state: 'refused', inspection: null, refusal: { code } });
    expect(version.refusal?.detail).toMatch(/\w+/);
    expect(await t.call('GET', `/v1/resources/${name}/versions/1/content`)).toMatchObject({
      status: 409,
      body: { code: 'catalogue.not-ready' },
    });
    await sweep();
    expect(await blobOf(version.digest)).toBeUndefined();
    expect(await sql('SELECT key FROM stray_objects')).toEqual([]);
  });

  it('refuses bytes that are not the ones that were declared', async () => {
    await create('swapped');
    const { body: begun } = await beginUpload(t, 'swapped', model, { digest: digestOfBytes(randomBytes(9)) });
    await sendParts(begun, model);
    await complete('swapped', begun);
    const version = await sealed(t, 'swapped', 1);
    expect(version).toMatchObject({ state: 'refused', refusal: { code: 'catalogue.digest-mismatch' } });
    // The way stays open: the declared bytes may still come.
    expect((await beginUpload(t, 'swapped', model)).body).toMatchObject({ exists: true, version: 2 });
  });

  it('refuses a contract that does not fit the file', async () => {
    const bytes = await fixture('cmapss_hgb_rul'); // takes 42 values a row
    const contract = {
      columns: [{ name: 'only-one', dtype: 'float32' as const }],
      outputs: [{ name: 'nothing', dtype: 'float32' as const }],
      golden: [],
      runtime: 'onnx',
    };
    const version = await uploadResource(t, 'mismatched', bytes, { contract });
    expect(version.refusal).toMatchObject({
      code: 'catalogue.contract-mismatch',
      errors: [{ pointer: '/contract/outputs/0/name' }, { pointer: '/contract/columns' }],
    });
  });

  it('keeps bytes once when two uploads of them end together', async () => {
    const bytes = await fixture('onnxmltools_xgb');
    const names = ['twin-a', 'twin-b'];
    const begun = await Promise.all(
      names.map(async (name) => {
        await create(name);
        return (await beginUpload(t, name, bytes)).body;
      }),
    );
    for (const one of begun) await sendParts(one, bytes);
    await Promise.all(names.map((name, i) => complete(name, begun[i]!)));
    for (const name of names) expect(await sealed(t, name, 1)).toMatchObject({ state: 'ready' });
    await sweep();
    const folder = join(folderOf('objects'), t.organization, 'blobs', digestOfBytes(bytes).replace(':', '-'));
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('is found again when whoever sealed died, and runs twice without harm', async () => {
    const bytes = await fixture('tribuo_iris_lr');
    await create('orphaned');
    const { body: begun } = await beginUpload(t, 'orphaned', bytes);
    await sendParts(begun, bytes);
    const id = begun.exists ? '' : begun.upload;
    // As a crash leaves it: the parts put together, the lease still held, no verdict.
    const claimed = `UPDATE uploads SET lease_until = now() + interval '1 hour', attempts = 1 WHERE id = $1 RETURNING key, store_upload`;
    const objects = t.director.app.get(ObjectStore, { strict: false });
    const [row] = (await sql(claimed, [id])) as { key: string; store_upload: string }[];
    await objects.completeUpload(
      row!.key,
      row!.store_upload,
      await objects.listParts(row!.key, row!.store_upload),
    );
    await sql(
      `INSERT INTO resource_versions (resource_id, version, state, kind, file_name, size, digest, created_by, created_at)
       SELECT resource_id, 1, 'sealing', kind, file_name, size, digest, created_by, created_at FROM uploads WHERE id = $1`,
      [id],
    );
    await sql(`UPDATE uploads SET state = 'sealing', version = 1 WHERE id = $1`, [id]);
    await sweep();
    await t.director.app.get(SealingService, { strict: false }).seal(t.organization, id);
    expect((await t.call('GET', '/v1/resources/orphaned/versions/1')).body).toMatchObject({
      state: 'sealing',
    });
    await sql(`UPDATE uploads SET lease_until = now() - interval '1 second' WHERE id = $1`, [id]);
    await Promise.all([sweep(), sweep(), sweep()]);
    expect(await sealed(t, 'orphaned', 1)).toMatchObject({ state: 'ready' });
  });

  it('waits for an object store that is away', async () => {
    const bytes = await fixture('tract_lgbm_regressor');
    await create('patient');
    const { body: begun } = await beginUpload(t, 'patient', bytes);
    await sendParts(begun, bytes);
    const id = begun.exists ? '' : begun.upload;
    const state = async () =>
      (await sql(
        "SELECT attempts, lease_until > now() AS leased, lease_until < now() + interval '1 minute' AS soon FROM uploads WHERE id = $1",
        [id],
      )) as { attempts: number; leased: boolean; soon: boolean }[];
    const again = () => sql('UPDATE uploads SET lease_until = NULL WHERE id = $1', [id]);
    // A file where the folder was: nothing can be found or written there.
    await rename(folderOf('objects'), folderOf('aside'));
    await writeFile(folderOf('objects'), '');
    try {
      await complete('patient', begun);
      await eventually(async () =>
        expect(await state()).toEqual([{ attempts: 1, leased: true, soon: true }]),
      );
      await again();
      await sweep().catch(() => undefined);
      expect(await state()).toMatchObject([{ attempts: 2 }]);
    } finally {
      await rm(folderOf('objects'));
      await rename(folderOf('aside'), folderOf('objects'));
    }
    await again();
    await sweep();
    expect(await sealed(t, 'patient', 1)).toMatchObject({ state: 'ready' });
  });
});

/** Until it holds, at most 20 s: a wake-up may have to wait for a busy machine. */
async function eventually(check: () => Promise<void>): Promise<void> {
  const until = Date.now() + 20_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(25);
    }
  }
}
