import { spawn } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import * as fc from 'fast-check';
import { temporary, until } from '../../../../../test/kit/rig.js';
import { Backlog, type BacklogSettings } from './backlog.js';
import { SegmentLog } from './log.js';

const { folder, remove } = temporary();
afterAll(remove);
const fresh = () => mkdtempSync(path.join(folder, 'b-'));
const message = (i: number, size = 0) => ({ time: i, payload: Buffer.from(`${i}${' '.repeat(size)}`) });
const segmentsOf = (where: string) =>
  readdirSync(where)
    .filter((name) => name.endsWith('.log'))
    .sort();

async function readAll(log: SegmentLog): Promise<number[]> {
  const found: number[] = [];
  while (log.unread) for (const { payload } of await log.read(1000)) found.push(Number(payload.toString()));
  return found;
}
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe('the queue on disk', () => {
  it('keeps order and position over segments and restarts', async () => {
    const where = fresh();
    let log = await SegmentLog.open(where, 500);
    for (let i = 0; i < 100; i += 5) await log.append(range(i, i + 5).map((n) => message(n)));
    expect(segmentsOf(where).length).toBeGreaterThan(4);
    expect(await readAll(log)).toEqual(range(0, 100));
    for (let id = 1; id <= 50; id++) await log.done(id);
    await log.done(60);
    expect(log.count).toBe(49);
    log.rewind();
    expect(await readAll(log)).toEqual([...range(50, 59), ...range(60, 100)]);
    await log.close();
    log = await SegmentLog.open(where, 500);
    // What was done out of order before a restart comes again; what was done in order does not.
    expect(await readAll(log)).toEqual(range(50, 100));
    for (const id of range(51, 101)) await log.done(id);
    expect(log.count).toBe(0);
    await log.append([message(100)]);
    await log.close();
    log = await SegmentLog.open(where, 500);
    expect(await readAll(log)).toEqual([100]);
    await log.close();
  });

  it('leaves nothing to read where all is done, and goes on counting from any position', async () => {
    const where = fresh();
    let log = await SegmentLog.open(where, 500);
    await log.append(range(0, 30).map((n) => message(n)));
    for (let id = 1; id <= 20; id++) await log.done(id);
    await log.close();
    expect(segmentsOf(where)).toHaveLength(1);
    log = await SegmentLog.open(where, 500);
    for (let id = 21; id <= 30; id++) await log.done(id);
    await log.close();
    expect(segmentsOf(where)).toEqual([]);
    log = await SegmentLog.open(where, 500);
    expect([log.count, log.unread]).toEqual([0, false]);
    await log.append([message(30), message(31)]);
    await log.close();
    log = await SegmentLog.open(where, 500);
    expect(await readAll(log)).toEqual([30, 31]);
    await log.close();
  });

  it('gives up the oldest segment, and says how much that was', async () => {
    const where = fresh();
    const log = await SegmentLog.open(where, 500);
    for (let i = 0; i < 100; i++) await log.append([message(i)]);
    await log.read(50);
    const lost = await log.dropOldest();
    expect(lost).toBeGreaterThan(5);
    expect(log.count).toBe(100 - lost);
    expect(await readAll(log)).toEqual(range(lost, 100));
    await log.close();
  });

  it('gives messages that are larger than a read', async () => {
    const log = await SegmentLog.open(fresh(), 1 << 20);
    await log.append([message(1, 5000), message(2), message(3, 9000)]);
    expect(await readAll(log)).toEqual([1, 2, 3]);
    await log.close();
  });

  it('cuts off a half-written end, wherever it was cut', async () => {
    const where = fresh();
    const log = await SegmentLog.open(where, 1 << 20);
    await log.append(range(0, 10).map((n) => message(n)));
    await log.close();
    const file = path.join(where, segmentsOf(where)[0]);
    const whole = statSync(file).size;
    for (let left = whole - 1; left > whole - 60; left--) {
      truncateSync(file, left);
      const again = await SegmentLog.open(where, 1 << 20);
      const kept = await readAll(again);
      expect(kept).toEqual(range(0, kept.length));
      expect(kept.length).toBeGreaterThanOrEqual(7);
      expect(statSync(file).size).toBeLessThanOrEqual(left);
      await again.close();
    }
    appendFileSync(file, Buffer.from([9, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]));
    const last = await SegmentLog.open(where, 1 << 20);
    expect(last.damaged).toBe(12);
    const before = await readAll(last);
    await last.append([message(77)]);
    last.rewind();
    expect(await readAll(last)).toEqual([...before, 77]);
    await last.close();
  });

  it('keeps every message that it said was kept, when its process is killed in mid-write', async () => {
    const log = pathToFileURL('libs/modules/src/sinks/buffer/log.ts').href;
    const loader = pathToFileURL('test/kit/typescript.mjs').href;
    const script = `
      import { SegmentLog } from '${log}';
      const log = await SegmentLog.open(process.argv[2], 20000);
      for (let i = Number(process.argv[3]); ; i += 10) {
        await log.append(Array.from({ length: 10 }, (_, n) => ({ time: 0, payload: Buffer.from(String(i + n).padEnd(300)) })));
        process.stdout.write(i + 10 + '\\n');
      }`;
    writeFileSync(path.join(folder, 'write.mjs'), script);
    const where = fresh();
    let written = 0;
    for (let round = 0; round < 4; round++) {
      const args = ['--import', loader, path.join(folder, 'write.mjs'), where, String(written)];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      let told = '';
      child.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()));
      const target = 5 + round * 7;
      await until('some messages', () => told.split('\n').length > target);
      const gone = new Promise((resolve) => child.on('close', resolve));
      child.kill('SIGKILL');
      await gone;
      const acknowledged = Number(told.split('\n').at(-2));
      const log = await SegmentLog.open(where, 20000);
      const kept = await readAll(log);
      await log.close();
      expect(kept.length).toBeGreaterThanOrEqual(acknowledged);
      expect(kept).toEqual(range(0, kept.length));
      written = kept.length;
    }
  });
});

