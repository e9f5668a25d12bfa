import { Failure, type TestRunEvent } from '@millrace/schemas';
import { testRun, type TestRun } from './run.js';

const document = {
  apiVersion: 'millrace/v1' as const,
  kind: 'Flow' as const,
  metadata: { name: 'a' },
  modules: { made: { type: 'source.simulator' } },
};
const started: TestRunEvent = { event: 'started', limits: { seconds: 60, memoryMb: 512 } };
const ended: TestRunEvent = { event: 'ended', reason: 'finished', detail: 'Every source came to its end.' };
const alert: TestRunEvent = {
  event: 'alert',
  module: 'failing',
  t: 1,
  change: 'raised',
  severity: 'high',
  message: 'hot',
  values: {},
};

const overOf = (run: TestRun) =>
  new Promise<ReturnType<TestRun['now']>>((resolve) => {
    const look = () => run.now().state === 'ended' && resolve(run.now());
    run.subscribe(look);
    look();
  });
async function* saying(events: readonly TestRunEvent[], then?: Error): AsyncGenerator<TestRunEvent> {
  yield* events;
  if (then) throw then;
}

it('a run is followed to its end', async () => {
  const run = testRun(
    () => saying([started, alert, ended]),
    {},
    document,
    () => 7,
  );
  expect(run.now().state).toBe('preparing');
  expect(await overOf(run)).toMatchObject({
    state: 'ended',
    startedAt: 7,
    limits: { seconds: 60 },
    alertCount: 1,
    end: { reason: 'finished' },
    refused: undefined,
  });
  expect(run.watch.now().over).toBe(true);
});

it('what is kept of many alerts is bounded, and counted', async () => {
  const many = Array.from({ length: 900 }, (_, t) => ({ ...alert, t }));
  const view = await overOf(testRun(() => saying([started, ...many, ended]), {}, document));
  expect(view.alertCount).toBe(900);
  expect(view.alerts).toHaveLength(200);
  expect(view.alerts[0]!.t).toBe(899);
});

it('a refusal keeps its places; a line that is cut later is an end in words', async () => {
  const failure = new Failure('flows.invalid', 'It cannot be tested.', {
    errors: [{ code: 'flows.setting-invalid', module: 'made', detail: 'no signals' }],
  });
  const refused = await overOf(testRun(() => saying([], failure), {}, document));
  expect(refused.refused?.errors[0]?.module).toBe('made');
  const cut = await overOf(
    testRun(() => saying([started], new Failure('platform.unavailable', 'It was cut off.')), {}, document),
  );
  expect(cut).toMatchObject({ refused: undefined, end: { reason: 'failed', detail: 'It was cut off.' } });
  const silent = await overOf(testRun(() => saying([started]), {}, document));
  expect(silent.end?.reason).toBe('failed');
});

it('stop ends the request, and nothing that comes later changes that', async () => {
  let aborted = false;
  const run = testRun(
    async function* (_, { signal }) {
      yield started;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      aborted = true;
      yield ended;
    },
    {},
    document,
  );
  await new Promise<void>((resolve) => run.subscribe(() => run.now().state === 'running' && resolve()));
  run.stop();
  expect((await overOf(run)).end).toEqual({ reason: 'stopped', detail: 'You stopped the run.' });
  await new Promise((resolve) => setTimeout(resolve));
  expect([aborted, run.now().end?.reason]).toEqual([true, 'stopped']);
});
