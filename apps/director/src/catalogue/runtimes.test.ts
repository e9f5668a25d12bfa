/** Pieces, runtimes, scripts and opaque models: what comes in, what is refused and why, and what goes again. */
import { canonicalize } from '@millrace/flow';
import type {
  AuditEntry,
  Contract,
  FlowVersion,
  PieceBegun,
  Problem,
  ResourceVersionDetails,
  RuntimeManifest,
  Upload,
} from '@millrace/schemas';
import { setTimeout as sleep } from 'node:timers/promises';
import { testDirector, type TestDirector } from '../../../../test/kit/director.js';
import { tar, tarGz, zip } from '../../../../test/kit/packed.js';
import { beginUpload, digestOfBytes, sendParts, uploadResource } from '../../../../test/kit/resources.js';
import { pythonRuntime, wheel } from '../../../../test/kit/wheels.js';
import { CatalogueReader } from './catalogue.reader.js';
import { SealingService } from './sealing.service.js';

let t: TestDirector;
beforeAll(async () => {
  t = await testDirector();
});
afterAll(() => t?.close());

const sweep = () => t.director.app.get(SealingService, { strict: false }).sweep(t.organization);
const sql = (text: string, values: unknown[] = []) =>
  t.test.database.withinSql(t.organization, (tx) => tx.sql(text, values));
const blobOf = (digest: string) =>
  t.test.database.withinSql(t.organization, (tx) =>
    t.director.app.get(CatalogueReader, { strict: false }).blob(tx, digest),
  );
const bytesOf = (manifest: unknown) => Buffer.from(JSON.stringify(manifest));
const pushed = (name: string, bytes: Buffer, more: Parameters<typeof uploadResource>[3]) =>
  uploadResource(t, name, bytes, { fileName: 'file', ...more });
const refusal = ({ state, refusal }: ResourceVersionDetails) => ({ state, ...refusal });

const begin = async (name: string, bytes: Buffer, more: { digest?: string } = {}) => {
  await t.call('POST', '/v1/resources', { name });
  const body = { fileName: 'a.whl', size: bytes.length, digest: digestOfBytes(bytes), ...more };
  return (await t.call<PieceBegun>('POST', `/v1/resources/${name}/pieces:begin-upload`, body)).body;
};
async function piece(name: string, bytes: Buffer, more: { digest?: string } = {}): Promise<Upload> {
  const begun = await begin(name, bytes, more);
  if (begun.exists) throw new Error('it is there');
  await sendParts(begun as Parameters<typeof sendParts>[0], bytes);
  const path = `/v1/resources/${name}/pieces/${begun.upload}:complete-upload`;
  const completed = await t.call<Upload>('POST', path);
  expect(completed).toMatchObject({ status: 202, body: { state: 'sealing', version: null } });
  for (;;) {
    const { body } = await t.call<Upload>('GET', `/v1/resources/${name}/uploads/${begun.upload}`);
    if (body.state !== 'sealing') return body;
    await sleep(25);
  }
}

const pump = wheel('pump', '1.0', 'answer = 1\n');
const valve = wheel('valve', '1.0', 'answer = 2\n');
const runtime = (...packages: RuntimeManifest['variants'][0]['packages'] & object) =>
  pythonRuntime('3.11', { packages });