interface Far {
  backlog: Backlog;
  arrived: number[];
  counts: Record<string, number>;
  dropped: Record<string, number>;
  faults: string[];
  clock: { now: number };
  /** Answers to give by hand; empty while `auto`. */
  pending: { resolve(): void; reject(error: Error): void }[];
  auto: boolean;
  /** Every message is turned down. */
  refusing: boolean;
}

function far(where: string, settings: Partial<BacklogSettings> = {}): Far {
  const one: Far = {
    arrived: [],
    counts: {},
    dropped: {},
    faults: [],
    clock: { now: Date.now() },
    pending: [],
    auto: true,
    refusing: false,
    backlog: undefined as never,
  };
  const add = (to: Record<string, number>, what: string, n: number) => (to[what] = (to[what] ?? 0) + n);
  one.backlog = new Backlog(
    where,
    { maxBytes: 1 << 20, full: 'dropOldest', resend: 'inOrder', ...settings },
    {
      send(payload) {
        if (one.refusing) return Promise.reject(new Error('not now'));
        one.arrived.push(Number(payload.toString()));
        if (one.auto) return new Promise((resolve) => setImmediate(resolve));
        return new Promise((resolve, reject) => one.pending.push({ resolve, reject }));
      },
      count: (what, n) => void add(one.counts, what, n),
      drop: (reason, n) => void add(one.dropped, reason, n),
      queued: () => undefined,
      fault: (detail) => void one.faults.push(detail),
      now: () => one.clock.now,
    },
  );
  return one;
}

const total = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0);
function balanced({ counts, dropped, backlog }: Far): void {
  expect(counts.made ?? 0).toBe((counts.sent ?? 0) + (counts.buffered ?? 0) + total(dropped));
  expect(counts.buffered ?? 0).toBe(backlog.size);
}
const offer = (to: Far, from: number, until: number) => {
  for (let i = from; i < until; i++) to.backlog.offer(Buffer.from(String(i)));
};

