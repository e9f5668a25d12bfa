/** The rows that a model would see, over HTTP: each run a real process. */
import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parquetReadObjects } from 'hyparquet';
import type { FlowPrepare, Problem, TestFile } from '@millrace/schemas';
import { testDirector, type TestDirector } from '../../../../../test/kit/director.js';
import { uploadResource } from '../../../../../test/kit/resources.js';
import { TestRunsService } from './test-runs.service.js';
import { WorkFolders } from './work-folders.js';

const CSV = 't,temperature,label\n1000,20,low\n2000,300,out\n3000,21,\n4000,22,high\n';

let t: TestDirector;
let file: string;
beforeAll(async () => {
  t = await testDirector();
  t.director.app.get(TestRunsService).program = {
    entry: resolve('apps/director/src/flows/testing/host-main.ts'),
    execArgv: ['--import', pathToFileURL('test/kit/typescript.mjs').href],
  };
  const modules = {
    sensor: { type: 'source.mqtt', settings: { broker: 'mqtt://broker.example', topics: ['a/b'] } },
    clean: {
      type: 'clean.range',
      from: ['sensor'],
      settings: { field: 'temperature', max: 100 },
    },
    double: { type: 'map.set', from: ['clean'], settings: { set: { twice: 'temperature * 2' } } },
    score: {
      type: 'model.onnx',
      from: ['double'],
      settings: {
        model: 'resource:not-made-yet@production',
        inputs: [{ tensor: 'X', columns: ['temperature', 'twice'] }],
        outputs: [{ tensor: 'Y', as: 'score' }],
      },
    },
    out: { type: 'sink.mqtt', from: ['score'], settings: { url: 'mqtt://broker.example', topic: 'c' } },
  };
  const document = { apiVersion: 'millrace/v1', kind: 'Flow', metadata: { name: 'oven' }, modules };
  await t.call('POST', '/v1/flows', { name: 'oven', document });
  file = (await uploaded('oven.csv', CSV)).id;
});
afterAll(() => t?.close());

async function uploaded(name: string, text: string): Promise<TestFile> {
  const headers = { 'content-type': 'text/csv' };
  return (await t.call<TestFile>('POST', `/v1/test-files?name=${name}`, text, { headers })).body;
}

const ask = (body: FlowPrepare, flow = 'oven', signal?: AbortSignal, headers?: Record<string, string>) =>
  fetch(`${t.url}/v1/flows/${flow}:prepare`, {
    method: 'POST',
    body: JSON.stringify(body),
    signal,
    headers: { authorization: `Bearer ${t.token}`, 'content-type': 'application/json', ...headers },
  });
const problemOf = async (body: FlowPrepare) => {
  const answer = await ask(body);
  return (await answer.json()) as Problem;
};
const inputs = () => ({ sensor: { file } });

test('what a model would see, though there is no model yet: its inputs, without the rows that it would refuse', async () => {
  const answer = await ask({ until: 'score', inputs: inputs(), keep: ['label'] });
  expect([answer.status, await answer.text()]).toEqual([
    200,
    't,temperature,twice,label\n1000,20,40,low\n3000,21,42,\n4000,22,44,high\n',
  ]);
  expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  expect(answer.headers.get('millrace-prepared')).toBe('3 rows, 4 columns');
}, 60_000);

test('what leaves a module, as JSON lines and as Parquet', async () => {
  const lines = await ask({ until: 'clean', inputs: inputs(), format: 'jsonl' });
  expect(
    (await lines.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object),
  ).toEqual([
    { t: 1000, temperature: 20, label: 'low' },
    { t: 3000, temperature: 21 },
    { t: 4000, temperature: 22, label: 'high' },
  ]);
  const parquet = await ask({ until: 'double', inputs: inputs(), format: 'parquet' });
  const rows = await parquetReadObjects({ file: await parquet.arrayBuffer() });
  expect(rows.map(({ twice }) => twice)).toEqual([40, 42, 44]);
}, 60_000);

test('a published version is prepared as it is, whatever the draft has become', async () => {
  const small = (limit: number) => ({
    apiVersion: 'millrace/v1',
    kind: 'Flow',
    metadata: { name: 'small' },
    modules: {
      sensor: {
        type: 'source.simulator',
        settings: { signals: [{ name: 'temperature', shape: 'sine', hz: 1 }] },
      },
      clean: {
        type: 'clean.range',
        from: ['sensor'],
        settings: { field: 'temperature', max: limit },
      },
      out: { type: 'sink.file', from: ['clean'], settings: { path: 'out.jsonl', format: 'jsonl' } },
    },
  });
  await t.call('POST', '/v1/flows', { name: 'small', document: small(100) });
  expect((await t.call('POST', '/v1/flows/small:publish')).status).toBe(201);
  await t.call('PUT', '/v1/flows/small/draft', { document: small(21) }, { headers: { 'if-match': '*' } });
  const rowsOf = async (version?: number) =>
    (await (await ask({ until: 'clean', version, inputs: inputs() }, 'small')).text()).trim().split('\n')
      .length - 1;
  expect([await rowsOf(1), await rowsOf()]).toEqual([3, 2]);
  expect(await (await ask({ until: 'clean', version: 9, inputs: inputs() }, 'small')).json()).toMatchObject({
    code: 'flows.version-not-found',
  });
}, 60_000);

