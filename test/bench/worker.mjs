// Rows a second through `model.python` in a flow, source to sink, against a bare pipe: the same frames written to a
// Python that answers each as soon as it has read it, as many in flight. Batches of 1, 32 and 256 rows. And scikit-learn's
// IsolationForest at 256 rows against the same model in one Python that hands itself the rows.
// numpy and scikit-learn come into a virtual environment in .bench/; without Python or its registry cases are left out.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Batch, Schema } from '@millrace/engine';
import { findInterpreter } from '@millrace/inference';
import { runInMemory } from './kit/memory-flow.mjs';
import { compared } from './kit/pairs.mjs';

const FEATURES = Array.from({ length: 12 }, (_, k) => `f${k}`);
const WIDTH = FEATURES.length;
const BATCHES = 4;
const IN_FLIGHT = 2;
const PREFIX = 13;
const rows = Float64Array.from({ length: BATCHES * 256 * WIDTH }, (_, i) => 500 + ((i * 7919) % 1000) / 10);

/** Batch, goal, and rows of a half. */
const cases = [
  [1, '>=0.7', 20_480],
  [32, '>=0.8', 163_840],
  [256, '>=0.9', 819_200],
];
const FOREST_ROWS = 20_480;

/** The first column, as the echo gives it. */
const SCRIPT = `ROWS = "array"\n\ndef predict(rows):\n    return rows[:, 0]\n`;
const FOREST = `import pickle
ROWS = "array"

def load(context):
    global model
    with open(context.path("model"), "rb") as file:
        model = pickle.load(file)

def predict(rows):
    return model.score_samples(rows)
`;
const TRAIN = `import sys, pickle, numpy
from sklearn.ensemble import IsolationForest
rows = numpy.fromfile(sys.argv[1], "<f8").reshape(-1, ${WIDTH})
with open(sys.argv[2], "wb") as file:
    pickle.dump(IsolationForest(n_estimators=100, random_state=0).fit(rows), file)
`;
/** Reads a frame, answers with the first number of each of its rows, with no thought. */
const ECHO = `import os, struct, sys
incoming, outgoing = sys.stdin.buffer, os.fdopen(1, "wb", 0)
head = struct.Struct("<IBII")
step = 8 * ${WIDTH}
while True:
    prefix = incoming.read(13)
    if len(prefix) < 13:
        break
    length, kind, number, _ = head.unpack(prefix)
    body = incoming.read(length - 9)
    count = len(body) // step
    outgoing.write(head.pack(9 + 8 * count, 4, number, 0) + body[:8 * count])
`;
/** The same model, in one process: as many rows as are asked for, 256 at a time; prints rows a second. */
const IN_PROCESS = `import sys, pickle, time, numpy
with open(sys.argv[2], "rb") as file:
    model = pickle.load(file)
rows = numpy.fromfile(sys.argv[1], "<f8").reshape(-1, ${WIDTH})
count = int(sys.argv[3])
model.score_samples(rows[:256])
began = time.perf_counter()
for first in range(0, count, 256):
    at = first % len(rows)
    scores = model.score_samples(rows[at:at + 256])
print(count / (time.perf_counter() - began))
`;

function batchOf(schema, first, size) {
  const batch = new Batch(schema, size);
  for (let i = 0; i < size; i++) {
    const row = batch.row(first + i);
    for (let k = 0; k < WIDTH; k++) batch.column(k).pushNumber(row, rows[(first + i) * WIDTH + k]);
  }
  return batch;
}

/** The results of so many rows, those of BATCHES batches again and again; `opened` is called when the script is ready. */
async function throughFlow(settings, size, count, opened = () => {}) {
  const out = new Float64Array(count);
  const schema = new Schema(FEATURES);
  // Made once: what a source costs is not measured here.
  const batches = Array.from({ length: BATCHES }, (_, i) => batchOf(schema, i * size, size));
  let next = 0;
  const source = () => ({
    bind: () => [[schema]],
    replay: {
      speed: Infinity,
      live: true,
      delivered: () => {},
      read: async () => (next * size < count ? batches[next++ % BATCHES] : null),
    },
  });
  let done = 0;
  const sink = () => {
    let index = -1;
    return {
      bind: ([{ schema }]) => void (index = schema.index('result')),
      process(batch) {
        const { values } = batch.peek(index);
        for (let row = 0; row < batch.n; row++) out[done++] = values[row];
      },
    };
  };
  await runInMemory({
    source,
    sink,
    opened,
    modules: {
      in: { type: 'source.memory' },
      x: {
        type: 'model.python',
        from: ['in'],
        queue: { size: 2048 },
        settings: {
          columns: FEATURES,
          batch: { max: size, waitMs: 5 },
          inFlight: IN_FLIGHT,
          sandbox: 'off',
          ...settings,
        },
      },
      out: { type: 'sink.memory', from: ['x'] },
    },
  });
  assert.equal(done, count);
  return out;
}

