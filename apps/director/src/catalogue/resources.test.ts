import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalize } from '@millrace/flow';
import type {
  Alias,
  AliasMoved,
  FlowChecked,
  FlowDiffReply,
  FlowVersion,
  FlowVersionDetails,
  LiveEvent,
  Problem,
  Resource,
  ResourceUse,
} from '@millrace/schemas';
import { testDirector, type TestDirector } from '../../../../test/kit/director.js';
import { beginUpload, digestOfBytes, stranger, uploadResource } from '../../../../test/kit/resources.js';
import { FlowsReader } from '../flows/flows.reader.js';
import { SealingService } from './sealing.service.js';

let t: TestDirector;
let one: Buffer;
let two: Buffer;
let events: LiveEvent[];
beforeAll(async () => {
  const fixture = (name: string) => readFile(join('test/fixtures/onnx', name, 'model.onnx'));
  [one, two] = await Promise.all([fixture('cmapss_hgb_rul'), fixture('onnxmltools_xgb')]);
  t = await testDirector();
  events = [];
  t.director.platform.live.follow(t.organization, (event) => events.push(event));
  await uploadResource(t, 'life', one);
  await uploadResource(t, 'life', two);
});
afterAll(() => t?.close());

const move = <Body = Alias>(alias: string, version: number, ifMatch?: string, more: object = {}) =>
  t.call<Body>(
    'PUT',
    `/v1/resources/life/aliases/${alias}`,
    { version, ...more },
    { headers: ifMatch === undefined ? {} : { 'if-match': ifMatch } },
  );
const flowOf = (name: string, reference: string) => ({
  apiVersion: 'millrace/v1',
  kind: 'Flow',
  metadata: { name },
  modules: {
    sensors: { type: 'source.simulator', settings: { signals: [{ name: 'p', shape: 'sine', hz: 1 }] } },
    score: {
      type: 'model.onnx',
      from: ['sensors'],
      settings: {
        model: reference,
        inputs: [{ tensor: 'X', columns: ['p'] }],
        outputs: [{ tensor: 'variable', as: 'rul' }],
      },
    },
    out: { type: 'sink.file', from: ['score'], settings: { path: 'out.jsonl', format: 'jsonl' } },
  },
});

describe('an alias', () => {
  it('is moved only from the state that was read, and every move is kept', async () => {
    const made = await move('production', 1, undefined, { note: 'go' });
    expect(made).toMatchObject({ status: 200, body: { alias: 'production', version: 1, revision: 1 } });
    expect(made.headers.get('etag')).toBe('"1"');
    expect((await move('production', 2)).status).toBe(428);
    expect((await move('production', 2, '"1"')).body).toMatchObject({ version: 2, revision: 2 });
    expect(await move<Problem>('production', 1, '"1"')).toMatchObject({
      status: 412,
      body: { current: { version: 2, revision: 2 } },
    });
    expect((await move('production', 1, '"2"')).body).toMatchObject({ version: 1, revision: 3 });
    // Where it is already is no move.
    expect((await move('production', 1, '"3"')).body).toMatchObject({ version: 1, revision: 3 });

    const first = await t.call<{ items: AliasMoved[]; next: string }>(
      'GET',
      '/v1/resources/life/aliases/production/history?limit=2',
    );
    expect(first.body.items).toMatchObject([
      { revision: 3, from: 2, to: 1 },
      { revision: 2, from: 1, to: 2 },
    ]);
    const rest = await t.call<{ items: AliasMoved[] }>(
      'GET',
      `/v1/resources/life/aliases/production/history?limit=2&cursor=${first.body.next}`,
    );
    expect(rest.body.items).toMatchObject([{ revision: 1, from: null, to: 1, note: 'go' }]);
    expect((await t.call<Resource>('GET', '/v1/resources/life')).body.aliases).toEqual({ production: 1 });
    expect(events.filter((event) => event.type === 'resource.alias-moved')).toHaveLength(3);
  });

  it('made by two at once is made once', async () => {
    const answers = await Promise.all([move('raced', 1), move('raced', 2), move('raced', 1)]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 428, 428]);
  });

  it('leads only to what can be used', async () => {
    expect((await move<Problem>('nowhere', 9)).body.code).toBe('catalogue.version-not-found');
    const bad = await uploadResource(t, 'life', Buffer.from('no model'));
    expect(bad).toMatchObject({ version: 3, state: 'refused' });
    expect((await move<Problem>('nowhere', 3)).body.code).toBe('catalogue.not-ready');
    for (const alias of ['7', '%00', 'a%2Fb']) {
      expect(await move<Problem>(alias, 1)).toMatchObject({ body: { code: 'catalogue.alias-invalid' } });
      expect((await t.call('GET', `/v1/resources/life/aliases/${alias}`)).status).toBe(404);
    }
  });

  it('is moved by those who may promote', async () => {
    const operator = await t.person('operator');
    const path = '/v1/resources/life/aliases/theirs';
    expect((await t.call('PUT', path, { version: 1 }, operator)).status).toBe(403);
    const scientist = await t.person('data-scientist');
    expect((await t.call('PUT', path, { version: 1 }, scientist)).status).toBe(200);
  });
});

