/** Test runs over HTTP, each in a real process: the cooler of the examples, limits, refusals, and nothing left. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Problem, TestFile, TestRunEvent, TestRunRequest } from '@millrace/schemas';
import { testDirector, type TestDirector } from '../../../../../test/kit/director.js';
import { stranger, uploadResource } from '../../../../../test/kit/resources.js';
import { client } from '../../../../../libs/client/src/client.js';
import { EventReader } from '../../../../../libs/client/src/sse.js';
import { TestRunsService } from './test-runs.service.js';

const cooler = 'examples/hydraulic-cooler';
const typescript = pathToFileURL('test/kit/typescript.mjs').href;
const program = (entry: string) => ({ entry: resolve(entry), execArgv: ['--import', typescript] });
const host = program('apps/director/src/flows/testing/host-main.ts');
/** Modules that do on purpose what real ones do by misfortune. */
const strange = program('test/kit/test-host.ts');

let t: TestDirector;
let runs: TestRunsService;
beforeAll(async () => {
  t = await testDirector({ MILLRACE_MAX_TEST_FILE_BYTES: '1000000' });
  runs = t.director.app.get(TestRunsService);
  const text = await readFile(join(cooler, 'flow.yaml'), 'utf8');
  for (const name of ['cooler-ts1', 'cooler-ts2', 'cooler-ts4']) await resource(name, `${name}.csv`, 'data');
  await resource('cooler-condition', 'cooler-condition.onnx', 'model');
  await t.call('POST', '/v1/flows', { name: 'hydraulic-cooler', text });
  await t.call('POST', '/v1/flows', flowOf('endless', { work: simulated(), out: collect }));
});
beforeEach(() => (runs.program = host));
afterAll(() => t?.close());

async function resource(name: string, fileName: string, kind: 'data' | 'model'): Promise<void> {
  const bytes = await readFile(join(cooler, 'resources', fileName));
  const version = await uploadResource(t, name, bytes, { kind, fileName });
  if (version.state !== 'ready') throw new Error(JSON.stringify(version));
  const headers = { 'if-match': '*' };
  await t.call('PUT', `/v1/resources/${name}/aliases/production`, { version: 1 }, { headers });
}

async function file(name: string, text: string, token = t.token): Promise<TestFile> {
  const headers = { 'content-type': 'text/csv' };
  const answer = await t.call<TestFile>('POST', `/v1/test-files?name=${name}`, text, { headers, token });
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body;
}

interface Asked {
  flow?: string;
  headers?: Record<string, string>;
  token?: string;
  signal?: AbortSignal;
  /** Called with each event as it comes. */
  hear?: (event: TestRunEvent) => unknown;
}

const open = (request: TestRunRequest, { flow = 'hydraulic-cooler', headers, token, signal }: Asked = {}) =>
  fetch(`${t.url}/v1/flows/${flow}:test-run`, {
    method: 'POST',
    body: JSON.stringify(request),
    signal,
    headers: { authorization: `Bearer ${token ?? t.token}`, 'content-type': 'application/json', ...headers },
  });

async function run(request: TestRunRequest, asked: Asked = {}): Promise<TestRunEvent[]> {
  const response = await open(request, asked);
  if (response.status !== 200) throw new Error(await response.text());
  const events: TestRunEvent[] = [];
  const reader = new EventReader();
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? []) {
    for (const { event, data } of reader.feed(decoder.decode(bytes as Uint8Array, { stream: true }))) {
      const parsed = JSON.parse(data) as TestRunEvent;
      expect(parsed.event).toBe(event);
      events.push(parsed);
      await asked.hear?.(parsed);
    }
  }
  return events;
}

const refused = async (request: TestRunRequest, asked?: Asked) => {
  const response = await open(request, asked);
  return { status: response.status, problem: (await response.json()) as Problem };
};

type Of<E extends TestRunEvent['event']> = Extract<TestRunEvent, { event: E }>;
const of = <E extends TestRunEvent['event']>(events: TestRunEvent[], kind: E) =>
  events.filter((event): event is Of<E> => event.event === kind);
const endOf = (events: TestRunEvent[]) => of(events, 'ended')[0];

