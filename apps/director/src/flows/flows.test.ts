import type { FlowChecked, FlowDraft, FlowVersion, FlowVersionDetails, Problem } from '@millrace/schemas';
import { testDirector, type TestDirector } from '../../../../test/kit/director.js';
import { FlowsReader } from './flows.reader.js';

let t: TestDirector;
beforeAll(async () => {
  t = await testDirector();
});
afterAll(() => t?.close());

const pumps = (name: string, modules: Record<string, unknown> = {}) => ({
  apiVersion: 'millrace/v1',
  kind: 'Flow',
  metadata: { name, description: 'Watches pumps' },
  modules: {
    sensors: {
      type: 'source.simulator',
      settings: { signals: [{ name: 'pressure', shape: 'sine', hz: 1 }] },
    },
    clean: {
      type: 'clean.range',
      from: ['sensors'],
      settings: { field: 'pressure', min: 0, max: 16, action: 'drop' },
    },
    out: { type: 'sink.file', from: ['clean'], settings: { path: 'out.jsonl', format: 'jsonl' } },
    ...modules,
  },
});

const yamlOf = (name: string) => `# why this flow is here
apiVersion: millrace/v1
kind: Flow
metadata: { name: ${name} }
modules:
  sensors: { type: source.simulator, settings: { signals: [{ name: pressure, shape: sine, hz: 1 }] } }
  out: { type: sink.file, from: [sensors], settings: { path: out.jsonl, format: jsonl } } # here too
`;

const create = (name: string, document?: unknown) => t.call('POST', '/v1/flows', { name, document });
const publish = <Body = FlowVersion>(name: string, body?: unknown) =>
  t.call<Body>('POST', `/v1/flows/${name}:publish`, body);
const save = <Body = FlowDraft>(name: string, ifMatch: string, document: unknown) =>
  t.call<Body>('PUT', `/v1/flows/${name}/draft`, { document }, { headers: { 'if-match': ifMatch } });
const lastAudit = async () =>
  (await t.call<{ items: { action: string; subject: string }[] }>('GET', '/v1/audit?limit=1')).body.items[0];

describe('drafts', () => {
  it('are saved, each save is kept, and two editors cannot silently overwrite each other', async () => {
    expect(await create('edited')).toMatchObject({ status: 201, body: { name: 'edited', draftRevision: 0 } });
    expect(await t.call('GET', '/v1/flows/edited/draft')).toMatchObject({
      status: 404,
      body: { code: 'flows.no-draft' },
    });
    const first = await save('edited', '"0"', pumps('edited'));
    expect(first).toMatchObject({ status: 200, body: { revision: 1, problems: [] } });
    expect(first.headers.get('etag')).toBe('"1"');
    expect((await save('edited', '"1"', pumps('edited', { extra: {} }))).status).toBe(200);

    const late = await save<Problem>('edited', '"1"', pumps('edited'));
    expect(late).toMatchObject({
      status: 412,
      body: { code: 'platform.precondition-failed', current: { revision: 2 } },
    });
    const without = await t.call('PUT', '/v1/flows/edited/draft', { document: pumps('edited') });
    expect(without.status).toBe(428);

    const saves = await t.call<{ items: { revision: number }[] }>('GET', '/v1/flows/edited/drafts');
    expect(saves.body.items.map((one) => one.revision)).toEqual([2, 1]);
    const old = await t.call<FlowDraft>('GET', '/v1/flows/edited/drafts/1');
    expect(old.body.document).toEqual(pumps('edited'));
    expect(await lastAudit()).toMatchObject({ action: 'flows.save-draft', subject: 'flow:edited' });
  });

  it('of two saves from one state that come together, one is kept', async () => {
    await create('raced');
    const answers = await Promise.all(Array.from({ length: 6 }, () => save('raced', '"0"', pumps('raced'))));
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 412, 412, 412, 412, 412]);
  });

  it('keep the text of a flow with its comments', async () => {
    await create('commented');
    const saved = await t.call<FlowDraft>('PUT', '/v1/flows/commented/draft', yamlOf('commented'), {
      headers: { 'if-match': '"0"', 'content-type': 'application/yaml' },
    });
    expect(saved).toMatchObject({ status: 200, body: { problems: [], text: yamlOf('commented') } });
    expect(saved.body.document).toMatchObject({ metadata: { name: 'commented' } });
    expect((await publish('commented')).status).toBe(201);
    const version = await t.call<FlowVersionDetails>('GET', '/v1/flows/commented/versions/1');
    expect(version.body.text).toBe(yamlOf('commented'));
  });

  it('may be no flow at all: they are kept, with their problems and lines', async () => {
    await create('broken');
    const text = 'apiVersion: millrace/v1\nmodules: [\n';
    const saved = await t.call<FlowDraft>(
      'PUT',
      '/v1/flows/broken/draft',
      { text },
      {
        headers: { 'if-match': '*' },
      },
    );
    expect(saved).toMatchObject({ status: 200, body: { document: null, text } });
    expect(saved.body.problems[0]).toMatchObject({ code: 'flows.unreadable', line: expect.any(Number) });
    expect((await t.call<FlowDraft>('GET', '/v1/flows/broken/draft')).body.text).toBe(text);
    expect(await publish('broken')).toMatchObject({ status: 422, body: { code: 'flows.invalid' } });

    const shapeless = await save('broken', '"1"', { modules: 'none', '\u0000': '\ud800' });
    expect(shapeless.status).toBe(200);
    expect(shapeless.body.problems.map((one) => one.code)).toContain('flows.shape');
    expect((await t.call<FlowDraft>('GET', '/v1/flows/broken/draft')).body.document).toEqual({
      modules: 'none',
      '\u0000': '\ud800',
    });
  });

  it('refuse a NUL in a text, and what is neither document nor text', async () => {
    await create('refused');
    const put = (body: unknown, type = 'application/json') =>
      t.call('PUT', '/v1/flows/refused/draft', body, { headers: { 'if-match': '*', 'content-type': type } });
    expect((await put('a: "\u0000"', 'application/yaml')).status).toBe(400);
    expect((await put({ text: 'a', document: {} })).status).toBe(400);
    expect((await put({})).status).toBe(400);
    expect((await put('a,b', 'text/csv')).status).toBe(415);
    expect((await t.call('GET', '/v1/flows/refused')).body).toMatchObject({ draftRevision: 0 });
  });
});

