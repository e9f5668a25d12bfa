/**
 * Workers that do what no worker should: real processes that die, hang, leak, fork, flood and write rubbish, as they are
 * and inside a sandbox. Held of all: every batch is answered, the reason is told, and nothing of the process tree is left.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { until } from '../../../../test/kit/rig.js';
import { helloOf } from './hello.js';
import { launchOf } from './launch.js';
import { sandboxKind } from './sandbox.js';
import { RESTARTS, WorkerSession, type WorkerOptions } from './session.js';
import { MARK, members } from './tree.js';

const folder = mkdtempSync(path.join(tmpdir(), 'millrace-faults-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const open: WorkerSession[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((session) => session.close()));
});

let scripts = 0;
let sandbox = false;
interface Watched {
  session: WorkerSession;
  logs: string[];
  counts: Record<string, number>;
  ask(value: number): Promise<number>;
}

async function start(body: string, more: Partial<WorkerOptions> = {}): Promise<Watched> {
  const entry = path.join(folder, `script${scripts++}.mjs`);
  writeFileSync(entry, body);
  const logs: string[] = [];
  const counts: Record<string, number> = {};
  const session = await WorkerSession.open({
    name: 'm',
    launch: await launchOf({ language: 'javascript', interpreter: process.execPath, work: folder }),
    hello: helloOf({
      columns: [{ name: 'a', dtype: 'float64' }],
      dtype: 'float64',
      outputs: ['result'],
      entry,
      files: {},
      settings: {},
      caps: {},
    }),
    cwd: folder,
    sandbox,
    reads: [entry],
    timeoutMs: 5_000,
    startMs: 20_000,
    backoffMs: [0],
    log: (level, text) => logs.push(`${level} ${text}`),
    count: (what, n) => (counts[what] = (counts[what] ?? 0) + n),
    ...more,
  });
  open.push(session);
  return { session, logs, counts, ask: (value) => ask(session, value) };
}

/** One number through the worker, as soon as it takes one. */
async function ask(session: WorkerSession, value: number): Promise<number> {
  let batch = session.borrow();
  await until('a free batch', () => batch !== undefined || (batch = session.borrow()) !== undefined);
  try {
    batch!.numbers(1)[0] = value;
    await batch!.run();
    return batch!.result.numbers[0]!;
  } finally {
    batch!.release();
  }
}

/** Living processes with a mark like that of a worker's, whoever started them, that run one of our scripts' markers. */
function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const alive = !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
        return alive && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(text);
      } catch {
        return false;
      }
    });
}

const ON_DEMAND = (fault: string) => `
import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
export function predict(rows) {
  if (rows[0].a === 666) { ${fault} }
  return rows.map(({ a }) => a);
}`;

