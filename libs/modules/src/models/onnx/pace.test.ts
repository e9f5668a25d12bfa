/** What a model that takes its time does to a flow: time-outs, stand-ins, busy queues and batches, on a real one. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../../test/kit/flow.js';
import { liveFeed } from '../../../../../test/kit/live-feed.js';
import {
  BOOL,
  FLOAT,
  graph,
  graphAttribute,
  INT64,
  model,
  node,
  numberAttribute,
  tensorType,
  value,
} from '../../../../../test/kit/onnx.js';
import { part, rig, until } from '../../../../../test/kit/rig.js';
import { create } from './behaviour.js';
import { kind } from './kind.js';

/** Counts to the largest `x` of its batch, some 200,000 a second, and gives `x` back. */
const patient = () =>
  graph({
    nodes: [
      node({
        operator: 'ReduceMax',
        inputs: ['x'],
        outputs: ['most'],
        attributes: [numberAttribute('keepdims', 0)],
      }),
      node({
        operator: 'Cast',
        inputs: ['most'],
        outputs: ['trips'],
        attributes: [numberAttribute('to', INT64)],
      }),
      node({
        operator: 'Loop',
        inputs: ['trips', '', 'x'],
        outputs: ['y'],
        attributes: [
          graphAttribute(
            'body',
            graph({
              nodes: [
                node({ operator: 'Identity', inputs: ['on'], outputs: ['still'] }),
                node({ operator: 'Identity', inputs: ['a'], outputs: ['b'] }),
              ],
              inputs: [
                value('i', tensorType(INT64, [])),
                value('on', tensorType(BOOL, [])),
                value('a', tensorType(FLOAT, [null, 1])),
              ],
              outputs: [value('still', tensorType(BOOL, [])), value('b', tensorType(FLOAT, [null, 1]))],
            }),
          ),
        ],
      }),
    ],
    inputs: [value('x', tensorType(FLOAT, [null, 1]))],
    outputs: [value('y', tensorType(FLOAT, [null, 1]))],
  });
const LONG = 600_000;
const AWHILE = 60_000;

const folder = mkdtempSync(path.join(tmpdir(), 'millrace-pace-'));
writeFileSync(path.join(folder, 'patient.onnx'), model(patient()));
afterAll(() => rmSync(folder, { recursive: true }));

const settings = {
  model: 'patient.onnx',
  inputs: [{ tensor: 'x', columns: ['x'] }],
  outputs: [{ tensor: 'y', as: 'y' }],
  timeoutMs: 20_000,
};
const feedOf = (...values: number[]): PlainRecord[] => values.map((x, t) => ({ t, x }));

async function run(changes: object, feed: PlainRecord[], module: object = {}) {
  const { records, counters } = await runRecords({
    modules: { x: { type: 'model.onnx', from: ['in'], settings: { ...settings, ...changes }, ...module } },
    feed: { in: feed },
    collect: ['x', 'x.error'],
    host: { path: (file) => path.join(folder, file) },
    batchRows: 1,
  });
  return { rows: records.x, failed: records['x.error'], ...counters.x };
}

test('a batch that takes too long fails alone, by name, or its records get what stands in', async () => {
  const feed = feedOf(LONG, 1, 2);
  const failing = await run({ timeoutMs: 200 }, feed, { onError: 'port' });
  expect(failing.rows.map(({ y }) => y)).toEqual([1, 2]);
  expect(failing.failed).toEqual([feed[0]]);
  expect([failing.errors, failing.lastError]).toEqual([1, expect.stringMatching(/200 ms/)]);

  const standing = await run({ timeoutMs: 200, fallback: { y: -1 } }, feed);
  expect(standing.rows.map(({ y }) => y)).toEqual([-1, 1, 2]);
  expect([standing.errors, standing.counted.fallback]).toEqual([0, 1]);
});

test('a busy model drops what comes behind a whole batch, counted, and keeps the order of the rest', async () => {
  const feed = feedOf(AWHILE, ...Array.from({ length: 999 }, (_, i) => i));
  const { rows, dropped, in: received } = await run({ onBusy: 'drop', batch: { max: 32, waitMs: 5 } }, feed);
  expect(received).toBe(1000);
  expect(dropped.busy).toBeGreaterThan(500);
  expect(rows.length + dropped.busy).toBe(1000);
  expect(rows.map(({ t }) => t)).toEqual(rows.map(({ t }) => t as number).toSorted((a, b) => a - b));
  expect(rows.every(({ x, y }) => x === y)).toBe(true);
});

test('records that come while it works go together: by rows, or when the first has waited', async () => {
  const { part: feed, say } = liveFeed();
  const batch = { max: 32, waitMs: 50 };
  const { run: flow, out } = rig(
    [feed, part(kind, create)],
    {
      in: { type: 'source.feed' },
      x: { type: 'model.onnx', from: ['in'], settings: { ...settings, batch } },
    },
    { folder },
  );
  await flow.start();
  try {
    const batches = () => flow.counters().x.counted.batches;
    say({ t: 0, x: AWHILE });
    for (let t = 1; t <= 70; t++) say({ t, x: 1 });
    await until('all records', () => out.x.length === 71);
    // The one that made it busy, two full ones, and what was left.
    expect(batches()).toBe(4);

    say({ t: 100, x: AWHILE });
    for (let t = 101; t <= 103; t++) say({ t, x: 1 });
    expect(batches()).toBe(5);
    await until('the three, handed over together', () => batches() === 6);
    await until('all', () => out.x.length === 75);
    expect(batches()).toBe(6);
  } finally {
    await flow.stop();
  }
});
