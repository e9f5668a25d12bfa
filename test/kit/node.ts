/** A node without an agent: enrols over HTTP, signs its reports with its own key, says what a test tells it to. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { canonicalBytes } from '@millrace/fleet';
import type { EnrolReply, FlowReport, NodeFacts, ReportPayload, SignedReport } from '@millrace/schemas';
import type { Answer, TestDirector } from './director.js';

export interface TestNode {
  id: string;
  name: string;
  credential: string;
  organization: string;
  mqttUrl: string | null;
  mqttWebSocketUrl: string | null;
  /** What it says to the broker. */
  mqttPassword: string;
  /** As the node, with its credential. */
  call<Body = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer<Body>>;
  signingKey: string;
  signed(change?: Partial<ReportPayload>): SignedReport;
  /** Signs and sends, with the next number. */
  report(
    flows: FlowReport[],
    change?: Partial<ReportPayload>,
  ): Promise<Answer<{ sequence: number; epoch: number }>>;
}

export const testFacts: NodeFacts = {
  agent: '0.1.0',
  node: '20.19.0',
  platform: 'linux',
  arch: 'x64',
  hostname: 'edge',
  cpus: 4,
  memoryBytes: 1_000_000_000,
  runtimes: {},
};

export async function joinToken(t: TestDirector, wanted: Record<string, unknown> = {}): Promise<string> {
  const answer = await t.call<{ token: string }>('POST', '/v1/join-tokens', wanted);
  if (answer.status !== 201) throw new Error(`no join token: ${JSON.stringify(answer.body)}`);
  return answer.body.token;
}

export async function testNode(
  t: TestDirector,
  name: string,
  wanted: Record<string, unknown> = {},
): Promise<TestNode> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const signingKey = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const token = await joinToken(t, wanted);
  const reply = await t.call<EnrolReply>(
    'POST',
    '/v1/agent/enrol',
    { token, name, signingKey, facts: testFacts },
    { token: null },
  );
  if (reply.status !== 201) throw new Error(`did not join: ${JSON.stringify(reply.body)}`);
  const { node: id, credential, organization, mqttUrl, mqttWebSocketUrl } = reply.body;
  let seq = 0;
  const call: TestNode['call'] = (method, path, body, headers) =>
    t.call(method, path, body, { token: credential, headers });
  const signed = (change: Partial<ReportPayload> = {}): SignedReport => {
    const payload = {
      organization,
      node: id,
      seq: (seq += 1),
      at: Date.now(),
      epoch: 1,
      sequence: 0,
      refused: null,
      flows: [],
      ...change,
    };
    const value = sign(null, canonicalBytes(payload), privateKey).toString('base64url');
    return { payload, signature: { keyId: id, algorithm: 'ed25519', value } };
  };
  return {
    id,
    name: reply.body.name,
    credential,
    signingKey,
    organization,
    mqttUrl,
    mqttWebSocketUrl,
    mqttPassword: reply.body.mqttPassword ?? credential,
    call,
    signed,
    report: (flows, change) => call('POST', '/v1/agent/report', signed({ flows, ...change })),
  };
}