/** Records that left a port, over all frames. */
const left = (events: TestRunEvent[], module: string, port = 'out') =>
  of(events, 'frame').reduce((sum, { frame }) => sum + (frame.modules[module]?.ports[port]?.records ?? 0), 0);

/** Nothing of any run is on the disk or among the processes. */
async function nothingLeft(): Promise<void> {
  const until = Date.now() + 10_000; // a group is killed at once, and reaped when the machine gets to it
  for (;;) {
    const testing = join(t.director.platform.config.data, 'testing');
    const folders = await readdir(testing).catch(() => []);
    const processes = await processesOf(testing);
    if (folders.length === 0 && processes.length === 0) return;
    if (Date.now() > until) throw new Error(`left: ${folders.join()} ${processes.join()}`);
    await sleep(50);
  }
}

/** Whatever was given the folder of one of our runs, and what that has started in turn. */
async function processesOf(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (environment.includes(`TMPDIR=${folder}`)) found.push(pid);
  }
  return found;
}

const flowOf = (name: string, modules: Record<string, unknown>) => ({
  name,
  document: { apiVersion: 'millrace/v1', kind: 'Flow', metadata: { name }, modules },
});
const simulated = (settings: Record<string, unknown> = {}) => ({
  type: 'source.simulator',
  settings: { signals: [{ name: 'p', shape: 'sine', hz: 1000 }], ...settings },
});
const collect = { type: 'sink.file', from: ['work'], settings: { path: '/tmp/never-written.jsonl' } };

describe('a draft runs in a process of its own', () => {
  it('on the resources that it names: exact counts, samples, and the alert that would be sent', async () => {
    const events = await run({});
    expect(endOf(events)).toMatchObject({ reason: 'finished' });
    expect(events[0]).toEqual({ event: 'started', limits: { seconds: 60, memoryMb: 512 } });
    expect(events.at(-1)?.event).toBe('ended');
    const counts = Object.fromEntries(
      ['ts1', 'valid', 'rows', 'cycles', 'condition', 'failing'].map((id) => [id, left(events, id)]),
    );
    expect(counts).toEqual({ ts1: 3600, valid: 10800, rows: 3600, cycles: 60, condition: 60, failing: 1 });
    const last = of(events, 'frame').at(-1)?.frame;
    expect(last?.modules.condition?.counters).toMatchObject({ in: 60, out: 60, errors: 0 });
    const sampled = of(events, 'frame').flatMap(({ frame }) => frame.modules.rows?.ports.out?.sampled ?? []);
    expect(sampled[0]).toMatchObject({ t: 0, TS1: 35.516, cycle: 1606 });
    expect(of(events, 'alert')).toEqual([
      expect.objectContaining({
        t: 2759000,
        module: 'failing',
        change: 'raised',
        severity: 'high',
        message: 'The cooler is failing (p = 0.96, TS1 48.2709 °C)',
      }),
    ]);
    await nothingLeft();
  });

  it('on files in place of its sources, read as the source would read them', async () => {
    const part = async (name: string) => {
      const text = await readFile(join(cooler, 'resources', `${name}.csv`), 'utf8');
      // Six good cycles, then six of the failing ones.
      const lines = text.trim().split('\n');
      return [lines[0], ...lines.slice(1, 361), ...lines.slice(-360)].join('\n');
    };
    const files = await Promise.all(
      ['ts1', 'ts2', 'ts4'].map(
        async (id) => [id, await file(`${id}.csv`, await part(`cooler-${id}`))] as const,
      ),
    );
    expect(files[0]![1]).toMatchObject({ name: 'ts1.csv', columns: ['second', 'cycle', 'TS1'] });
    const inputs = Object.fromEntries(files.map(([id, one]) => [id, { file: one.id }]));
    const events = await run({ inputs });
    expect(endOf(events)).toMatchObject({ reason: 'finished' });
    expect([left(events, 'ts1'), left(events, 'condition')]).toEqual([720, 12]);
    expect(of(events, 'alert')).toEqual([expect.objectContaining({ t: 3299000, change: 'raised' })]);
  });

  it('with the text that is sent, parameters, a speed, and JSON lines', async () => {
    const { id } = await file(
      'p.jsonl',
      Array.from({ length: 9 }, (_, i) => `{"t":${i * 100},"p":${i}}`).join('\n'),
    );
    const { document } = flowOf('paced', {
      sensors: { type: 'source.mqtt', settings: { broker: 'mqtt://127.0.0.1:1', topics: ['a'] } },
      high: { type: 'route.alert', from: ['sensors'], settings: { when: 'p > ${limit}' } },
      send: { type: 'sink.mqtt', from: ['sensors'], settings: { broker: 'mqtt://127.0.0.1:1', topic: 'b' } },
      tell: { type: 'sink.director', from: ['high'], settings: { channel: 'alert' } },
    });
    await t.call('POST', '/v1/flows', { name: 'paced' });
    const text = JSON.stringify({ ...document, parameters: { limit: { type: 'number' } } });
    const request = { text, inputs: { sensors: { file: id } } };
    const lacking = await refused(request, { flow: 'paced' });
    expect(lacking).toMatchObject({ status: 422, problem: { code: 'flows.invalid' } });
    const began = performance.now();
    const events = await run({ ...request, parameters: { limit: 5 }, speed: 1 }, { flow: 'paced' });
    expect(performance.now() - began).toBeGreaterThan(800);
    expect(left(events, 'sensors')).toBe(9);
    expect(of(events, 'alert')).toMatchObject([{ module: 'high', t: 600, values: { p: 6 } }]);
    const sink = of(events, 'frame').at(-1)?.frame.modules.send?.counters;
    expect(sink).toMatchObject({ in: 9, counted: { 'not-sent': 9 }, errors: 0 });
    expect(endOf(events)).toMatchObject({ reason: 'finished' });
  });
});

