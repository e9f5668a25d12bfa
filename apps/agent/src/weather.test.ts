/** The agent in unkind weather: no network, a dead broker, attacks, full disks, kill -9. */
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { numbersFlow, testAgent, type FlowShape, type TestAgent } from '../../../test/kit/agent.js';
import { until, type BenchFlow } from '../../../test/kit/bench-director.js';
import { readSet } from './flows/sets.js';
import { foldersOf } from './folders.js';
import { joinNode } from './index.js';

let test_: TestAgent;
let origin: number;
beforeEach(async () => {
  origin = Date.now();
  test_ = await testAgent();
});
afterEach(() => test_.close());

const flow = (version: number, shape?: FlowShape, more?: Partial<BenchFlow>) =>
  numbersFlow(origin, version, shape, more);
const withModel = (version: number, model: ReturnType<TestAgent['director']['put']>) =>
  flow(version, { model: `resource:model@${model.version}#${model.digest}` }, { resources: { model } });

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a start without any network runs the last good set', async () => {
  const { director, start, running, stop, writes } = test_;
  await director.desire([flow(1)]);
  await start();
  await running(1);
  await stop();
  director.broker.refuse();
  director.status = 503;
  const agent = await start();
  await writes('v1');
  const status = await agent.status();
  expect(status).toMatchObject({ connected: false, flows: [{ runningVersion: 1, outcome: 'succeeded' }] });
});

test.each([401, 403, 404, 500])('an answer of %i never stops a running flow', async (status) => {
  const { director, start, running, writes } = test_;
  await director.desire([flow(1)]);
  await start({ pollMs: 100 });
  await running(1);
  director.broker.refuse();
  director.status = status;
  const before = director.requests.length;
  await until(() => director.requests.length > before + 3, 'refused requests');
  await writes('v1');
  director.status = null;
  await director.desire([flow(2)]);
  await running(2);
});

test('with the broker dead the poll converges within two intervals, and what is done is reported', async () => {
  const { director, start, running } = test_;
  director.broker.refuse();
  await director.desire([flow(1)]);
  await start({ pollMs: 2_000 });
  await running(1);
  const offered = Date.now();
  await director.desire([flow(2)]);
  await until(() => director.reports.at(-1)?.payload.sequence === 2, 'acceptance');
  const polls = director.requests.filter(({ path, at }) => path === '/v1/agent/desired' && at >= offered);
  expect(polls.length).toBeLessThanOrEqual(2);
  await running(2);
});

test('Retry-After is obeyed', async () => {
  const { director, start } = test_;
  director.broker.refuse();
  director.status = 429;
  director.retryAfter = 2;
  await start({ pollMs: 100 });
  const polls = () => director.requests.filter(({ path }) => path === '/v1/agent/desired');
  await until(() => polls().length >= 2, 'second question');
  const [first, second] = polls();
  expect(second!.at - first!.at).toBeGreaterThanOrEqual(1_990);
});

test('an old, validly signed state replayed later is refused, and reported', async () => {
  const { director, start, running } = test_;
  const old = await director.desire([flow(1)]);
  await start();
  await running(1);
  await director.desire([flow(2)]);
  await running(2);
  await director.offer(old);
  await until(() => director.reports.at(-1)?.payload.refused?.reason.code === 'ROLLBACK_REFUSED', 'refusal');
  expect(director.reports.at(-1)!.payload).toMatchObject({
    sequence: 2,
    refused: { sequence: 1 },
    flows: [{ runningVersion: 2 }],
  });
  // After every refused update the next good one works.
  await director.desire([flow(3)]);
  await running(3);
  expect(director.reports.at(-1)!.payload.refused).toBeNull();
});

test.each([
  ['a strange key', 'SIGNATURE_INVALID', {}, true],
  ['another node', 'WRONG_NODE', { node: 'node-2' }, false],
  ['another organization', 'WRONG_NODE', { organization: 'other' }, false],
  ['a time that is over', 'EXPIRED', { expiresAt: 1_000 }, false],
] as const)('a state signed for %s is refused with %s', async (_title, code, changes, strange) => {
  const { director, start, running } = test_;
  await director.desire([flow(1)]);
  await start();
  await running(1);
  const key = strange ? generateKeyPairSync('ed25519').privateKey : undefined;
  await director.offer(director.signed([flow(2)], changes, key));
  await until(() => director.reports.at(-1)?.payload.refused?.reason.code === code, 'refusal');
  expect(director.reports.at(-1)!.payload.flows[0]!.runningVersion).toBe(1);
});

