import { connectAsync, type MqttClient } from 'mqtt';
import type { PlainRecord } from '@millrace/engine';
import { startAedes, type Broker } from '../../../../test/kit/brokers.js';
import {
  startHttpServer,
  type Asked,
  type Reply,
  type TestServer,
} from '../../../../test/kit/http-server.js';
import { runRecords } from '../../../../test/kit/flow.js';
import { liveFeed } from '../../../../test/kit/live-feed.js';
import { part, rig, temporary, until, type Rig } from '../../../../test/kit/rig.js';
import { create as createHttp } from './http/behaviour.js';
import { kind as httpKind } from './http/kind.js';
import { create as createMqtt } from './mqtt/behaviour.js';
import { kind as mqttKind } from './mqtt/kind.js';
import { create as createAlign } from '../align/rows/behaviour.js';
import { kind as alignKind } from '../align/rows/kind.js';

const { part: feed, say } = liveFeed();
const parts = [
  feed,
  part(httpKind, createHttp),
  part(mqttKind, createMqtt),
  part(alignKind, createAlign as never),
];
let server: TestServer;
let reply: (asked: Asked) => Reply | Promise<Reply>;
let folder: string;
let remove: () => void;
let one: Rig | undefined;
/** What left by `refused`; the rig writes down both ports together. */
const left = () => one!.out.x;
const counters = () => one!.run.counters().x;
const bodies = () => server.asked.map(({ body }) => JSON.parse(body) as PlainRecord);
const reasons = () => left().map(({ refused, act }) => refused ?? act);

beforeEach(async () => {
  ({ folder, remove } = temporary());
  reply = () => ({ status: 204 });
  server = await startHttpServer((asked) => reply(asked));
});
afterEach(async () => {
  await one?.run.stop();
  one = undefined;
  await server.close();
  remove();
});

async function acting(
  settings: object = {},
  more: object = {},
  clock?: { wall(): number; monotonic(): number },
) {
  const x = {
    type: 'act.http',
    from: ['in'],
    settings: { url: server.url, maxRowAgeMs: 5000, ...settings },
    ...more,
  };
  one = rig(parts, { in: { type: 'source.feed' }, x }, { folder, clock });
  await one.run.start();
}