describe('checks', () => {
  it.each([
    [
      'a cycle',
      {
        clean: { ...pumps('x').modules.clean, from: ['sensors', 'back'] },
        back: { type: 'map.set', from: ['clean'], settings: { set: { a: '1' } } },
      },
      { code: 'flows.cycle' },
    ],
    [
      'an unknown setting',
      { clean: { type: 'clean.range', from: ['sensors'], settings: { field: 'pressure', mim: 0 } } },
      { code: 'flows.setting-unknown', module: 'clean', pointer: '/modules/clean/settings/mim' },
    ],
    ['an unwired module', { lost: { type: 'debug.tap' } }, { code: 'flows.unwired', module: 'lost' }],
    [
      'a resource that is not there',
      {
        score: {
          type: 'model.onnx',
          from: ['clean'],
          settings: {
            model: 'resource:nothing@production',
            inputs: [{ tensor: 'X', columns: ['pressure'] }],
            outputs: [{ tensor: 'Y', as: 'y' }],
          },
        },
      },
      { code: 'flows.resource', module: 'score', pointer: '/modules/score/settings/model' },
    ],
  ])('find %s, and a publish changes nothing', async (what, modules, problem) => {
    const name = `checked-${what.replaceAll(' ', '-')}`;
    expect((await create(name, pumps(name, modules))).status).toBe(201);
    const checked = await t.call<FlowChecked>('POST', `/v1/flows/${name}:check`);
    expect(checked.status).toBe(200);
    expect(checked.body.valid).toBe(false);
    expect(checked.body.problems).toContainEqual(
      expect.objectContaining({ ...problem, detail: expect.any(String) }),
    );
    const published = await publish<Problem>(name);
    expect(published).toMatchObject({ status: 422, body: { code: 'flows.invalid' } });
    expect(published.body.errors).toEqual(checked.body.problems);
    expect((await t.call('GET', `/v1/flows/${name}`)).body).toMatchObject({ latestVersion: null });
    expect((await t.call('GET', `/v1/flows/${name}/versions`)).body).toEqual({ items: [], next: null });
  });

  it('look at a body instead of the draft, and at its name', async () => {
    await create('looked-at');
    const body = { document: pumps('other-name') };
    expect((await t.call<FlowChecked>('POST', '/v1/flows/looked-at:check', body)).body).toMatchObject({
      valid: false,
      problems: [{ code: 'flows.shape', pointer: '/metadata/name' }],
    });
    const good = await t.call<FlowChecked>('POST', '/v1/flows/looked-at:check', yamlOf('looked-at'), {
      headers: { 'content-type': 'text/yaml' },
    });
    expect(good.body).toEqual({ valid: true, problems: [], resources: {} });
  });

  it('refuse a parameter that stands for a resource, since it could not be locked', async () => {
    const document = { ...pumps('sneaky'), parameters: { m: { type: 'string', default: 'resource:a@1' } } };
    await create('sneaky', document);
    expect((await t.call<FlowChecked>('POST', '/v1/flows/sneaky:check')).body.problems).toMatchObject([
      { code: 'flows.parameter', field: 'm' },
    ]);
  });
});

