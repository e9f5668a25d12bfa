// In memory: parse JSON of 10 sensors, range, scale, mean of 10, align at 100 ms, stringify; against one
// hand-written loop that does the same job and no more, and against a flow of Node-RED between two functions. All
// must give the same rows.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as chain from './kit/json-chain.mjs';
import { compared, rate } from './kit/pairs.mjs';
import { memoryFlow } from './node-red/flow.mjs';
import { installNodeRed } from './node-red/install.mjs';
import { startNodeRed } from './node-red/start.mjs';

const { LIMITS, PERIOD_MS } = chain;
const MESSAGES = 200_000;
/** A turn of about two seconds. */
const PEER_MESSAGES = 5_000;
const SENSORS = 10;

const random = chain.randomOf(1);
const texts = Array.from(
  { length: MESSAGES },
  (_, i) => `{"t":${1_700_000_000_000 + i * chain.STEP_MS}${chain.tailOf(random, SENSORS)}`,
);
const means = Object.values(chain.scalingOf(SENSORS)).map(({ mean }) => mean);
const scales = Object.values(chain.scalingOf(SENSORS)).map(({ scale }) => scale);

/** The job by hand: what a good programmer writes who needs nothing else. */
function byHand() {
  const out = [];
  let boundary = NaN;
  let held = NaN;
  for (const message of texts) {
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

async function byEngine() {
  const out = [];
  const text = (first, last) => texts.slice(first, last).join(',');
  const source = chain.messages(MESSAGES, text);
  await chain.throughEngine({ source, sensors: SENSORS, out: (line) => out.push(line) });
  return out;
}

export async function run({ pairs }) {
  const read = (line) => {
    const { t, mean } = JSON.parse(line);
    return [t, Math.fround(mean)];
  };
  const theirs = byHand().map(read);
  // The end of the stream releases the row of the last boundary, which the hand-written loop still holds.
  assert.deepEqual((await byEngine()).slice(0, theirs.length).map(read), theirs);
  const ours = () => rate(MESSAGES, byEngine);
  const limit = await compared({ name: 'engine', unit: 'messages/s', goal: '>=0.6' }, pairs, ours, () =>
    rate(MESSAGES, byHand),
  );
  const peer = await againstNodeRed(pairs, ours);
  return peer === undefined
    ? [limit]
    : [
        { ...limit, peer: peer.peer },
        { ...peer, limit: limit.limit },
      ];
}

/** Undefined where it cannot be installed. It takes its own messages, and checks its own rows. */
async function againstNodeRed(pairs, ours) {
  const program = installNodeRed();
  if (!program) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const nodeRed = await startNodeRed({ program, folder, flow: memoryFlow(), ready: 'bench is ready' });
  const what = { name: 'engine', case: 'against Node-RED', unit: 'messages/s', goal: '>=15' };
  try {
    const { limit: peer, ...figures } = await compared(
      what,
      pairs,
      ours,
      async () => PEER_MESSAGES / (await nodeRed.ask({ chain: PEER_MESSAGES }, 'chain')),
    );
    return { ...figures, peer };
  } finally {
    await nodeRed.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
