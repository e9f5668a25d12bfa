/** Looking at a flow that runs on a node: frames while a lease holds, logs, and a flow that goes on regardless. */
import { FRAME_BYTES, LogLine, TapFrame, type Command, type Reply } from '@millrace/schemas';
import { numbersFlow, testAgent, type TestAgent } from '../../../test/kit/agent.js';
import { until } from '../../../test/kit/bench-director.js';
import { flowLogs, LINES } from './reports/flow-logs.js';
import { thinFrame } from './reports/thin-frame.js';

let t: TestAgent | undefined;
afterEach(async () => {
  await t?.close();
  t = undefined;
});

async function running(shape: Parameters<typeof numbersFlow>[2] = {}) {
  t = await testAgent();
  const agent = await t.start();
  const origin = Date.now();
  await t.director.desire([numbersFlow(origin, 1, shape)]);
  await t.running(1);
  const { director } = t;
  const of = (id: string) => director.replies.filter((reply) => reply.id === id);
  const frames = (id: string): TapFrame[] =>
    of(id).flatMap(({ result }) =>
      result === undefined ? [] : [TapFrame.parse((result as { frame: unknown }).frame)],
    );
  const asked = async (command: Pick<Command, 'verb'> & Partial<Command>): Promise<Reply> => {
    const id = await director.command(command);
    return until(() => of(id)[0], `an answer to ${command.verb}`);
  };
  const tap = (args: Record<string, unknown>, flow = 'pump') =>
    director.command({ verb: 'tap', flow, arguments: { leaseMs: 20_000, ...args } });
  return { t, agent, origin, director, of, frames, asked, tap };
}

test('a tap gives exact counts and samples in order, follows a swap, and ends when it is told', async () => {
  const it = await running();
  const tap = await it.tap({ perPort: 10 });
  await until(() => it.frames(tap).length >= 4, 'frames');
  for (const { modules, intervalMs } of it.frames(tap).slice(1)) {
    expect(Object.keys(modules)).toEqual(['source', 'step', 'sink']);
    expect(intervalMs).toBeGreaterThan(0);
    const { records, sampled } = modules.source!.ports.out!;
    expect(sampled.length).toBeLessThanOrEqual(10);
    const numbers = sampled.map(({ number }) => number as number);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(records).toBeGreaterThanOrEqual(numbers.length);
  }
  // What left in an interval is what the counters rose by.
  const [, one, two, three] = it.frames(tap);
  const sent = (frame: TapFrame) => frame.modules.source!.counters.out;
  expect(sent(three!) - sent(one!)).toBe(
    two!.modules.source!.ports.out!.records + three!.modules.source!.ports.out!.records,
  );

  await it.director.desire([numbersFlow(it.origin, 2)]);
  await it.t.running(2);
  const before = it.frames(tap).length;
  await until(() => it.frames(tap).length >= before + 3, 'frames of the new version');
  expect(it.of(tap).every(({ ok }) => ok)).toBe(true);

  expect(await it.asked({ verb: 'tap', flow: 'pump', arguments: { tap, leaseMs: 0 } })).toMatchObject({
    ok: true,
  });
  const { taps } = await it.agent.status();
  expect(taps.open).toBe(0);
  const told = it.frames(tap).length;
  await it.t.writes('v2');
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(it.frames(tap).length).toBeLessThanOrEqual(told + 1);
});

test('a lease that nobody renews ends; one that is renewed goes on, with other modules', async () => {
  const it = await running();
  const short = await it.tap({ leaseMs: 1_200 });
  const long = await it.tap({ leaseMs: 1_200 });
  await until(() => it.frames(short).length > 0 && it.frames(long).length > 0, 'frames of both');
  await it.asked({ verb: 'tap', flow: 'pump', arguments: { tap: long, leaseMs: 20_000, modules: ['step'] } });
  await until(() => Object.keys(it.frames(long).at(-1)!.modules).length === 1, 'the other modules');
  let open = 2;
  await until(() => {
    void it.agent.status().then(({ taps }) => (open = taps.open));
    return open === 1;
  }, 'end of the short lease');
  const seen = it.frames(short).length;
  const then = it.frames(long).length;
  await until(() => it.frames(long).length >= then + 4, 'frames of the one that was renewed');
  expect(it.frames(short).length).toBe(seen);
});

test('what cannot be done is answered in a sentence, and a command for another node not at all', async () => {
  const it = await running({ only: 20 });
  const tap = (flow: string) => it.asked({ verb: 'tap', flow, arguments: { leaseMs: 5_000 } });
  expect(await tap('pimp')).toMatchObject({ ok: false, detail: 'no flow pimp is on this node' });
  expect(await it.asked({ verb: 'logs', flow: 'pimp' })).toMatchObject({ ok: false });
  expect(await it.asked({ verb: 'tap', flow: 'pump', arguments: { leaseMs: 99_999_999 } })).toMatchObject({
    ok: false,
    detail: expect.stringContaining('leaseMs'),
  });
  const foreign = await it.director.command({ verb: 'logs', node: 'node-2' });
  const late = await it.asked({ verb: 'logs', deadline: Date.now() - 60_000 });
  expect(late).toMatchObject({ ok: false, detail: expect.stringContaining('deadline') });
  expect(it.of(foreign)).toEqual([]);
});

