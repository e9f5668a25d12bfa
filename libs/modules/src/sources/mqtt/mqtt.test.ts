import { connectAsync, type MqttClient } from 'mqtt';
import type { Behaviour } from '@millrace/engine';
import { defineKind } from '@millrace/flow';
import type { FlowModule } from '@millrace/schemas';
import { z } from 'zod';
import {
  findMosquitto,
  leftOut,
  startAedes,
  startMosquitto,
  type Broker,
} from '../../../../../test/kit/brokers.js';
import { part, rig, temporary, until, type Rig } from '../../../../../test/kit/rig.js';
import { startTcpProxy } from '../../../../../test/kit/tcp-proxy.js';
import { create } from './behaviour.js';
import { kind } from './kind.js';
import { topicProblem, topicReader } from './topic.js';

/** Says that records wait in it, for as long as `held` is set, so that the gate closes. */
const control = { held: 0, report: (_n: number) => {} };
const slowKind = defineKind({
  type: 'sink.slow',
  category: 'sink',
  title: 'Slow',
  summary: '',
  docs: '',
  settings: z.object({}),
  inputs: 'many',
  outputs: [],
  example: { settings: {} },
});
const parts = [
  part(kind, create),
  part(slowKind, (context): Behaviour => {
    control.report = (n) => context.queued(n);
    return { process: () => control.held > 0 && context.queued(control.held) };
  }),
];

const { folder, remove } = temporary();
let broker: Broker;
let client: MqttClient;
beforeAll(async () => {
  broker = await startAedes();
  client = await connectAsync(`mqtt://127.0.0.1:${broker.tcp}`);
});
afterAll(async () => {
  await client.endAsync();
  await broker.close();
  remove();
});

const flow = (settings: object, more: Partial<FlowModule> = {}, port = broker.tcp): Rig => {
  const one = rig(
    parts,
    {
      in: {
        type: 'source.mqtt',
        settings: { broker: `mqtt://127.0.0.1:${port}`, topics: ['plant/#'], ...settings },
        ...more,
      },
      out: { type: 'sink.slow', from: ['in'] },
    },
    { folder },
  );
  started.push(one);
  return one;
};
const started: Rig[] = [];
// A test that failed in the middle must not leave a connection behind.
afterEach(async () => {
  control.held = 0;
  for (const { run } of started.splice(0)) await run.stop();
});
let sessions = 0;

/** Publishes to a flow that listens, and gives what came out. */
async function told(
  settings: object,
  messages: [string, string][],
  count = messages.length,
  more: Partial<FlowModule> = {},
) {
  const one = flow({ clientId: `told-${sessions++}`, ...settings }, more);
  await one.run.start();
  await subscribed(one);
  const before = one.run.counters().in.errors;
  for (const [topic, payload] of messages) await client.publishAsync(topic, payload, { qos: 1 });
  await until('all records', () => one.out.in.length + one.run.counters().in.errors - before >= count);
  await one.run.stop();
  return { rows: one.out.in, errors: one.errors.in, counters: one.run.counters().in };
}

/** A message of its own comes through, so the subscription stands; it is taken out again. */
async function subscribed(one: Rig, through = client): Promise<void> {
  await until('the connection', () => one.logs.some((line) => line.includes('connected to')));
  await until('the subscription', async () => {
    await through.publishAsync('plant/a/probe', '{"probe":1,"value":1,"ts":1}', { qos: 1 });
    const { in: count, out } = one.run.counters().in;
    return count + out + one.run.counters().in.errors > 0;
  });
  // Probes of a slow machine may still come.
  await new Promise((resolve) => setTimeout(resolve, 50));
  one.out.in.length = 0;
  one.errors.in.length = 0;
}

