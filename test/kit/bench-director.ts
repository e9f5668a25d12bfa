/**
 * A small director for tests of the agent: the protocol's HTTP side and a real broker, with real Ed25519
 * signatures, and everything that can go wrong within reach of the test. It has no rooms and no database.
 */
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { canonicalBytes } from '@millrace/fleet';
import { flowDigest } from '@millrace/flow';
import {
  EnrolRequest,
  OutboxRequest,
  type AlertMessage,
  type Command,
  type DesiredFlow,
  type DesiredPayload,
  type FlowDocument,
  type FlowReport,
  type LockedResource,
  type Metrics,
  type NodeStrategy,
  type PublicKey,
  type Reply,
  type ResultMessage,
  type SignedDesired,
  type SignedReport,
} from '@millrace/schemas';
import { mqttTransport, publishTyped, subscribeTyped, type Transport } from '@millrace/transport';
import { verifySignature } from '../../apps/agent/src/identity/keys.js';
import { startAedes, type Broker } from './brokers.js';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js';

export interface BenchFlow {
  flow: string;
  version: number;
  document: FlowDocument;
  parameters?: Record<string, string | number | boolean>;
  resources?: Record<string, LockedResource>;
  strategy?: NodeStrategy;
}

export interface Blob extends Pick<LockedResource, 'digest' | 'size'> {
  /** What is served; the digest stays. */
  bytes: Buffer;
  /** Cut the connection behind this many bytes of an answer. */
  cutAfter?: number;
}

export interface BenchDirector {
  url: string;
  token: string;
  broker: TcpProxy;
  /** Answers everything with this status; null: works. */
  status: number | null;
  retryAfter: number | undefined;
  blobs: Map<string, Blob>;
  reports: SignedReport[];
  alerts: AlertMessage[];
  results: ResultMessage[];
  metrics: Metrics[];
  presence: string[];
  /** Path of every HTTP request with the moment that it came. */
  requests: { path: string; at: number; range?: string }[];
  /** Whether alerts and results are acknowledged. */
  acknowledges: boolean;
  /** The director's signed clock; null: this machine's. */
  time: number | null;
  node: string;
  put(bytes: Uint8Array, version?: number, kind?: string): LockedResource;
  /** Signs a state without sending it. */
  signed(flows: BenchFlow[], changes?: Partial<DesiredPayload>, key?: KeyObject): SignedDesired;
  /** Signs the next state, serves it over HTTP and publishes it. */
  desire(flows: BenchFlow[], changes?: Partial<DesiredPayload>): Promise<SignedDesired>;
  /** Serves this over HTTP and publishes it, whatever it is. */
  offer(state: SignedDesired): Promise<void>;
  restartFlow(flow: string): Promise<void>;
  /** Signs and sends a command; gives its id. Answers lie in `replies`. */
  command(command: Pick<Command, 'verb'> & Partial<Command>): Promise<string>;
  replies: Reply[];
  /** The newest report of a flow that fits; waits for it. */
  flowReport(
    flow: string,
    fits: (report: FlowReport) => boolean,
    what: string,
    ms?: number,
  ): Promise<FlowReport>;
  close(): Promise<void>;
}

const DAY = 86_400_000;

export const digestOf = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export function desiredFlow(given: BenchFlow): DesiredFlow {
  const { flow, version, document, parameters = {}, resources = {}, strategy = {} } = given;
  return {
    flow,
    version,
    digest: flowDigest(document),
    document,
    parameters,
    resources,
    priority: 0,
    strategy,
  };
}