describe('act.http', () => {
  it('sends rows of now, one after the other, and says so', async () => {
    await acting({ auth: { token: 'abc' }, method: 'PUT' });
    const t = Date.now();
    say({ t, set: 1 }, { t: t + 1, set: 2, why: 'score' });
    await until('both', () => left().length === 2);
    expect(bodies()).toEqual([
      { t, set: 1 },
      { t: t + 1, set: 2, why: 'score' },
    ]);
    expect(server.asked[0]).toMatchObject({ method: 'PUT', headers: { authorization: 'Bearer abc' } });
    expect(left()).toEqual([
      { t, set: 1, act: 'sent' },
      { t: t + 1, set: 2, why: 'score', act: 'sent' },
    ]);
    expect(counters()).toMatchObject({ dropped: {}, counted: { sent: 2 } });
  });

  it('refuses what is stale, of the future, back-filled, revised or incomplete, and shows why', async () => {
    await acting();
    const t = Date.now();
    say(
      { t: t - 60_000, set: 1 },
      { t: t + 60_000, set: 1 },
      { t, set: 1, backfill: true },
      { t, set: 1, revision: 1 },
      { t, set: null },
      { t, set: 1, vector: [1, null] },
      { t, set: 7, backfill: false },
    );
    await until('the last', () => left().length === 7);
    expect(reasons()).toEqual([
      'stale',
      'future',
      'backfill',
      'revision',
      'incomplete',
      'incomplete',
      'sent',
    ]);
    expect(bodies().map(({ set }) => set)).toEqual([7]);
    expect(counters().dropped).toEqual({ stale: 1, future: 1, backfill: 1, revision: 1, incomplete: 2 });
    // Each reason once, with the row's time and the limit.
    expect(one!.logs).toEqual([
      expect.stringMatching(
        `^warn x: refused a row of ${new Date(t - 60_000).toISOString()} as stale: it is 6\\d{4} ms old, and maxRowAgeMs is 5000$`,
      ),
      expect.stringContaining('as future: it is '),
      expect.stringContaining('as backfill: align.rows made it too late (backfillMs)'),
      expect.stringContaining('as revision: it corrects a row that was sent before'),
      expect.stringContaining('as incomplete: a field is absent, null, or was not measured'),
    ]);
  });

  it('asks only for the fields that it needs, and these it needs', async () => {
    await acting({ requires: ['set'] });
    const t = Date.now();
    say({ t, set: 1, other: null }, { t, other: 1 });
    await until('both', () => left().length === 2);
    expect(new Set(reasons())).toEqual(new Set(['sent', 'incomplete']));
    expect(bodies()).toEqual([{ t, set: 1, other: null }]);
  });

  it('acts only where the interlock is true', async () => {
    await acting({ interlock: 'guard == true && speed < 5' });
    const t = Date.now();
    say(
      { t, guard: false, speed: 1 },
      { t, guard: true, speed: 5 },
      { t, speed: 1 },
      { t, set: 1 },
      { t, guard: true, speed: 4 },
    );
    await until('all', () => left().length === 5);
    expect(reasons()).toEqual(['interlock', 'interlock', 'interlock', 'interlock', 'sent']);
    expect(server.asked).toHaveLength(1);
  });

  it('keeps its interval, for each key, over a restart too', async () => {
    let wall = 1_000_000;
    const clock = { wall: () => wall, monotonic: () => performance.now() };
    await acting({ minIntervalMs: 1000, keyBy: 'pump' }, {}, clock);
    say({ t: wall, pump: 'a' }, { t: wall, pump: 'b' }, { t: wall, pump: 'a' }, { t: wall });
    await until('all', () => left().length === 4);
    wall += 999;
    say({ t: wall, pump: 'a' });
    wall += 1;
    say({ t: wall, pump: 'a' });
    await until('two more', () => left().length === 6);
    expect(counters()).toMatchObject({ dropped: { interval: 2, 'no-key': 1 }, counted: { sent: 3 } });
    const snapshot = await one!.run.stop();
    const x = {
      type: 'act.http',
      from: ['in'],
      settings: { url: server.url, maxRowAgeMs: 5000, minIntervalMs: 1000, keyBy: 'pump' },
    };
    one = rig(parts, { in: { type: 'source.feed' }, x }, { folder, clock });
    await one.run.start(snapshot!);
    wall += 500;
    say({ t: wall, pump: 'a' }, { t: wall, pump: 'b' });
    await until('both', () => left().length === 2);
    expect(counters()).toMatchObject({ dropped: { interval: 1 }, counted: { sent: 1 } });
  });

  it('does everything but send in a dry run', async () => {
    await acting({ dryRun: true, minIntervalMs: 60_000 });
    const t = Date.now();
    say({ t, set: 1 }, { t, set: 2 }, { t, set: null });
    expect(reasons()).toEqual(['dryRun', 'interval', 'incomplete']);
    await one!.run.stop();
    expect([server.asked, counters().counted]).toEqual([[], { 'dry-run': 1 }]);
  });

  it('sends a row that failed never again, and tells', async () => {
    reply = ({ body }) => (body.includes('"set":2') ? { status: 200 } : { status: 503, body: 'not now' });
    await acting();
    const t = Date.now();
    say({ t, set: 1 }, { t, set: 2 });
    await until('both', () => left().length === 2);
    expect(reasons()).toEqual(['failed', 'sent']);
    expect(server.asked).toHaveLength(2);
    expect(counters()).toMatchObject({ errors: 1, dropped: { failed: 1 } });
    expect(counters().lastError).toContain('503: not now');
  });

  it('looks at the age again before it sends, and at the queue', async () => {
    let answer: (reply: Reply) => void = () => {};
    reply = () => new Promise((resolve) => (answer = resolve));
    let wall = 1_000_000;
    await acting(
      { maxRowAgeMs: 2000 },
      { queue: { size: 2 } },
      { wall: () => wall, monotonic: () => performance.now() },
    );
    say({ t: wall, set: 1 }, { t: wall, set: 2 }, { t: wall, set: 3 });
    expect(reasons()).toEqual(['busy']);
    await until('the first request', () => server.asked.length === 1);
    wall += 2001;
    answer({ status: 200 });
    await until('all', () => left().length === 3);
    expect(left().map(({ set, act, refused }) => [set, refused ?? act])).toEqual([
      [3, 'busy'],
      [1, 'sent'],
      [2, 'stale'],
    ]);
    expect(server.asked).toHaveLength(1);
  });

  it('refuses what still waits a second after the flow was stopped', async () => {
    reply = () => new Promise((resolve) => setTimeout(() => resolve({ status: 200 }), 1500));
    await acting();
    const t = Date.now();
    say({ t, set: 1 }, { t, set: 2 });
    await until('the first request', () => server.asked.length === 1);
    await one!.run.stop();
    expect([reasons(), server.asked.length]).toEqual([['sent', 'stopped'], 1]);
  });

  it('never acts while a file is replayed', async () => {
    const t = Date.now();
    const { records, counters } = await runRecords({
      modules: { x: { type: 'act.http', from: ['in'], settings: { url: server.url, maxRowAgeMs: 60_000 } } },
      feed: { in: [{ t, set: 1 }] },
      collect: ['x', 'x.refused'],
    });
    expect(records).toEqual({ x: [], 'x.refused': [{ t, set: 1, refused: 'replay' }] });
    expect([server.asked, counters.x.dropped]).toEqual([[], { replay: 1 }]);
  });

  it('refuses rows of align.rows with a cell that was not measured, corrected rows and late ones', async () => {
    let wall = 1_000_000;
    const align = {
      grid: { periodMs: 100 },
      latenessMs: 0,
      idleMs: 0,
      late: 'revise',
      backfillMs: 1000,
      columns: [
        { name: 'a', method: 'hold', maxAgeMs: 250, default: 5 },
        { name: 'b', method: 'hold', maxAgeMs: 9999 },
      ],
    };
    one = rig(
      parts,
      {
        in: { type: 'source.feed' },
        rows: { type: 'align.rows', from: ['in'], settings: align },
        x: { type: 'act.http', from: ['rows'], settings: { url: server.url, maxRowAgeMs: 5000 } },
      },
      { folder, clock: { wall: () => wall, monotonic: () => performance.now() } },
    );
    await one.run.start();
    say({ t: wall, a: 1, b: 1 });
    // At 1,000,300 the last of `a` is older than it may be, and the default stands in.
    say({ t: wall + 301, b: 2 });
    await until('four rows', () => left().length === 4);
    expect(
      left()
        .map(({ t, refused, act }) => [t, refused ?? act])
        .sort(),
    ).toEqual([
      [1_000_000, 'sent'],
      [1_000_100, 'sent'],
      [1_000_200, 'sent'],
      [1_000_300, 'incomplete'],
    ]);
    say({ t: wall + 250, a: 3 });
    await until('the correction', () => left().length === 5);
    expect(left()[4]).toMatchObject({ t: 1_000_300, a: 3, revision: 1, refused: 'revision' });
    wall += 3000;
    say({ t: 1_000_402, a: 1, b: 1 });
    await until('the late row', () => left().length === 6);
    expect(left()[5]).toMatchObject({ t: 1_000_400, backfill: true, refused: 'backfill' });
    expect(server.asked).toHaveLength(3);
  });

  it('wants an interlock that can be true', () => {
    const settings = httpKind.settings.parse({ url: 'http://a', maxRowAgeMs: 1, interlock: 'speed + 1' });
    expect(httpKind.check!(settings, [], () => undefined).map(({ pointer }) => pointer)).toEqual([
      '/interlock',
    ]);
    expect(httpKind.settings.safeParse({ url: 'http://a' }).success).toBe(false);
  });
});

