/** Bad input, as a user meets it: each names the place and the way out, and changes nothing. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Installation } from '../kit/millrace.js';

interface Problem {
  code: string;
  detail: string;
  errors?: { module?: string; pointer?: string; detail: string }[];
}

let it: Installation;

beforeAll(async () => {
  it = await Installation.create();
  await it.up();
}, 180_000);
afterAll(() => it.remove(), 120_000);

const flow = (modules: object) => ({
  apiVersion: 'millrace/v1',
  kind: 'Flow',
  metadata: { name: 'bad' },
  modules,
});
const source = { type: 'source.simulator', settings: { signals: [{ name: 'x', shape: 'sine', hz: 1 }] } };

describe('a flow', () => {
  const cases: [string, object, string, RegExp][] = [
    [
      'with a cycle',
      {
        a: { type: 'clean.range', from: ['b'], settings: { field: 'x', min: 0 } },
        b: { type: 'clean.range', from: ['a'], settings: { field: 'x', min: 0 } },
      },
      'flows.cycle',
      /a.*b|b.*a/,
    ],
    [
      'with an unknown setting',
      {
        in: source,
        clean: { type: 'clean.range', from: ['in'], settings: { field: 'x', minimum: 0 } },
        out: { type: 'sink.director', from: ['clean'], settings: { channel: 'result' } },
      },
      'flows.invalid',
      /minimum/,
    ],
    [
      'with an unwired module',
      {
        in: source,
        clean: { type: 'clean.range', settings: { field: 'x', min: 0 } },
        out: { type: 'sink.director', from: ['in'], settings: { channel: 'result' } },
      },
      'flows.invalid',
      /clean|wire/,
    ],
  ];

  test.each(cases)(
    '%s is refused with the place, and nothing is published',
    async (_title, modules, _code, place) => {
      // A draft may be wrong: nothing that somebody has drawn is lost.
      await it.call('DELETE', '/v1/flows/bad');
      const made = await it.call('POST', '/v1/flows', { name: 'bad', document: flow(modules) });
      expect(made.status).toBe(201);
      const { status, body } = await it.call<Problem>('POST', '/v1/flows/bad:publish', {});
      expect(status).toBe(422);
      expect(body.errors!.length).toBeGreaterThan(0);
      expect(body.errors!.map(({ module, detail }) => `${module}: ${detail}`).join('\n')).toMatch(place);
      const versions = await it.call<{ items: unknown[] }>('GET', '/v1/flows/bad/versions');
      expect(versions.body.items).toEqual([]);
      // The command says the same of a file.
      const file = join(it.folder, 'bad.json');
      await writeFile(file, JSON.stringify(flow(modules)));
      const checked = await it.run('check', file);
      expect(checked.code).toBe(1);
      expect(checked.stdout + checked.stderr).toMatch(place);
    },
  );
});

test('a CSV with a broken line is counted with its line, and the rest goes through', async () => {
  await writeFile(join(it.folder, 'broken.csv'), 't,x\n1000,1\n2000,2,surplus\n3000,3\n');
  const file = join(it.folder, 'csv.yaml');
  await writeFile(
    file,
    `apiVersion: millrace/v1
kind: Flow
metadata: { name: csv }
modules:
  in: { type: source.csv, settings: { file: broken.csv, timestamp: { column: t, format: epochMs } } }
  out: { type: sink.file, from: [in], settings: { path: out.jsonl } }
`,
  );
  const out = join(it.folder, 'out.jsonl');
  const { code, stderr } = await it.run('run', file, '--out', out);
  expect(code).toBe(0);
  expect(stderr).toMatch(/broken\.csv, line 3/);
  const { readFile } = await import('node:fs/promises');
  expect(
    (await readFile(out, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { sink: 'out', t: 1000, x: 1 },
    { sink: 'out', t: 3000, x: 3 },
  ]);
});

test('a model that is no model is refused by its content', async () => {
  const file = join(it.folder, 'model.onnx');
  await writeFile(file, 'I am not a model');
  const { code, stderr } = await it.run('resource', 'push', file, '--name', 'nonsense', '--kind', 'model');
  expect(code).toBe(1);
  expect(stderr).toMatch(/catalogue\./);
  const versions = await it.call<{ items: { state: string }[] }>('GET', '/v1/resources/nonsense/versions');
  expect((versions.body.items ?? []).filter(({ state }) => state === 'ready')).toEqual([]);
});

test('what is no file with bytes is not pushed, and no resource is left behind', async () => {
  const file = join(it.folder, 'hollow.csv');
  await writeFile(file, '');
  for (const [path, why] of [
    [file, /is empty/],
    [it.folder, /is no file/],
  ] as const) {
    const { code, stderr } = await it.run('resource', 'push', path, '--name', 'hollow', '--kind', 'data');
    expect([code, stderr]).toEqual([1, expect.stringMatching(why)]);
  }
  expect((await it.call('GET', '/v1/resources/hollow')).status).toBe(404);
});

test('a body that is too large is refused', async () => {
  const { status, body } = await it.call<Problem>('POST', '/v1/flows', {
    name: 'x',
    note: 'y'.repeat(6_000_000),
  });
  expect([status, body.code]).toEqual([413, 'platform.body-too-large']);
});

test.each([
  ['no token', ''],
  ['a wrong token', 'mrt_default_nonsense'],
  ['no token of ours', 'Bearer nonsense'],
])('%s opens nothing', async (_title, token) => {
  const { status, body } = await it.call<Problem>('GET', '/v1/nodes', undefined, token);
  expect([status, body.code]).toEqual([401, 'access.unauthenticated']);
});

test('the command says 4 when it may not', async () => {
  const child = it.spawn(['node', 'list'], 'node list', { MILLRACE_TOKEN: 'mrt_default_nonsense' });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  expect(code).toBe(4);
});

test('a wrong use says 2', async () => {
  expect((await it.run('deploy')).code).toBe(2);
  expect((await it.run('no-such-command')).code).toBe(2);
});
