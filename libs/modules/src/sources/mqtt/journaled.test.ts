/** source.mqtt with a journal, and without: what a crash leaves, at a real Mosquitto. */
import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import type { Behaviour, Snapshot } from '@millrace/engine';
import { defineKind } from '@millrace/flow';
import { z } from 'zod';
import { findMosquitto, leftOut, startMosquitto, type Broker } from '../../../../../test/kit/brokers.js';
import { part, rig, temporary, until, type Rig } from '../../../../../test/kit/rig.js';
import { startTcpProxy, type TcpProxy } from '../../../../../test/kit/tcp-proxy.js';
import { create } from './behaviour.js';
import { kind } from './kind.js';

const passingKind = defineKind({
  type: 'sink.passing',
  category: 'sink',
  title: 'Passing',
  summary: '',
  docs: '',
  settings: z.object({}),
  inputs: 'many',
  outputs: [],
  example: { settings: {} },
});
const parts = [part(kind, create), part(passingKind, (): Behaviour => ({ process: () => undefined }))];
const { folder, remove } = temporary();
afterAll(remove);

const known = findMosquitto() !== undefined;
if (!known) leftOut('the journal of source.mqtt was not tried: Mosquitto is not installed');

(known ? describe : describe.skip)('what source.mqtt took before a crash (needs Mosquitto)', () => {
  let broker: Broker;
  let sender: MqttClient;
  let where: string;
  const started: Rig[] = [];
  let proxy: TcpProxy | undefined;
  beforeAll(async () => {
    broker = await startMosquitto();
    sender = await connectAsync(`mqtt://127.0.0.1:${broker.tcp}`);
  });
  afterAll(async () => {
    await sender.endAsync();
    await broker.close();
  });
  beforeEach(() => {
    where = mkdtempSync(path.join(folder, 'w-'));
  });
  afterEach(async () => {
    for (const { run } of started.splice(0)) await run.stop();
    await proxy?.close();
    proxy = undefined;
  });

  async function start(settings: object, snapshot?: Snapshot, port = broker.tcp): Promise<Rig> {
    const topics = [`plant/${path.basename(where)}`];
    const one = rig(
      parts,
      {
        in: { type: 'source.mqtt', settings: { broker: `mqtt://127.0.0.1:${port}`, topics, ...settings } },
        out: { type: 'sink.passing', from: ['in'] },
      },
      { folder: where },
    );
    started.push(one);
    await one.run.start(snapshot);
    await until('the connection', () => one.logs.some((line) => line.includes('connected to')));
    return one;
  }
  const publish = async (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      await sender.publishAsync(`plant/${path.basename(where)}`, `{"i":${i}}`, { qos: 1 });
    }
  };
  /** Without the probes for the subscription. */
  const numbers = ({ out }: Rig) => out.in.map(({ i }) => i as number).filter((i) => i >= 0);
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

  it('comes again from the journal, behind the saved state, and nothing twice', async () => {
    const first = await start({ journal: {} });
    await until('the subscription', async () => {
      await publish(-1, 0);
      return first.out.in.length > 0;
    });
    await publish(0, 20);
    await until('twenty', () => numbers(first).includes(19));
    const snapshot = structuredClone(first.run.snapshot());
    await publish(20, 40);
    await until('forty', () => numbers(first).includes(39));
    // What the process made behind the snapshot is gone with it.
    await first.run.stop();
    await publish(40, 60);
    const second = await start({ journal: {} }, snapshot);
    await until('the last', () => numbers(second).includes(59));
    expect(numbers(second)).toEqual(range(20, 60));
    expect(second.run.counters().in.counted).toMatchObject({ replayed: 20, waiting: 0 });
  });

  it('is known when the broker sends it again, since an acknowledgement was lost', async () => {
    proxy = await startTcpProxy({ port: broker.tcp });
    const first = await start({ journal: {} }, undefined, proxy.port);
    await until('the subscription', async () => {
      await publish(-1, 0);
      return first.out.in.length > 0;
    });
    await publish(0, 1);
    await until('the last probe', () => numbers(first).includes(0));
    proxy.mute();
    await publish(1, 8);
    await until('eight', () => numbers(first).includes(7));
    proxy.cut();
    await publish(8, 12);
    await until('the others', () => numbers(first).includes(11));
    expect(numbers(first)).toEqual(range(0, 12));
    // And what came just before, whose acknowledgements were still on their way.
    expect(first.run.counters().in.counted.redelivered).toBeGreaterThanOrEqual(7);
    // The same over an end of the process: it knows them from the journal.
    proxy.mute();
    await publish(12, 16);
    await until('four more', () => numbers(first).includes(15));
    const snapshot = structuredClone(first.run.snapshot());
    proxy.refuse();
    await first.run.stop();
    proxy.allow();
    await publish(16, 20);
    const second = await start({ journal: {} }, snapshot, proxy.port);
    await until('the last', () => numbers(second).includes(19));
    expect(numbers(second)).toEqual(range(16, 20));
    expect(second.run.counters().in.counted.redelivered).toBeGreaterThanOrEqual(4);
  });

  it('is counted when there is no journal', async () => {
    const first = await start({});
    await until('the subscription', async () => {
      await publish(-1, 0);
      return first.out.in.length > 0;
    });
    await publish(0, 20);
    await until('twenty', () => numbers(first).includes(19));
    const snapshot = structuredClone(first.run.snapshot());
    await publish(20, 27);
    await until('the others', () => numbers(first).includes(26));
    await first.run.stop();
    const second = await start({}, snapshot);
    expect(second.run.counters().in.counted.unsaved).toBe(7);
    expect(second.logs.join()).toContain('7 messages behind its saved state');
    const clean = structuredClone((await second.run.stop())!);
    const third = await start({}, clean);
    expect(third.run.counters().in.counted.unsaved).toBeUndefined();
  });
});
