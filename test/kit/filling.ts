/**
 * How to fill the routes of the document with things of an estate: paths, query parameters and bodies.
 *
 * Guarantee: what is not known here throws, so a route that comes new cannot be passed over in silence.
 */
import { newId } from '../../apps/director/src/platform/id.js';
import type { Parameter, Route } from './api.js';
import type { Estate } from './estate.js';
import { testFacts } from './node.js';

/** By the word in the path before the parameter: every way to name one of these. */
const inPath: Record<string, (e: Estate) => string[]> = {
  users: (e) => [e.user.id],
  tokens: (e) => [e.token.id],
  resources: (e) => [e.resource],
  aliases: (e) => [e.alias],
  uploads: (e) => [e.upload],
  pieces: (e) => [e.upload],
  flows: (e) => [e.flow],
  'test-files': (e) => [e.testFile],
  versions: () => ['1'],
  drafts: () => ['1'],
  nodes: (e) => [e.node.id, e.node.name],
  groups: (e) => [e.group.id, e.group.name],
  'join-tokens': (e) => [e.joinToken.id],
  assignments: (e) => [e.assignment],
  deployments: (e) => [e.deployment],
  promotions: (e) => [e.promotion],
  alerts: (e) => [e.alert],
};

export function inPathOf(route: Route, parameter: string): (e: Estate) => string[] {
  const noun = new RegExp(`([\\w-]+)/\\{${parameter}\\}`).exec(route.path)?.[1] ?? '';
  const fill = inPath[noun];
  if (!fill)
    throw new Error(`${route.name}: nobody says what {${parameter}} after ${noun} is (${import.meta.url})`);
  return fill;
}

const cursorAt = (place: string) => Buffer.from(JSON.stringify([1, place])).toString('base64url');
const nodeFilters = (e: Estate) => [
  `name==${e.node.name}`,
  `id==${e.node.id}`,
  `labels.site==${e.word}-site`,
  `name!=${e.word}`,
  `name==*`,
];
const filters = ({ path }: Route): ((e: Estate) => string[]) => {
  if (path.includes('alerts'))
    return (e) => [`node==${e.node.id}`, `flow==${e.flow}`, `module==${e.word}-module`, `key==${e.word}-key`];
  if (path.endsWith('targets')) return (e) => [`node==${e.node.id}`, 'outcome==succeeded', 'wave==1'];
  if (path.endsWith('deployments')) return (e) => [`flow==${e.flow}`, `group==${e.group.id}`];
  return (e) => [...nodeFilters(e), `flow==${e.flow}`, `running==${e.flow}@1`, `group==${e.group.name}`];
};
const inQuery: Record<string, (e: Estate, route: Route) => string[]> = {
  name: (e) => [`${e.word}.csv`],
  cursor: (e) => [cursorAt(e.deployment), cursorAt(e.flow), cursorAt('999')],
  limit: () => ['200'],
  state: (_, route) => [route.path.includes('alerts') ? 'raised' : 'succeeded'],
  severity: () => ['high'],
  flow: (e) => [e.flow],
  resource: (e) => [e.resource],
  alias: (e) => [e.alias],
  group: (e) => [e.group.id, e.group.name],
  node: (e) => [e.node.id, e.node.name],
  at: () => ['2026-01-01T00:00:00Z', '2100-01-01T00:00:00Z'],
  running: () => ['true', 'false'],
  keepLast: () => ['1'],
  keepDays: () => ['1'],
  since: () => ['1'],
  after: () => ['1'],
  module: (e) => [`${e.word}-module`],
  modules: (e) => [`${e.word}-module`],
  actor: (e) => [`user:${e.user.id}`, 'user:*'],
  action: () => ['flows.*', 'fleet.change-node'],
  subject: (e) => [`flow:${e.flow}`, `node:${e.node.id}`, '*'],
  nonce: (e) => [`${e.word}-nonce`],
  from: () => ['1'],
  to: () => ['draft'],
  filter: (e, route) => filters(route)(e),
};

export function inQueryOf(route: Route, parameter: Parameter): (e: Estate) => string[] {
  const fill = inQuery[parameter.name];
  if (!fill) throw new Error(`${route.name}: nobody says what ?${parameter.name}= is (${import.meta.url})`);
  return (e) => fill(e, route);
}

/** Bodies that name things of `e`; `own` is of whoever asks. The first of `(own, own)` is one that works. */
type Bodies = (e: Estate, own: Estate) => unknown[];
const none: Bodies = () => [undefined];
const fresh = () => `fresh-${newId()}`;
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();
let numbers = 1_000_000;

const documentOf = (e: Estate, reference: string) => ({
  apiVersion: 'millrace/v1',
  kind: 'Flow',
  metadata: { name: 'fresh' },
  modules: {
    sensors: { type: 'source.simulator', settings: { signals: [{ name: 'p', shape: 'sine', hz: 1 }] } },
    score: {
      type: 'model.onnx',
      from: ['sensors'],
      settings: {
        model: reference.replace('it', e.resource),
        inputs: [{ tensor: 'X', columns: ['p'] }],
        outputs: [{ tensor: 'variable', as: 'score' }],
      },
    },
    out: { type: 'sink.file', from: ['score'], settings: { path: 'out.jsonl', format: 'jsonl' } },
  },
});
const documents: Bodies = (e) =>
  ['it@1', `it@${e.alias}`, 'it'].map((reference) => ({ document: documentOf(e, reference) }));
