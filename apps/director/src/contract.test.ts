/**
 * Promise 58 in small: the API answers no 5xx to what is generated from its own OpenAPI, and its replies match
 * it. The requests come from a seed, so a failure can be had again.
 */
import { pathNames, pathOf, readApi, type Api, type Json, type Route } from '../../../test/kit/api.js';
import { testDirector, type Answer, type TestDirector } from '../../../test/kit/director.js';
import { speaking, type Speaking } from '../../../test/kit/edge.js';
import { as, makeEstate, type Estate } from '../../../test/kit/estate.js';
import { bodiesOf, inPathOf, inQueryOf } from '../../../test/kit/filling.js';
import { generatorOf, type Generator } from '../../../test/kit/generated.js';

const REQUESTS = Number(process.env.MILLRACE_TEST_REQUESTS ?? 600);
const SEED = Number(process.env.MILLRACE_TEST_SEED ?? 58);

let t: TestDirector;
let voice: Speaking | undefined;
let api: Api;
let e: Estate;
beforeAll(async () => {
  t = await testDirector();
  api = await readApi(t);
  e = await makeEstate(as(t, (await t.person('admin')).token, t.organization), 'plant', 'cmapss_hgb_rul');
  voice = await speaking(e.node);
});
afterAll(async () => {
  await voice?.close();
  await t?.close();
});