describe('a piece', () => {
  it('comes in once, without a version, and stays as long as a runtime names it', async () => {
    expect(await piece('env', pump.bytes)).toMatchObject({ state: 'sealed', version: null, refusal: null });
    expect(await begin('env', pump.bytes)).toEqual({ exists: true });
    expect(await t.call('GET', '/v1/resources/env')).toMatchObject({ body: { latest: null } });
    const manifest = bytesOf(runtime(pump.package));
    const version = await pushed('env', manifest, { kind: 'runtime' });
    expect(version).toMatchObject({
      state: 'ready',
      inspection: { runtime: { language: 'python', variants: [{ packages: [pump.package] }] } },
    });
    const other = bytesOf(pythonRuntime('3.12', { packages: [pump.package] }));
    expect(await pushed('env-too', other, { kind: 'runtime' })).toMatchObject({ state: 'ready' });
    await sweep();
    expect(await blobOf(pump.package.digest)).toMatchObject({ size: pump.bytes.length });
    expect((await t.call('DELETE', '/v1/resources/env-too')).status).toBe(204);
    expect(await blobOf(pump.package.digest)).toMatchObject({ size: pump.bytes.length });
    expect((await t.call('DELETE', '/v1/resources/env/versions/1')).status).toBe(204);
    expect(await blobOf(pump.package.digest)).toBeUndefined();
    await sweep();
    expect(await sql('SELECT key FROM stray_objects')).toEqual([]);
  });

  it('that no runtime names is gone after a day, and not before', async () => {
    await piece('forgotten', valve.bytes);
    await sweep();
    expect(await blobOf(valve.package.digest)).toBeDefined();
    await sql(`UPDATE blobs SET kept_until = kept_until - interval '25 hours' WHERE digest = $1`, [
      valve.package.digest,
    ]);
    // Begun again it is wanted again, for another day.
    expect(await begin('forgotten', valve.bytes)).toEqual({ exists: true });
    await sweep();
    expect(await blobOf(valve.package.digest)).toBeDefined();
    await sql(`UPDATE blobs SET kept_until = now() - interval '1 second' WHERE digest = $1`, [
      valve.package.digest,
    ]);
    await sweep();
    expect(await blobOf(valve.package.digest)).toBeUndefined();
  });

  it('of other bytes than declared is not taken, and says why', async () => {
    const digest = digestOfBytes(Buffer.from('other'));
    expect(await piece('swapped', pump.bytes, { digest })).toMatchObject({
      state: 'aborted',
      refusal: { code: 'catalogue.digest-mismatch' },
    });
    await sweep();
    expect(await sql('SELECT key FROM stray_objects')).toEqual([]);
  });

  it('is nothing that a version could be made of unseen', async () => {
    const pickle = Buffer.from('\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00K\x01.', 'latin1');
    await piece('smuggled', pickle);
    const { body } = await beginUpload(t, 'smuggled', pickle);
    expect(body).toMatchObject({ exists: false });
    const version = await pushed('smuggled', pickle, { kind: 'model' });
    expect(refusal(version)).toMatchObject({ state: 'refused', code: 'catalogue.pickle-not-allowed' });
    // And a piece under way is completed as one only.
    const begun = await begin('smuggled', valve.bytes);
    const id = begun.exists ? '' : begun.upload;
    const wrong = await t.call('POST', `/v1/resources/smuggled/uploads/${id}:complete-upload`);
    expect(wrong).toMatchObject({ status: 404, body: { code: 'catalogue.upload-not-found' } });
  });
});