describe('source.mqtt', () => {
  it('makes records of JSON, one or many a message', async () => {
    const before = Date.now();
    const { rows } = await told(
      {},
      [
        ['plant/a/p', '{"p":1.5,"ok":true,"name":"x","v":[1,2],"none":null}'],
        ['plant/a/p', '[{"p":2},{"p":3}]'],
        ['plant/a/p', '7'],
      ],
      4,
    );
    expect(rows.map(({ t: _, ...rest }) => rest)).toEqual([
      { p: 1.5, ok: true, name: 'x', v: [1, 2], none: null },
      { p: 2 },
      { p: 3 },
      { value: 7 },
    ]);
    expect(rows.every(({ t }) => (t as number) >= before - 1 && (t as number) <= Date.now() + 1)).toBe(true);
  });

  it('takes time and fields from where the settings say', async () => {
    const settings = {
      timestamp: { path: 'head.at', unit: 's' },
      fields: { pressure: 'body.p', unit: 'body.u' },
    };
    const { rows } = await told(settings, [
      ['plant/a/b', '{"head":{"at":1.5},"body":{"p":4,"q":5}}'],
      ['plant/a/b', '{"head":{"at":"2"},"body":{"u":"bar"}}'],
    ]);
    expect(rows).toEqual([
      { t: 1500, pressure: 4 },
      { t: 2000, unit: 'bar' },
    ]);
    const iso = await told({ timestamp: { path: 'ts', unit: 'iso' } }, [
      ['plant/a/b', '{"ts":"1970-01-01T00:00:01Z","a":1}'],
    ]);
    expect(iso.rows).toEqual([{ t: 1000, a: 1 }]);
  });

  it('makes fields of topics', async () => {
    const settings = { topicFields: 'plant/{line}/{tag}', timestamp: { path: 'ts' } };
    const { rows, counters } = await told(settings, [
      ['plant/a/pressure', '{"ts":1,"value":4.2,"q":192}'],
      ['plant/b/temp', '{"ts":2,"value":60}'],
      ['plant/b', '{"ts":3,"value":60}'],
      ['plant/b/temp', '{"ts":4}'],
    ]);
    expect(rows).toEqual([
      { t: 1, q: 192, line: 'a', pressure: 4.2 },
      { t: 2, line: 'b', temp: 60 },
    ]);
    expect(counters.dropped).toMatchObject({ topic: 1, 'no-value': 1 });
    const raw = await told({ format: 'raw', topicFields: 'plant/+/{tag}' }, [
      ['plant/x/speed', ' 12.5 '],
      ['plant/x/mode', 'auto'],
    ]);
    expect(raw.rows.map(({ t: _, ...rest }) => rest)).toEqual([{ speed: 12.5 }, { mode: 'auto' }]);
    expect(topicProblem('plant/{a}/{a}')).toContain('twice');
    expect(topicProblem('plant/#')).toContain('#');
    expect(topicReader('a/{x}')('b/1')).toBeNull();
  });

  it('reads lines of CSV', async () => {
    const settings = { format: 'csv', columns: ['ts', 'a', 'b'], timestamp: { path: 'ts', unit: 'us' } };
    const { rows, counters } = await told(settings, [['plant/a/b', '1000,1,x\r\n2000,,"y, z"\n3000,1\n']], 3);
    expect(rows).toEqual([
      { t: 1, a: 1, b: 'x' },
      { t: 2, b: 'y, z' },
    ]);
    expect(counters.lastError).toBe('a message on plant/a/b: 2 cells instead of 3');
  });

  it('counts what it cannot read by reason, with the topic, and loses no neighbour', async () => {
    const messages: [string, string][] = [
      ['plant/1/x', '{"ts":1,"a":1}'],
      ['plant/2/x', '{"ts":2,"a":'],
      ['plant/3/x', '{"ts":3,"o":{"b":1}}'],
      ['plant/4/x', '{"a":1}'],
      ['plant/5/x', '{"ts":5},{"ts":6'],
      ['plant/6/x', '}'],
      ['plant/7/x', 'null'],
      ['plant/8/x', '{"ts":8,"a":8}'],
    ];
    const { rows, counters, errors } = await told({ timestamp: { path: 'ts' } }, messages, 8, {
      onError: 'port',
    });
    expect(rows.map(({ t }) => t)).toEqual([1, 3, 8]);
    expect(counters).toMatchObject({ errors: 5, dropped: { json: 4, time: 1, object: 1 } });
    expect(errors).toHaveLength(5);
    expect(counters.lastError).toContain('plant/7/x');
    const stopping = flow({ clientId: 'stopping' }, { onError: 'stop' });
    await stopping.run.start();
    await subscribed(stopping);
    await client.publishAsync('plant/9/x', '{', { qos: 1 });
    await expect(stopping.run.finished).rejects.toThrow('plant/9/x');
  });

  it('goes on when the broker was away, and counts it', async () => {
    const proxy = await startTcpProxy({ port: broker.tcp });
    const one = flow({}, {}, proxy.port);
    await one.run.start();
    await subscribed(one);
    proxy.refuse();
    await until('the cut to be seen', () => one.run.counters().in.counted.lost === 1);
    await client.publishAsync('plant/a/b', '{"a":1}', { qos: 1 });
    proxy.allow();
    await until('the message that came meanwhile', () => one.out.in.some(({ a }) => a === 1));
    expect(one.run.counters().in.counted.reconnects).toBe(1);
    await one.run.stop();
    await proxy.close();
  });

  it('checks its settings', () => {
    const problems = (settings: object) =>
      kind.settings.safeParse(settings).error?.issues.map(({ message }) => message);
    expect(problems(kind.example.settings)).toBeUndefined();
    expect(problems({ broker: 'mqtt://a', topics: ['a'], topicFields: 'a/b' })).toEqual([
      expect.stringContaining('{name}'),
    ]);
    expect(
      kind.check!(
        kind.settings.parse({ broker: 'mqtt://a', topics: ['a'], format: 'csv' }),
        [],
        () => undefined,
      ),
    ).toHaveLength(1);
  });
});

