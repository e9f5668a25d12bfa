import type { ModuleContext } from '@millrace/engine';
import {
  startHttpServer,
  type Asked,
  type Reply,
  type TestServer,
} from '../../../../../test/kit/http-server.js';
import { part, rig, temporary, until, type Rig } from '../../../../../test/kit/rig.js';
import { create } from './behaviour.js';
import { kind } from './kind.js';

const parts = [part(kind, create)];
let server: TestServer;
let reply: (asked: Asked) => Reply | Promise<Reply>;
let folder: string;
let remove: () => void;
let one: Rig;
beforeEach(async () => {
  ({ folder, remove } = temporary());
  server = await startHttpServer((asked) => reply(asked));
});
afterEach(async () => {
  await one.run.stop();
  await server.close();
  remove();
});

async function poll(settings: object = {}) {
  const all = { url: `${server.url}/state?key=7`, everyMs: 100, ...settings };
  one = rig(parts, { in: { type: 'source.poll', settings: all } }, { folder });
  await one.run.start();
  return { out: one.out.in, counters: () => one.run.counters().in, logs: one.logs };
}

describe('source.poll', () => {
  it('makes records of the answers', async () => {
    let n = 0;
    reply = () => ({
      status: 200,
      body: JSON.stringify([
        { at: ++n, a: { b: n } },
        { at: n + 0.5, a: {} },
      ]),
    });
    const { out, counters } = await poll({
      timestamp: { path: 'at', unit: 's' },
      fields: { level: 'a.b' },
      auth: { token: 'x' },
    });
    await until('two answers', () => out.length >= 4);
    expect(out.slice(0, 4)).toEqual([{ t: 1000, level: 1 }, { t: 1500 }, { t: 2000, level: 2 }, { t: 2500 }]);
    expect(server.asked[0]).toMatchObject({
      method: 'GET',
      url: '/state?key=7',
      headers: { authorization: 'Bearer x' },
    });
    expect(counters().bytes).toBeGreaterThan(60);
  });

  it('asks only for what is new where the server can tell', async () => {
    reply = ({ headers }) =>
      headers['if-none-match'] === '"1"'
        ? { status: 304 }
        : { status: 200, headers: { etag: '"1"' }, body: '5' };
    const { out, counters } = await poll();
    await until('two that are unchanged', () => (counters().counted.unchanged ?? 0) >= 2);
    expect(out).toEqual([{ t: expect.any(Number) as number, value: 5 }]);
  });

  it('goes on after answers that are late, wrong, too large or none', async () => {
    const bad: (Reply | Promise<Reply>)[] = [
      new Promise<Reply>(() => {}),
      { status: 500, body: 'out of order' },
      { status: 200, body: 'x'.repeat(200) },
      { status: 200, body: '{' },
    ];
    reply = () => bad.shift() ?? { status: 200, body: '{"a": 1}' };
    const { out, counters, logs } = await poll({ timeoutMs: 150, maxBodyBytes: 100 });
    await until('a record', () => out.length > 0);
    const { counted, dropped, errors, lastError } = counters();
    expect(counted.failed).toBe(3);
    expect(counted.missed).toBeGreaterThan(0);
    expect([dropped, errors]).toEqual([{ json: 1 }, 1]);
    expect(lastError).toContain('/state: it is no JSON');
    const told = logs.join('\n');
    for (const words of ['within 150 ms', '500: out of order', 'more than 100 bytes', 'answers again'])
      expect(told).toContain(words);
    expect(told).not.toContain('key=7');
  });

  it('waits as long as it is asked to', async () => {
    let n = 0;
    const times: number[] = [];
    reply = () => {
      times.push(Date.now());
      return n++ === 0 ? { status: 503, headers: { 'retry-after': '1' } } : { status: 200, body: '1' };
    };
    const { out } = await poll();
    await until('a record', () => out.length > 0);
    // The monotonic and the wall clock may differ by a little.
    expect(times[1] - times[0]).toBeGreaterThanOrEqual(990);
  });

  it('ends a request that is under way when the flow stops', async () => {
    reply = () => new Promise(() => {});
    const { counters } = await poll({ timeoutMs: 600_000 });
    await until('a request', () => server.asked.length > 0);
    await one.run.stop();
    expect(counters().counted).toMatchObject({ polls: 1 });
    expect(counters().counted.failed).toBeUndefined();
  });

  it('takes no answer while the flow holds back, and stops all the same', async () => {
    let context: ModuleContext | undefined;
    reply = () => {
      context!.queued(1_000_000);
      return { status: 200, body: '1' };
    };
    one = rig(
      [part(kind, (given) => create((context = given) as never))],
      { in: { type: 'source.poll', settings: { url: server.url, everyMs: 100 } } },
      { folder },
    );
    await one.run.start();
    await until('polls that are left out', () => (one.run.counters().in.counted.missed ?? 0) > 1);
    await one.run.stop();
    expect([one.out.in, server.asked.length]).toEqual([[], 1]);
  });
});
