/** Versions come, prove themselves or go back: the whole agent with real processes, files and broker. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { numbersFlow, testAgent, type FlowShape, type TestAgent } from '../../../test/kit/agent.js';
import { until, type BenchFlow } from '../../../test/kit/bench-director.js';
import { foldersOf } from './folders.js';

let test_: TestAgent;
let origin: number;
beforeEach(async () => {
  origin = Date.now();
  test_ = await testAgent();
});
afterEach(() => test_.close());

const flow = (version: number, shape?: FlowShape, more?: Partial<BenchFlow>) =>
  numbersFlow(origin, version, shape, more);

test('a signed flow is brought up, and reported with what was read again', async () => {
  const { director, start, running } = test_;
  const { payload } = await director.desire([flow(1)]);
  await start();
  const report = await running(1);
  expect(report).toMatchObject({
    runningDigest: payload.flows[0]!.digest,
    progress: 'running',
    reason: null,
  });
  await until(() => director.presence.includes('online'), 'presence');
  expect(director.reports.at(-1)!.payload).toMatchObject({ sequence: 1, epoch: 1, refused: null });
  expect(director.reports.some(({ payload }) => payload.facts?.hostname !== undefined)).toBe(true);
});

test('the next version takes over the state: no record is lost or doubled', async () => {
  const { director, start, running, writes, list, stop } = test_;
  await director.desire([flow(1)]);
  await start();
  await running(1);
  await director.desire([flow(2)]);
  const report = await running(2);
  expect(report).toMatchObject({ lost: 0, gapMs: expect.any(Number) });
  await writes('v2');
  await stop();
  const entries = await list();
  expect(entries.map(({ number }) => number)).toEqual(entries.map((_, index) => index + 1));
  // Versions do not overlap.
  expect(entries.map(({ tag }) => tag)).toEqual(entries.map(({ tag }) => tag).toSorted());
});

test.each([
  ['counts errors', 'counts', 'PROBATION_FAILED'],
  ['throws', 'throws', 'CRASHED'],
  ['exits', 'exits', 'CRASHED'],
] as const)(
  'a version that %s is rolled back, the old one goes on, and the next good one works',
  async (_title, how, code) => {
    const { director, start, running, writes } = test_;
    await director.desire([flow(1)]);
    await start();
    await running(1);
    await director.desire([flow(2, { how })]);
    const rolledBack = await director.flowReport(
      'pump',
      (r) => r.outcome === 'rolled-back' && r.runningVersion === 1,
      'rollback',
    );
    expect(rolledBack.reason).toMatchObject({
      code,
      detail: expect.stringMatching(/./),
      evidence: expect.anything(),
    });
    await writes('v1');
    // What failed is not tried again.
    const before = director.reports.length;
    await director.desire([flow(2, { how })]);
    await until(
      () => director.reports.slice(before).some(({ payload }) => payload.sequence === 3),
      'a report',
    );
    expect(
      director.reports.slice(before).every(({ payload }) => payload.flows[0]!.outcome === 'rolled-back'),
    ).toBe(true);
    await director.desire([flow(3)]);
    await running(3);
  },
);

test('a version that cannot be made is refused before the old one has stopped', async () => {
  const { director, start, running, list, writes } = test_;
  await director.desire([flow(1)]);
  await start();
  await running(1);
  await director.desire([flow(2, { how: 'at-start' })]);
  const report = await director.flowReport('pump', (r) => r.outcome === 'failed', 'failure');
  expect(report).toMatchObject({ runningVersion: 1, reason: { code: 'START_FAILED' }, gapMs: null });
  await writes('v1');
  expect((await list()).every(({ tag }) => tag === 'v1')).toBe(true);
});

test('a setting that this node does not know is refused, with the module and the way out', async () => {
  const { director, start } = test_;
  const wrong = flow(1);
  wrong.document.modules.step!.settings = { how: 'perhaps' };
  await director.desire([wrong]);
  await start();
  const report = await director.flowReport('pump', (r) => r.outcome === 'refused', 'refusal');
  expect(report.reason).toMatchObject({ code: 'CHECK_FAILED', detail: expect.stringContaining('step') });
});

test('a first version that fails is stopped, since there is none to go back to', async () => {
  const { director, start } = test_;
  await director.desire([flow(1, { how: 'exits' })]);
  const agent = await start();
  const report = await director.flowReport('pump', (r) => r.outcome === 'failed', 'failure');
  expect(report).toMatchObject({ runningDigest: null, reason: { code: 'CRASHED' } });
  await until(() => director.reports.length > 0, 'reports');
  expect((await agent.status()).processes.pump).toEqual([]);
});

test('when both versions fail the flow stops, says so, and does not loop; the next good one works', async () => {
  const { director, start, running, dataDir } = test_;
  await director.desire([flow(1, { how: 'on-file' })]);
  const agent = await start();
  await running(1);
  await writeFile(join(foldersOf(dataDir).flow('pump').work, 'trip'), '');
  await director.desire([flow(2, { how: 'exits' })]);
  const report = await director.flowReport('pump', (r) => r.outcome === 'failed', 'end of restarts', 120_000);
  expect(report).toMatchObject({ runningDigest: null, reason: { code: 'CRASHED' } });
  expect(report.reason!.detail).toContain('stopped for good after 5 restarts');
  expect((await agent.status()).processes.pump).toEqual([]);
  await director.desire([flow(3)]);
  await running(3);
}, 180_000);

test('a flow whose desired state did not change is not touched', async () => {
  const { director, start, running } = test_;
  const other = flow(1, { name: 'press' });
  await director.desire([flow(1), other]);
  const agent = await start();
  await running(1);
  await running(1, 'press');
  const before = (await agent.status()).processes.press;
  await director.desire([flow(2), other]);
  await running(2);
  expect((await agent.status()).processes.press).toEqual(before);
});

test('a flow that is removed stops, and its bytes are collected', async () => {
  const { director, start, running, dataDir } = test_;
  const model = director.put(Buffer.from('a model'));
  const reference = `resource:model@1#${model.digest}`;
  await director.desire([flow(1, { model: reference }, { resources: { model } })]);
  const agent = await start();
  await running(1);
  await until(
    () => director.reports.some(({ payload }) => payload.facts?.blobs?.includes(model.digest)),
    'the report of what the node holds',
  );
  const [pid] = (await agent.status()).processes.pump!;
  await director.desire([]);
  await until(
    () =>
      director.reports.at(-1)?.payload.sequence === 2 && director.reports.at(-1)?.payload.flows.length === 0,
    'removal',
  );
  expect(() => process.kill(pid!, 0)).toThrow();
  const folders = foldersOf(dataDir);
  expect(existsSync(folders.flow('pump').root)).toBe(false);
  await until(() => !existsSync(`${folders.blobs}/${model.digest.slice(7)}`), 'collection');
});

test('the way back to a version that ran fetches nothing; a third one before it is let go', async () => {
  const { director, start, running, dataDir } = test_;
  const models = [1, 2, 3, 4].map((version) => director.put(Buffer.from(`model ${version}`), version));
  const at = (version: number) => {
    const model = models[version - 1]!;
    return flow(version, { model: `resource:model@${version}#${model.digest}` }, { resources: { model } });
  };
  const blobs = foldersOf(dataDir).blobs;
  const here = () => models.map(({ digest }) => existsSync(join(blobs, digest.slice('sha256:'.length))));
  const fetched = () => director.requests.filter(({ path }) => path.startsWith('/blobs/')).length;
  await start();
  for (const version of [1, 2, 3]) {
    await director.desire([at(version)]);
    await running(version);
  }
  expect(here()).toEqual([true, true, true, false]);
  const before = fetched();
  await director.desire([at(2)]);
  await running(2);
  await director.desire([at(3)]);
  await running(3);
  expect(fetched()).toBe(before);
  await director.desire([at(4)]);
  await running(4);
  // Behind the good one stay the two that were good before it.
  await until(() => here().join() === 'false,true,true,true', 'collection');
}, 120_000);

test('where room is short, what is kept for a way back is let go first', async () => {
  const { director, start, running, dataDir } = test_;
  const models = [1, 2].map((version) => director.put(Buffer.alloc(600_000, version), version));
  const at = (version: number) => {
    const model = models[version - 1]!;
    return flow(version, { model: `resource:model@${version}#${model.digest}` }, { resources: { model } });
  };
  const third = director.put(Buffer.alloc(600_000, 3), 3);
  await start({ blobBytes: 1_500_000 });
  await director.desire([at(1)]);
  await running(1);
  await director.desire([at(2)]);
  await running(2);
  await director.desire([
    flow(3, { model: `resource:model@3#${third.digest}` }, { resources: { model: third } }),
  ]);
  await running(3);
  const blobs = foldersOf(dataDir).blobs;
  expect(existsSync(join(blobs, models[0]!.digest.slice('sha256:'.length)))).toBe(false);
}, 120_000);

test('a newer version supersedes one in probation', async () => {
  const { director, start, running } = test_;
  await director.desire([flow(1)]);
  await start();
  await running(1);
  await director.desire([flow(2, {}, { strategy: { probationMs: 600_000 } })]);
  await director.flowReport('pump', (r) => r.progress === 'probation' && r.runningVersion === 2, 'probation');
  await director.desire([flow(3)]);
  await running(3);
});

test('a change of parameters alone is a change', async () => {
  const { director, start, running } = test_;
  const one = flow(1);
  one.document.parameters = { tag: { type: 'string' } };
  one.document.modules.sink!.settings!.tag = '${tag}';
  await director.desire([{ ...one, parameters: { tag: 'blue' } }]);
  await start();
  await running(1);
  await director.desire([{ ...one, parameters: { tag: 'green' } }]);
  await test_.writes('green');
});
