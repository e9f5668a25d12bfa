// Rows a second through `model.onnx` in a flow, source to sink, against bare onnxruntime-node called in a loop in this
// process: one model, batches of 1, 32 and 256 rows. Both copy every row in and read every result; both must give the
// same results first. The source speaks as a live one does: as many records at a time as the model's batch.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Batch, Schema } from '@millrace/engine';
import { randomOf } from './kit/json-chain.mjs';
import { runInMemory } from './kit/memory-flow.mjs';
import { compared, rate } from './kit/pairs.mjs';

const ort = createRequire(new URL('../../libs/inference/dist/index.js', import.meta.url))('onnxruntime-node');
const model = fileURLToPath(new URL('../fixtures/onnx/cmapss_hgb_rul/model.onnx', import.meta.url));
const FEATURES = Array.from({ length: 42 }, (_, k) => `f${k}`);
const WIDTH = FEATURES.length;
/** Rows that differ, at every batch size the same: a processor learns the way of a few through the trees by heart. */
const ROWS = 2048;
const random = randomOf(1);
const rows = Float32Array.from({ length: ROWS * WIDTH }, () => 500 + 100 * random());

/** Batch, goal, and rows of a half: about a fifth of a second on a fast machine. */
const cases = [
  [1, '>=0.7', 20_480],
  [32, '>=0.9', 81_920],
  [256, '>=0.95', 102_400],
];

function batchOf(schema, first, size) {
  const batch = new Batch(schema, size);
  for (let i = 0; i < size; i++) {
    const row = batch.row(first + i);
    for (let k = 0; k < WIDTH; k++) batch.column(k).pushNumber(row, rows[(first + i) * WIDTH + k]);
  }
  return batch;
}

/** The results of so many rows, the ROWS again and again; `opened` is called when the model is loaded. */
async function throughFlow(size, count, opened = () => {}) {
  const out = new Float64Array(count);
  const schema = new Schema(FEATURES);
  // Made once: what a source costs is not measured here.
  const batches = Array.from({ length: ROWS / size }, (_, i) => batchOf(schema, i * size, size));
  let next = 0;
  const source = () => ({
    bind: () => [[schema]],
    replay: {
      speed: Infinity,
      live: true,
      delivered: () => {},
      read: async () => (next * size < count ? batches[next++ % batches.length] : null),
    },
  });
  let done = 0;
  const sink = () => {
    let index = -1;
    return {
      bind: ([{ schema }]) => void (index = schema.index('life')),
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
      life: {
        type: 'model.onnx',
        from: ['in'],
        // What waits stays in the cache of a small machine.
        queue: { size: 2048 },
        settings: {
          model,
          inputs: [{ tensor: 'X', columns: FEATURES }],
          outputs: [{ tensor: 'variable', as: 'life' }],
          batch: { max: size, waitMs: 5 },
        },
      },
      out: { type: 'sink.memory', from: ['life'] },
    },
  });
  assert.equal(done, count);
  return out;
}

async function throughBare(session, size, count) {
  const out = new Float64Array(count);
  const own = new Float32Array(size * WIDTH);
  const feeds = { X: new ort.Tensor('float32', own, [size, WIDTH]) };
  let done = 0;
  while (done < count) {
    const from = done % ROWS;
    own.set(rows.subarray(from * WIDTH, (from + size) * WIDTH));
    const { data } = (await session.run(feeds)).variable;
    for (let i = 0; i < size && done < count; i++) out[done++] = data[i];
  }
  return out;
}

/** Rows a second from the moment at which the model is loaded. */
async function flowRate(size, count) {
  let began;
  await throughFlow(size, count, () => (began = process.hrtime.bigint()));
  return (1e9 * count) / Number(process.hrtime.bigint() - began);
}

export async function run({ pairs }) {
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1 };
  const session = await ort.InferenceSession.create(model, options);
  const lines = [];
  for (const [size, goal, count] of cases) {
    assert.deepEqual(await throughFlow(size, ROWS), await throughBare(session, size, ROWS));
    lines.push(
      await compared(
        { name: 'onnx', case: `batch ${size}`, unit: 'rows/s', goal },
        pairs,
        () => flowRate(size, count),
        () => rate(count, () => throughBare(session, size, count)),
      ),
    );
  }
  await session.release();
  return lines;
}
