/**
 * A flow whose model misbehaves, with real processes: it degrades as it declares, its neighbour loses nothing, and the
 * counters say why. What the workers themselves do is tested beside them, in libs/inference.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { FlowRun, PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../../test/kit/flow.js';

const folder = mkdtempSync(path.join(tmpdir(), 'millrace-flow-faults-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A replay goes in batches of 256, two at a time: enough for six lives of a worker, and more. */
const ROWS = 4000;
const feed: PlainRecord[] = Array.from({ length: ROWS }, (_, t) => ({ t, a: t }));
/** Does its fault once a life, at row 200 (which it then has had), and gives `a` else. */
const script = (fault: string, at = 'rows.some(({ a }) => a === 200)') => `
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync, writeSync } from 'node:fs';
export function predict(rows) {
  if (${at}) { ${fault} }
  return rows.map(({ a }) => a);
}`;

async function run(code: string, more: { settings?: object; module?: object } = {}) {
  const warnings: string[] = [];
  const { records, counters } = await runRecords({
    modules: {
      model: {
        type: 'model.javascript',
        from: ['in'],
        settings: {
          columns: ['a'],
          code,
          outputs: [{ name: 'result', as: 'y' }],
          batch: { max: 16, waitMs: 5 },
          sandbox: 'off',
          ...more.settings,
        },
        onError: 'port',
        ...more.module,
      },
      neighbour: { type: 'map.set', from: ['in'], settings: { set: { double: 'a * 2' } } },
    },
    feed: { in: feed },
    collect: ['model', 'model.error', 'neighbour'],
    batchRows: 8,
    host: { workFolder: folder },
    look: (flow: FlowRun) => {
      const { units } = flow;
      const log = units[0].log.bind(units[0]);
      for (const unit of units)
        unit.log = (level, message) => {
          warnings.push(`${unit.id} ${level}: ${message}`);
          log(level, message);
        };
    },
  });
  return { records, ...counters.model, said: warnings.join('\n') };
}

/** All that came in left, in order, by one way or the other; the neighbour's all by its own. */
function nothingLost({ records, errors }: Awaited<ReturnType<typeof run>>): void {
  const { model, neighbour, 'model.error': failed } = records;
  expect(neighbour.map(({ double }) => double)).toEqual(feed.map(({ a }) => 2 * (a as number)));
  const times = [...model, ...failed].map(({ t }) => t as number);
  expect(times.toSorted((a, b) => a - b)).toEqual(feed.map(({ t }) => t));
  expect(model.map(({ t }) => t as number)).toEqual(
    model.map(({ t }) => t as number).toSorted((a, b) => a - b),
  );
  expect(model.every(({ a, y }) => a === y)).toBe(true);
  expect(errors).toBe(failed.length);
}

test.each([
  ['dies', 'process.exit(3);', {}, /ended with code 3/],
  ['is killed', 'process.kill(process.pid, "SIGKILL");', {}, /was ended by SIGKILL/],
  ['hangs', 'for (;;);', { timeoutMs: 300 }, /longer than timeoutMs \(300 ms\)/],
  ['writes rubbish', 'writeSync(4, "what is this, and why is it here");', {}, /no frame: it begins with/],
  ['raises', 'throw new Error("not with me");', {}, /Error: not with me/],
  ['gives too few', 'return [];', {}, /0 results for \d+ rows/],
])(
  'one that %s: the rows that it had in hand are errors, and the rest goes on',
  async (_, fault, settings, why) => {
    const result = await run(script(fault), { settings });
    nothingLost(result);
    expect(result.records['model.error'].map(({ a }) => a)).toContain(200);
    // Two batches are with it at the most; a replay's are of 256 rows.
    expect(result.errors).toBeGreaterThan(0);
    expect(result.records.model.length).toBeGreaterThan(0);
    expect(result.lastError).toMatch(why);
  },
);

test('one that leaks, forks and floods at once', async () => {
  const fault = `
    for (let i = 0; i < 1e5; i++) writeSync(2, 'noise noise noise noise noise\\n');
    globalThis.kept = Buffer.alloc(400e6, 1);
    for (let i = 0; i < 20; i++) spawn('sleep', ['300'], { detached: true, stdio: 'ignore' });
    const until = Date.now() + 3000;
    while (Date.now() < until);`;
  const result = await run(script(fault), { settings: { caps: { memoryMb: 300, processes: 10 } } });
  nothingLost(result);
  expect(result.lastError).toMatch(/caps\.(memoryMb|processes) is/);
  expect(result.counted['log-lines']).toBeGreaterThan(1000);
});

test('with a fallback the rows go on with what stands in, and why is still said', async () => {
  const result = await run(script('process.exit(3);'), { settings: { fallback: { y: -1 } } });
  expect(result.records.model.map(({ t }) => t)).toEqual(feed.map(({ t }) => t));
  expect(result.records.model[200].y).toBe(-1);
  expect([result.errors, result.counted.restarts]).toEqual([0, 1]);
  expect(result.counted.fallback).toBeGreaterThan(0);
  expect(result.lastError).toMatch(/ended with code 3/);
});

test('one that always dies: the flow goes on without it, and says that it does', async () => {
  const result = await run(script('process.exit(3);', 'true'), {
    settings: { batch: { max: 8, waitMs: 0 } },
  });
  nothingLost(result);
  expect(result.records.model).toEqual([]);
  expect(result.said).toMatch(/model warn: .*it is started again/);
}, 90_000);

test('onError: stop stops the flow with the reason', async () => {
  const work = run(script('process.exit(3);'), { module: { onError: 'stop' } });
  await expect(work).rejects.toThrow(/model: .*ended with code 3/);
});