async function flowRate(settings, size, count) {
  let began;
  await throughFlow(settings, size, count, () => (began = process.hrtime.bigint()));
  return (1e9 * count) / Number(process.hrtime.bigint() - began);
}

/** Rows a second of the pipe alone: frames out, frames in, IN_FLIGHT at a time. Both sides copy every row in and out. */
function pipeRate(python, size, count) {
  const child = spawn(python, ['-c', ECHO], { stdio: ['pipe', 'pipe', 'inherit'] });
  const out = new Float64Array(count);
  const bytes = size * WIDTH * 8;
  const frame = Buffer.alloc(PREFIX + bytes);
  const answer = PREFIX + size * 8;
  return new Promise((resolve, reject) => {
    let sent = 0;
    let done = 0;
    let began;
    let left = Buffer.alloc(0);
    const send = () => {
      const first = sent % (BATCHES * size);
      frame.writeUInt32LE(9 + bytes, 0);
      frame[4] = 3;
      frame.writeUInt32LE(sent, 5);
      const body = new Uint8Array(rows.buffer, first * WIDTH * 8, bytes);
      // Written before the next one is laid here, or copied by then.
      child.stdin.write(Buffer.concat([frame.subarray(0, PREFIX), body]));
      sent += size;
    };
    child.on('error', reject);
    child.stdout.on('data', (chunk) => {
      left = left.length === 0 ? chunk : Buffer.concat([left, chunk]);
      while (left.length >= answer) {
        for (let i = 0; i < size; i++) out[done++] = left.readDoubleLE(PREFIX + i * 8);
        left = left.subarray(answer);
        if (sent < count) send();
      }
      if (done < count) return;
      const rate = (1e9 * count) / Number(process.hrtime.bigint() - began);
      child.stdin.end();
      child.once('close', () => resolve(rate));
    });
    // From the moment at which it is there, as the other side is measured.
    child.once('spawn', () =>
      setTimeout(() => {
        began = process.hrtime.bigint();
        for (let i = 0; i < Math.min(IN_FLIGHT, count / size); i++) send();
      }, 300),
    );
  });
}

/** A Python that has scikit-learn: its own environment, made the first time. Undefined, and said, when there is no way. */
function pythonWithScikit(python) {
  const folder = fileURLToPath(new URL('../../.bench/python', import.meta.url));
  const own = join(folder, 'bin', 'python');
  try {
    if (!existsSync(join(folder, 'ready'))) {
      console.error('installing scikit-learn for the benchmark, which takes a minute the first time');
      mkdirSync(folder, { recursive: true });
      execFileSync(python, ['-m', 'venv', folder], { stdio: 'ignore', timeout: 120_000 });
      execFileSync(own, ['-m', 'pip', 'install', '-q', 'scikit-learn==1.7.2'], {
        stdio: 'ignore',
        timeout: 600_000,
      });
      writeFileSync(join(folder, 'ready'), '');
    }
    return own;
  } catch (error) {
    console.error(
      `worker: left out, since scikit-learn could not be installed: ${error.message.split('\n')[0]}`,
    );
    return undefined;
  }
}

export async function run({ pairs }) {
  const usual = await findInterpreter('python');
  if (usual === undefined) {
    console.error('worker: left out, since this machine has no Python');
    return [];
  }
  const python = pythonWithScikit(usual.command);
  if (python === undefined) return [];
  // What the module starts, too: it takes the interpreter that the operator names.
  process.env.MILLRACE_PYTHON = python;
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-worker-'));
  const lines = [];
  const script = join(folder, 'first.py');
  const forest = join(folder, 'forest.py');
  writeFileSync(script, SCRIPT);
  writeFileSync(forest, FOREST);
  try {
    for (const [size, goal, count] of cases) {
      // As many as are measured: a flow runs for days, and so its code is warm.
      const got = await throughFlow({ script }, size, count);
      assert.ok(got.every((value, i) => value === rows[(i % (BATCHES * size)) * WIDTH]));
      lines.push(
        await compared(
          { name: 'worker', case: `batch ${size}`, unit: 'rows/s', goal },
          pairs,
          () => flowRate({ script }, size, count),
          () => pipeRate(python, size, count),
        ),
      );
    }
    const data = join(folder, 'rows.bin');
    const model = join(folder, 'model.pkl');
    writeFileSync(data, new Uint8Array(rows.buffer));
    execFileSync(python, ['-c', TRAIN, data, model]);
    const env = { ...process.env, OMP_NUM_THREADS: '1' };
    lines.push(
      await compared(
        { name: 'worker', case: 'IsolationForest, 256', unit: 'rows/s', goal: '>=0.9' },
        pairs,
        () => flowRate({ script: forest, model }, 256, FOREST_ROWS),
        () =>
          Number(
            execFileSync(python, ['-c', IN_PROCESS, data, model, String(FOREST_ROWS)], { env }).toString(),
          ),
      ),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return lines;
}
