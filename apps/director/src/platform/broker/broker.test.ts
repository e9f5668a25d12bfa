import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { createLog } from '../log.js';
import { mayPublish, maySubscribe, startBroker, type Broker } from './broker.js';

const n1 = { organization: 'o1', node: 'n1' };

describe("the broker's rules", () => {
  it.each([
    ['millrace/1/o1/n1/report', true],
    ['millrace/1/o1/n10/report', false],
    ['millrace/1/o1/n2/report', false],
    ['millrace/1/o2/n1/report', false],
    ['millrace/1/o1/n1', false],
    ['$SYS/x', false],
    ['', false],
  ])('a node publishes on %s: %s', (topic, may) => {
    expect(mayPublish(n1, topic)).toBe(may);
    expect(mayPublish(undefined, topic)).toBe(false);
  });

  it.each([
    ['millrace/1/o1/n1/desired', true],
    ['millrace/1/o1/n1/#', true],
    ['millrace/1/o1/n1/+', true],
    ['#', false],
    ['+/+/+/+/+', false],
    ['millrace/#', false],
    ['millrace/1/o1/+/desired', false],
    ['millrace/1/+/n1/desired', false],
    ['$SYS/#', false],
    ['$share/g/millrace/1/o1/n1/#', false],
  ])('a node subscribes to %s: %s', (filter, may) => {
    expect(maySubscribe(n1, filter)).toBe(may);
    expect(maySubscribe('director', filter)).toBe(true);
  });
});

describe('the broker', () => {
  let broker: Broker;
  let web: ReturnType<typeof createServer>;
  let clients: MqttClient[] = [];
  beforeAll(async () => {
    broker = await startBroker({
      host: '127.0.0.1',
      port: 0,
      log: createLog('silent'),
      verify: async (username, password) =>
        password === `secret of ${username}` ? { organization: 'o1', node: username } : null,
    });
    web = createServer();
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    broker.attach(web);
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.endAsync(true)));
    clients = [];
  });
  afterAll(async () => {
    await broker.close();
    await new Promise((resolve) => web.close(resolve));
  });

  const open = async (options: IClientOptions, url = `mqtt://127.0.0.1:${broker.port}`) => {
    const client = await connectAsync(url, { reconnectPeriod: 0, connectTimeout: 5_000, ...options });
    client.on('error', () => undefined);
    clients.push(client);
    return client;
  };
  const node = (name: string, more: IClientOptions = {}, url?: string) =>
    open({ clientId: name, username: name, password: `secret of ${name}`, ...more }, url);
  const director = () => open({ clientId: 'd', ...broker.director });
  const hear = (client: MqttClient) => {
    const heard: string[] = [];
    client.on('message', (topic, payload) => heard.push(`${topic} ${payload.toString()}`));
    return heard;
  };

  it('lets a node in by its name and secret only', async () => {
    await expect(node('n1', { password: 'wrong' })).rejects.toThrow(/Not authorized/i);
    await expect(open({ clientId: 'n1' })).rejects.toThrow(/Not authorized/i);
    // Client-id takeover: the name of one, the id of another.
    await expect(node('n1', { clientId: 'n2' })).rejects.toThrow(/Not authorized/i);
    await expect(open({ clientId: 'd', username: 'director', password: 'guess' })).rejects.toThrow(
      /Not authorized/i,
    );
    expect((await node('n1')).connected).toBe(true);
  });

  it('carries both ways, keeps what is retained, and works over WebSocket', async () => {
    const d = await director();
    const heard = hear(d);
    await d.subscribeAsync('millrace/1/+/+/report', { qos: 1 });
    await d.publishAsync('millrace/1/o1/n3/desired', 'be this', { qos: 1, retain: true });
    const { port } = web.address() as AddressInfo;
    const n = await node('n3', {}, `ws://127.0.0.1:${port}/mqtt`);
    const down = hear(n);
    await n.subscribeAsync('millrace/1/o1/n3/#', { qos: 1 });
    await n.publishAsync('millrace/1/o1/n3/report', 'I am', { qos: 1 });
    await until(() => heard.length > 0 && down.some((text) => text.includes('be this')));
    expect(heard).toEqual(['millrace/1/o1/n3/report I am']);
  });

  it('lets no node hear or speak for another, in publish, subscribe, retained or will', async () => {
    const d = await director();
    const heard = hear(d);
    await d.subscribeAsync('#', { qos: 1 });
    await d.publishAsync('millrace/1/o1/n5/desired', 'for five', { qos: 1, retain: true });

    const spy = await node('n4');
    const spied = hear(spy);
    for (const filter of ['#', 'millrace/1/o1/n5/desired', 'millrace/1/o1/+/desired', '$SYS/#']) {
      await expect(spy.subscribeAsync(filter, { qos: 1 })).rejects.toThrow();
    }
    await spy.subscribeAsync('millrace/1/o1/n4/#', { qos: 1 });
    spy.publish('millrace/1/o1/n5/report', 'forged', { qos: 0 });
    await until(() => !spy.connected);

    const liar = await node('n6', {
      will: { topic: 'millrace/1/o1/n5/presence', payload: Buffer.from('offline'), qos: 1, retain: true },
    });
    liar.stream.destroy();
    const honest = await node('n7', {
      will: { topic: 'millrace/1/o1/n7/presence', payload: Buffer.from('offline'), qos: 1, retain: true },
    });
    honest.stream.destroy();
    await until(() => heard.some((text) => text.includes('n7/presence')));
    expect(heard.filter((text) => text.includes('forged') || text.includes('n5/presence'))).toEqual([]);
    expect(spied).toEqual([]);
  });

  it('ends the live session of a node that was revoked', async () => {
    const n = await node('n8');
    broker.disconnect('n8');
    await until(() => !n.connected);
  });
});

/** 10 s: everything here happens within milliseconds on an idle machine. */
async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error('this did not happen within 10 s');
    await sleep(10);
  }
}