function faults(inside: boolean): void {
  beforeAll(() => void (sandbox = inside));

  test('one that dies: its batch fails with its last words, and another goes on', async () => {
    const { ask, logs, counts } = await start(
      ON_DEMAND(`process.stderr.write('my last words\\n'); process.exit(3);`),
    );
    expect(await ask(1)).toBe(1);
    await expect(ask(666)).rejects.toMatchObject({
      code: 'engine.model-stopped',
      message: expect.stringMatching(/^Model m: its worker stopped: it ended with code 3: my last words$/),
    });
    expect(await ask(2)).toBe(2);
    expect(counts.restarts).toBe(1);
    expect(logs.join('\n')).toContain('it is started again');
  });

  test('one that hangs in a batch is ended after timeoutMs', async () => {
    const { ask, session } = await start(ON_DEMAND('for (;;);'), { timeoutMs: 300 });
    expect(await ask(1)).toBe(1);
    const { pid } = session;
    await expect(ask(666)).rejects.toMatchObject({
      code: 'engine.model-timeout',
      message: expect.stringContaining('300 ms'),
    });
    expect(await ask(2)).toBe(2);
    expect(members(pid, 'none')).toEqual([]);
  });

  test('one that hangs between batches is found by its silence', async () => {
    const { session, ask } = await start(ON_DEMAND('setTimeout(() => { for (;;); }, 50);'));
    const { pid } = session;
    expect(await ask(666)).toBe(666);
    await until('another process', () => session.pid !== 0 && session.pid !== pid, 40_000);
    expect(await ask(2)).toBe(2);
  }, 60_000);

  test('one that takes memory without end is ended at its cap, and says so', async () => {
    const leak = ON_DEMAND('globalThis.kept = []; setInterval(() => kept.push(Buffer.alloc(20e6, 1)), 10);');
    const { session, ask, logs } = await start(leak, { caps: { memoryMb: 300 } });
    const { pid } = session;
    // The answer may come before the watcher looks, or not.
    await ask(666).catch(() => undefined);
    await until('another process', () => session.pid !== 0 && session.pid !== pid);
    expect(logs.join('\n')).toMatch(/it uses \d+ MB of memory, and caps.memoryMb is 300/);
    expect(await ask(2)).toBe(2);
  });

  test('one that starts processes without end is ended with all of them, also those that left its group', async () => {
    const name = `tree-of-faults-${process.pid}`;
    const fork = ON_DEMAND(`
    for (let i = 0; i < 12; i++)
      spawn('/bin/sh', ['-c', 'sleep 300; : ${name}'], { detached: i % 2 === 0, stdio: 'ignore' }).unref();
    // One that has lost its parent and its group, and so all but its environment.
    spawn('/bin/sh', ['-c', '(sleep 300; : ${name}) & exit'], { detached: true, stdio: 'ignore' });
  `);
    const { session, ask, logs } = await start(fork, { caps: { processes: 8 } });
    const { pid } = session;
    // The answer may come before the watcher looks, or not.
    await ask(666).catch(() => undefined);
    await until('another process', () => session.pid !== 0 && session.pid !== pid);
    expect(logs.join('\n')).toMatch(/it has \d+ processes, and caps.processes is 8/);
    expect(processesWith(name)).toEqual([]);
    // Without a cap they live until the session ends.
    const free = await start(fork);
    await free.ask(666);
    await until('its children', () => processesWith(name).length > 12);
    await free.session.close();
    expect(processesWith(name)).toEqual([]);
  });

  test('one that floods its log is not slower than it makes itself, and the flood is counted', async () => {
    const flood = `
    import { spawn } from 'node:child_process';
    export const load = () => void spawn('/bin/sh', ['-c', 'while :; do echo yes yes yes yes yes yes yes; done'],
      { stdio: ['ignore', 'inherit', 'inherit'] });
    export const predict = (rows) => rows.map(({ a }) => a);`;
    const { ask, logs, counts } = await start(flood);
    const before = process.memoryUsage().rss;
    const began = performance.now();
    let worst = 0;
    let looked = performance.now();
    const look = setInterval(() => {
      worst = Math.max(worst, performance.now() - looked - 10);
      looked = performance.now();
    }, 10);
    let answered = 0;
    while (performance.now() - began < 2_500) {
      expect(await ask(answered)).toBe(answered);
      answered++;
    }
    clearInterval(look);
    expect(answered).toBeGreaterThan(100);
    expect(logs.length).toBeLessThan(100);
    expect(counts['log-lines']).toBeGreaterThan(1000);
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
    expect(worst).toBeLessThan(1000);
  });

  test('rubbish on its protocol ends it; rubbish on its standard output is log', async () => {
    const { ask, logs } = await start(
      ON_DEMAND(
        `console.log('rubbish'); writeSync(1, 'more rubbish\\n'); writeSync(4, 'HTTP/1.1 200 OK, and so on\\n');`,
      ),
    );
    await expect(ask(666)).rejects.toMatchObject({
      message: expect.stringContaining('what it writes is no frame: it begins with "HTTP/1.1 200 OK'),
    });
    expect(await ask(2)).toBe(2);
    expect(logs).toEqual(expect.arrayContaining(['info rubbish', 'info more rubbish']));
  });

  test('one that never is ready does not start, and leaves nothing', async () => {
    const name = `never-ready-${process.pid}`;
    const starting = start(
      `import { spawn } from 'node:child_process';
     spawn('/bin/sh', ['-c', 'sleep 300; : ${name}'], { detached: true, stdio: 'ignore' });
     console.log('I think');
     await new Promise((resolve) => setTimeout(resolve, 1e6));`,
      { startMs: 1500 },
    );
    await expect(starting).rejects.toMatchObject({
      code: 'engine.model-load',
      message: expect.stringMatching(/was not ready within 1500 ms. Its last words: I think/),
    });
    expect(processesWith(name)).toEqual([]);
  });

  test('one that always dies is let be after five times, and every batch fails at once with the reason', async () => {
    const { session, ask, logs, counts } = await start(ON_DEMAND('process.exit(9);'));
    for (let i = 0; i <= RESTARTS; i++)
      await expect(ask(666)).rejects.toMatchObject({ code: 'engine.model-stopped' });
    await until('degraded', () => session.state === 'degraded');
    await expect(ask(1)).rejects.toMatchObject({
      message: expect.stringMatching(/started 5 times in 10 minutes, and is let be.*it ended with code 9/),
    });
    expect(counts).toMatchObject({ restarts: RESTARTS, degraded: 1 });
    expect(logs.at(-1)).toMatch(/^error .*let be for now/);
    expect(session.pid).toBe(0);
  });

  test('what is in flight when it ends is answered too, and close leaves nothing', async () => {
    const { session } = await start(ON_DEMAND('for (;;);'));
    const first = session.borrow()!;
    const second = session.borrow()!;
    expect(session.borrow()).toBeUndefined();
    first.numbers(1)[0] = 666;
    second.numbers(1)[0] = 1;
    const { pid } = session;
    const runs = Promise.allSettled([first.run(), second.run()]);
    await session.close();
    expect((await runs).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(members(pid, MARK)).toEqual([]);
  });
}

describe('as it is', () => faults(false));
if ((await sandboxKind()) === 'none')
  describe.skip('Faults of workers inside a sandbox: bubblewrap is not here or does not work.', () => {
    test('are answered', () => undefined);
  });
else describe('inside a sandbox', () => faults(true));