it('is what the client of the studio makes of it', async () => {
  const { flows } = client({ url: t.url, token: t.token });
  const { id } = await flows.uploadTestFile(new Blob(['second,cycle,TS1\n0,1,35\n1,1,36\n']), 'two.csv');
  const events: TestRunEvent[] = [];
  for await (const event of flows.testRun('hydraulic-cooler', { inputs: { ts1: { file: id } } }))
    events.push(event);
  expect([left(events, 'ts1'), left(events, 'ts2')]).toEqual([2, 3600]);
  expect(events.at(-1)).toMatchObject({ event: 'ended', reason: 'finished' });
  for await (const event of flows.testRun('endless', {})) if (event.event === 'frame') break;
  await nothingLeft();
});

it('reads the times of a file where it is told, and says which key an alert is about', async () => {
  const { id } = await file(
    'recorded.csv',
    'when,line,p\n2024-05-01T12:00:00Z,a,1\n2024-05-01T12:00:01Z,b,9\n',
  );
  const { name, document } = flowOf('keyed', {
    broker: { type: 'source.mqtt', settings: { broker: 'mqtt://127.0.0.1:1', topics: ['a'] } },
    high: { type: 'route.alert', from: ['broker'], settings: { when: 'p > 5', key: 'line' } },
    tell: { type: 'sink.director', from: ['high'], settings: { channel: 'alert' } },
  });
  await t.call('POST', '/v1/flows', { name, document });
  const timestamp = { column: 'when', format: 'iso' as const };
  const events = await run({ inputs: { broker: { file: id, timestamp } } }, { flow: name });
  expect(of(events, 'alert')).toMatchObject([{ key: 'b', t: Date.parse('2024-05-01T12:00:01Z') }]);
  const without = await run({ inputs: { broker: { file: id } } }, { flow: name });
  expect(endOf(without)).toMatchObject({
    reason: 'failed',
    detail: expect.stringMatching(/recorded\.csv.*"?t"?/) as string,
  });
  expect(JSON.stringify(without)).not.toContain(t.director.platform.config.data);
});

