import { afterEach, describe, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { startAedes, type Broker, type BrokerOptions } from '../../../test/kit/brokers.js';
import { loopbackTls } from '../../../test/kit/loopback-tls.js';
import { startTcpProxy } from '../../../test/kit/tcp-proxy.js';
import { until } from './conformance.js';
import { mqttTransport, type MqttOptions } from './mqtt.js';
import type { Connection, Transport } from './port.js';
import { proxyFor } from './proxy.js';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function broker(options: BrokerOptions = {}): Promise<Broker> {
  const started = await startAedes(options);
  cleanups.push(started.close);
  return started;
}

function client(options: Omit<MqttOptions, 'clientId'> & { clientId?: string }): Transport {
  const transport = mqttTransport({
    clientId: 'node-1',
    environment: {},
    reconnect: { baseMs: 10, capMs: 50 },
    ...options,
  });
  cleanups.push(() => transport.close());
  return transport;
}

async function roundTrip(transport: Transport) {
  const got: string[] = [];
  const take = ({ payload }: { payload: Uint8Array }) => void got.push(Buffer.from(payload).toString());
  const subscription = transport.subscribe('hello', take);
  transport.connect();
  await subscription.granted();
  await transport.publish('hello', 'world');
  await until('the message', () => got.length === 1);
  expect(got).toEqual(['world']);
}

/** A forward proxy as plants have them: CONNECT only, with a login. */
async function startConnectProxy(): Promise<{ url: string; tunnels: string[]; server: Server }> {
  const tunnels: string[] = [];
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on('connect', (request, near) => {
    near.on('error', () => undefined);
    const login = Buffer.from('plant:s3cret').toString('base64');
    if (request.headers['proxy-authorization'] !== `Basic ${login}`) {
      near.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    tunnels.push(request.url!);
    const [host, port] = request.url!.split(':');
    const far = connect(Number(port), host, () => {
      near.write('HTTP/1.1 200 OK\r\n\r\n');
      far.pipe(near).pipe(far);
    });
    far.on('error', () => undefined);
    far.on('close', () => near.destroy());
    near.on('close', () => far.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address() as AddressInfo;
  return { url: `http://plant:s3cret@127.0.0.1:${port}`, tunnels, server };
}

describe('an MQTT line', () => {
  test('goes over TLS and secure WebSockets, and only to a certificate that it trusts', async () => {
    const { tcp, ws } = await broker({ tls: loopbackTls });
    const tls = { ca: loopbackTls.cert };
    await roundTrip(client({ url: `mqtts://localhost:${tcp}`, tls }));
    await roundTrip(client({ url: `wss://localhost:${ws}/mqtt`, tls }));
    for (const url of [`mqtts://localhost:${tcp}`, `wss://localhost:${ws}/mqtt`]) {
      const states: Connection[] = [];
      const distrustful = client({ url });
      distrustful.onConnection((state) => states.push(state));
      distrustful.connect();
      await until('it has tried', () => states.length > 0);
      expect(states[0]).toMatchObject({
        state: 'disconnected',
        reason: { message: expect.stringContaining('self-signed') as unknown },
      });
    }
  });

  test('goes through the proxy of HTTPS_PROXY', async () => {
    const { ws } = await broker({ tls: loopbackTls });
    const proxy = await startConnectProxy();
    const url = `wss://localhost:${ws}/mqtt`;
    const tls = { ca: loopbackTls.cert };
    const through = client({ url, tls, environment: { HTTPS_PROXY: proxy.url } });
    await roundTrip(through);
    expect(proxy.tunnels).toEqual([`localhost:${ws}`]);
    await through.close();
    const reasons: string[] = [];
    const wrongLogin = client({ url, tls, environment: { HTTPS_PROXY: proxy.url.replace('s3cret', 'x') } });
    wrongLogin.onConnection((state) => state.state === 'disconnected' && reasons.push(state.reason.message));
    wrongLogin.connect();
    await until('it was turned away', () => reasons.length > 0);
    expect(reasons[0]).toContain('407');
    await roundTrip(client({ url, tls, environment: { HTTPS_PROXY: proxy.url, NO_PROXY: 'localhost' } }));
    expect(proxy.tunnels).toHaveLength(1);
  });

  test('knows which addresses go through a proxy', () => {
    const environment = { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: 'here, .inside.example' };
    expect(proxyFor('wss://cloud.example/mqtt', environment)?.host).toBe('proxy:3128');
    expect(proxyFor('wss://cloud.example/mqtt', { https_proxy: 'http://p:1' })?.host).toBe('p:1');
    expect(proxyFor('wss://cloud.example/mqtt', {})).toBeUndefined();
    expect(proxyFor('ws://cloud.example/mqtt', environment)).toBeUndefined();
    expect(proxyFor('mqtts://cloud.example', environment)).toBeUndefined();
    expect(proxyFor('wss://here/mqtt', environment)).toBeUndefined();
    expect(proxyFor('wss://a.inside.example/mqtt', environment)).toBeUndefined();
    expect(proxyFor('wss://a.outside.example/mqtt', environment)).toBeDefined();
    expect(proxyFor('wss://cloud.example/mqtt', { ...environment, NO_PROXY: '*' })).toBeUndefined();
  });

  test('tells a subscription that the broker forbids, and a publish that it answers by closing', async () => {
    const { tcp } = await broker({ allows: (id, _action, topic) => topic.startsWith(`nodes/${id}/`) });
    const problems: string[] = [];
    const node = client({ url: `mqtt://127.0.0.1:${tcp}`, onProblem: ({ code }) => problems.push(code) });
    node.connect();
    await node.subscribe('nodes/node-1/desired', () => undefined).granted();
    const foreign = node.subscribe('nodes/node-2/desired', () => undefined);
    await expect(foreign.granted()).rejects.toMatchObject({ code: 'platform.broker-refused' });
    expect(problems).toEqual(['platform.broker-refused']);
    await foreign.close();
    await expect(node.publish('nodes/node-2/report', 'x', { deadlineMs: 20_000 })).rejects.toMatchObject({
      code: 'platform.broker-unavailable',
      message: expect.stringContaining('may forbid') as unknown,
    });
    await node.publish('nodes/node-1/report', 'x', { deadlineMs: 20_000 });
  });

  test('asks for the password anew at every connection, so that a rotated one is used', async () => {
    const users = { 'node-1': 'old' };
    const { tcp } = await broker({ users });
    const proxy = await startTcpProxy({ port: tcp });
    cleanups.push(proxy.close);
    let password = 'old';
    const node = client({
      url: `mqtt://127.0.0.1:${proxy.port}`,
      username: 'node-1',
      password: () => password,
    });
    node.connect();
    await until('connected', () => node.connected);
    users['node-1'] = 'new';
    password = 'new';
    proxy.cut();
    await until('connected again', () => node.counters.connections === 2);
  });

  test('notices a cable that was pulled, and a publish does not hang with it', async () => {
    const { tcp } = await broker();
    const proxy = await startTcpProxy({ port: tcp });
    cleanups.push(proxy.close);
    const node = client({
      url: `mqtt://127.0.0.1:${proxy.port}`,
      keepaliveSeconds: 1,
      connectTimeoutMs: 500,
    });
    node.connect();
    await until('connected', () => node.connected);
    proxy.freeze();
    await expect(node.publish('a', 'b', { deadlineMs: 50 })).rejects.toMatchObject({
      code: 'platform.broker-unavailable',
    });
    await until('it has noticed', () => !node.connected);
    proxy.allow();
    await until('it is back', () => node.connected);
    await node.publish('a', 'b');
  });

  test('waits with full jitter under a cap that grows no further', async () => {
    const waits: number[] = [];
    const refusing = await startTcpProxy({ port: 1 });
    cleanups.push(refusing.close);
    refusing.refuse();
    const node = client({
      url: `mqtt://127.0.0.1:${refusing.port}`,
      reconnect: { baseMs: 2, capMs: 12 },
      random: () => 0.5,
    });
    node.onConnection((state) => state.state === 'disconnected' && waits.push(state.retryInMs));
    node.connect();
    await until('six attempts', () => waits.length >= 6);
    expect(waits.slice(0, 6)).toEqual([1, 2, 4, 6, 6, 6]);
  });
});