describe('a flow that names a resource', () => {
  it('is locked to the bytes that the alias means when it is published', async () => {
    await move('stable', 1);
    await t.call('POST', '/v1/flows', {
      name: 'turbofan',
      document: flowOf('turbofan', 'resource:life@stable'),
    });
    const check = await t.call<FlowChecked>('POST', '/v1/flows/turbofan:check');
    const said = await t.call<{ contract: unknown }>('GET', '/v1/resources/life/versions/1');
    const contract = Buffer.from(canonicalize(said.body.contract));
    const lock = {
      life: {
        kind: 'model',
        version: 1,
        digest: digestOfBytes(one),
        size: one.length,
        file: 'model.onnx',
        contract: { digest: digestOfBytes(contract), size: contract.length },
      },
    };
    expect(check.body).toEqual({ valid: true, problems: [], resources: lock });
    const published = await t.call<FlowVersion>('POST', '/v1/flows/turbofan:publish');
    expect(published).toMatchObject({ status: 201, body: { version: 1, lock } });
    const { body } = await t.call<FlowVersionDetails>('GET', '/v1/flows/turbofan/versions/1');
    expect(body.document.modules.score?.settings?.model).toBe(`resource:life@1#${digestOfBytes(one)}`);

    await move('stable', 2, '"1"');
    const diff = await t.call<FlowDiffReply>('GET', '/v1/flows/turbofan:diff?from=1&to=draft');
    expect(diff.body.changed).toMatchObject([
      {
        module: 'score',
        pointer: '/modules/score/settings/model',
        before: body.document.modules.score?.settings?.model,
      },
    ]);
    // What was published stays what it was.
    const reader = t.director.app.get(FlowsReader, { strict: false });
    const read = await t.test.database.withinSql(t.organization, (tx) => reader.published(tx, 'turbofan', 1));
    expect(read).toMatchObject({ digest: published.body.digest, resources: lock, document: body.document });
  });

  it('is checked against the contract of the file, and names only what can be used', async () => {
    const name = 'wrong-tensor';
    const document = flowOf(name, 'resource:life@1');
    document.modules.score.settings.outputs = [{ tensor: 'nothing', as: 'rul' }];
    await t.call('POST', '/v1/flows', { name, document });
    const unmet = await t.call<FlowChecked>('POST', `/v1/flows/${name}:check`);
    expect(unmet.body.problems).toMatchObject([
      { code: 'flows.contract-unmet', module: 'score', pointer: '/modules/score/settings/outputs/0/tensor' },
    ]);
    const refused = { document: flowOf(name, 'resource:life@3') };
    const check = await t.call<FlowChecked>('POST', `/v1/flows/${name}:check`, refused);
    expect(check.body.problems).toMatchObject([{ code: 'flows.resource', module: 'score' }]);
    expect(check.body.problems[0]?.detail).toContain('life@3 was refused');
  });

  it('is told by the resource, and keeps it from being deleted', async () => {
    const usage = await t.call<{ items: ResourceUse[] }>('GET', '/v1/resources/life/usage');
    expect(usage.body.items).toEqual([
      { flow: 'turbofan', flowVersion: 1, version: 1, digest: digestOfBytes(one) },
    ]);
    for (const path of ['/v1/resources/life', '/v1/resources/life/versions/1']) {
      const refused = await t.call<Problem>('DELETE', path);
      expect(refused).toMatchObject({ status: 409, body: { code: 'catalogue.in-use' } });
      expect(refused.body.errors).toContainEqual({ detail: 'flow turbofan@1 (locked to version 1)' });
    }
    const aliased = await t.call<Problem>('DELETE', '/v1/resources/life/versions/2');
    expect(aliased.body.errors).toContainEqual({ detail: 'the alias stable' });
  });

  it('can be published or the resource deleted, never both', async () => {
    for (let round = 0; round < 5; round++) {
      const name = `contested-${round}`;
      await uploadResource(t, name, Buffer.from(`${round},2\n3,4\n5,6\n`), {
        kind: 'data',
        fileName: 'a.csv',
      });
      const document = flowOf(name, `resource:${name}@1`);
      await t.call('POST', '/v1/flows', { name, document });
      const [published, removed] = await Promise.all([
        t.call('POST', `/v1/flows/${name}:publish`),
        t.call('DELETE', `/v1/resources/${name}`),
      ]);
      expect([`${published.status} ${removed.status}`]).toEqual([
        published.status === 201 ? '201 409' : '422 204',
      ]);
    }
  });
});