test('a clock of the node that is years ahead keeps nothing out, since the signed time of the director counts', async () => {
  const { director, start, running } = test_;
  director.time = 1_000_000;
  await start();
  await director.offer(director.signed([flow(1)], { issuedAt: 900_000, expiresAt: 2_000_000 }));
  await running(1);
});

test('a document that is not what was signed as its digest is refused alone', async () => {
  const { director, start, running } = test_;
  const state = director.signed([flow(1), flow(1, { name: 'press' })]);
  state.payload.flows[0]!.digest = `sha256:${'0'.repeat(64)}`;
  await director.offer(director.signed([], { flows: state.payload.flows }));
  await start();
  await running(1, 'press');
  const report = await director.flowReport('pump', (r) => r.outcome === 'refused', 'refusal');
  expect(report.reason!.code).toBe('DIGEST_MISMATCH');
});

test('a resource that the document names and nobody signed is an incomplete set', async () => {
  const { director, start } = test_;
  const model = director.put(Buffer.from('model'));
  await director.desire([{ ...withModel(1, model), resources: {} }]);
  await start();
  const report = await director.flowReport('pump', (r) => r.outcome === 'refused', 'refusal');
  expect(report.reason!.code).toBe('INCOMPLETE_SET');
});

test.each([
  [
    'a flipped bit',
    (bytes: Buffer) => Buffer.from(bytes.map((byte, index) => (index === 5000 ? byte ^ 1 : byte))),
  ],
  ['bytes appended', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('more')])],
])('a tampered artifact never becomes active: %s', async (_title, tamper) => {
  const { director, start, running, writes } = test_;
  await director.desire([flow(1)]);
  await start();
  await running(1);
  const model = director.put(Buffer.alloc(100_000, 7), 2);
  const blob = director.blobs.get(model.digest)!;
  blob.bytes = tamper(blob.bytes);
  await director.desire([withModel(2, model)]);
  const report = await director.flowReport('pump', (r) => r.reason?.code === 'DIGEST_MISMATCH', 'mismatch');
  expect(report.runningVersion).toBe(1);
  await writes('v1');
  await director.flowReport('pump', (r) => r.outcome === 'refused', 'refusal');
});

test('a download that is cut is resumed where it stopped', async () => {
  const { director, start, running } = test_;
  const model = director.put(Buffer.alloc(3_000_000, 7));
  const blob = director.blobs.get(model.digest)!;
  blob.cutAfter = 1_000_000;
  await director.desire([withModel(1, model)]);
  await start();
  await until(() => director.requests.some(({ range }) => range !== undefined), 'resumed request');
  blob.cutAfter = undefined;
  await running(1);
  const ranges = director.requests.filter(({ path }) => path.startsWith('/blobs/')).map(({ range }) => range);
  expect(ranges[0]).toBeUndefined();
  expect(ranges.at(-1)).toMatch(/^bytes=\d{6,}-$/);
});

test('NO_SPACE is reported with what is needed and free, and the old version runs on', async () => {
  const { director, start, running, writes } = test_;
  await director.desire([flow(1)]);
  await start({ blobBytes: 1_048_576 });
  await running(1);
  const model = director.put(Buffer.alloc(2_000_000, 1));
  await director.desire([withModel(2, model)]);
  const report = await director.flowReport('pump', (r) => r.reason?.code === 'NO_SPACE', 'lack of space');
  expect(report).toMatchObject({
    runningVersion: 1,
    outcome: null,
    reason: { evidence: { needed: 2_000_000, free: 1_048_576 } },
  });
  await writes('v1');
});

test('a model that is changed on the disk is fetched anew and never used', async () => {
  const { director, start, running, stop, dataDir } = test_;
  const model = director.put(Buffer.from('the right model'));
  await director.desire([withModel(1, model)]);
  await start();
  await running(1);
  await stop();
  const path = join(foldersOf(dataDir).blobs, model.digest.slice(7));
  await writeFile(path, 'the wrong model');
  director.reports.length = 0;
  await start();
  await running(1);
  expect(await readFile(path, 'utf8')).toBe('the right model');
});