test('a file of the catalogue is read once and at once, however the flow replays it; whoever may not read it gets nothing', async () => {
  await uploadResource(t, 'log', Buffer.from('t,temperature\n1000,20\n2000,21\n'), {
    kind: 'data',
    fileName: 'log.csv',
  });
  const settings = {
    file: 'resource:log@1',
    timestamp: { column: 't', format: 'epochMs' },
    speed: 1,
    loop: true,
    rebase: true,
  };
  const modules = {
    log: { type: 'source.csv', settings },
    keep: { type: 'map.set', from: ['log'], settings: { set: { a: 'temperature' } } },
  };
  const document = { apiVersion: 'millrace/v1', kind: 'Flow', metadata: { name: 'replayed' }, modules };
  expect((await t.call('POST', '/v1/flows', { name: 'replayed', document })).status).toBe(201);
  const key = { 'idempotency-key': 'again' };
  for (let i = 0; i < 2; i++) {
    const answer = await ask({ until: 'keep', format: 'jsonl' }, 'replayed', undefined, key);
    expect(await answer.text()).toBe(
      '{"t":1000,"a":20,"temperature":20}\n{"t":2000,"a":21,"temperature":21}\n',
    );
  }
  const token = {
    name: 'writer',
    scopes: ['flows.read', 'flows.write'],
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
  };
  const { body } = await t.call<{ token: string }>('POST', '/v1/tokens', token, await t.person('admin'));
  const refused = await ask({ until: 'keep' }, 'replayed', undefined, {
    authorization: `Bearer ${body.token}`,
  });
  expect([refused.status, ((await refused.json()) as Problem).code]).toEqual([403, 'access.forbidden']);
}, 60_000);

test('what cannot be is said by name, and nothing is left', async () => {
  expect(await problemOf({ until: 'scor', inputs: inputs() })).toMatchObject({
    status: 422,
    code: 'flows.until',
    detail: expect.stringMatching(/scor is no module of the flow.*score/),
  });
  expect(await problemOf({ until: 'clean.left', inputs: inputs() })).toMatchObject({ code: 'flows.until' });
  expect(await problemOf({ until: 'score' })).toMatchObject({
    code: 'flows.test-input',
    errors: [{ module: 'sensor' }],
  });
  const other = await uploaded('other.csv', 'time,temperature\n1,2\n');
  const failed = await problemOf({ until: 'score', inputs: { sensor: { file: other.id } } });
  expect(failed).toMatchObject({ status: 422, code: 'flows.not-prepared' });
  const closing = new AbortController();
  const waiting = ask({ until: 'score', inputs: inputs() }, 'oven', closing.signal);
  setTimeout(() => closing.abort(), 300);
  await expect(waiting).rejects.toThrow(/abort/i);
  const { root } = t.director.app.get(WorkFolders) as unknown as { root: string };
  const deadline = Date.now() + 20_000;
  while ((await readdir(root)).length > 0 && Date.now() < deadline)
    await new Promise((done) => setTimeout(done, 100));
  expect(await readdir(root)).toEqual([]);
}, 60_000);

test('a script runs in a sandbox or not at all', async () => {
  const modules = {
    sensor: {
      type: 'source.simulator',
      settings: { signals: [{ name: 'temperature', shape: 'sine', hz: 1 }] },
    },
    script: {
      type: 'model.javascript',
      from: ['sensor'],
      settings: {
        columns: ['temperature'],
        sandbox: 'off',
        code: `import { existsSync } from 'node:fs';
          export const predict = (rows) => rows.map(() => existsSync(${JSON.stringify(resolve('package.json'))}) ? 1 : 0);`,
      },
    },
  };
  const document = { apiVersion: 'millrace/v1', kind: 'Flow', metadata: { name: 'scripted' }, modules };
  await t.call('POST', '/v1/flows', { name: 'scripted', document });
  const answer = await ask({ until: 'script.out', inputs: inputs(), format: 'jsonl' }, 'scripted');
  const text = await answer.text();
  if (answer.status !== 200) expect(text).toContain('sandbox is required');
  else
    expect(
      new Set(
        text
          .trim()
          .split('\n')
          .map((line) => (JSON.parse(line) as { result: number }).result),
      ),
    ).toEqual(new Set([0]));
  expect(await (await ask({ until: 'script' }, 'scripted')).json()).toMatchObject({
    code: 'flows.test-input',
    errors: [{ module: 'sensor', detail: expect.stringContaining('has no end') }],
  });
}, 60_000);