describe('a runtime', () => {
  it('is refused by the name of each package that is not there', async () => {
    const version = await pushed('lacking', bytesOf(runtime(pump.package, valve.package)), {
      kind: 'runtime',
    });
    expect(refusal(version)).toMatchObject({
      state: 'refused',
      code: 'catalogue.pieces-unknown',
      detail: expect.stringContaining('pump-1.0-py3-none-any.whl'),
      errors: [{ field: pump.file }, { field: valve.file }],
    });
  });

  const lock = `pump==1.0 --hash=${pump.package.digest}\n`;
  it.each<[string, unknown, string]>([
    ['no JSON', '{"kind": "Runtime"', 'JSON'],
    ['another document', { kind: 'Flow' }, 'does not say'],
    ['an unknown language', { ...runtime(), language: 'cobol' }, '/language'],
    [
      'a package with a path',
      runtime({ ...pump.package, file: '../pump.whl' }),
      '/variants/0/packages/0/file',
    ],
    ['a package of another language', runtime({ ...pump.package, file: 'pump.jar' }), 'no package of python'],
    ['a lock without hashes', pythonRuntime('3.11', { lock: 'pump==1.0\n' }), 'no line of a lock'],
    [
      'a lock with an index',
      pythonRuntime('3.11', { lock: `--index-url http://x/\n${lock}` }),
      'no line of a lock',
    ],
    [
      'packages where there are none',
      { ...pythonRuntime('20', { lock }), language: 'javascript' },
      'has no packages',
    ],
  ])('with %s is refused, and says where', async (what, manifest, said) => {
    const bytes = typeof manifest === 'string' ? Buffer.from(manifest) : bytesOf(manifest);
    const version = await pushed(`bad-${what.replaceAll(' ', '-')}`, bytes, { kind: 'runtime' });
    expect(refusal(version)).toMatchObject({ state: 'refused', code: 'catalogue.runtime-unfit' });
    expect(version.refusal?.detail).toContain(said);
  });

  it('with a lock alone needs no pieces; known bytes become one without being sent', async () => {
    const bytes = bytesOf(pythonRuntime('3.11', { lock }));
    expect(await pushed('locked', bytes, { kind: 'runtime' })).toMatchObject({ state: 'ready' });
    await t.call('POST', '/v1/resources', { name: 'locked-copy' });
    const again = await beginUpload(t, 'locked-copy', bytes, { kind: 'runtime' });
    expect(again.body).toEqual({ exists: true, version: 1 });
  });
});

describe('a script', () => {
  const main = { name: 'main.py', content: 'def predict(rows): return rows\n' };

  it.each<[string, Buffer]>([
    ['a source file', Buffer.from(main.content)],
    ['a zip', zip([main])],
    ['a tar', tar([main])],
    ['a tar.gz', tarGz([main])],
  ])('may be %s', async (what, bytes) => {
    const version = await pushed(`script-${what.replaceAll(/\W/g, '-')}`, bytes, { kind: 'script' });
    expect(version).toMatchObject({ state: 'ready', refusal: null });
    if (what !== 'a source file')
      expect(version.inspection?.packed).toEqual({ files: 1, bytes: main.content.length });
  });

  it.each<[string, Buffer, string]>([
    ['a program', Buffer.from('\x7fELF\x02\x01\x01\x00', 'latin1'), 'catalogue.script-unfit'],
    ['a path out', tarGz([{ name: '../../main.py', content: 'x' }]), 'catalogue.path-escapes'],
    ['a link out', tar([{ name: 'main.py', type: '2', link: '/etc/passwd' }]), 'catalogue.path-escapes'],
    ['a damaged archive', tarGz([main]).subarray(0, -12), 'catalogue.model-broken'],
    [
      'a pickle',
      zip([main, { name: 'm.pkl', content: Buffer.from('\x80\x04K\x01.', 'latin1') }]),
      'catalogue.pickle-not-allowed',
    ],
  ])('is refused for %s', async (what, bytes, code) => {
    const version = await pushed(`no-script-${what.replaceAll(' ', '-')}`, bytes, { kind: 'script' });
    expect(refusal(version)).toMatchObject({ state: 'refused', code });
  });

  it('that came as data is looked at once more before it is one', async () => {
    const bytes = tar([
      { name: 'a', content: '1' },
      { name: './a', content: '2' },
    ]);
    expect(await pushed('as-data', bytes, { kind: 'data' })).toMatchObject({ state: 'ready' });
    const version = await pushed('as-script', bytes, { kind: 'script' });
    expect(refusal(version)).toMatchObject({ state: 'refused', code: 'catalogue.script-unfit' });
  });
});