const deployments: Bodies = (e, own) => [
  { flow: own.flow, version: 1, group: e.group.id },
  { flow: own.flow, version: 1, group: e.group.name },
  { flow: e.flow, version: 1, group: own.group.id },
  { flow: e.flow, version: 1, group: e.group.id },
];
const promotions: Bodies = (e, own) => [
  { resource: e.resource, version: 1, alias: e.alias },
  { resource: own.resource, version: 1, alias: e.alias },
  ...(e === own ? [] : [{ resource: own.resource, version: 1, alias: own.alias, flows: [e.flow] }]),
];
const members: Bodies = (e) => [
  { members: [e.node.id] },
  { members: [e.node.name] },
  ...nodeFilters(e).map((selector) => ({ selector })),
];
const outbox = (e: Estate) => ({
  flow: e.flow,
  version: 1,
  module: `${e.word}-module`,
  number: (numbers += 1),
});

const inBody: Record<string, Bodies> = {
  'POST /v1/sessions': (e, { user: { email, password } }) => [
    { email, password, organization: e.t.organization },
  ],
  'POST /v1/tokens': () => [{ name: 'fresh', scopes: ['flows.read'], expiresAt: inAnHour() }],
  'POST /v1/me:change-password': () => [{ current: 'not the right one', password: 'another long one' }],
  'POST /v1/users': () => [
    { email: `${fresh()}@example.org`, name: 'Fresh', role: 'viewer', password: 'a long enough password' },
  ],
  'PATCH /v1/organization': () => [{ allowPickle: false }],
  'PATCH /v1/users/{id}': () => [{ role: 'viewer' }],
  'POST /v1/resources': () => [{ name: fresh() }],
  'POST /v1/resources/{name}/versions:begin-upload': (e) => [
    { kind: 'model', fileName: 'model.onnx', size: 100, digest: e.digest },
  ],
  'POST /v1/resources/{name}/pieces:begin-upload': (e) => [
    { fileName: 'a.whl', size: 100, digest: e.digest },
  ],
  'POST /v1/resources/{name}/uploads/{upload}:parts': () => [{}, { parts: [1] }],
  'PUT /v1/resources/{name}/aliases/{alias}': () => [{ version: 1 }],
  'POST /v1/flows': (e, own) => documents(e, own).map((body) => ({ name: fresh(), ...(body as object) })),
  'PUT /v1/flows/{name}/draft': documents,
  'POST /v1/flows/{name}:check': documents,
  'POST /v1/flows/{name}:prepare': (e) => [{ until: 'sensors', inputs: { sensors: { file: e.testFile } } }],
  'POST /v1/flows/{name}:test-run': (e) => [{ inputs: { sensors: { file: e.testFile } }, seconds: 1 }],
  'POST /v1/flows/{name}:publish': () => [{ note: 'a note' }],
  'POST /v1/nodes/{id}:restart': (e) => [{ flow: e.flow }],
  'PATCH /v1/nodes/{id}': (e) => [{ labels: {} }, { parameters: { [e.flow]: { limit: 1 } } }],
  'POST /v1/groups': (e, own) => members(e, own).map((body) => ({ name: fresh(), ...(body as object) })),
  'POST /v1/groups:preview': (e) => nodeFilters(e).map((selector) => ({ selector })),
  'PATCH /v1/groups/{id}': (e, own) => [
    ...members(e, own),
    { add: [e.node.id] },
    { add: [e.node.name] },
    { remove: [e.node.id] },
  ],
  'POST /v1/join-tokens': (e) => [{ group: e.group.id }, { group: e.group.name }],
  'POST /v1/agent/enrol': (e, own) => [
    {
      token: own.joinToken.token.replace(own.t.organization, e.t.organization),
      name: fresh(),
      signingKey: own.node.signingKey,
      facts: testFacts,
    },
  ],
  'POST /v1/agent/report': (e, own) => [
    own.node.signed({ organization: e.t.organization, node: e.node.id }),
    own.node.signed({ organization: e.t.organization }),
    own.node.signed({ node: e.node.id }),
  ],
  'POST /v1/agent/downloads': (e) => [{ digest: e.digest }],
  'POST /v1/agent/alerts': (e) => [
    {
      alerts: [
        {
          ...outbox(e),
          key: `${e.word}-key`,
          t: 1,
          change: 'cleared',
          severity: 'low',
          message: 'no more',
          values: {},
        },
      ],
    },
  ],
  'POST /v1/agent/results': (e) => [{ results: [{ ...outbox(e), records: [{ t: 1 }] }] }],
  'POST /v1/deployments': deployments,
  'POST /v1/deployments:plan': deployments,
  'PATCH /v1/resources/{name}/aliases/{alias}': () => [{ approval: false }],
  'PUT /v1/retention': () => [{ keepLast: null, keepDays: null }],
  'PUT /v1/resources/{name}/retention': () => [{ keepLast: 3, keepDays: null }],
  'POST /v1/promotions': promotions,
  'POST /v1/promotions:plan': promotions,
  'POST /v1/promotions/{id}:reject': () => [{ note: 'a note' }],
  'POST /v1/deployments/{id}:abort': () => [{ nodes: 'keep' }],
};

export function bodiesOf(route: Route): Bodies {
  if (!route.body) return none;
  const fill = inBody[route.name];
  if (!fill) throw new Error(`${route.name}: nobody says what its body is (${import.meta.url})`);
  return fill;
}
