/**
 * Promise 43, as a matrix made from the OpenAPI document: the admin of one organization asks every route for
 * things of another, in the path, the query and the body, alone and mixed with things of their own.
 *
 * Each question is asked again for things that are nowhere: the two answers must be the same.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Permission, type LiveEvent } from '@millrace/schemas';
import { pathNames, pathOf, readApi, type Api, type Json, type Route } from '../../../test/kit/api.js';
import { testDirector, type Answer, type TestDirector } from '../../../test/kit/director.js';
import { speaking, type Speaking } from '../../../test/kit/edge.js';
import { as, makeEstate, type Estate } from '../../../test/kit/estate.js';
import { bodiesOf, inPathOf, inQueryOf } from '../../../test/kit/filling.js';
import { stranger } from '../../../test/kit/resources.js';
import { SigningKeys } from './access/keys.js';
import { newId } from './platform/id.js';

interface Request {
  route: Route;
  path: string;
  body?: unknown;
}

let t: TestDirector;
let voices: Speaking[] = [];
let api: Api;
let theirs: Estate;
let own: Estate;
beforeAll(async () => {
  t = await testDirector();
  api = await readApi(t);
  theirs = await makeEstate(
    as(t, (await t.person('admin')).token, t.organization),
    'zanzibar',
    'cmapss_hgb_rul',
  );
  const other = await stranger(t);
  decoys = decoysOf(theirs);
  // What the first start does for an organization.
  await t.test.database.within(other.organization, (tx) => t.director.app.get(SigningKeys).createFirst(tx));
  own = await makeEstate(as(t, other.token, other.organization), 'lakeside', 'onnxmltools_xgb');
  voices = await Promise.all([theirs, own].map(({ node }) => speaking(node)));
});
afterAll(async () => {
  await Promise.all(voices.map((voice) => voice.close()));
  await t?.close();
});

/** Rows of all tables of an organization, and its people. */
async function dump(organization: string): Promise<Record<string, Json[]>> {
  return t.test.database.withinSql(organization, async (tx) => {
    const tables = await tx.sql<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.columns
       WHERE table_schema = 'public' AND column_name = 'organization_id' ORDER BY 1`,
    );
    const rows: Record<string, Json[]> = {
      users: await tx.sql(
        'SELECT u.* FROM users u JOIN memberships m ON m.user_id = u.id WHERE m.organization_id = $1 ORDER BY 1',
        [organization],
      ),
    };
    for (const { name } of tables)
      rows[name] = await tx.sql(`SELECT * FROM ${name} x WHERE organization_id = $1 ORDER BY x::text`, [
        organization,
      ]);
    // Its own nodes speak while it is looked at.
    for (const row of rows.nodes!) delete row.seen_at;
    return rows;
  });
}

/** Once nothing happens by itself any more. */
async function atRest(organization: string): Promise<Record<string, Json[]>> {
  const until = Date.now() + 20_000; // ticks of 5 s may still have something to do
  let before = await dump(organization);
  for (;;) {
    await sleep(500);
    const now = await dump(organization);
    if (JSON.stringify(now) === JSON.stringify(before)) return now;
    if (Date.now() > until) throw new Error('the organization does not come to rest');
    before = now;
  }
}

function* textsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (value !== null && typeof value === 'object' && !(value instanceof Date)) {
    for (const [key, inner] of Object.entries(value)) {
      yield key;
      yield* textsIn(inner);
    }
  }
}

/** Every way to fill the paths with things of `a`, of `b` or of both. */
function pathsOf(route: Route, ...estates: Estate[]): string[] {
  return pathNames(route)
    .reduce<Record<string, string>[]>(
      (filled, name) =>
        filled.flatMap((values) =>
          [...new Set(estates.flatMap(inPathOf(route, name)))].map((value) => ({ ...values, [name]: value })),
        ),
      [{}],
    )
    .map((values) => pathOf(route, values));
}

function queriesOf(route: Route, e: Estate): string[] {
  const parameters = route.parameters.filter((one) => one.in === 'query');
  const needed = parameters.filter((one) => one.required);
  const base = needed.map((one) => [one.name, inQueryOf(route, one)(e)[0] ?? ''] as [string, string]);
  const more = parameters
    .filter((one) => !one.required)
    .flatMap((one) => inQueryOf(route, one)(e).map((value) => [...base, [one.name, value]]));
  return [base, ...more].map((pairs) =>
    pairs.length
      ? `?${new URLSearchParams(Object.fromEntries(pairs) as Record<string, string>).toString()}`
      : '',
  );
}

const isForNodes = (route: Route) => route.path.startsWith('/v1/agent/') && !route.open;
/** A test run is one too, but nobody gets so far with what is not theirs. */
const isStream = (route: Route) => route.method === 'GET' && (route.stream || route.path === '/v1/events');
const changes = ({ route: { method, path } }: Request) =>
  method !== 'GET' && !/:(check|plan|preview)$/.test(path);

/** What names something of the first organization, with whatever else is needed beside it; and plain lists. */
function crossing(route: Route): Request[] {
  const bodies = bodiesOf(route);
  const [works] = bodies(own, own);
  const ours = pathsOf(route, own);
  const mixed = pathsOf(route, theirs, own).filter((path) => !ours.includes(path));
  const [query = ''] = queriesOf(route, own);
  const foreign = bodies(theirs, own).filter((body) => namesTheirs(JSON.stringify(body ?? '')));
  return [
    ...mixed.map((path) => ({ route, path: path + query, body: works })),
    ...ours.flatMap((path) => foreign.map((body) => ({ route, path: path + query, body }))),
    ...(route.method === 'GET'
      ? ours.flatMap((path) => queriesOf(route, theirs).map((text) => ({ route, path: path + text })))
      : []),
  ];
}

/** Each id and word of the first organization, and one of the same form that is nowhere. */
const decoysOf = (e: Estate): [string, string][] => [
  [e.word, 'atlantis'],
  [e.digest, `sha256:${'0123456789abcdef'.repeat(4)}`],
  ...[e.user.id, e.token.id, e.joinToken.id, e.upload, e.testFile, e.node.id, e.group.id, e.deployment].map(
    decoy,
  ),
  ...[e.assignment, e.promotion, e.alert, e.t.organization].map(decoy),
];
const decoy = (id: string): [string, string] => [id, newId()];
let decoys: [string, string][];
const namesTheirs = (text: string) => decoys.some(([word]) => decodeURIComponent(text).includes(word));
const disguised = (text: string) =>
  decoys
    .reduce((done, [word, nowhere]) => done.replaceAll(word, nowhere), text)
    .replaceAll(/fresh-\w{26}/g, () => `fresh-${newId()}`);

const ask = ({ route, path, body }: Request): Promise<Answer<Json>> => {
  const headers = { 'if-match': '*' };
  return isForNodes(route)
    ? own.node.call<Json>(route.method, path, body, headers)
    : own.t.call<Json>(route.method, path, body, { headers });
};

const isEmpty = (body: Json) => (Array.isArray(body.items) && body.items.length === 0) || body.frames === '';

/** An alias is made by naming it: this is the asker's own, with a name that another has too. */
const isNewName = ({ route, path }: Request) =>
  /^(PUT|PATCH) .*\/aliases\/\{alias\}$/.test(route.name) && path.includes(own.resource);

/** The asker's own words: an answer may repeat them. */
const saidIn = ({ path, body }: Request): string[] =>
  [path, ...textsIn(body)]
    .flatMap((text) => [text, ...decodeURIComponent(text).split(/[^\w.@-]+/)])
    .filter((text) => text.length >= 4);

/** What must be the same in two answers: all but ids, times, links, and what counts on. */
const plain = ({ status, body }: Answer<Json>) =>
  `${status} ${JSON.stringify(body)}`
    .replaceAll(/sha256[:-][0-9a-f]{64}/g, 'DIGEST')
    .replaceAll(/"(url|value|requestId)":"[^"]*"/g, '')
    .replaceAll(/"(revision|time)":\d+/g, '')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/[0-9a-hjkmnp-tv-z]{26}/g, 'ID')
    .replaceAll(/(zanzibar|atlantis)/g, 'WORD');

/** What a stream has brought so far. */
function follow(e: Estate, lastId?: string): { text: () => string; stop: () => void } {
  const away = new AbortController();
  let heard = '';
  const read = async () => {
    const { body } = await fetch(`${t.url}/v1/events`, {
      signal: away.signal,
      headers: { authorization: `Bearer ${e.t.token}`, ...(lastId && { 'last-event-id': lastId }) },
    });
    const decoder = new TextDecoder();
    for await (const chunk of body ?? []) heard += decoder.decode(chunk as Uint8Array, { stream: true });
  };
  read().catch(() => undefined); // it ends by being stopped
  return { text: () => heard, stop: () => away.abort() };
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const end = Date.now() + 10_000; // a local connection on a busy machine
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`${what} did not happen within 10 s`);
    await sleep(20);
  }
}

describe('no crossing between organizations in any endpoint, optional parameter, nested id, filter, export or stream', () => {
  it('the matrix reaches what it names: its own admin gets everything', async () => {
    const missed: string[] = [];
    const told = new Set<string>();
    for (const route of api.routes.filter(
      (one) => one.method === 'GET' && !isForNodes(one) && !isStream(one),
    ))
      for (const path of pathsOf(route, theirs))
        for (const query of queriesOf(route, theirs)) {
          const answer = await theirs.t.call('GET', path + query);
          const otherList = answer.status === 400 && query.includes('cursor=');
          if (answer.status !== 200 && !otherList) missed.push(`${path}${query}: ${answer.status}`);
          if (JSON.stringify(answer.body).includes(theirs.word)) told.add(route.name);
        }
    expect(missed).toEqual([]);
    expect(told.size).toBeGreaterThan(25);
  });

  it('the other admin gets nothing, learns nothing, and changes nothing', async () => {
    const before = await atRest(theirs.t.organization);
    const common = new Set([...textsIn(await dump(own.t.organization)), ...Permission.options]);
    const secrets = [...new Set(textsIn(before))].filter((text) => text.length >= 8 && !common.has(text));
    expect(secrets).toEqual(expect.arrayContaining([theirs.node.id, theirs.user.email, theirs.flow]));
    const requests = api.routes.filter((route) => !isStream(route)).flatMap(crossing);
    // What reads comes first, so that nothing it shows was said by the asker.
    requests.sort((a, b) => Number(changes(a)) - Number(changes(b)));
    const wrong: string[] = [];
    const said = new Set<string>();
    for (const request of requests) {
      const sent = `${request.path} ${JSON.stringify(request.body ?? '')}`;
      const answer = await ask(request);
      const say = (what: string) =>
        wrong.push(`${request.route.method} ${sent} -> ${plain(answer)} ${what}`.slice(0, 900));
      const words = saidIn(request);
      const text = [...words, ...said]
        .sort((one, other) => other.length - one.length)
        .reduce(
          (left, word) => left.replaceAll(word, ''),
          JSON.stringify([answer.body, [...answer.headers]]),
        );
      const leak = secrets.find((secret) => text.includes(secret));
      if (leak !== undefined) say(`tells ${leak}`);
      if (answer.status >= 500) say('breaks');
      const isNothing = [403, 404].includes(answer.status) || isEmpty(answer.body);
      if (namesTheirs(request.path.split('?')[0] ?? '') && !isNothing && !isNewName(request))
        say('is neither 403, 404 nor empty');
      if (changes(request) && answer.status < 300) for (const word of words) said.add(word);
      if (!namesTheirs(sent)) continue;
      const body = request.body && (JSON.parse(disguised(JSON.stringify(request.body))) as unknown);
      const nowhere = await ask({ ...request, path: disguised(request.path), body });
      if (plain(nowhere) !== plain(answer)) say(`is not what is said of nothing: ${plain(nowhere)}`);
    }
    expect(wrong).toEqual([]);
    expect(requests.length).toBeGreaterThan(200);
    expect(await dump(theirs.t.organization)).toEqual(before);
  });

  it('a stream brings what happens in its own organization alone, whatever id it goes on from', async () => {
    const label = (e: Estate, site: string) =>
      e.t.call('PATCH', `/v1/nodes/${e.node.id}`, { labels: { site } });
    const events: LiveEvent[] = [];
    const stop = t.director.platform.live.follow(theirs.t.organization, (event) => events.push(event));
    await label(theirs, `${theirs.word}-before`);
    stop();
    const last = events.at(-1)?.id ?? '';
    expect(last).toMatch(/-\d+$/);
    const first = Number(last.split('-')[1]);
    const streams = [follow(own), follow(own, last), follow(own, last.replace(/\d+$/, `${first - 1}`))];
    const control = follow(theirs, last);
    await until('the greeting', () => [...streams, control].every((one) => one.text().includes('hello')));
    await label(theirs, `${theirs.word}-late`);
    await label(own, `${own.word}-late`);
    await until('an event of its own', () =>
      [...streams].every((one) => one.text().includes(`${own.word}-late`)),
    );
    await until('the control', () => control.text().includes(`${theirs.word}-late`));
    for (const one of [...streams, control]) one.stop();
    const heard = streams.map((one) => one.text()).join('\n');
    for (const word of [`${theirs.word}-late`, `${theirs.word}-before`, theirs.node.id])
      expect(heard).not.toContain(word);
  });

  it('names are free in each organization, and an Idempotency-Key is each caller’s own', async () => {
    const headers = { 'idempotency-key': 'the same one' };
    const body = { name: `${theirs.word}-twice` };
    const [first, second] = [
      await theirs.t.call<{ id: string }>('POST', '/v1/groups', body, { headers }),
      await own.t.call<{ id: string }>('POST', '/v1/groups', body, { headers }),
    ];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.headers.get('idempotency-replayed')).toBeNull();
    expect(second.body.id).not.toBe(first.body.id);
    for (const [path, name] of [
      ['/v1/flows', theirs.flow],
      ['/v1/resources', theirs.resource],
      ['/v1/groups', theirs.group.name],
    ] as const)
      expect((await own.t.call('POST', path, { name })).status).toBe(201);
    const found = await own.t.call<Json>('GET', `/v1/flows/${theirs.flow}`);
    expect(found.body).toMatchObject({ description: null, latestVersion: null });
    expect((await own.t.call('GET', `/v1/flows/${theirs.flow}/versions/1`)).status).toBe(404);
  });

  it('a person signs in where they belong alone; of an address elsewhere it is said only that it is taken', async () => {
    const { email, password } = theirs.user;
    const body = { email, password, organization: own.t.organization };
    expect((await t.call('POST', '/v1/sessions', body, { token: null })).status).toBe(401);
    const again = { email, name: 'x', role: 'viewer', password: 'a long enough password' };
    const taken = await own.t.call<Json>('POST', '/v1/users', again);
    expect(taken).toMatchObject({ status: 409, body: { code: 'access.email-taken' } });
    for (const word of [theirs.user.id, theirs.t.organization, `${theirs.word} user`])
      expect(JSON.stringify(taken.body)).not.toContain(word);
  });
});
