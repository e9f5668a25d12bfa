/** One suite for the two backends of the queue. The Redis half needs REDIS_URL or a redis-server. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { testDatabase } from '../../../../../test/kit/database.js';
import { createLog } from '../log.js';
import { postgresQueue, redisQueue, type BullQueue } from './bull.js';

const log = createLog('silent');

interface Rig {
  make(): BullQueue;
  close(): Promise<void>;
}

async function postgresRig(): Promise<Rig> {
  const test = await testDatabase();
  return { make: () => postgresQueue(test.apiUrl, log), close: () => test.close() };
}

async function redisRig(): Promise<Rig> {
  const prefix = `test-${randomBytes(6).toString('hex')}`;
  const given = process.env.REDIS_URL;
  if (given) return { make: () => redisQueue(given, log, prefix), close: async () => undefined };
  const port = await freePort();
  const server: ChildProcess = spawn(
    'redis-server',
    ['--port', String(port), '--save', '', '--bind', '127.0.0.1'],
    {
      stdio: 'ignore',
    },
  );
  return {
    make: () => redisQueue(`redis://127.0.0.1:${port}`, log, prefix),
    close: async () => {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill();
      await ended;
    },
  };
}

const withRedis =
  process.env.REDIS_URL !== undefined || spawnSync('redis-server', ['--version']).status === 0;
const left = withRedis ? describe : describe.skip;

describe('the queue on PostgreSQL', () => suite(postgresRig));
left('the queue on Redis (left out without REDIS_URL or redis-server)', () => suite(redisRig));

function suite(open: () => Promise<Rig>): void {
  let rig: Rig;
  const queues: BullQueue[] = [];
  const make = () => {
    const queue = rig.make();
    queues.push(queue);
    return queue;
  };
  beforeAll(async () => {
    rig = await open();
  });
  afterEach(async () => {
    for (const queue of queues.splice(0)) await queue.close();
  });
  afterAll(() => rig?.close());

  it('wakes the handler of a name with its payload', async () => {
    const queue = make();
    const heard: unknown[] = [];
    queue.on('a', async (payload) => void heard.push(['a', payload]));
    queue.on('b', async (payload) => void heard.push(['b', payload]));
    await queue.start();
    queue.wake('b', { id: '2' });
    queue.wake('a', { id: '1' });
    await until(() => heard.length === 2);
    expect(heard).toEqual(
      expect.arrayContaining([
        ['a', { id: '1' }],
        ['b', { id: '2' }],
      ]),
    );
    expect(() => queue.on('a', async () => undefined)).toThrow(/two handlers/);
  });

  it('wakes later when asked to, not before', async () => {
    const queue = make();
    let heardAt = 0;
    queue.on('later', async () => void (heardAt = Date.now()));
    await queue.start();
    const from = Date.now();
    queue.wake('later', {}, { delayMs: 700 });
    await until(() => heardAt > 0);
    // Clocks of server and test may differ by a few milliseconds.
    expect(heardAt - from).toBeGreaterThan(650);
  });

  it('tries again what failed, and not for ever', async () => {
    const queue = make();
    let tries = 0;
    let failures = 0;
    queue.on('twice', async () => {
      if (++tries < 2) throw new Error('not yet');
    });
    queue.on('never', async () => {
      failures += 1;
      throw new Error('never');
    });
    await queue.start();
    queue.wake('twice', {});
    queue.wake('never', {});
    await until(() => tries === 2 && failures === 3);
    await sleep(300);
    expect([tries, failures]).toEqual([2, 3]);
  });

  it('keeps waking again and again', async () => {
    const queue = make();
    let ticks = 0;
    queue.on('tick', async () => void (ticks += 1));
    queue.every('tick', 200);
    await queue.start();
    await until(() => ticks >= 3);
    await queue.close();
    // A build without this tick removes it.
    const next = make();
    const strange: string[] = [];
    next.on('tick', async () => void strange.push('tick'));
    await next.start();
    await sleep(1_000);
    expect(strange.length).toBeLessThanOrEqual(1);
  });

  it('keeps what nobody has worked through yet', async () => {
    const writer = make();
    writer.wake('kept', { id: '7' });
    await sleep(500);
    await writer.close();
    const reader = make();
    const heard: string[] = [];
    reader.on('kept', async ({ id }) => void heard.push(id ?? ''));
    await reader.start();
    await until(() => heard.length > 0);
    expect(heard).toEqual(['7']);
  });

  it('answers when it is asked whether it is there', async () => {
    await expect(make().check()).resolves.toBeUndefined();
  });
}

/** 30 s: PostgreSQL looks for delayed jobs every few seconds, and the machine may be busy. */
async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 30_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error('this did not happen within 30 s');
    await sleep(20);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

it('tells of a Redis that is not there instead of waiting for it, and ends', async () => {
  // A reserved port, which nobody listens on.
  const queue = redisQueue('redis://127.0.0.1:1', log);
  try {
    await expect(queue.start(300)).rejects.toMatchObject({
      code: 'platform.unavailable',
      message: expect.stringContaining('REDIS_URL'),
    });
  } finally {
    await queue.close();
  }
});
