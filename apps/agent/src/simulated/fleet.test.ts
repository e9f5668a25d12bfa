/** A simulated node against a real broker and real signatures: what it takes, refuses, fetches and tells. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { numbersFlow } from '../../../../test/kit/agent.js';
import {
  startBenchDirector,
  until,
  type BenchDirector,
  type BenchFlow,
} from '../../../../test/kit/bench-director.js';
import { createLog } from '../log.js';
import { chosen, randomOf } from './chance.js';
import { simulateFleet, type SimulatedFleet, type SimulateOptions } from './fleet.js';

let director: BenchDirector;
let fleet: SimulatedFleet | undefined;
let dataDir: string;

beforeEach(async () => {
  director = await startBenchDirector();
  dataDir = await mkdtemp(join(tmpdir(), 'millrace-simulated-'));
});
afterEach(async () => {
  await fleet?.close();
  fleet = undefined;
  await director.close();
  await rm(dataDir, { recursive: true, force: true });
});

const start = async (changes: Partial<SimulateOptions> = {}) => {
  fleet = await simulateFleet({
    url: director.url,
    token: director.token,
    nodes: 1,
    prefix: 'sim',
    fetch: false,
    dataDir,
    fail: 0,
    offline: 0,
    seed: 1,
    pollMs: 500,
    log: createLog(process.env.MILLRACE_TEST_LOG ?? 'silent'),
    ...changes,
  });
  return fleet;
};
const flow = (version: number, more?: Partial<BenchFlow>) => numbersFlow(0, version, {}, more);
const running = (version: number) =>
  director.flowReport(
    'pump',
    (r) => r.outcome === 'succeeded' && r.runningVersion === version,
    `version ${version}`,
  );

test('it joins, says that it is simulated, and reports the digest of what was signed', async () => {
  await start();
  const { payload } = await director.desire([flow(1)]);
  expect((await running(1)).runningDigest).toBe(payload.flows[0]!.digest);
  const { facts } = director.reports.find((report) => report.payload.facts !== undefined)!.payload;
  expect(facts).toMatchObject({ simulated: true, hostname: 'sim-0001' });
  await until(() => director.presence.includes('online'), 'presence');
  await director.desire([]);
  await until(() => director.reports.at(-1)?.payload.flows.length === 0, 'removal');
});

test('a state that somebody else has signed is refused, and the next good one is taken', async () => {
  await start();
  await director.offer(director.signed([flow(1)], {}, generateKeyPairSync('ed25519').privateKey));
  await until(() => director.reports.at(-1)?.payload.refused?.reason.code === 'SIGNATURE_INVALID', 'refusal');
  await director.desire([flow(2)]);
  await running(2);
});

test('a document that is not what was signed is refused', async () => {
  await start();
  const good = director.signed([flow(1)]);
  const flows = good.payload.flows.map((one) => ({ ...one, digest: `sha256:${'0'.repeat(64)}` }));
  await director.desire([], { flows });
  const { reason } = await director.flowReport('pump', (r) => r.outcome === 'refused', 'refusal');
  expect(reason).toMatchObject({ code: 'DIGEST_MISMATCH' });
});

test('a node that is to fail rolls back what replaces a version, with the rule of the agent and its evidence', async () => {
  await start({ fail: 1 });
  await director.desire([flow(1)]);
  await running(1);
  await director.desire([flow(2)]);
  const report = await director.flowReport('pump', (r) => r.outcome === 'rolled-back', 'rollback');
  expect(report).toMatchObject({
    runningVersion: 1,
    desiredVersion: 2,
    reason: { code: 'PROBATION_FAILED' },
  });
  expect(report.reason!.evidence).toMatchObject({ errors: expect.any(Number) });
  await director.desire([flow(1)]);
  await running(1);
});

test('with fetch the bytes are fetched, checked and go on from where they were cut', async () => {
  await start({ fetch: true });
  const bytes = randomBytes(300_000);
  const model = director.put(bytes);
  const reference = `resource:model@1#${model.digest}`;
  director.blobs.get(model.digest)!.cutAfter = 100_000;
  await director.desire([numbersFlow(0, 1, { model: reference }, { resources: { model } })]);
  await until(() => director.requests.some(({ range }) => range !== undefined), 'a second try');
  director.blobs.get(model.digest)!.cutAfter = undefined;
  await running(1);
  const [node] = await readdir(dataDir);
  const path = join(dataDir, node!, 'blobs', model.digest.slice(7));
  expect(await readFile(path)).toEqual(bytes);
  await until(
    () => director.reports.some(({ payload }) => payload.facts?.blobs?.[0] === model.digest),
    'holding',
  );
  // As on a node, two versions stay as a way back.
  for (const version of [2, 3]) {
    await director.desire([flow(version)]);
    await running(version);
  }
  expect(existsSync(path)).toBe(true);
  await director.desire([flow(4)]);
  await running(4);
  await until(() => !existsSync(path), 'collection');
});

test('bytes that are not what was signed are never used', async () => {
  await start({ fetch: true });
  const model = director.put(Buffer.from('a model'));
  director.blobs.get(model.digest)!.bytes = Buffer.from('a modem');
  await director.desire([
    numbersFlow(0, 1, { model: `resource:model@1#${model.digest}` }, { resources: { model } }),
  ]);
  const { reason } = await director.flowReport('pump', (r) => r.outcome === 'refused', 'refusal', 40_000);
  expect(reason).toMatchObject({ code: 'DIGEST_MISMATCH' });
});

test('it comes back after the broker was away, and says everything again', async () => {
  const { counts } = await start();
  await director.desire([flow(1)]);
  await running(1);
  director.broker.refuse();
  await until(() => counts().connected === 0, 'loss');
  const before = director.reports.length;
  director.broker.allow();
  await until(() => counts().connected === 1, 'return', 30_000);
  await until(
    () => director.reports.slice(before).some(({ payload }) => payload.facts !== undefined),
    'facts',
  );
});

test('a node that stays away joins and is not heard of', async () => {
  const { counts } = await start({ offline: 1 });
  expect(counts()).toEqual({ joined: 1, connected: 0, offline: 1 });
  expect(director.requests.map(({ path }) => path)).toEqual(['/v1/agent/enrol']);
});

test('the same seed chooses the same nodes, and exactly as many as asked', () => {
  const some = (seed: number) => [...chosen(50, 0.3, randomOf(seed))].toSorted((a, b) => a - b);
  expect(some(7)).toHaveLength(15);
  expect(some(7)).toEqual(some(7));
  expect(some(7)).not.toEqual(some(8));
  expect(chosen(10, 0, randomOf(1)).size).toBe(0);
  expect(chosen(10, 1, randomOf(1)).size).toBe(10);
});