describe('act.mqtt', () => {
  let broker: Broker;
  let listener: MqttClient;
  let got: { body: PlainRecord; retain: boolean }[] = [];
  beforeAll(async () => {
    broker = await startAedes();
    listener = await connectAsync(`mqtt://127.0.0.1:${broker.tcp}`);
    listener.on('message', (_topic, payload, { retain }) =>
      got.push({ body: JSON.parse(payload.toString()) as PlainRecord, retain }),
    );
    await listener.subscribeAsync('act/#', { qos: 1 });
  });
  afterAll(async () => {
    await listener.endAsync();
    await broker.close();
  });
  beforeEach(() => void (got = []));

  async function acting(port: number, settings: object = {}) {
    const all = { broker: `mqtt://127.0.0.1:${port}`, topic: 'act/x', maxRowAgeMs: 20_000, ...settings };
    one = rig(
      parts,
      { in: { type: 'source.feed' }, x: { type: 'act.mqtt', from: ['in'], settings: all } },
      { folder },
    );
    await one.run.start();
  }

  it('publishes what may act and nothing else', async () => {
    await acting(broker.tcp, { interlock: 'set < 5' });
    const t = Date.now();
    say({ t, set: 1 }, { t, set: 9 }, { t: t - 60_000, set: 2 }, { t, set: 3 });
    await until('both messages', () => got.length === 2);
    await until('all rows', () => left().length === 4);
    expect(got.map(({ body, retain }) => [body.set, retain])).toEqual([
      [1, false],
      [3, false],
    ]);
    expect(counters()).toMatchObject({ dropped: { interlock: 1, stale: 1 }, counted: { sent: 2 } });
  });

  it('fails while the broker is away, and sends nothing of it later', async () => {
    const gone = await startAedes();
    await gone.close();
    await acting(gone.tcp, { timeoutMs: 3000 });
    say({ t: Date.now(), set: 1 });
    await until('the row', () => left().length === 1);
    expect(reasons()).toEqual(['failed']);
    expect(counters()).toMatchObject({ errors: 1, dropped: { failed: 1 } });
  });

  it('does not even connect in a dry run', async () => {
    await acting(broker.tcp, { dryRun: true });
    say({ t: Date.now(), set: 1 });
    expect(reasons()).toEqual(['dryRun']);
    await one!.run.stop();
    expect([got, one!.logs.filter((line) => line.includes('connected'))]).toEqual([[], []]);
  });
});
