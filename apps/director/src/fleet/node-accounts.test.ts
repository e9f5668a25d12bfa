/** Nodes at a real Mosquitto with dynamic security, joined and revoked through the director's own API. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync, type IClientOptions, type IClientPublishOptions, type MqttClient } from 'mqtt';
import { dynamicSecurity } from '../platform/broker/dynamic-security.js';
import { difference } from '../platform/broker/mosquitto-accounts.js';
import { mqttTransport } from '@millrace/transport';
import {
  findDynamicSecurity,
  findMosquitto,
  leftOut,
  startMosquitto,
  type Broker,
} from '../../../../test/kit/brokers.js';
import { testDirector, type TestDirector } from '../../../../test/kit/director.js';
import { testNode, type TestNode } from '../../../../test/kit/node.js';
import { startTcpProxy, type TcpProxy } from '../../../../test/kit/tcp-proxy.js';
import { startDirector, type Director } from '../director.js';
import { NodeAccounts } from './node-accounts.js';
import { NodeLink } from './node-link.js';

const admin = { username: 'director', password: 'a password of the test' };

describe('accounts', () => {
  const account = (node: string) => ({ organization: 'o', node, credentialHash: `hash of ${node}` });
  const mark = ({ node }: { node: string }) => `mark of ${node}`;

  it('are made where they are missing or other ones, and go where nobody is', () => {
    const listed = [
      { node: 'right', mark: 'mark of right' },
      { node: 'old', mark: 'mark of before' },
      { node: 'gone', mark: 'mark of gone' },
    ];
    const wanted = [account('right'), account('old'), account('new')];
    expect(difference(listed, wanted, mark)).toEqual({
      missing: [account('old'), account('new')],
      extra: ['gone'],
    });
  });
});

if (findMosquitto() && findDynamicSecurity()) {
  let broker: Broker;
  let network: TcpProxy;
  let t: TestDirector;
  let clients: MqttClient[] = [];
  beforeAll(async () => {
    broker = await startMosquitto({ admin });
    network = await startTcpProxy({ port: broker.tcp });
    t = await testDirector({
      MQTT_URL: `mqtt://127.0.0.1:${network.port}`,
      MQTT_PUBLIC_URL: `mqtt://127.0.0.1:${broker.tcp}`,
      MQTT_USERNAME: admin.username,
      MQTT_PASSWORD: admin.password,
    });
    // The very first time the director gives itself the right to speak to nodes.
    await until(async () => await hasRole());
  }, 60_000);
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.endAsync(true)));
    clients = [];
  });
  afterAll(async () => {
    await t?.close();
    await network?.close();
    await broker?.close();
  });

  const open = async (options: IClientOptions) => {
    const url = `mqtt://127.0.0.1:${broker.tcp}`;
    const client = await connectAsync(url, {
      protocolVersion: 4,
      reconnectPeriod: 0,
      connectTimeout: 5_000,
      ...options,
    });
    client.on('error', () => undefined);
    clients.push(client);
    return client;
  };
  const enter = (node: TestNode, more: IClientOptions = {}) =>
    open({ clientId: node.id, username: node.id, password: node.mqttPassword, ...more });
  /** Publishes on a connection of its own; it may never be acknowledged. */
  const attempt = async (
    node: TestNode,
    topic: string,
    text: string,
    options: IClientPublishOptions = { qos: 1 },
  ) => {
    const client = await enter(node);
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    await Promise.race([closed, client.publishAsync(topic, text, options)]);
  };
  const refused = (attempt: Promise<unknown>) => expect(attempt).rejects.toThrow(/Not authorized/i);
  const hear = (client: MqttClient) => {
    const heard: string[] = [];
    client.on('message', (topic, payload) => heard.push(`${topic} ${payload.toString()}`));
    return heard;
  };
  const branch = (node: TestNode) => `millrace/1/${node.organization}/${node.id}`;
  const accounts = (director: Director = t.director) => director.app.get(NodeAccounts);
  const sql = (text: string, values: unknown[]) =>
    t.test.database.withinSql(t.organization, (tx) => tx.sql(text, values));

  /** A second admin, as an operator with mosquitto_ctrl would be. */
  async function control(command: Record<string, unknown> & { command: string }) {
    const transport = mqttTransport({
      ...admin,
      url: `mqtt://127.0.0.1:${broker.tcp}`,
      clientId: 'operator',
    });
    const security = dynamicSecurity(transport);
    const connected = new Promise<void>((resolve) => {
      transport.onConnection(({ state }) => state === 'connected' && resolve());
    });
    transport.connect();
    try {
      await connected;
      const [answer] = await security.ask([command]);
      if (answer?.error) throw new Error(`${command.command}: ${answer.error}`);
      return answer?.data;
    } finally {
      await transport.close();
    }
  }
  const hasRole = async () =>
    JSON.stringify(await control({ command: 'getClient', username: admin.username })).includes(
      'millrace-director',
    ) && t.director.app.get(NodeLink).connected;

  describe('a node at Mosquitto', () => {
    it('is told where the broker is, and enters with a password that is not its credential', async () => {
      const node = await testNode(t, 'told');
      expect(node.mqttUrl).toBe(`mqtt://127.0.0.1:${broker.tcp}`);
      expect(node.mqttWebSocketUrl).toBeNull();
      expect(node.mqttPassword).toMatch(/^[\w-]{43}$/);
      expect((await enter(node)).connected).toBe(true);
      await refused(enter(node, { password: node.credential }));
      await refused(enter(node, { password: undefined }));
      // The other way round: what the broker knows opens nothing at the director.
      const stolen = await t.call('GET', '/v1/agent/keys', undefined, { token: node.mqttPassword });
      expect(stolen.status).toBe(401);
    });

    it('speaks with the director both ways on its own branch', async () => {
      const node = await testNode(t, 'both-ways');
      const client = await enter(node);
      const heard = hear(client);
      await client.subscribeAsync(`${branch(node)}/#`, { qos: 1 });
      const state = JSON.stringify({ state: 'online', at: Date.now() });
      await client.publishAsync(`${branch(node)}/presence`, state, { qos: 1, retain: true });
      await until(async () => {
        const { body } = await t.call<{ status: string }>('GET', `/v1/nodes/${node.id}`);
        return body.status === 'online';
      });
      const to = { organization: node.organization, node: node.id };
      await t.director.app.get(NodeLink).publish(to, 'ack', { channel: 'alert', through: 7 });
      await until(() => heard.some((text) => text.includes('/ack') && text.includes('7')));
    });

    it('that is revoked loses its session within seconds, and does not come back', async () => {
      const [revoked, removed] = [await testNode(t, 'revoked'), await testNode(t, 'removed')];
      const [a, b] = [await enter(revoked), await enter(removed)];
      await t.call('POST', `/v1/nodes/${revoked.id}:revoke`);
      await t.call('DELETE', `/v1/nodes/${removed.id}`);
      await until(() => !a.connected && !b.connected);
      await refused(enter(revoked));
      await refused(enter(removed));
    });
  });

  describe.each([
    ['as Mosquitto comes', false],
    ['also where its defaults allow everything', true],
  ])("the broker's rules, %s,", (_, allow) => {
    beforeAll(async () => {
      const acls = ['publishClientSend', 'publishClientReceive', 'subscribe'].map((acltype) => ({
        acltype,
        allow: allow || acltype === 'publishClientReceive',
      }));
      await control({ command: 'setDefaultACLAccess', acls });
    });

    it('hold for publish, subscribe, will, retained, #, +, $SYS, shared subscriptions and client-id takeover', async () => {
      const [victim, spy] = [await testNode(t, `victim-${allow}`), await testNode(t, `spy-${allow}`)];
      const [client, enemy] = [await enter(victim), await enter(spy)];
      const [heard, spied] = [hear(client), hear(enemy)];
      await client.subscribeAsync(`${branch(victim)}/#`, { qos: 1 });
      const filters = [
        '#',
        '+/#',
        '+',
        '+/1/+/+/desired',
        'millrace/#',
        `millrace/1/${t.organization}/+/desired`,
      ];
      const special = [
        '$SYS/#',
        '$SYS/broker/version',
        '$CONTROL/#',
        '$CONTROL/dynamic-security/v1/response',
      ];
      const shared = ['$share/g/#', `$share/g/${branch(victim)}/#`, `$share/g/${branch(spy)}/#`];
      for (const filter of [
        ...filters,
        ...special,
        ...shared,
        `${branch(victim)}/#`,
        `${branch(victim)}0/#`,
      ]) {
        await expect(enemy.subscribeAsync(filter, { qos: 1 })).rejects.toThrow();
      }
      expect(spied).toEqual([]);
      // Mosquitto acknowledges what it throws away, or closes: what counts is that nobody hears it, now or later.
      const end = JSON.stringify({ commands: [{ command: 'deleteClient', username: victim.id }] });
      await attempt(spy, `${branch(victim)}/desired`, 'forged');
      await attempt(spy, `${branch(victim)}/command`, 'forged', { qos: 1, retain: true });
      await attempt(spy, '$CONTROL/dynamic-security/v1', end, { qos: 0 });
      const to = { organization: victim.organization, node: victim.id };
      await t.director.app.get(NodeLink).publish(to, 'ack', { channel: 'alert', through: 8 });
      await until(() => heard.length > 0);

      await refused(enter(spy, { clientId: victim.id }));
      await refused(enter(spy, { clientId: 'somebody' }));
      await refused(enter(spy, { username: victim.id }));
      await refused(open({ clientId: 'nobody' }));
      expect(client.connected).toBe(true);
      const will = {
        topic: `${branch(victim)}/presence`,
        payload: Buffer.from('forged'),
        qos: 1,
        retain: true,
      } as const;
      const own = { ...will, topic: `${branch(spy)}/presence`, payload: Buffer.from('mine') };
      for (const last of [will, own]) {
        const liar = await enter(spy, { will: last });
        liar.stream.destroy();
      }
      // Its own will comes, so the other one, which was earlier, never will.
      const again = await enter(spy);
      const willed = hear(again);
      await again.subscribeAsync(`${branch(spy)}/#`, { qos: 1 });
      await until(() => willed.some((text) => text.endsWith('mine')));
      const late = await enter(victim);
      const retained = hear(late);
      await late.subscribeAsync(`${branch(victim)}/#`, { qos: 1 });
      await late.publishAsync(`${branch(victim)}/reply`, 'mine', { qos: 1 });
      await until(() => retained.some((text) => text.endsWith('mine')));
      expect([...heard, ...retained].filter((text) => text.includes('forged'))).toEqual([]);
    }, 60_000);
  });

  describe('the tick', () => {
    it('ends what a kill between commit and call has left, and touches nobody else', async () => {
      const [node, other] = [await testNode(t, 'left-in'), await testNode(t, 'untouched')];
      const [client, bystander] = [await enter(node), await enter(other)];
      await sql(`UPDATE nodes SET revoked_at = now(), credential_hash = '' WHERE id = $1`, [node.id]);
      await accounts().reconcile();
      await until(() => !client.connected);
      await refused(enter(node));
      expect(bystander.connected).toBe(true);
    });

    it('gives a node its account back when the broker has forgotten it, with the same password', async () => {
      const node = await testNode(t, 'forgotten');
      await control({ command: 'deleteClient', username: node.id });
      await refused(enter(node));
      await accounts().reconcile();
      expect((await enter(node)).connected).toBe(true);
    });

    it('brings a new credential to the broker, and the old password is worth nothing', async () => {
      const node = await testNode(t, 'rotated');
      const client = await enter(node);
      await sql('UPDATE nodes SET credential_hash = $2 WHERE id = $1', [node.id, 'f'.repeat(64)]);
      await accounts().reconcile();
      await until(() => !client.connected);
      await refused(enter(node));
      const now = { organization: node.organization, node: node.id, credentialHash: 'f'.repeat(64) };
      const password = t.director.platform.accounts.passwordOf(now);
      expect((await enter(node, { password })).connected).toBe(true);
    });

    it('lets in who joined while the broker was gone; until then it works over HTTPS', async () => {
      network.refuse();
      await until(() => !t.director.app.get(NodeLink).connected);
      const node = await testNode(t, 'early');
      expect((await node.call('GET', '/v1/agent/keys')).status).toBe(200);
      await refused(enter(node));
      network.allow();
      // The director connects again within its longest pause.
      await until(async () => {
        await accounts().reconcile();
        return enter(node).then(
          () => true,
          () => false,
        );
      }, 30_000);
    }, 60_000);
  });

  // Last: it ends the director of the others.
  it('a director that was restarted knows the same accounts: who was in stays in, and can be revoked', async () => {
    const [node, stays] = [await testNode(t, 'before'), await testNode(t, 'stays')];
    const [client, other] = [await enter(node), await enter(stays)];
    const { config } = t.director.platform;
    await t.director.close();
    const director = await startDirector(config);
    try {
      await until(() => director.app.get(NodeLink).connected);
      await accounts(director).reconcile();
      expect([client.connected, other.connected]).toEqual([true, true]);
      const answer = await fetch(`${director.url}/v1/nodes/${node.id}:revoke`, {
        method: 'POST',
        headers: { authorization: `Bearer ${t.token}` },
      });
      expect(answer.status).toBe(200);
      await until(() => !client.connected);
      await refused(enter(node));
      expect(other.connected).toBe(true);
    } finally {
      await director.close();
    }
  }, 60_000);
} else {
  leftOut(
    "nodes' accounts were not tried at Mosquitto: it, or its dynamic-security plugin, is not installed",
  );
}

/** 15 s unless told: everything here happens within milliseconds on an idle machine. */
async function until(condition: () => boolean | Promise<boolean>, ms = 15_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`this did not happen within ${ms / 1000} s`);
    await sleep(20);
  }
}
