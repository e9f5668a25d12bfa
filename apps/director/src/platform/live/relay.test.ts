import { createLog } from '../log.js';
import { systemClock } from '../clock.js';
import { testDatabase, type TestDatabase } from '../../../../../test/kit/database.js';
import { Live } from './live.js';
import { LiveRelay } from './relay.js';

let t: TestDatabase;
const relays: LiveRelay[] = [];

/** A process of the director, as far as live events go. */
async function half() {
  const live = new Live(systemClock);
  const relay = new LiveRelay(t.apiUrl, t.database.pool, live, createLog('silent'));
  await relay.start();
  relays.push(relay);
  const heard: { type: string; data: unknown }[] = [];
  live.follow('acme', ({ type, data }) => heard.push({ type, data }));
  return { live, heard };
}

const until = async (holds: () => boolean) => {
  for (let i = 0; i < 100 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 50));
};

beforeAll(async () => {
  t = await testDatabase();
}, 120_000);
afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.close()));
});
afterAll(() => t.close());

test('what one process publishes is heard once in each', async () => {
  const [jobs, http] = [await half(), await half()];
  jobs.live.publish('acme', { type: 'alert', subject: 'a', data: { n: 1 } });
  http.live.publish('acme', { type: 'flow', subject: 'f', data: null });
  jobs.live.publish('other', { type: 'secret', subject: 's', data: null });
  await until(() => http.heard.length === 2 && jobs.heard.length === 2);
  expect(http.heard.map(({ type }) => type).sort()).toEqual(['alert', 'flow']);
  expect(jobs.heard.map(({ type }) => type).sort()).toEqual(['alert', 'flow']);
});

test('an event that is too large for a notification comes without its data', async () => {
  const [jobs, http] = [await half(), await half()];
  jobs.live.publish('acme', { type: 'big', subject: 'b', data: 'x'.repeat(20_000) });
  await until(() => http.heard.length === 1);
  expect(http.heard).toEqual([{ type: 'big', data: null }]);
});
