/** The way over MQTT, with a real broker: what is told, what is heard, and what a crash may leave. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Ack, type DesiredMessage, type SignedDesired } from '@millrace/schemas';
import {
  mqttTransport,
  publishTyped,
  subscribeTyped,
  type Payload,
  type Transport,
} from '@millrace/transport';
import type { z } from 'zod';
import { testDirector, type TestDirector } from '../../../../test/kit/director.js';
import { testNode, type TestNode } from '../../../../test/kit/node.js';
import { NodeLink } from '../fleet/node-link.js';
import { Presence } from '../fleet/presence.js';
import { Dispatch } from './dispatch.js';
import { Rollouts } from './rollouts.js';

let t: TestDirector;
beforeAll(async () => {
  t = await testDirector();
});
afterAll(() => t?.close());

interface Line {
  transport: Transport;
  states: z.infer<typeof DesiredMessage>[];
  acks: z.infer<typeof Ack>[];
  close(): Promise<void>;
}

const onInvalid = ({ reason }: { reason: Error }): void => {
  throw reason;
};

async function connect(node: TestNode): Promise<Line> {
  const transport = mqttTransport({
    url: t.director.mqttUrl,
    clientId: node.id,
    username: node.id,
    password: node.credential,
  });
  const line: Line = { transport, states: [], acks: [], close: () => transport.close() };
  const own = { organization: t.organization, node: node.id };
  const granted = [
    subscribeTyped(transport, own, 'desired', (state) => void line.states.push(state), { onInvalid }),
    subscribeTyped(transport, own, 'ack', (ack) => void line.acks.push(ack), { onInvalid }),
  ].map((subscription) => subscription.granted());
  transport.connect();
  await Promise.all(granted);
  return line;
}

const send = <C extends 'report' | 'presence' | 'alert'>(
  node: TestNode,
  line: Line,
  channel: C,
  what: Payload<C>,
) => publishTyped(line.transport, { organization: t.organization, node: node.id }, channel, what);

/** Bounded: 20 s is many ticks of the director on a busy machine. */
async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within 20 s: ${what}`);
    await sleep(50);
  }
}

const sequenceOf = (state: z.infer<typeof DesiredMessage> | undefined): number =>
  state === undefined ? 0 : 'payload' in state ? state.payload.sequence : state.sequence;
const statusOf = async (node: TestNode) => (await t.call('GET', `/v1/nodes/${node.id}`)).body.status;

describe('over MQTT', () => {
  it('a node is seen, told what to be and heard, and its alerts are acknowledged', async () => {
    const node = await testNode(t, 'walker');
    const line = await connect(node);
    try {
      await send(node, line, 'presence', { state: 'online', at: Date.now() });
      await until('online', async () => (await statusOf(node)) === 'online');
      await until('a desired state', () => line.states.length > 0);
      const [first] = line.states as SignedDesired[];
      expect(first?.payload).toMatchObject({ node: node.id, organization: t.organization, flows: [] });
      const sequence = sequenceOf(first);
      await send(node, line, 'report', node.signed({ sequence }));
      await until('its report', async () => {
        const { accepted } = (await t.call<{ accepted: unknown }>('GET', `/v1/nodes/${node.id}`)).body;
        return JSON.stringify(accepted) === JSON.stringify({ epoch: 1, sequence });
      });
      const values = { y: 1 };
      const from = {
        flow: 'f',
        version: 1,
        module: 'm',
        key: null,
        t: 1,
        severity: 'low',
        message: 'x',
      } as const;
      for (const number of [1, 1, 2]) {
        await send(node, line, 'alert', { number, ...from, change: 'raised', values });
      }
      await until('two are acknowledged', () => line.acks.some((ack) => ack.through === 2));
      const { items } = (await t.call<{ items: unknown[] }>('GET', `/v1/alerts?node=${node.id}`)).body;
      expect(items).toHaveLength(2);
      await send(node, line, 'presence', { state: 'offline', at: Date.now() });
      await until('offline', async () => (await statusOf(node)) === 'offline');
    } finally {
      await line.close();
    }
  });

  it('what was committed and not published is found by the next tick', async () => {
    const node = await testNode(t, 'left-behind');
    await t.director.app.get(Rollouts).advance(t.organization);
    // As a crash leaves it: the state is there, and nobody was told.
    await t.test.database.withinSql(t.organization, (tx) =>
      tx.sql('UPDATE desired_states SET published_sequence = 0 WHERE node_id = $1', [node.id]),
    );
    const line = await connect(node);
    try {
      await until('the tick', () => line.states.length > 0);
    } finally {
      await line.close();
    }
  });

  it('a node that says that it is behind is told again, since a broker may forget', async () => {
    const node = await testNode(t, 'behind');
    const line = await connect(node);
    try {
      await until('the first', () => line.states.length > 0);
      const before = line.states.length;
      await t.test.database.withinSql(t.organization, (tx) =>
        tx.sql(`UPDATE desired_states SET published_at = now() - interval '1 minute' WHERE node_id = $1`, [
          node.id,
        ]),
      );
      await send(node, line, 'report', node.signed({ epoch: 0, sequence: 0 }));
      await until('again', () => line.states.length > before);
      expect(sequenceOf(line.states.at(-1))).toBe(sequenceOf(line.states[0]));
    } finally {
      await line.close();
    }
  });

  it('two that dispatch at a time publish nothing older after something newer', async () => {
    const node = await testNode(t, 'racer');
    const line = await connect(node);
    const rollouts = t.director.app.get(Rollouts);
    const dispatch = t.director.app.get(Dispatch);
    try {
      await until('the link', () => t.director.app.get(NodeLink).connected);
      for (let i = 0; i < 15; i++) {
        await t.test.database.withinSql(t.organization, (tx) =>
          tx.sql('UPDATE desired_states SET reissue_from = 0 WHERE node_id = $1', [node.id]),
        );
        await Promise.all([
          rollouts.advance(t.organization),
          dispatch.dispatch(t.organization),
          dispatch.dispatch(t.organization),
        ]);
      }
      const newest = (await node.call<SignedDesired>('GET', '/v1/agent/desired')).body.payload.sequence;
      await until('the newest', () => sequenceOf(line.states.at(-1)) === newest);
      const numbers = line.states.map(sequenceOf);
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    } finally {
      await line.close();
    }
  });

  it('a revoked node loses its line, and cannot come back', async () => {
    const node = await testNode(t, 'thief');
    const line = await connect(node);
    try {
      t.director.app.get(Presence).heard(t.organization, node.id);
      await t.call('POST', `/v1/nodes/${node.id}:revoke`);
      await until('cut off', () => !line.transport.connected);
      await sleep(300);
      expect(line.transport.connected).toBe(false);
    } finally {
      await line.close();
    }
  });
});
