import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { startAedes, type Broker } from '../../../../../test/kit/brokers.js';
import { startTcpProxy } from '../../../../../test/kit/tcp-proxy.js';
import { part, rig, temporary, until } from '../../../../../test/kit/rig.js';
import { create as createCsv } from '../../sources/csv/behaviour.js';
import { kind as csvKind } from '../../sources/csv/kind.js';
import { create as createSimulator } from '../../sources/simulator/behaviour.js';
import { kind as simulatorKind } from '../../sources/simulator/kind.js';
import { create } from './behaviour.js';
import { kind } from './kind.js';

const parts = [part(csvKind, createCsv), part(simulatorKind, createSimulator), part(kind, create)];
let broker: Broker;
let listener: MqttClient;
let got: number[] = [];
const folders: ReturnType<typeof temporary>[] = [];
const fresh = () => {
  const one = temporary();
  folders.push(one);
  return one.folder;
};
beforeAll(async () => {
  broker = await startAedes();
  listener = await connectAsync(`mqtt://127.0.0.1:${broker.tcp}`);
  listener.on('message', (_topic, payload) => got.push((JSON.parse(payload.toString()) as { a: number }).a));
  await listener.subscribeAsync('out/#', { qos: 1 });
});
afterAll(async () => {
  await listener.endAsync();
  await broker.close();
  for (const { remove } of folders) remove();
});
beforeEach(() => void (got = []));

function replay(folder: string, from: number, to: number, port = broker.tcp, settings: object = {}) {
  const rows = Array.from({ length: to - from }, (_, i) => `${from + i},${from + i}`);
  writeFileSync(path.join(folder, 'in.csv'), `t,a\n${rows.join('\n')}\n`);
  return rig(
    parts,
    {
      in: { type: 'source.csv', settings: { file: 'in.csv', timestamp: { column: 't', format: 'epochMs' } } },
      out: {
        type: 'sink.mqtt',
        from: ['in'],
        settings: { broker: `mqtt://127.0.0.1:${port}`, topic: 'out/a', ...settings },
      },
    },
    { folder },
  );
}
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe('sink.mqtt', () => {
  it('publishes every record in order, and ends when the broker has them', async () => {
    const one = replay(fresh(), 0, 3000);
    await one.run.start();
    await one.run.finished;
    await until('all messages', () => got.length === 3000);
    expect(got).toEqual(range(0, 3000));
    expect(one.run.counters().out.counted).toMatchObject({ made: 3000, sent: 3000, buffered: 0 });
  });

  it('keeps what a broker that is away did not take, and sends it first in the next run', async () => {
    const folder = fresh();
    const nowhere = await startAedes();
    await nowhere.close();
    const first = replay(folder, 0, 200, nowhere.tcp);
    await first.run.start();
    await first.run.finished;
    expect(first.run.counters().out.counted).toMatchObject({ made: 200, buffered: 200 });
    expect(first.logs.join()).toContain('200 messages wait on disk');
    const second = replay(folder, 200, 300);
    await second.run.start();
    await second.run.finished;
    await until('all messages', () => got.length === 300);
    expect(got).toEqual(range(0, 300));
    expect(second.run.counters().out.counted).toMatchObject({
      made: 300,
      sent: 300,
      buffered: 0,
      resumed: 200,
    });
  });

  it('goes on by itself when the broker comes back', async () => {
    const proxy = await startTcpProxy({ port: broker.tcp });
    const signals = [{ name: 'a', shape: 'ramp', hz: 200, amplitude: 60_000 }];
    const one = rig(
      parts,
      {
        in: { type: 'source.simulator', settings: { signals } },
        out: {
          type: 'sink.mqtt',
          from: ['in'],
          settings: { broker: `mqtt://127.0.0.1:${proxy.port}`, topic: 'out/b' },
        },
      },
      { folder: fresh() },
    );
    const counted = () => one.run.counters().out.counted;
    await one.run.start();
    await until('some to be sent', () => (counted().sent ?? 0) > 20);
    proxy.refuse();
    await until('the cut to be seen', () => counted().lost === 1);
    await until('some to be buffered', () => (counted().buffered ?? 0) > 100);
    const { made, sent, buffered } = counted();
    expect(made).toBe((sent ?? 0) + (buffered ?? 0));
    proxy.allow();
    await until('the rest to be sent', () => (counted().sent ?? 0) > (made ?? 0));
    await one.run.stop();
    expect(counted()).toMatchObject({ made: counted().sent, buffered: 0 });
    await until('all to arrive', () => new Set(got).size === counted().made);
    // What was on its way when the line was cut may come twice; nothing else changes its place.
    expect([...new Set(got)]).toEqual([...new Set(got)].sort((a, b) => a - b));
    await proxy.close();
  });

  it('refuses a topic with wildcards and an address that is none', () => {
    const problems = (settings: object) =>
      kind.settings.safeParse(settings).error?.issues.map(({ path }) => path.join('.'));
    expect(problems({ broker: 'mqtt://a', topic: 'x/#' })).toEqual(['topic']);
    expect(problems({ broker: 'localhost', topic: 'x' })).toEqual(['broker']);
    expect(problems(kind.example.settings)).toBeUndefined();
  });
});