describe('publishing', () => {
  it('makes a version once, also when it is asked twice or all at once', async () => {
    await create('published', pumps('published'));
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => publish('published', { note: 'first' })),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 200, 200, 200, 201]);
    const again = await publish('published', { note: 'again' });
    expect(again).toMatchObject({ status: 200, body: { version: 1, note: 'first' } });

    // Positions and descriptions are no part of the digest.
    const moved = { ...pumps('published'), layout: { out: { x: 1, y: 2 } }, metadata: { name: 'published' } };
    await save('published', '"1"', moved);
    expect(await publish('published')).toMatchObject({ status: 200, body: { version: 1 } });

    const other = pumps('published', { tap: { type: 'debug.tap', from: ['clean'] } });
    await save('published', '"2"', other);
    expect(await publish('published')).toMatchObject({ status: 201, body: { version: 2, draftRevision: 3 } });
    expect(await lastAudit()).toMatchObject({ action: 'flows.publish', subject: 'flow:published' });

    const list = await t.call<{ items: FlowVersion[]; next: string | null }>(
      'GET',
      '/v1/flows/published/versions?limit=1',
    );
    expect(list.body.items.map((one) => one.version)).toEqual([2]);
    const rest = await t.call<{ items: FlowVersion[] }>(
      'GET',
      `/v1/flows/published/versions?limit=1&cursor=${list.body.next}`,
    );
    expect(rest.body.items.map((one) => one.version)).toEqual([1]);

    const diff = await t.call('GET', '/v1/flows/published:diff?from=1&to=2');
    expect(diff).toMatchObject({ status: 200, body: { same: false, added: ['tap'], removed: [] } });
    const same = await t.call('GET', '/v1/flows/published:diff?from=2&to=draft');
    expect(same.body).toMatchObject({ same: true, from: '2', to: 'draft' });
    expect((await t.call('GET', '/v1/flows/published:diff?from=9&to=draft')).status).toBe(404);
    expect((await t.call('GET', '/v1/flows/published:diff?from=0&to=draft')).status).toBe(400);
  });

  it('keeps what is published bit for bit as it was saved', async () => {
    const document = pumps('bits');
    await create('bits', document);
    const { body } = await publish('bits');
    const reader = t.director.app.get(FlowsReader, { strict: false });
    const read = await t.test.database.withinSql(t.organization, (tx) => reader.published(tx, 'bits', 1));
    expect(read).toEqual({ flow: 'bits', version: 1, digest: body.digest, document, resources: {} });
  });
});

describe('flows', () => {
  it('are listed newest first, and a name is taken once', async () => {
    await create('listed-a');
    await create('listed-b');
    const list = await t.call<{ items: { name: string }[] }>('GET', '/v1/flows?limit=2');
    expect(list.body.items.map((one) => one.name)).toEqual(['listed-b', 'listed-a']);
    expect(await create('listed-a')).toMatchObject({ status: 409, body: { code: 'flows.name-taken' } });
    for (const name of ['../up', 'a b', '']) expect((await create(name)).status).toBe(400);
  });

  it('have names of up to 128 characters', async () => {
    const name = 'n'.repeat(128);
    expect((await create(name)).status).toBe(201);
    expect((await t.call('GET', `/v1/flows/${name}`)).body).toMatchObject({ name });
    expect((await create(`${name}n`)).status).toBe(400);
  });

  it('are gone with all of theirs when they are deleted', async () => {
    await create('short', pumps('short'));
    await publish('short');
    expect((await t.call('DELETE', '/v1/flows/short')).status).toBe(204);
    expect((await t.call('GET', '/v1/flows/short/versions/1')).status).toBe(404);
    expect((await t.call('DELETE', '/v1/flows/short')).status).toBe(404);
    expect(await lastAudit()).toMatchObject({ action: 'flows.remove', subject: 'flow:short' });
  });

  it('are read by viewers and written by those who may', async () => {
    await create('guarded', pumps('guarded'));
    const viewer = await t.person('viewer');
    expect((await t.call('GET', '/v1/flows/guarded/draft', undefined, viewer)).status).toBe(200);
    expect((await t.call('POST', '/v1/flows/guarded:publish', {}, viewer)).status).toBe(403);
    expect((await t.call('DELETE', '/v1/flows/guarded', undefined, viewer)).status).toBe(403);
    const scientist = await t.person('data-scientist');
    expect((await t.call('POST', '/v1/flows/guarded:publish', {}, scientist)).status).toBe(201);
  });

  it.each(['%00', 'no%2Fway', 'x'.repeat(200)])('answer 404 for the name %.10s', async (name) => {
    expect((await t.call('GET', `/v1/flows/${name}`)).status).toBe(404);
    expect((await t.call('DELETE', `/v1/flows/${name}`)).status).toBe(404);
  });
});
