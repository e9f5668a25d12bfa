// In memory: parse JSON of 10 sensors, range, scale, mean of 10, align at 100 ms, stringify; against one
// hand-written loop that does the same job and no more, and against a flow of Node-RED between two functions. All
// must give the same rows.
import assert from 'node:assert/strict';
import { Batch, BATCH_ROWS, JsonWriter, RecordReader, Schema } from '@millrace/engine';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInMemory } from './memory-flow.mjs';
import { memoryFlow } from './node-red/flow.mjs';
import { installNodeRed } from './node-red/install.mjs';
import { startNodeRed } from './node-red/start.mjs';
import { paired, rounded } from './pairs.mjs';

const MESSAGES = 200_000;
/** A turn of about two seconds. */
const PEER_MESSAGES = 5_000;
const SENSORS = Array.from({ length: 10 }, (_, i) => `s${i}`);
const STEP_MS = 10;
const PERIOD_MS = 100;

let seed = 1;
const random = () => (seed = (seed * 48271) % 0x7fffffff) / 0x7fffffff;
const messages = Array.from({ length: MESSAGES }, (_, i) => {
  const record = { t: 1_700_000_000_000 + i * STEP_MS };
  for (const name of SENSORS) record[name] = Math.round(random() * 1000) / 10;
  return JSON.stringify(record);
});
const scaling = Object.fromEntries(SENSORS.map((name, i) => [name, { mean: 40 + i, scale: 10 + i }]));
const LIMITS = { min: 0.5, max: 99.5 };

/** The job by hand: what a good programmer writes who needs nothing else. */
function byHand() {
  const out = [];
  const means = SENSORS.map((name) => scaling[name].mean);
  const scales = SENSORS.map((name) => scaling[name].scale);
  let boundary = NaN;
  let held = NaN;
  for (const message of messages) {
    const r = JSON.parse(message);
    if (r.s0 < LIMITS.min || r.s0 > LIMITS.max) continue;
    let sum = 0;
    sum += (r.s0 - means[0]) / scales[0];
    sum += (r.s1 - means[1]) / scales[1];
    sum += (r.s2 - means[2]) / scales[2];
    sum += (r.s3 - means[3]) / scales[3];
    sum += (r.s4 - means[4]) / scales[4];
    sum += (r.s5 - means[5]) / scales[5];
    sum += (r.s6 - means[6]) / scales[6];
    sum += (r.s7 - means[7]) / scales[7];
    sum += (r.s8 - means[8]) / scales[8];
    sum += (r.s9 - means[9]) / scales[9];
    while (r.t > boundary) {
      out.push(`{"t":${boundary},"mean":${held}}`);
      boundary += PERIOD_MS;
    }
    if (boundary !== boundary) boundary = Math.ceil(r.t / PERIOD_MS) * PERIOD_MS;
    held = sum / 10;
  }
  return out;
}

/** As many messages as wait are parsed as one: the cost of a call of JSON.parse is shared. */
const AT_ONCE = 32;

async function byEngine(out) {
  const source = () => {
    const schema = new Schema();
    const reader = new RecordReader(schema);
    const batch = new Batch(schema);
    let next = 0;
    return {
      bind: () => [[schema]],
      replay: {
        speed: Infinity,
        live: false,
        delivered: () => {},
        async read() {
          batch.reset();
          while (batch.n + AT_ONCE <= BATCH_ROWS && next < messages.length) {
            const last = Math.min(next + AT_ONCE, messages.length);
            for (const record of JSON.parse(`[${messages.slice(next, last).join(',')}]`))
              reader.append(batch, record.t, record, 't');
            next = last;
          }
          return batch.n > 0 ? batch : null;
        },
      },
    };
  };
  const sink = () => {
    const writer = new JsonWriter();
    return {
      process(batch) {
        writer.begin(batch);
        for (let row = 0; row < batch.n; row++) out.push(writer.row(row));
      },
    };
  };
  await runInMemory({
    source,
    sink,
    modules: {
      in: { type: 'source.memory' },
      range: { type: 'clean.range', from: ['in'], settings: { field: 's0', ...LIMITS } },
      scale: { type: 'scale.standard', from: ['range'], settings: { columns: SENSORS, parameters: scaling } },
      mean: {
        type: 'feature.stats',
        from: ['scale'],
        settings: { columns: SENSORS, out: ['mean'], over: 'row', name: 'all' },
      },
      rows: {
        type: 'align.rows',
        from: ['mean'],
        settings: {
          grid: { periodMs: PERIOD_MS },
          latenessMs: 0,
          columns: [{ name: 'mean', from: 'all_mean' }],
        },
      },
      out: { type: 'sink.memory', from: ['rows'] },
    },
  });
}

async function rate(job) {
  const began = process.hrtime.bigint();
  await job();
  return MESSAGES / (Number(process.hrtime.bigint() - began) / 1e9);
}

export async function run({ pairs }) {
  const ours = [];
  await byEngine(ours);
  const theirs = byHand().map((line) => JSON.parse(line));
  // The end of the stream releases the row of the last boundary, which the hand-written loop still holds.
  assert.deepEqual(
    ours
      .slice(0, theirs.length)
      .map((line) => JSON.parse(line))
      .map(({ t, mean }) => [t, Math.fround(mean)]),
    theirs.map(({ t, mean }) => [t, Math.fround(mean)]),
  );
  const byUs = () => rate(() => byEngine([]));
  const limit = await paired(pairs, byUs, () => rate(byHand));
  const peer = await againstNodeRed(pairs, byUs);
  const line = (against, figures) => ({
    name: 'engine',
    ...(against === 'peer' && { case: 'against Node-RED' }),
    value: rounded(figures.value),
    unit: 'messages/s',
    limit: rounded(limit.limit),
    ...(peer && { peer: rounded(peer.limit) }),
    ratio: rounded(figures.ratio),
    goal: against === 'peer' ? '>=15' : '>=0.6',
    pairs,
  });
  return [line('limit', limit), ...(peer ? [line('peer', peer)] : [])];
}

/** Undefined where it cannot be installed. It takes its own messages, and checks its own rows. */
async function againstNodeRed(pairs, byUs) {
  const program = installNodeRed();
  if (!program) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const nodeRed = await startNodeRed({ program, folder, flow: memoryFlow(), ready: 'bench is ready' });
  try {
    return await paired(
      pairs,
      byUs,
      async () => PEER_MESSAGES / (await nodeRed.ask({ chain: PEER_MESSAGES }, 'chain')),
    );
  } finally {
    await nodeRed.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