const isStream = (route: Route) => route.stream || route.path === '/v1/events';
const isForNodes = (route: Route) => route.path.startsWith('/v1/agent/');
const ask = (route: Route, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  isForNodes(route)
    ? e.node.call<Json>(route.method, path, body, headers)
    : // By the API token of the first start, which does not sign out.
      t.call<Json>(route.method, path, body, { headers });

/** Every way to ask this route for something that is there. */
function goodPaths(route: Route): string[] {
  const paths = pathNames(route).reduce<Record<string, string>[]>(
    (filled, name) =>
      filled.flatMap((values) => inPathOf(route, name)(e).map((value) => ({ ...values, [name]: value }))),
    [{}],
  );
  const queries = route.parameters.filter((one) => one.in === 'query');
  const needed = queries.filter((one) => one.required);
  const base = needed.map((one) => [one.name, inQueryOf(route, one)(e)[0] ?? '']);
  const more = queries.filter((one) => !one.required && one.name !== 'cursor');
  const texts = [base, ...more.map((one) => [...base, [one.name, inQueryOf(route, one)(e)[0] ?? '']])];
  return paths.flatMap((values) =>
    texts.map(
      (pairs) =>
        `${pathOf(route, values)}?${new URLSearchParams(Object.fromEntries(pairs) as Record<string, string>).toString()}`,
    ),
  );
}

const inQuery = (route: Route, name: string): string[] =>
  route.parameters.filter((one) => one.name === name).flatMap((one) => inQueryOf(route, one)(e));

const shown = (route: Route, path: string, body: unknown, answer: Answer<Json>) =>
  `${route.method} ${path.slice(0, 200)} ${(JSON.stringify(body) ?? '').slice(0, 300)} -> ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`;

describe('the API answers no 5xx to anything generated from its own OpenAPI, and its replies match it', () => {
  it('what is read, checked and planned is as the document says', async () => {
    const wrong: string[] = [];
    let matched = 0;
    for (const route of api.routes.filter((one) => !isStream(one))) {
      const harmless = route.method === 'GET' || /:(check|plan|preview)$/.test(route.path);
      if (!harmless || route.replies.has(302)) continue;
      const bodies = bodiesOf(route)(e, e);
      for (const path of goodPaths(route))
        for (const body of bodies) {
          const answer = await ask(route, path, body);
          if (answer.status >= 300) wrong.push(shown(route, path, body, answer));
          wrong.push(...api.faults(route, answer.status, answer.body));
          matched += 1;
        }
    }
    expect(wrong).toEqual([]);
    expect(matched).toBeGreaterThan(80);
  });

  it('a reply that does not fit is found', () => {
    const route = api.routes.find((one) => one.name === 'GET /v1/roles') as Route;
    const good = { items: [{ role: 'viewer', permissions: ['flows.read'] }], next: null };
    expect(api.faults(route, 200, good)).toEqual([]);
    for (const bad of [{}, { ...good, more: 1 }, { ...good, next: 1 }, { ...good, items: [{ role: 'god' }] }])
      expect(api.faults(route, 200, bad)).not.toEqual([]);
    expect(api.faults(route, 202, good)).not.toEqual([]);
    expect(api.faults(route, 404, { status: 404 })).not.toEqual([]);
  });

  it('pages of one: each list goes to its end, every item once', async () => {
    const wrong: string[] = [];
    for (const route of api.routes.filter((one) => one.parameters.some(({ name }) => name === 'cursor'))) {
      const path = goodPaths(route)[0]?.split('?')[0] ?? '';
      const whole = await ask(route, `${path}?limit=200`);
      const items: unknown[] = [];
      for (let next: unknown = ''; next !== null && items.length < 100;) {
        const cursor = next === '' ? '' : `&cursor=${String(next)}`;
        const page = await ask(route, `${path}?limit=1${cursor}`);
        items.push(...((page.body.items ?? ['no page']) as unknown[]));
        next = page.body.next ?? null;
      }
      if (JSON.stringify(items) !== JSON.stringify(whole.body.items)) wrong.push(route.name);
      // A cursor of another list is refused, or means a place in this one.
      for (const cursor of inQuery(route, 'cursor')) {
        const other = await ask(route, `${path}?cursor=${cursor}`);
        if (![200, 400].includes(other.status)) wrong.push(`${route.name} ${cursor}: ${other.status}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it(`of ${REQUESTS} requests with wrong types, missing, huge, strange and negative values none is a fault`, async () => {
    const g = generatorOf(SEED, api.components);
    const routes = api.routes.filter((one) => !isStream(one));
    const wrong: string[] = [];
    const statuses = new Map<number, number>();
    for (let i = 0; i < REQUESTS; i++) {
      const route = routes[i % routes.length] as Route;
      const { path, body } = strange(g, route);
      const answer = await ask(route, path, body, { 'if-match': g.pick(['*', '"1"', 'x', '\u00ff', '']) });
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      if (answer.status >= 500) wrong.push(shown(route, path, body, answer));
      if (answer.status !== 302 && !route.replies.has(302))
        wrong.push(...api.faults(route, answer.status, answer.body));
    }
    expect(wrong).toEqual([]);
    // Few are turned away for who asks: wrong passwords, and a node once something generated has removed it.
    expect(statuses.get(401) ?? 0).toBeLessThan(REQUESTS / 8);
    // The generator reaches both what is refused at the door and what is found, changed and not found.
    for (const status of [200, 201, 400, 404])
      expect([status, statuses.get(status) ?? 0]).not.toEqual([status, 0]);
  });
});

function strange(g: Generator, route: Route): { path: string; body?: unknown } {
  // What is deleted early is asked for in vain later.
  const existing = /^DELETE|:revoke$/.test(route.name) ? 0.05 : 0.8;
  const good = (name: string) => g.pick(inPathOf(route, name)(e));
  const values = pathNames(route).map((name) => [name, g.chance(existing) ? good(name) : g.word()]);
  const query = route.parameters
    .filter((one) => one.in === 'query' && (one.required || g.chance(0.4)))
    .map((one) => [one.name, g.chance(0.4) ? g.pick(inQueryOf(route, one)(e)) : g.word()]);
  const path = `${pathOf(route, Object.fromEntries(values) as Record<string, string>)}?${new URLSearchParams(Object.fromEntries(query) as Record<string, string>).toString()}`;
  if (!route.body) return { path };
  const body = g.chance(0.4) ? g.broken(g.pick(bodiesOf(route)(e, e))) : g.value(route.body);
  return { path, body };
}