describe('a test run is bounded', () => {
  it('in time', async () => {
    const events = await run({ seconds: 1 }, { flow: 'endless' });
    expect(endOf(events)).toMatchObject({ reason: 'time', detail: expect.stringContaining('1 s') as string });
    expect(of(events, 'frame').length).toBeGreaterThan(1);
    await expect(readFile('/tmp/never-written.jsonl')).rejects.toThrow('ENOENT');
    await nothingLeft();
  });

  it.each([
    ['loops', 'time', /did not come back/],
    ['heap', 'memory', /512 MiB/],
    ['buffers', 'memory', /512 MiB/],
    ['throws', 'failed', /thrown by a module/],
    ['exits', 'failed', /code 7/],
    ['children', 'finished', /end/],
  ])('when a module %s: %s', async (how, reason, detail) => {
    runs.program = strange;
    const body = flowOf(`strange-${how}`, {
      sensors: simulated({ speed: 'max', durationMs: 10_000 }),
      // A type that the director knows, made to misbehave in the process.
      work: { type: 'debug.tap', from: ['sensors'], settings: { keep: 1 } },
      out: collect,
    });
    await t.call('POST', '/v1/flows', body);
    // Filling a heap takes its time.
    const events = await run({ seconds: reason === 'memory' ? 40 : 1 }, { flow: body.name });
    expect(endOf(events)).toMatchObject({ reason, detail: expect.stringMatching(detail) as string });
    await nothingLeft();
  });

  it('in what it tells: of wide records it shows fewer, and counts all of them', async () => {
    const signals = Array.from({ length: 250 }, (_, i) => ({ name: `p${i}`, shape: 'noise', hz: 1000 }));
    const wide = { type: 'debug.tap', from: ['sensors'] };
    const body = flowOf('wide', {
      sensors: simulated({ signals, speed: 'max', durationMs: 5_000 }),
      ...Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`tap${i}`, wide])),
    });
    await t.call('POST', '/v1/flows', body);
    const events = await run({}, { flow: 'wide' });
    expect(endOf(events)).toMatchObject({ reason: 'finished' });
    const frames = of(events, 'frame').map(({ frame }) => frame);
    expect(left(events, 'sensors')).toBe(frames.at(-1)?.modules.sensors?.counters.out);
    expect(left(events, 'tap9')).toBe(left(events, 'sensors'));
    expect(left(events, 'sensors')).toBeGreaterThanOrEqual(5_000);
    const sizes = frames.map((frame) => JSON.stringify(frame).length);
    expect(Math.max(...sizes)).toBeGreaterThan(300_000);
    expect(Math.max(...sizes)).toBeLessThan(1_300_000);
  });

  it('by its parent: a module that loops ends with a director that is killed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-orphan-'));
    const { document } = flowOf('strange-loops', {
      sensors: simulated({ speed: 'max' }),
      work: { type: 'debug.tap', from: ['sensors'] },
    });
    const order = {
      flow: 'strange-loops',
      document,
      inputs: {},
      blobs: {},
      folder,
      seconds: 60,
      memoryMb: 400,
    };
    const url = pathToFileURL('apps/director/src/flows/testing/test-process.ts').href;
    const script = `import { startTest } from ${JSON.stringify(url)};
      startTest(${JSON.stringify(order)}, 128, ${JSON.stringify(strange)}, async ({ event }) => console.log(event));`;
    const args = ['--import', typescript, '--input-type=module', '-e', script];
    const parent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(parent.stdout, 'data');
      expect(await processesOf(folder)).toHaveLength(1);
      parent.kill('SIGKILL');
      const until = Date.now() + 10_000; // it looks twenty times a second, on a machine that may be busy
      while ((await processesOf(folder)).length > 0 && Date.now() < until) await sleep(20);
      expect(await processesOf(folder)).toEqual([]);
    } finally {
      parent.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('by the request: whoever closes it ends the process', async () => {
    const away = new AbortController();
    let seen = 0;
    const hear = async () => {
      seen += (await processesOf(join(t.director.platform.config.data, 'testing'))).length;
      away.abort();
    };
    await expect(run({ seconds: 60 }, { flow: 'endless', signal: away.signal, hear })).rejects.toThrow();
    await nothingLeft();
    expect(seen).toBeGreaterThan(0);
  });

  it('by the permission: who loses it sees no more of it', async () => {
    const person = await t.person('data-scientist');
    const gone = () => t.call('DELETE', `/v1/users/${person.id}`);
    let hears: Promise<unknown> | undefined;
    const hear = () => (hears ??= gone());
    const events = await run({ seconds: 60 }, { flow: 'endless', token: person.token, hear });
    expect(endOf(events)).toBeUndefined();
    await hears;
    await nothingLeft();
  }, 40_000);

  it('in number: the fifth of an organization is refused with a sentence, and a place comes free', async () => {
    const away = new AbortController();
    const asked = { flow: 'endless', signal: away.signal };
    const four = await Promise.all(Array.from({ length: 4 }, () => open({}, asked)));
    expect(four.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const fifth = await refused({}, { flow: 'endless' });
    expect(fifth).toMatchObject({
      status: 429,
      problem: { detail: expect.stringContaining('4 test runs') as string },
    });
    away.abort();
    await nothingLeft();
    expect(endOf(await run({ seconds: 0.3 }, { flow: 'endless' }))).toMatchObject({ reason: 'time' });
  });
});