const brokers: [string, () => Promise<Broker>][] = [['aedes', () => startAedes()]];
if (findMosquitto() === undefined) leftOut('source.mqtt was not run against Mosquitto: it is not installed');
else brokers.push(['mosquitto', () => startMosquitto()]);

describe.each(brokers)('a session at %s', (name, start) => {
  let own: Broker;
  let sender: MqttClient;
  beforeAll(async () => {
    own = await start();
    sender = await connectAsync(`mqtt://127.0.0.1:${own.tcp}`);
  });
  afterAll(async () => {
    await sender.endAsync();
    await own.close();
  });

  it('is taken over by the next version: nothing lost, nothing doubled', async () => {
    const first = flow({}, {}, own.tcp);
    await first.run.start();
    await subscribed(first, sender);
    for (let i = 0; i < 50; i++) await sender.publishAsync('plant/a/b', `{"i":${i}}`, { qos: 1 });
    await first.run.stop();
    for (let i = 50; i < 100; i++) await sender.publishAsync('plant/a/b', `{"i":${i}}`, { qos: 1 });
    const second = flow({}, {}, own.tcp);
    await second.run.start();
    for (let i = 100; i < 120; i++) await sender.publishAsync('plant/a/b', `{"i":${i}}`, { qos: 1 });
    const numbers = () =>
      [...first.out.in, ...second.out.in].map(({ i }) => i).filter((i) => i !== undefined);
    await until('all', () => numbers().length >= 120);
    await second.run.stop();
    const got = numbers();
    // aedes mixes what it kept with what comes; Mosquitto keeps the order.
    if (name === 'aedes') got.sort((a, b) => Number(a) - Number(b));
    expect(got).toEqual(Array.from({ length: 120 }, (_, i) => i));
    expect(second.logs.join()).toContain('session resumed');
  });

  it('keeps what a full flow does not take', async () => {
    const first = flow({ clientId: 'full' }, {}, own.tcp);
    await first.run.start();
    await subscribed(first, sender);
    control.held = 1_000_000;
    for (let i = 0; i < 20; i++) await sender.publishAsync('plant/a/b', `{"i":${i}}`, { qos: 1 });
    await until('the gate to close', () => first.out.in.length > 0);
    const taken = await settled(() => first.out.in.length);
    expect(taken).toBeLessThan(20);
    control.held = 0;
    await first.run.stop();
    const second = flow({ clientId: 'full' }, {}, own.tcp);
    await second.run.start();
    await until('the rest', () => new Set([...first.out.in, ...second.out.in].map(({ i }) => i)).size === 20);
    await second.run.stop();
    const got = [...first.out.in, ...second.out.in].map(({ i }) => i);
    expect([...new Set(got)].sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 20 }, (_, i) => i),
    );
  });

  it('goes on when the flow has room again', async () => {
    const one = flow({ clientId: 'room' }, {}, own.tcp);
    await one.run.start();
    await subscribed(one, sender);
    control.held = 1_000_000;
    for (let i = 0; i < 30; i++) await sender.publishAsync('plant/a/b', `{"i":${i}}`, { qos: 1 });
    await until('the gate to close', () => one.out.in.length > 0);
    control.held = 0;
    control.report(0);
    await until('the last', () => one.out.in.length === 30);
    await one.run.stop();
  });
});

/** A number that has not changed for 200 ms. */
async function settled(read: () => number): Promise<number> {
  for (let last = read(); ; last = read()) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    if (read() === last) return last;
  }
}
