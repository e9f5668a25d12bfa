/**
 * One of everything in an organization: what tests that go through all routes have to lose. All names and texts
 * of it begin with one word, so that a leak is a word in an answer.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Deployment, FlowReport, Metrics, SignedDesired } from '@millrace/schemas';
import { Rollouts } from '../../apps/director/src/deployments/rollouts.js';
import { Presence } from '../../apps/director/src/fleet/presence.js';
import type { TestDirector } from './director.js';
import { testNode, type TestNode } from './node.js';
import { beginUpload, digestOfBytes, uploadResource } from './resources.js';

export interface Estate {
  /** The director as its admin. */
  t: TestDirector;
  node: TestNode;
  user: { id: string; email: string; password: string };
  word: string;
  token: { id: string; token: string };
  joinToken: { id: string; token: string };
  resource: string;
  alias: string;
  upload: string;
  /** Of the resource's version. */
  digest: string;
  flow: string;
  testFile: string;
  group: { id: string; name: string };
  deployment: string;
  promotion: string;
  assignment: string;
  alert: string;
}

/** The same director as somebody else. An estate's admin is a person, since a token makes no tokens. */
export const as = (t: TestDirector, token: string, organization: string): TestDirector => ({
  ...t,
  token,
  organization,
  call: (method, path, body, options = {}) =>
    t.call(method, path, body, { ...options, token: options.token === undefined ? token : options.token }),
});

const flowOf = (word: string, pressure: number) => ({
  apiVersion: 'millrace/v1',
  kind: 'Flow',
  metadata: { name: `${word}-flow`, description: `${word} description` },
  parameters: { limit: { type: 'number', default: pressure } },
  modules: {
    sensors: {
      type: 'source.simulator',
      settings: { signals: [{ name: 'pressure', shape: 'sine', hz: 1 }] },
    },
    score: {
      type: 'model.onnx',
      from: ['sensors'],
      settings: {
        model: `${word}-model@1`,
        inputs: [{ tensor: 'X', columns: ['pressure'] }],
        outputs: [{ tensor: 'variable', as: 'score' }],
      },
    },
    out: { type: 'sink.file', from: ['score'], settings: { path: `${word}.jsonl`, format: 'jsonl' } },
  },
});