describe('store and forward', () => {
  it('leaves the disk alone while the other side answers', async () => {
    const where = fresh();
    const one = far(where);
    await one.backlog.open();
    one.backlog.online(true);
    offer(one, 0, 1000);
    await one.backlog.drain(10_000);
    expect(one.arrived).toEqual(range(0, 1000));
    balanced(one);
    expect(segmentsOf(where)).toEqual([]);
    await one.backlog.close();
  });

  it('keeps what could not be sent over a restart, and sends it in order before what is new', async () => {
    const where = fresh();
    const first = far(where);
    await first.backlog.open();
    offer(first, 0, 500);
    await first.backlog.flush();
    offer(first, 500, 600);
    balanced(first);
    await first.backlog.close();
    const second = far(where);
    await second.backlog.open();
    expect(second.counts.resumed).toBe(600);
    offer(second, 600, 700);
    second.backlog.online(true);
    offer(second, 700, 800);
    await second.backlog.drain(10_000);
    expect(second.arrived).toEqual(range(0, 800));
    expect(second.counts).toMatchObject({ made: 800, sent: 800, buffered: 0 });
    await second.backlog.close();
    const third = far(where);
    await third.backlog.open();
    expect(third.backlog.size).toBe(0);
    await third.backlog.close();
  });

  it('sends what is new first, when told to', async () => {
    const where = fresh();
    const first = far(where);
    await first.backlog.open();
    offer(first, 0, 300);
    await first.backlog.close();
    const second = far(where, { resend: 'liveFirst' });
    await second.backlog.open();
    offer(second, 300, 310);
    second.backlog.online(true);
    await second.backlog.drain(10_000);
    expect(second.arrived).toEqual([...range(300, 310), ...range(0, 300)]);
    balanced(second);
    await second.backlog.close();
  });

  it('drops the oldest or refuses the newest when it is full, and counts them', async () => {
    const oldest = far(fresh(), { maxBytes: 40_000 });
    await oldest.backlog.open();
    for (let i = 0; i < 3000; i += 100) {
      offer(oldest, i, i + 100);
      await oldest.backlog.flush();
      balanced(oldest);
    }
    oldest.backlog.online(true);
    await oldest.backlog.drain(10_000);
    expect(oldest.dropped['buffer-full']).toBeGreaterThan(500);
    expect(oldest.arrived).toEqual(range(oldest.dropped['buffer-full'], 3000));
    balanced(oldest);
    await oldest.backlog.close();

    const newest = far(fresh(), { maxBytes: 40_000, full: 'reject' });
    await newest.backlog.open();
    for (let i = 0; i < 3000; i += 100) {
      offer(newest, i, i + 100);
      await newest.backlog.flush();
    }
    newest.backlog.online(true);
    await newest.backlog.drain(10_000);
    expect(newest.arrived).toEqual(range(0, 3000 - newest.dropped['buffer-full']));
    expect(newest.dropped['buffer-full']).toBeGreaterThan(500);
    balanced(newest);
    await newest.backlog.close();
  });

  it('drops what has become too old to send', async () => {
    const one = far(fresh(), { maxAgeMs: 1000 });
    await one.backlog.open();
    offer(one, 0, 10);
    await one.backlog.flush();
    one.clock.now += 1500;
    offer(one, 10, 20);
    one.backlog.online(true);
    await one.backlog.drain(10_000);
    expect(one.arrived).toEqual(range(10, 20));
    expect(one.dropped).toEqual({ 'too-old': 10 });
    balanced(one);
    await one.backlog.close();
  });

  it('sends again what was not taken, and counts each message once', async () => {
    const one = far(fresh());
    one.auto = false;
    await one.backlog.open();
    one.backlog.online(true);
    offer(one, 0, 3);
    await one.backlog.flush();
    balanced(one);
    one.pending[0].resolve();
    one.pending[1].reject(new Error('no'));
    one.pending[2].resolve();
    await until('two to be sent', () => one.counts.sent === 2);
    one.auto = true;
    one.clock.now += 5000;
    one.backlog.online(true);
    await one.backlog.drain(10_000);
    expect(one.arrived).toEqual([0, 1, 2, 1]);
    expect(one.counts).toMatchObject({ made: 3, sent: 3, buffered: 0 });
    expect(one.faults).toEqual([expect.stringContaining('no')]);
    await one.backlog.close();
  });

  it('counts what can be kept nowhere', async () => {
    const where = path.join(fresh(), 'file');
    writeFileSync(where, '');
    const one = far(where);
    offer(one, 0, 5);
    await one.backlog.flush();
    expect(one.dropped).toEqual({ unwritable: 5 });
    balanced(one);
    await one.backlog.close();
  });

  it('always balances, whatever happens in which order', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('offer' as const), n: fc.integer({ min: 1, max: 60 }) }),
      fc.record({ do: fc.constantFrom('online', 'offline', 'flush', 'wait', 'restart') }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 25 }),
        fc.constantFrom<BacklogSettings['resend']>('inOrder', 'liveFirst'),
        async (steps, resend) => {
          const where = fresh();
          let one = far(where, { resend });
          await one.backlog.open();
          let made = 0;
          const arrived = new Set<number>();
          const restart = async () => {
            await one.backlog.close();
            for (const n of one.arrived) arrived.add(n);
            one = far(where, { resend });
            await one.backlog.open();
          };
          for (const action of steps) {
            if (action.do === 'offer') {
              offer(one, made, made + action.n);
              made += action.n;
            } else if (action.do === 'online') one.backlog.online(true);
            else if (action.do === 'offline') one.backlog.online(false);
            else if (action.do === 'flush') await one.backlog.flush();
            else if (action.do === 'restart') await restart();
            else await new Promise((resolve) => setImmediate(resolve));
            expect(one.counts.made ?? 0).toBe((one.counts.sent ?? 0) + (one.counts.buffered ?? 0));
          }
          one.backlog.online(true);
          await one.backlog.drain(10_000);
          balanced(one);
          expect(one.backlog.size).toBe(0);
          for (const n of one.arrived) arrived.add(n);
          expect(arrived.size).toBe(made);
          await one.backlog.close();
          rmSync(where, { recursive: true });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('made = sent + buffered + dropped at every moment: refused, full, too old, crashed and opened again', async () => {
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const step = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('offer' as const), n: fc.integer({ min: 1, max: 90 }) }),
      },
      {
        weight: 5,
        arbitrary: fc.record({
          do: fc.constantFrom(
            'online',
            'offline',
            'refuse',
            'take',
            'flush',
            'wait',
            'later',
            'reopen',
            'crash',
          ),
        }),
      },
    );
    const settings = fc.record({
      resend: fc.constantFrom<BacklogSettings['resend']>('inOrder', 'liveFirst'),
      full: fc.constantFrom<BacklogSettings['full']>('dropOldest', 'reject'),
      maxBytes: fc.constantFrom(9000, 1 << 20),
      maxAgeMs: fc.constantFrom(undefined, 5000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), settings, async (steps, given) => {
        let where = fresh();
        let one = far(where, given);
        await one.backlog.open();
        let made = 0;
        const arrived = new Set<number>();
        const next = async () => {
          for (const n of one.arrived) arrived.add(n);
          const { now } = one.clock;
          one = far(where, given);
          one.clock.now = now;
          await one.backlog.open();
        };
        // Each run begins with more than the small bound holds, on the disk.
        const away = [{ do: 'offline' }, { do: 'offer', n: 90 }, { do: 'flush' }] as const;
        for (const action of [...away, ...steps]) {
          if (action.do === 'offer') {
            for (let n = made; n < made + action.n; n++) one.backlog.offer(message(n, 300).payload);
            made += action.n;
          } else if (action.do === 'online' || action.do === 'offline')
            one.backlog.online(action.do === 'online');
          else if (action.do === 'refuse' || action.do === 'take') one.refusing = action.do === 'refuse';
          else if (action.do === 'flush') await one.backlog.flush();
          else if (action.do === 'later') one.clock.now += 3000;
          else if (action.do === 'reopen') {
            await one.backlog.close();
            await next();
          } else if (action.do === 'crash') {
            // What lies on the disk at this moment is all that the next process finds.
            const image = fresh();
            cpSync(where, image, { recursive: true });
            await one.backlog.close();
            where = image;
            await next();
          } else for (let i = 0; i < 5; i++) await turn();
          balanced(one);
        }
        one.refusing = false;
        one.backlog.online(true);
        await one.backlog.drain(10_000);
        balanced(one);
        for (const n of one.arrived) arrived.add(n);
        expect([...arrived].every((n) => n < made)).toBe(true);
        await one.backlog.close();
      }),
      { numRuns: 10 },
    );
  });
});