describe('an opaque model', () => {
  const pickle = Buffer.from('\x80\x04\x95\x06\x00\x00\x00\x00\x00\x00\x00K\x07\x85\x94.', 'latin1');
  const contract: Contract = {
    columns: [{ name: 'pressure', dtype: 'float64' }],
    outputs: [{ name: 'score', dtype: 'float64' }],
    golden: [{ input: { pressure: 1 }, output: { score: 2 }, tolerance: 1e-9 }],
    runtime: 'python',
  };
  const allow = (allowPickle: boolean, token?: string) =>
    t.call<Problem>('PATCH', '/v1/organization', { allowPickle }, { token });

  it('is allowed by an admin alone, which is kept in the audit log', async () => {
    expect(await t.call('GET', '/v1/organization')).toMatchObject({ body: { allowPickle: false } });
    const { token } = await t.person('data-scientist');
    expect(await allow(true, token)).toMatchObject({ status: 403 });
    expect(refusal(await pushed('forest', pickle, { kind: 'model', contract }))).toMatchObject({
      code: 'catalogue.pickle-not-allowed',
      detail: expect.stringContaining('millrace organization set allow-pickle on'),
    });
    expect(await allow(true)).toMatchObject({ status: 200, body: { allowPickle: true } });
    const { body } = await t.call<{ items: AuditEntry[] }>('GET', '/v1/audit?limit=1');
    expect(body.items[0]).toMatchObject({
      action: 'access.change-organization',
      details: { allowPickle: true },
    });
  });

  it('needs its contract, which is kept as bytes, locked, and goes with the last that has it', async () => {
    expect(refusal(await pushed('forest', pickle, { kind: 'model' }))).toMatchObject({
      code: 'catalogue.contract-missing',
    });
    const version = await pushed('forest', pickle, { kind: 'model', contract });
    expect(version).toMatchObject({ state: 'ready', contract });
    const bytes = Buffer.from(canonicalize(contract));
    const stored = await blobOf(digestOfBytes(bytes));
    expect(stored?.size).toBe(bytes.length);

    // The same bytes with another contract are another version, and nothing is sent.
    const other = { ...contract, golden: [] };
    const again = await pushed('forest', pickle, { kind: 'model', contract: other });
    expect(again).toMatchObject({ state: 'ready', contract: other, digest: version.digest });
    const document = {
      apiVersion: 'millrace/v1',
      kind: 'Flow',
      metadata: { name: 'opaque' },
      modules: {
        sensors: {
          type: 'source.simulator',
          settings: { signals: [{ name: 'pressure', shape: 'sine', hz: 1 }] },
        },
        score: {
          type: 'model.onnx',
          from: ['sensors'],
          settings: {
            model: `resource:forest@${version.version}`,
            inputs: [{ tensor: 'X', columns: ['pressure'] }],
            outputs: [{ tensor: 'score', as: 'score' }],
          },
        },
        out: { type: 'sink.file', from: ['score'], settings: { path: 'out.jsonl' } },
      },
    };
    await t.call('POST', '/v1/flows', { name: 'opaque', document });
    const published = await t.call<FlowVersion>('POST', '/v1/flows/opaque:publish');
    expect(published).toMatchObject({ status: 201, body: { version: 1 } });
    expect(published.body.lock).toMatchObject({
      forest: { digest: version.digest, contract: { digest: digestOfBytes(bytes), size: bytes.length } },
    });
    expect((await t.call('DELETE', '/v1/flows/opaque')).status).toBe(204);
    await t.call('DELETE', `/v1/resources/forest/versions/${version.version}`);
    expect(await blobOf(digestOfBytes(bytes))).toBeUndefined();
    expect(await blobOf(version.digest)).toBeDefined();
    expect(await blobOf(digestOfBytes(Buffer.from(canonicalize(other))))).toBeDefined();
  });

  it('is refused again when it is not allowed any more, known bytes too', async () => {
    await allow(false);
    const { body } = await beginUpload<Problem>(t, 'forest', pickle, { kind: 'model', contract });
    expect(body).toMatchObject({ code: 'catalogue.pickle-not-allowed' });
  });
});