export async function makeEstate(t: TestDirector, word: string, fixture: string): Promise<Estate> {
  const must = async <Body = Record<string, never>>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => {
    const answer = await t.call<Body>(method, path, body, { headers });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const [resource, flow, alias] = [`${word}-model`, `${word}-flow`, `${word}-alias`];
  const bytes = await readFile(join('test/fixtures/onnx', fixture, 'model.onnx'));
  const email = `${word}-user@example.org`;
  const password = `${word} a long enough password`;
  const user = await must<{ id: string }>('POST', '/v1/users', {
    email,
    password,
    name: `${word} user`,
    role: 'operator',
  });
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  const token = await must<{ id: string; token: string }>('POST', '/v1/tokens', {
    name: `${word} token`,
    scopes: ['flows.read'],
    expiresAt,
  });

  await must('POST', '/v1/resources', { name: resource, description: `${word} resource` });
  const version = await uploadResource(t, resource, bytes, { note: `${word} note` });
  if (version.state !== 'ready') throw new Error(JSON.stringify(version));
  await must(
    'PUT',
    `/v1/resources/${resource}/aliases/${alias}`,
    { version: 1, note: `${word} move` },
    { 'if-match': '*' },
  );
  const more = Buffer.from(`${word} bytes that never arrive`);
  const begun = await beginUpload(t, resource, more, { kind: 'data', fileName: `${word}.csv` });
  if (begun.status !== 200 || begun.body.exists) throw new Error(JSON.stringify(begun.body));

  await must('POST', '/v1/flows', { name: flow, document: flowOf(word, 1) });
  await must('POST', `/v1/flows/${flow}:publish`, { note: `${word} first` });
  await must(
    'PUT',
    `/v1/flows/${flow}/draft`,
    { document: flowOf(word, 2), text: undefined },
    { 'if-match': '*' },
  );
  await must('POST', `/v1/flows/${flow}:publish`, { note: `${word} second` });

  const testFile = await must<{ id: string }>('POST', `/v1/test-files?name=${word}.csv`, `t,${word}\n1,2\n`, {
    'content-type': 'text/csv',
  });
  const group = await must<{ id: string; name: string }>('POST', '/v1/groups', {
    name: `${word}-group`,
    parameters: { [flow]: { limit: 3 } },
  });
  const node = await testNode(t, `${word}-node`, { group: group.id, labels: { site: `${word}-site` } });
  const joinToken = await must<{ id: string; token: string }>('POST', '/v1/join-tokens', {
    labels: { site: `${word}-site` },
    group: group.id,
  });
  const presence = t.director.app.get(Presence);
  presence.heard(t.organization, node.id, metricsOf(flow));
  await presence.flush();

  const deployment = await must<Deployment>('POST', '/v1/deployments', {
    flow,
    version: 1,
    group: group.id,
    strategy: { probationMs: 0 },
  });
  await obey(t, node, flow);
  const assignments = await must<{ items: { id: string }[] }>('GET', '/v1/assignments');

  const promotion = await must<{ id: string }>('POST', '/v1/promotions', {
    resource,
    alias,
    version: 1,
    note: `${word} promotion`,
  });

  const about = { flow, version: 1, module: `${word}-module`, number: 1 };
  const alert = {
    ...about,
    key: `${word}-key`,
    t: 1e3,
    change: 'raised',
    severity: 'high',
    message: `${word} is too hot`,
    values: { [`${word}-field`]: 1 },
    signal: { t: [0, 1e3], fields: { [`${word}-field`]: [0, 1] } },
  };
  await node.call('POST', '/v1/agent/alerts', { alerts: [alert, { ...alert, number: 2, key: null }] });
  const results = [{ ...about, records: [{ t: 1, [`${word}-field`]: 2 }] }];
  await node.call('POST', '/v1/agent/results', { results });
  await presence.flush();
  const alerts = await must<{ items: { id: string }[] }>('GET', '/v1/alerts');
  return {
    t,
    node,
    token,
    joinToken,
    resource,
    alias,
    flow,
    group,
    word,
    user: {
      id: user.id,
      email,
      password,
    },
    upload: begun.body.upload,
    testFile: testFile.id,
    digest: digestOfBytes(bytes),
    deployment: deployment.id,
    promotion: promotion.id,
    assignment: assignments.items[0]?.id ?? '',
    alert: alerts.items[0]?.id ?? '',
  };
}

/** The node runs what it should and says so. */
async function obey(t: TestDirector, node: TestNode, flow: string): Promise<void> {
  const rollouts = t.director.app.get(Rollouts);
  await rollouts.advance(t.organization);
  const { payload } = (await node.call<SignedDesired>('GET', '/v1/agent/desired')).body;
  const [want] = payload.flows;
  if (!want) throw new Error('the node is to run nothing');
  const report: FlowReport = {
    flow,
    runningDigest: want.digest,
    runningVersion: 1,
    desiredDigest: want.digest,
    desiredVersion: 1,
    progress: 'running',
    outcome: 'succeeded',
    reason: null,
    gapMs: 1,
    lost: 0,
    since: 0,
  };
  const { epoch, sequence } = payload;
  const answer = await node.report([report], { epoch, sequence });
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  await rollouts.advance(t.organization);
}

const metricsOf = (flow: string): Metrics => ({
  at: 1_000,
  node: { cpuShare: 0.5, memoryBytes: 1, uptimeMs: 1 },
  flows: [
    {
      flow,
      digest: `sha256:${'0'.repeat(64)}`,
      startedAt: 0,
      records: 1,
      errors: 0,
      bytesIn: 1,
      bytesOut: 1,
      memoryBytes: 1,
      modules: {},
    },
  ],
});
