/** Looking at a running flow over the API: real broker, real agent, real processes of flows. */
import { LiveFlowEvent, type AuditEntry, type NodeLogs, type TapFrame } from '@millrace/schemas';
import { testDirector, type TestDirector } from '../../../../test/kit/director.js';
import { bringFlow, edgeNode, speaking, waitFor, type EdgeNode } from '../../../../test/kit/edge.js';
import { testNode } from '../../../../test/kit/node.js';
import { stranger } from '../../../../test/kit/resources.js';
import { NodeCommands } from './commands.js';
import { LookingService } from './looking.service.js';

let t: TestDirector;
let press: EdgeNode;
const open: (() => unknown)[] = [];

beforeAll(async () => {
  t = await testDirector();
  const group = await t.call<{ id: string }>('POST', '/v1/groups', { name: 'line-1' });
  press = await edgeNode(t, 'press-4', group.body.id);
  await bringFlow(t, 'pump-watch', group.body.id, [press.id]);
}, 120_000);
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});
afterAll(async () => {
  await press?.close();
  await t?.close();
}, 60_000);

interface Watching {
  events: LiveFlowEvent[];
  states: () => string[];
  details: () => string[];
  frames: () => TapFrame[];
  ended: () => boolean;
  stop: () => void;
}

function watch(path: string, token = t.token): Watching {
  const away = new AbortController();
  const events: LiveFlowEvent[] = [];
  let ended = false;
  const read = async () => {
    const { body, status } = await fetch(`${t.url}${path}`, {
      signal: away.signal,
      headers: { authorization: `Bearer ${token}` },
    });
    if (status !== 200) throw new Error(`${path}: ${status}`);
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      const parts = text.split('\n\n');
      text = parts.pop()!;
      for (const part of parts) {
        const data = /^data: (.*)$/m.exec(part)?.[1];
        if (data !== undefined) events.push(LiveFlowEvent.parse(JSON.parse(data)));
      }
    }
    ended = true;
  };
  read().catch(() => (ended = true)); // it ends by being stopped
  const stop = () => away.abort();
  open.push(stop);
  const states = () => events.flatMap((one) => (one.event === 'state' ? [one] : []));
  return {
    events,
    states: () => states().map(({ state }) => state),
    details: () => states().map(({ detail }) => detail),
    frames: () => events.flatMap((one) => (one.event === 'frame' ? [one.frame] : [])),
    ended: () => ended,
    stop,
  };
}

const live = (flow = 'pump-watch', query = '') => `/v1/nodes/press-4/flows/${flow}/live${query}`;
const taps = async () => (await press.agent().status()).taps;
const tapsAre = (what: string, count: number) => waitFor(what, async () => (await taps()).open === count);

test('what passes on the wires of a running flow is seen over the API', async () => {
  const one = watch(live());
  await waitFor('frames', () => one.frames().length >= 4);
  expect(one.events[0]).toEqual({ event: 'state', state: 'open', detail: expect.any(String) });
  const frame = one.frames().at(-1)!;
  expect(Object.keys(frame.modules)).toEqual(['sensors', 'clean', 'out']);
  const { records, sampled } = frame.modules.clean!.ports.out!;
  expect(records).toBeGreaterThan(0);
  expect(sampled.length).toBeLessThanOrEqual(records);
  expect(Math.abs(sampled[0]!.pressure as number)).toBeLessThanOrEqual(1);
  expect(sampled[0]!.t).toBeGreaterThan(Date.now() - 3_600_000);
});

test('who watches the same flow shares one tap, each sees their modules, and the last one gives it up', async () => {
  const one = watch(live('pump-watch', '?modules=clean'));
  const two = watch(live('pump-watch', '?modules=sensors,nowhere'));
  await waitFor('frames of both', () => one.frames().length >= 2 && two.frames().some(has('sensors')));
  expect((await taps()).open).toBe(1);
  expect(Object.keys(one.frames().at(-1)!.modules)).toEqual(['clean']);
  expect(Object.keys(two.frames().at(-1)!.modules)).toEqual(['sensors']);
  one.stop();
  const seen = two.frames().length;
  await waitFor('frames for who stays', () => two.frames().length > seen + 2);
  two.stop();
  await tapsAre('end of the tap', 0);
  const { sent } = await taps();
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect((await taps()).sent).toBe(sent);
});
const has = (module: string) => (frame: TapFrame) => module in frame.modules;

test('a node that goes away is waited for, and the view goes on when it is back', async () => {
  const one = watch(live());
  const other = watch(live('not-here'));
  await waitFor('frames', () => one.frames().length > 0);
  await waitFor('why the other one waits', () => other.details().length > 0);
  expect(other.details()).toEqual(['no flow not-here is on this node']);
  expect(other.states()).toEqual(['waiting']);
  await press.stop();
  await waitFor('waiting', () => one.states().at(-1) === 'waiting');
  expect(one.details().at(-1)).toMatch(/press-4 is offline/);
  const offline = await t.call('GET', '/v1/nodes/press-4/logs');
  expect(offline).toMatchObject({ status: 409, body: { code: 'fleet.node-offline' } });
  expect(await t.call('POST', '/v1/nodes/press-4:restart', { flow: 'pump-watch' })).toMatchObject({
    status: 409,
    body: { code: 'fleet.node-offline' },
  });
  await press.start();
  const seen = one.frames().length;
  await waitFor('frames again', () => one.frames().length > seen + 1);
  // Between offline and open it may wait for the flow to start.
  const changes = one.states().filter((state, i, all) => state !== all[i - 1]);
  expect(changes).toEqual(['open', 'waiting', 'open']);
}, 120_000);