/** Waits until `look` gives something; looks every 20 ms. */
export async function until<T>(look: () => T | undefined | false, what: string, ms = 20_000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`within ${ms} ms there was no ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export async function startBenchDirector(): Promise<BenchDirector> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const key: PublicKey = { keyId: 'bench', algorithm: 'ed25519', publicKey: spki, epoch: 1 };
  const organization = 'bench-org';
  const node = 'node-1';
  const credential = 'bench-credential';
  const users = { director: 'director-secret', [node]: credential };
  const broker: Broker = await startAedes({
    users,
    allows: (client, _action, topic) =>
      client === 'director' || topic.startsWith(`millrace/1/${organization}/${client}/`),
  });
  const proxy = await startTcpProxy({ port: broker.tcp });
  // An agent whose broker is away tries the WebSocket too, so that is away with it.
  const sockets = await startTcpProxy({ port: broker.ws });
  const transport: Transport = mqttTransport({
    url: `mqtt://127.0.0.1:${broker.tcp}`,
    clientId: 'director',
    username: 'director',
    password: users.director,
  });
  const address = { organization, node };
  let state: SignedDesired | undefined;
  let sequence = 0;
  let nodeKey = '';
  let lastReport = -1;
  const through = { alert: 0, result: 0 };

  const bench = {
    token: 'join-me',
    broker: together(proxy, sockets),
    status: null as number | null,
    retryAfter: undefined as number | undefined,
    blobs: new Map<string, Blob>(),
    reports: [] as SignedReport[],
    alerts: [] as AlertMessage[],
    results: [] as ResultMessage[],
    replies: [] as Reply[],
    metrics: [] as Metrics[],
    presence: [] as string[],
    requests: [] as BenchDirector['requests'],
    acknowledges: true,
    time: null as number | null,
    node,
  };

  function report(signed: SignedReport): void {
    const { payload, signature } = signed;
    const signer = { keyId: node, algorithm: 'ed25519', publicKey: nodeKey, epoch: 0 } as const;
    if (!verifySignature(signer, canonicalBytes(payload), signature.value))
      throw new Error('a report is not signed by its node');
    if (payload.seq <= lastReport) return;
    lastReport = payload.seq;
    bench.reports.push(signed);
  }

  /** What comes twice is dropped, as the protocol asks. */
  function take(channel: 'alert' | 'result', messages: (AlertMessage | ResultMessage)[]): void {
    for (const message of messages) {
      if (message.number <= through[channel]) continue;
      through[channel] = message.number;
      if (channel === 'alert') bench.alerts.push(message as AlertMessage);
      else bench.results.push(message as ResultMessage);
    }
  }

  const onInvalid = ({ reason }: { reason: Error }) => {
    throw reason;
  };
  const ack = (channel: 'alert' | 'result') => {
    if (bench.acknowledges)
      void publishTyped(transport, address, 'ack', { channel, through: through[channel] });
  };
  subscribeTyped(transport, address, 'report', report, { onInvalid });
  subscribeTyped(transport, address, 'metrics', (message) => void bench.metrics.push(message), { onInvalid });
  subscribeTyped(transport, address, 'reply', (reply) => void bench.replies.push(reply), { onInvalid });
  subscribeTyped(transport, address, 'presence', ({ state }) => void bench.presence.push(state), {
    onInvalid,
  });
  for (const channel of ['alert', 'result'] as const) {
    subscribeTyped(
      transport,
      address,
      channel,
      (message) => {
        take(channel, [message]);
        ack(channel);
      },
      { onInvalid },
    );
  }
  transport.connect();
  await until(() => transport.connected, 'connection of the bench to its broker');

  const routes: Record<
    string,
    (body: unknown, request: IncomingMessage, response: ServerResponse) => unknown
  > = {
    'POST /v1/agent/enrol'(body) {
      const request = EnrolRequest.parse(body);
      if (request.token !== bench.token) return problem(401, 'fleet.join-token-invalid');
      nodeKey = request.signingKey;
      return {
        organization,
        node,
        name: request.name ?? node,
        credential,
        keys: [key],
        mqttUrl: `mqtt://127.0.0.1:${proxy.port}`,
        mqttWebSocketUrl: `ws://127.0.0.1:${sockets.port}/mqtt`,
        time: Date.now(),
      };
    },
    'GET /v1/agent/desired'(_body, request, response) {
      if (state === undefined) return problem(404, 'platform.not-found');
      const etag = `"${digestOf(canonicalBytes(state))}"`;
      response.setHeader('etag', etag);
      if (request.headers['if-none-match'] !== etag) return state;
      response.writeHead(304).end();
      return undefined;
    },
    'POST /v1/agent/report'(body) {
      report(body as SignedReport);
      return { sequence, epoch: 1 };
    },
    'POST /v1/agent/downloads'(body) {
      const { digest } = body as { digest: string };
      const blob = bench.blobs.get(digest);
      if (blob === undefined) return problem(404, 'platform.not-found');
      return { url: `/blobs/${digest}`, size: blob.size, expiresAt: Date.now() + 60_000 };
    },
    'POST /v1/agent/alerts'(body) {
      const { alerts, results } = OutboxRequest.parse(body);
      return { acks: [...outbox('alert', alerts), ...outbox('result', results)] };
    },
    'GET /v1/agent/time'(_body, request) {
      const nonce = new URL(request.url!, 'http://bench').searchParams.get('nonce');
      const payload = { nonce, time: bench.time ?? Date.now() };
      const value = sign(null, canonicalBytes(payload), privateKey).toString('base64url');
      return { payload, signature: { keyId: 'bench', algorithm: 'ed25519', value } };
    },
  };

  function outbox(channel: 'alert' | 'result', messages: (AlertMessage | ResultMessage)[] = []): unknown[] {
    take(channel, messages);
    return bench.acknowledges && messages.length > 0 ? [{ channel, through: through[channel] }] : [];
  }

  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    bench.requests.push({ path, at: Date.now(), range: request.headers.range });
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (bench.status !== null) {
      const headers = bench.retryAfter === undefined ? {} : { 'retry-after': String(bench.retryAfter) };
      response.writeHead(bench.status, headers).end('{}');
      return;
    }
    if (path.startsWith('/blobs/')) return serveBlob(path.slice('/blobs/'.length), request, response);
    if (!path.endsWith('/enrol') && request.headers.authorization !== `Bearer ${credential}`) {
      send(response, problem(401, 'access.unauthenticated'));
      return;
    }
    const route = routes[`${request.method} ${path.split('?')[0]}`];
    const body: unknown = chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString());
    const reply = route === undefined ? problem(404, 'platform.not-found') : route(body, request, response);
    if (reply !== undefined) send(response, reply);
  }

  function serveBlob(digest: string, request: IncomingMessage, response: ServerResponse): void {
    const blob = bench.blobs.get(digest);
    if (request.headers.authorization !== undefined) throw new Error('the credential went along with a link');
    if (blob === undefined) return void response.writeHead(404).end();
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const bytes = blob.bytes.subarray(start);
    response.writeHead(start > 0 ? 206 : 200, { 'content-length': bytes.length });
    if (blob.cutAfter === undefined || blob.cutAfter >= bytes.length) return void response.end(bytes);
    response.write(bytes.subarray(0, blob.cutAfter), () => setTimeout(() => response.destroy(), 50));
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const director: BenchDirector = Object.assign(bench, {
    url,
    put(bytes: Uint8Array, version = 1, kind = 'data'): LockedResource {
      const digest = digestOf(bytes);
      bench.blobs.set(digest, { digest, size: bytes.length, bytes: Buffer.from(bytes) });
      return { kind, version, digest, size: bytes.length };
    },
    signed(
      flows: BenchFlow[],
      changes: Partial<DesiredPayload> = {},
      by: KeyObject = privateKey,
    ): SignedDesired {
      const now = Date.now();
      const payload: DesiredPayload = {
        organization,
        node,
        epoch: 1,
        sequence: sequence + 1,
        issuedAt: now,
        expiresAt: now + DAY,
        flows: flows.map(desiredFlow),
        ...changes,
      };
      sequence = Math.max(sequence, payload.sequence);
      const value = sign(null, canonicalBytes(payload), by).toString('base64url');
      return { payload, signatures: [{ keyId: 'bench', algorithm: 'ed25519', value }] };
    },
    async desire(flows: BenchFlow[], changes?: Partial<DesiredPayload>) {
      const next = director.signed(flows, changes);
      await director.offer(next);
      return next;
    },
    async offer(next: SignedDesired) {
      state = next;
      await publishTyped(transport, address, 'desired', next);
    },
    async restartFlow(flow: string) {
      await director.command({ verb: 'restart', flow });
    },
    async command(command: Pick<Command, 'verb'> & Partial<Command>) {
      const payload = { id: String(Math.random()), node, deadline: Date.now() + 10_000, ...command };
      const value = sign(null, canonicalBytes(payload), privateKey).toString('base64url');
      await publishTyped(transport, address, 'command', {
        payload,
        signature: { keyId: 'bench', algorithm: 'ed25519', value },
      });
      return payload.id;
    },
    async flowReport(flow: string, fits: (report: FlowReport) => boolean, what: string, ms?: number) {
      const latest = () => bench.reports.at(-1)?.payload.flows.find((report) => report.flow === flow);
      try {
        return await until(
          () => {
            const report = latest();
            return report !== undefined && fits(report) ? report : undefined;
          },
          what,
          ms,
        );
      } catch (error) {
        throw new Error(`${(error as Error).message}; the last report says ${JSON.stringify(latest())}`, {
          cause: error,
        });
      }
    },
    async close() {
      await transport.close();
      await bench.broker.close();
      await broker.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  return director;
}

function problem(status: number, code: string): { problem: number; code: string } {
  return { problem: status, code };
}

/** Both ways to one broker: what is done to it is done to both. */
function together(one: TcpProxy, other: TcpProxy): TcpProxy {
  const both = (act: (proxy: TcpProxy) => void) => () => [one, other].forEach(act);
  return {
    port: one.port,
    get connections() {
      return one.connections + other.connections;
    },
    cut: both((proxy) => proxy.cut()),
    refuse: both((proxy) => proxy.refuse()),
    freeze: both((proxy) => proxy.freeze()),
    mute: both((proxy) => proxy.mute()),
    allow: both((proxy) => proxy.allow()),
    close: async () => void (await Promise.all([one.close(), other.close()])),
  };
}

function send(response: ServerResponse, reply: unknown): void {
  const refused =
    typeof reply === 'object' && reply !== null && 'problem' in reply
      ? (reply as { problem: number; code: string })
      : undefined;
  const body =
    refused === undefined
      ? reply
      : { type: 'about:blank', title: 'no', status: refused.problem, code: refused.code };
  response
    .writeHead(refused?.problem ?? 200, { 'content-type': 'application/json' })
    .end(JSON.stringify(body));
}
