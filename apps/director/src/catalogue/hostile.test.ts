/** Files made to hurt, uploaded to a real director: each version is refused with what and why, and leaves no bytes. */
import { gzipSync } from 'node:zlib';
import { entry, safetensorsOf, tar, zip } from '../../../../test/kit/archives.js';
import { testDirector, type TestDirector } from '../../../../test/kit/director.js';
import * as onnx from '../../../../test/kit/onnx.js';
import { digestOfBytes, uploadResource } from '../../../../test/kit/resources.js';
import { CatalogueReader } from './catalogue.reader.js';

const pickle = Buffer.from("cos\nsystem\n(S'true'\ntR.");
const csv = Buffer.from('t,x\n1,2\n');

let t: TestDirector;
beforeAll(async () => (t = await testDirector()));
afterAll(() => t?.close());

test.each<[string, 'model' | 'data' | 'script', () => Uint8Array, string, RegExp]>([
  ['a pickle called .onnx', 'model', () => pickle, 'catalogue.pickle-not-allowed', /pickle/],
  [
    'a pickle last in a packed folder',
    'script',
    () =>
      gzipSync(
        tar([
          ['main.py', csv],
          ['w.bin', pickle],
        ]),
      ),
    'catalogue.pickle-not-allowed',
    /gzip with tar, csv, pickle inside/,
  ],
  [
    'a folder that climbs out',
    'script',
    () => zip([entry('../../x.py', csv)]),
    'catalogue.path-escapes',
    /\.\.\/\.\.\/x\.py/,
  ],
  [
    'a model with weights elsewhere',
    'model',
    () => onnx.model(onnx.graph({ weights: [onnx.weight('w', 2, '/etc/shadow')] })),
    'catalogue.path-escapes',
    /etc\/shadow/,
  ],
  [
    'a table that is a zip too',
    'data',
    () => Buffer.concat([csv, zip([entry('data.pkl', pickle)], csv.length)]),
    'catalogue.model-broken',
    /zip file by its end/,
  ],
  [
    'a header of 2^63',
    'model',
    () => safetensorsOf(2n ** 63n, '{"a":1}'),
    'catalogue.not-a-model',
    /unknown/,
  ],
])('%s', async (name, kind, make, code, says) => {
  const bytes = make();
  const resource = name.replaceAll(/[^a-z0-9]+/g, '-');
  const version = await uploadResource(t, resource, bytes, { kind, fileName: 'model.onnx' });
  expect(version).toMatchObject({
    state: 'refused',
    refusal: { code, detail: expect.stringMatching(says) as string },
  });
  const reader = t.director.app.get(CatalogueReader, { strict: false });
  const blob = await t.test.database.withinSql(t.organization, (tx) => reader.blob(tx, digestOfBytes(bytes)));
  expect(blob).toBeUndefined();
});