test('logs come from the node, and go on from the last line', async () => {
  const read = (query = '') => t.call<NodeLogs>('GET', `/v1/nodes/press-4/logs${query}`);
  const { body, status } = await read('?flow=pump-watch');
  expect(status).toBe(200);
  expect(body.lines.map(({ message }) => message)).toContainEqual(expect.stringMatching(/^version 1 /));
  const last = body.lines.at(-1)!.t;
  expect((await read(`?since=${last}`)).body.lines).toEqual([]);
  const unknown = await read('?flow=nowhere');
  expect(unknown).toMatchObject({ status: 409, body: { code: 'fleet.command-refused' } });

  const restart = await t.call('POST', '/v1/nodes/press-4:restart', { flow: 'pump-watch' });
  expect(restart.status).toBe(204);
  await waitFor('the line about it', async () =>
    (await read(`?since=${last}`)).body.lines.some(({ message }) => message.includes('started anew')),
  );
  const viewer = await t.person('viewer');
  const refused = await t.call(
    'POST',
    '/v1/nodes/press-4:restart',
    { flow: 'pump-watch' },
    { token: viewer.token },
  );
  expect(refused.status).toBe(403);
}, 60_000);

test('an answer of another node is no answer, whatever it says', async () => {
  const [good, bad] = [await testNode(t, 'good'), await testNode(t, 'bad')];
  const forger = await speaking(bad, () => undefined);
  const honest = await speaking(good, () => undefined);
  open.push(() => Promise.all([forger.close(), honest.close()]));
  const line = (message: string) => ({
    lines: [{ t: 1, flow: 'pump', level: 'info', module: '', message }],
  });
  const asked = t.director.app
    .get(NodeCommands)
    .ask({ organization: t.organization, node: good.id }, { verb: 'logs' });
  await waitFor('the command', () => honest.commands.length > 0);
  const { id } = honest.commands[0]!;
  await forger.say({ id, ok: true, result: line('forged') });
  await honest.say({ id, ok: true, result: line('true') });
  expect((await asked).result).toEqual(line('true'));
  expect(forger.commands).toEqual([]);
});

test('what came of a new start is in the audit log, whatever the node says', async () => {
  const node = await testNode(t, 'oven');
  const { close } = await speaking(node, ({ flow }) =>
    flow === 'mute' ? undefined : flow === 'pump' ? { ok: true } : { ok: false, detail: `no flow ${flow}` },
  );
  open.push(close);
  await waitFor('the node to be online', async () => {
    const { body } = await t.call<{ status: string }>('GET', `/v1/nodes/${node.id}`);
    return body.status === 'online';
  });
  const looking = t.director.app.get(LookingService);
  const usual = looking.restartWithinMs;
  open.push(() => (looking.restartWithinMs = usual));
  looking.restartWithinMs = 2_000; // the broker is on this machine; who does not answer then never does
  const restart = async (flow: string) =>
    (await t.call('POST', `/v1/nodes/${node.id}:restart`, { flow })).status;
  expect([await restart('nowhere'), await restart('pump'), await restart('mute')]).toEqual([409, 204, 504]);
  const { items } = (
    await t.call<{ items: AuditEntry[] }>(
      'GET',
      `/v1/audit?action=fleet.restart-flow&subject=node:${node.id}`,
    )
  ).body;
  expect(items.map(({ details }) => details)).toEqual([
    { flow: 'mute', result: 'unanswered' },
    { flow: 'pump', result: 'restarted' },
    { flow: 'nowhere', result: 'refused', detail: 'no flow nowhere' },
  ]);
});

test('a node that does not answer is given up, and its view says so', async () => {
  const mute = await testNode(t, 'mute');
  const { close } = await speaking(mute, () => undefined);
  open.push(close);
  const asking = t.director.app
    .get(NodeCommands)
    .ask({ organization: t.organization, node: mute.id }, { verb: 'logs' }, 300);
  await expect(asking).rejects.toMatchObject({ code: 'fleet.node-silent' });
});

test('a view ends with the permission, and with the node', async () => {
  const gone = await testNode(t, 'gone');
  const person = await t.person('viewer');
  const one = watch(live(), person.token);
  const two = watch(`/v1/nodes/${gone.id}/flows/pump/live`);
  await waitFor('states', () => one.states().length > 0 && two.states().length > 0);
  await t.call('DELETE', `/v1/users/${person.id}`);
  await t.call('DELETE', `/v1/nodes/${gone.id}`);
  await waitFor('both ends', () => one.ended() && two.ended());
  expect(two.states()).toEqual(['waiting', 'ended']);
  expect((await t.call('GET', '/v1/nodes/nowhere/flows/pump/live')).status).toBe(404);
  await tapsAre('end of the tap', 0);
});

test('a node of another organization is not there to be looked at', async () => {
  const { token } = await stranger(t);
  const asked = [
    t.call('GET', `/v1/nodes/${press.id}/flows/pump-watch/live`, undefined, { token }),
    t.call('GET', `/v1/nodes/${press.id}/logs`, undefined, { token }),
    t.call('POST', `/v1/nodes/${press.id}:restart`, { flow: 'pump-watch' }, { token }),
  ];
  for (const answer of await Promise.all(asked))
    expect(answer).toMatchObject({ status: 404, body: { code: 'fleet.node-unknown' } });
});