describe('what cannot be tested is refused before it runs', () => {
  it('a source that reaches outside: its name, and that it needs a file', async () => {
    const body = flowOf('outside', {
      broker: { type: 'source.mqtt', settings: { broker: 'mqtt://127.0.0.1:1', topics: ['a'] } },
      disk: {
        type: 'source.csv',
        settings: { file: '/etc/passwd', timestamp: { column: 't' } },
      },
      work: { type: 'debug.tap', from: ['broker', 'disk'] },
      out: collect,
    });
    await t.call('POST', '/v1/flows', body);
    const { status, problem } = await refused({ inputs: { work: { file: 'x' } } }, { flow: 'outside' });
    expect([status, problem.code]).toEqual([422, 'flows.test-input']);
    expect(problem.errors).toMatchObject([
      { pointer: '/inputs/work', detail: expect.stringContaining('work is no source') as string },
      { module: 'broker', detail: expect.stringContaining('Give it a file') as string },
      { module: 'disk' },
    ]);
    const missing = await refused(
      { inputs: { broker: { file: 'x' }, disk: { file: 'y' } } },
      { flow: 'outside' },
    );
    expect(missing).toMatchObject({ status: 404, problem: { code: 'flows.test-file-not-found' } });
  });

  it('a draft that does not pass its checks, a flow that is not there, a viewer, a file of others', async () => {
    const { status, problem } = await refused({ text: 'kind: Flow' });
    expect([status, problem.code]).toEqual([422, 'flows.invalid']);
    expect(problem.errors?.length).toBeGreaterThan(0);
    expect(await refused({}, { flow: 'nowhere' })).toMatchObject({ status: 404 });
    const viewer = (await t.person('viewer')).token;
    expect(await refused({}, { token: viewer })).toMatchObject({ status: 403 });
    const other = await stranger(t);
    const theirs = await file('theirs.csv', 't,p\n1,2\n', other.token);
    expect(await refused({ inputs: { ts1: { file: theirs.id } } })).toMatchObject({
      status: 404,
      problem: { code: 'flows.test-file-not-found' },
    });
    await nothingLeft();
  });
});

it('an Idempotency-Key does not stop a second run', async () => {
  const headers = { 'idempotency-key': 'the same run' };
  for (let i = 0; i < 2; i++)
    expect(endOf(await run({ seconds: 0.3 }, { flow: 'endless', headers }))).toMatchObject({
      reason: 'time',
    });
});

it('a director that stops ends what runs, and says so', async () => {
  const response = open({}, { flow: 'endless' });
  const events: TestRunEvent[] = [];
  const heard = run({}, { flow: 'endless', hear: (event) => events.push(event) }).catch(() => undefined);
  const until = Date.now() + 20_000; // a process starts within seconds on a busy machine
  while (events.length === 0 && Date.now() < until) await sleep(20);
  await runs.onModuleDestroy();
  await heard;
  expect(endOf(events)).toMatchObject({
    reason: 'stopped',
    detail: expect.stringContaining('director') as string,
  });
  await (await response).text().catch(() => undefined);
  await nothingLeft();
});
