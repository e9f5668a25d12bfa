/**
 * onnx: rows a second through a session (its own thread, shared memory) against bare onnxruntime-node called
 * in a loop in this process, with one model, at batches of 1, 32 and 256 rows. Both fill their input from the
 * same rows and read every result. Measures the session alone; the module around it adds its own cost.
 */
import { fileURLToPath } from 'node:url';
import { createRequire } from 'node:module';

const dist = new URL('../../libs/inference/dist/index.js', import.meta.url);
const model = fileURLToPath(new URL('../fixtures/onnx/cmapss_hgb_rul/model.onnx', import.meta.url));
const COLUMNS = 42;
const ROWS = 1024;
const goals = new Map([
  [1, 0.7],
  [32, 0.9],
  [256, 0.95],
]);

/** @param {{ pairs?: number, ms?: number }} options how many A B pairs, and how long each half runs */
export async function run({ pairs = 7, ms = 300 } = {}) {
  const { OnnxSession } = await import(dist);
  const ort = createRequire(dist)('onnxruntime-node');
  const rows = Float32Array.from({ length: ROWS * COLUMNS }, (_, i) => 500 + ((i * 7919) % 1000) / 10);
  const session = await OnnxSession.open({ path: model });
  const bare = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const cases = [];
  try {
    for (const [batch, goal] of goals) {
      const ours = () => throughSession(session, rows, batch, ms);
      const limit = () => throughBare(ort, bare, rows, batch, ms);
      await ours();
      await limit();
      const measured = [];
      for (let pair = 0; pair < pairs; pair++) measured.push({ ours: await ours(), limit: await limit() });
      const ratios = measured.map((pair) => pair.ours / pair.limit);
      cases.push({
        name: 'onnx',
        case: `batch ${batch}`,
        value: Math.round(median(measured.map((pair) => pair.ours))),
        unit: 'rows/s',
        limit: Math.round(median(measured.map((pair) => pair.limit))),
        ratio: Number(median(ratios).toFixed(3)),
        goal: `>=${goal}`,
        pairs,
      });
    }
  } finally {
    await session.close();
    await bare.release();
  }
  return cases;
}

/** Rows a second with every slot in flight, as a module with rows waiting does it. */
async function throughSession(session, rows, batch, ms) {
  const dims = [batch, COLUMNS];
  const started = performance.now();
  const end = started + ms;
  let done = 0;
  let offset = 0;
  let sum = 0;
  const lane = async () => {
    const slot = session.borrow();
    if (!slot) return;
    while (performance.now() < end) {
      slot.input('X', dims).set(rows.subarray(offset * COLUMNS, (offset + batch) * COLUMNS));
      offset = (offset + batch) % ROWS;
      await slot.run();
      const { data } = slot.output('variable');
      for (let i = 0; i < batch; i++) sum += data[i];
      done += batch;
    }
    slot.release();
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  return check(sum, (done * 1000) / (performance.now() - started));
}

async function throughBare(ort, bare, rows, batch, ms) {
  const own = new Float32Array(batch * COLUMNS);
  const feeds = { X: new ort.Tensor('float32', own, [batch, COLUMNS]) };
  const started = performance.now();
  const end = started + ms;
  let done = 0;
  let offset = 0;
  let sum = 0;
  while (performance.now() < end) {
    own.set(rows.subarray(offset * COLUMNS, (offset + batch) * COLUMNS));
    offset = (offset + batch) % ROWS;
    const { data } = (await bare.run(feeds)).variable;
    for (let i = 0; i < batch; i++) sum += data[i];
    done += batch;
  }
  return check(sum, (done * 1000) / (performance.now() - started));
}

/** Results that nobody looks at could be optimised away; a sum that is no number is a broken run. */
function check(sum, rate) {
  if (!Number.isFinite(sum)) throw new Error('the model gave something that is no number');
  return rate;
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