test('alerts are kept while the director is away, and arrive once each, in order', async () => {
  const { director, start, running } = test_;
  director.broker.refuse();
  director.acknowledges = false;
  await director.desire([flow(1, { up: true, everyMs: 20, only: 150 })]);
  const agent = await start({ pollMs: 300 });
  await running(1);
  director.status = 503;
  await until(() => Date.now() - origin > 4_000, 'time for all of them');
  const { outbox } = await agent.status();
  expect(outbox).toMatchObject({ sent: 0, dropped: 0 });
  expect(outbox.made).toBe(outbox.buffered);
  director.status = null;
  director.acknowledges = true;
  director.broker.allow();
  await until(() => director.alerts.length === 150, 'all alerts', 60_000);
  expect(director.alerts.map(({ number }) => number)).toEqual(Array.from({ length: 150 }, (_, i) => i + 1));
  expect(director.alerts.map(({ values }) => values.number)).toEqual(
    Array.from({ length: 150 }, (_, i) => i + 1),
  );
  for (;;) {
    const counts = (await agent.status()).outbox;
    if (counts.buffered > 0) continue;
    expect(counts).toEqual({ made: 150, sent: 150, buffered: 0, dropped: 0 });
    break;
  }
});

test('kill -9 of the agent: its flows end by themselves, and the next start goes on where they stopped', async () => {
  const { director, spawn, running, writes, list } = test_;
  await director.desire([flow(1)]);
  const child = await spawn();
  await running(1);
  const known = JSON.parse(await readFile(foldersOf(test_.dataDir).processes, 'utf8')) as { pid: number }[];
  expect(known).toHaveLength(1);
  child.kill('SIGKILL');
  await until(() => !isAlive(known[0]!.pid), 'end of the flow without its parent');
  await spawn();
  await writes('v1');
  const numbers = (await list()).map(({ number }) => number);
  const breaks = numbers.flatMap((number, index) =>
    number === (numbers[index - 1] ?? 0) + 1 ? [] : [[numbers[index - 1], number]],
  );
  expect(breaks).toEqual([]);
});

test('kill -9 at any time of a deployment leaves old or new, never half', async () => {
  const { director, spawn, running, writes } = test_;
  await director.desire([flow(1)]);
  let child = await spawn();
  await running(1);
  let version = 1;
  for (const delay of [0, 60, 150, 300, 450, 700]) {
    version += 1;
    const model = director.put(Buffer.alloc(200_000, version), version);
    await director.desire([withModel(version, model)]);
    await new Promise((resolve) => setTimeout(resolve, delay));
    child.kill('SIGKILL');
    director.reports.length = 0;
    child = await spawn();
    await running(version);
  }
  await writes(`v${version}`);
  const folders = foldersOf(test_.dataDir).flow('pump');
  const sets = await readdir(join(folders.root, 'sets'));
  // The one that runs, and two as ways back: each of them whole.
  expect(sets.length).toBeLessThanOrEqual(3);
  for (const key of sets) await readSet(folders, key);
}, 180_000);

test('a second agent on one folder is refused, and an identity is never written over', async () => {
  const { director, spawn, start, dataDir } = test_;
  await spawn();
  await expect(start()).rejects.toMatchObject({ code: 'fleet.agent-running' });
  const identity = await readFile(foldersOf(dataDir).identity, 'utf8');
  await expect(joinNode({ url: director.url, token: director.token, dataDir })).rejects.toMatchObject({
    code: 'fleet.already-enrolled',
  });
  expect(await readFile(foldersOf(dataDir).identity, 'utf8')).toBe(identity);
});

test('a wrong join token leaves no identity behind', async () => {
  const { director, dataDir } = test_;
  const other = join(dataDir, 'other');
  await expect(joinNode({ url: director.url, token: 'guess', dataDir: other })).rejects.toMatchObject({
    code: 'fleet.join-token-invalid',
  });
  expect(existsSync(foldersOf(other).identity)).toBe(false);
});

test('a flow may not write outside its work folder and the roots of this node', async () => {
  const { director, start, running, dataDir } = test_;
  await director.desire([flow(1, { path: '../../escaped' })]);
  await start();
  const report = await director.flowReport('pump', (r) => r.outcome === 'refused', 'refusal');
  expect(report.reason!.detail).toContain('work folder');
  await director.desire([flow(2, { path: join(dataDir, 'shared', 'list') })]);
  const second = await director.flowReport(
    'pump',
    (r) => r.outcome === 'refused' && r.desiredVersion === 2,
    'second refusal',
  );
  expect(second.reason!.detail).toContain('MILLRACE_PATHS');
  await director.desire([flow(3)]);
  await running(3);
});
