import { Failure, type LiveFlowEvent, type TapFrame } from '@millrace/schemas';
import { followLive, type LiveStatus } from './follow.js';

const state = (state: 'waiting' | 'open' | 'ended', detail = ''): LiveFlowEvent => ({
  event: 'state',
  state,
  detail,
});
const frame: TapFrame = { t: 1, intervalMs: 1, modules: {} };

/** Each entry is one connection: what it says, and how it ends. */
async function follow(connections: readonly (readonly [readonly LiveFlowEvent[], Error?])[]) {
  const away = new AbortController();
  const said: string[] = [];
  const waits: number[] = [];
  let frames = 0;
  let status: LiveStatus | undefined;
  let connection = 0;
  await followLive(
    async function* () {
      const [events, error] = connections[connection++]!;
      yield* events;
      if (error) throw error;
    },
    {
      signal: away.signal,
      onFrame: () => (frames += 1),
      onStatus: (now) => {
        status = now;
        said.push(now.detail === '' ? now.is : `${now.is}: ${now.detail}`);
      },
      now: () => said.length,
      pause: async (ms) => {
        waits.push(ms);
        if (connection === connections.length) away.abort();
      },
    },
  );
  return { said, waits, frames, status };
}

const outage = new Failure('platform.unavailable', 'nothing listens there');

it('says how it stands, and goes on behind an outage', async () => {
  const { said, frames } = await follow([
    [[state('waiting', 'the node is offline'), state('open'), { event: 'frame', frame }]],
    [[], outage],
    [[], outage],
    [[state('open'), { event: 'frame', frame }]],
  ]);
  expect(said).toEqual([
    'connecting',
    'waiting: the node is offline',
    'open',
    'reconnecting: the director ended the line',
    'reconnecting: nothing listens there',
    'open',
    'reconnecting: the director ended the line',
  ]);
  expect(frames).toBe(2);
});

it('waits longer and longer, and begins anew when it heard something', async () => {
  const { waits } = await follow([
    ...Array.from({ length: 7 }, () => [[], outage] as const),
    [[state('open')]],
    [[], outage],
  ]);
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 500, 1_000]);
});

it('what has ended is asked once more, and a refusal is the end', async () => {
  const unknown = new Failure('fleet.node-unknown', 'There is no node press-4.');
  const { said, status } = await follow([[[state('ended', 'the node was removed')]], [[], unknown]]);
  expect(said).toEqual(['connecting', 'ended: the node was removed', 'refused: There is no node press-4.']);
  expect(status?.error).toBe(unknown);
});

it('the same state with other words keeps its beginning', async () => {
  const { status } = await follow([[[state('waiting', 'one'), state('waiting', 'two')], outage]]);
  expect(status?.is).toBe('reconnecting');
  const { status: waiting } = await follow([
    [[state('waiting', 'one'), state('ended'), state('ended', 'x')]],
  ]);
  expect(waiting).toMatchObject({ is: 'ended', since: 2 });
});