describe('a resource', () => {
  it('is deleted with its bytes, unless another one has the same', async () => {
    const text = Buffer.from('x,y\n1,2\n3,4\n');
    const data = { kind: 'data' as const, fileName: 'a.csv' };
    await uploadResource(t, 'short-a', text, data);
    await uploadResource(t, 'short-b', text, data);
    const { key } = (await blob(digestOfBytes(text))) ?? { key: '' };
    expect((await t.call('DELETE', '/v1/resources/short-a')).status).toBe(204);
    await sweep();
    expect(await t.director.platform.objects.head(key)).toEqual({ size: text.length });
    expect((await t.call('DELETE', '/v1/resources/short-b/versions/1')).status).toBe(204);
    await sweep();
    expect(await blob(digestOfBytes(text))).toBeUndefined();
    expect(await t.director.platform.objects.head(key)).toBeUndefined();
    // The bytes are not known any more, and a number is not given again.
    expect(await uploadResource(t, 'short-b', text, data)).toMatchObject({ version: 2, state: 'ready' });
    expect((await t.call('GET', '/v1/resources/short-a')).status).toBe(404);
  });

  it('is made once, with a name that can stand in a reference', async () => {
    const create = (name: string) => t.call<Problem>('POST', '/v1/resources', { name });
    expect((await create('life')).body.code).toBe('catalogue.name-taken');
    for (const name of ['a@b', '../x', '', 'a b']) expect((await create(name)).status).toBe(400);
    expect((await beginUpload<Problem>(t, 'nobody', one)).body.code).toBe('catalogue.not-found');
  });

  it('is invisible from another organization, with everything of it', async () => {
    const { token, organization } = await stranger(t);
    const ask = (method: string, path: string, body?: unknown, headers = {}) =>
      t.call<Problem & { items: unknown[] }>(method, path, body, { token, headers });
    for (const path of ['/v1/resources', '/v1/flows'])
      expect((await ask('GET', path)).body.items).toEqual([]);
    const { body: begun } = await beginUpload(t, 'life', Buffer.from('never sent'));
    const upload = begun.exists ? '' : begun.upload;
    for (const [method, path, body] of [
      ['GET', '/v1/resources/life'],
      ['DELETE', '/v1/resources/life'],
      ['GET', '/v1/resources/life/usage'],
      ['GET', '/v1/resources/life/versions'],
      ['GET', '/v1/resources/life/versions/1'],
      ['DELETE', '/v1/resources/life/versions/1'],
      ['GET', '/v1/resources/life/versions/1/content'],
      ['GET', '/v1/resources/life/aliases'],
      ['GET', '/v1/resources/life/aliases/stable'],
      ['GET', '/v1/resources/life/aliases/stable/history'],
      ['PUT', '/v1/resources/life/aliases/stable', { version: 1 }],
      ['GET', `/v1/resources/life/uploads/${upload}`],
      ['DELETE', `/v1/resources/life/uploads/${upload}`],
      ['POST', `/v1/resources/life/uploads/${upload}:parts`],
      ['POST', `/v1/resources/life/uploads/${upload}:complete-upload`],
      ['GET', '/v1/flows/turbofan'],
      ['DELETE', '/v1/flows/turbofan'],
      ['GET', '/v1/flows/turbofan/draft'],
      ['GET', '/v1/flows/turbofan/drafts'],
      ['GET', '/v1/flows/turbofan/versions'],
      ['GET', '/v1/flows/turbofan/versions/1'],
      ['GET', '/v1/flows/turbofan:diff?from=1&to=draft'],
      ['POST', '/v1/flows/turbofan:check'],
      ['POST', '/v1/flows/turbofan:publish'],
      ['PUT', '/v1/flows/turbofan/draft', { document: {} }],
    ] as const) {
      expect([path, (await ask(method, path, body, { 'if-match': '*' })).status]).toEqual([path, 404]);
    }
    // Neither bytes nor names of the others are known there.
    expect((await ask('POST', '/v1/resources', { name: 'life' })).status).toBe(201);
    const theirs = await ask('POST', '/v1/resources/life/versions:begin-upload', {
      kind: 'model',
      fileName: 'm.onnx',
      size: one.length,
      digest: digestOfBytes(one),
    });
    expect(theirs.body).toMatchObject({ exists: false });
    expect((await ask('GET', `/v1/resources/life/uploads/${upload}`)).status).toBe(404);
    expect((await ask('DELETE', `/v1/resources/life/uploads/${upload}`)).status).toBe(404);
    expect((await ask('POST', `/v1/resources/life/uploads/${upload}:complete-upload`)).status).toBe(404);
    await ask('POST', '/v1/flows', { name: 'turbofan', document: flowOf('turbofan', 'resource:life@1') });
    expect(await ask('POST', '/v1/flows/turbofan:publish')).toMatchObject({ status: 422 });
    expect(events.filter((event) => JSON.stringify(event).includes(organization))).toEqual([]);
  });
});

const sweep = () => t.director.app.get(SealingService, { strict: false }).sweep(t.organization);
const blob = async (digest: string) =>
  (
    await t.test.database.withinSql(t.organization, (tx) =>
      tx.sql<{ key: string }>('SELECT key FROM blobs WHERE digest = $1', [digest]),
    )
  )[0];