test('logs hold what modules log and what became of the flow, and go on from the last line', async () => {
  const it = await running();
  const read = async (since?: number) => {
    const reply = await it.asked({ verb: 'logs', flow: 'pump', arguments: { since } });
    return (reply.result as { lines: unknown[] }).lines.map((line) => LogLine.parse(line));
  };
  const lines = await read();
  expect(lines.map(({ message }) => message)).toContainEqual('version 1 took over and is on probation');
  const { t: last } = lines.at(-1)!;
  expect(await read(last)).toEqual([]);
  const resource = it.director.put(Buffer.from('a model'));
  const model = `resource:model@1#${resource.digest}`;
  const resources = { model: resource };
  await it.director.desire([numbersFlow(it.origin, 2, { model }, { resources })]);
  await it.t.running(2);
  expect((await read(last)).filter(({ module }) => module !== '')).toMatchObject([
    { module: 'model', level: 'info', message: expect.stringMatching(/^reads \//) },
  ]);
  await it.director.desire([numbersFlow(it.origin, 3, { how: 'at-start' })]);
  await it.director.flowReport('pump', ({ outcome }) => outcome === 'failed', 'failure of version 3');
  const more = await read(last);
  const said = more.map(({ message }) => message).join('\n');
  expect(said).toMatch(/version 3 is not brought up: .*cannot be made/);
  expect(more.every((line) => line.t > last && line.flow === 'pump')).toBe(true);
});

test('a line that is dead costs frames and nothing else', async () => {
  const it = await running();
  const tap = await it.tap({});
  await until(() => it.frames(tap).length > 0, 'frames');
  it.director.broker.freeze();
  const before = (await it.agent.status()).taps;
  await it.t.writes('v1');
  let now = before;
  await until(() => {
    void it.agent.status().then(({ taps }) => (now = taps));
    return now.dropped >= before.dropped + 2;
  }, 'frames that were dropped');
  await it.t.writes('v1');
  it.director.broker.allow();
  const seen = it.frames(tap).length;
  await until(() => it.frames(tap).length > seen, 'frames after the line works again');
});

describe('bounds', () => {
  it('a frame is thinned until it fits a message, and its counts stay', () => {
    const counters = {
      in: 1, out: 2, bytes: 0, errors: 0, dropped: {}, counted: {},
      p50Ms: null, p99Ms: null, queued: 0, lastError: null,
    }; // prettier-ignore
    const sampled = Array.from({ length: 64 }, (_, i) => ({ t: i, text: 'ä'.repeat(200) }));
    const modules = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, i) => [
        `m${i}`,
        { counters, ports: { out: { records: 64, sampled } } },
      ]),
    );
    const few = { t: 1, intervalMs: 500, modules: { m0: modules.m0!, m1: modules.m1! } };
    expect(thinFrame(few, FRAME_BYTES)).toBe(few);
    const half = thinFrame(few, 40_000);
    expect(half.modules.m0!.ports.out!.sampled.map(({ t }) => t)).toEqual(
      sampled.map(({ t }) => t).filter((t) => t % 2 === 0),
    );
    expect(half.modules.m1!.ports.out!.records).toBe(64);
    const all = thinFrame({ t: 1, intervalMs: 500, modules }, FRAME_BYTES);
    expect(Buffer.byteLength(JSON.stringify(all))).toBeLessThanOrEqual(FRAME_BYTES);
    expect(Object.keys(all.modules).length).toBeGreaterThan(500);
    expect(all.modules.m0!.ports.out).toEqual({ records: 64, sampled: [] });
  });

  it('logs are bounded in lines and bytes, and times rise though the clock does not', () => {
    const logs = flowLogs({ wall: () => 1_000 });
    for (let i = 0; i < 2 * LINES; i++) logs.add('a', 'info', 'm', `line ${i}`);
    for (let i = 0; i < 300; i++) logs.add('b', 'warn', 'm', '\u0001'.repeat(10_000));
    const a = logs.read('a', undefined);
    expect(a.map(({ message }) => message)).toEqual(
      Array.from({ length: LINES }, (_, i) => `line ${LINES + i}`),
    );
    expect(a.every(({ t }, i) => i === 0 || t > a[i - 1]!.t)).toBe(true);
    expect(logs.read('a', a[LINES - 3]!.t).map(({ message }) => message)).toEqual(['line 998', 'line 999']);
    expect(Buffer.byteLength(JSON.stringify(logs.read(undefined, undefined)))).toBeLessThan(190_000);
    expect(logs.read('b', undefined).length).toBeGreaterThan(5);
  });
});
