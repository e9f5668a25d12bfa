// Features in memory: a flow with clean.hampel of 15 against sorting each window, and the transform of feature.fft at
// 1024 real numbers against fft.js. Both sides must find the same outliers, and the same spectrum to 1e-9.
import assert from 'node:assert/strict';
import FFT from 'fft.js';
import { BATCH_ROWS } from '@millrace/engine';
import { spectrumOf } from '../../libs/modules/dist/features/fft/transform.js';
import { runInMemory, sourceOf } from './kit/memory-flow.mjs';
import { compared, rate } from './kit/pairs.mjs';

const VALUES = 200_000;
const WINDOW = 15;
const SIZE = 1024;
const TRANSFORMS = 10_000;

let seed = 3;
const random = () => (seed = (seed * 48271) % 0x7fffffff) / 0x7fffffff;
const values = Float64Array.from(
  { length: VALUES },
  (_, i) => 5 + Math.sin(i / 400) + 0.2 * random() + (random() < 0.005 ? 7 : 0),
);

/** What comes out, one array a side: a new one each time would cost more than a value. */
const cleaned = new Float64Array(VALUES);
const sorted = new Float64Array(VALUES);

async function hampel() {
  let next = 0;
  const source = sourceOf((batch) => {
    const column = batch.column(batch.schema.index('value'));
    const last = Math.min(next + BATCH_ROWS, VALUES);
    for (; next < last; next++) column.pushNumber(batch.row(next), values[next]);
  });
  let done = 0;
  const sink = () => {
    let index = -1;
    return {
      bind: ([{ schema }]) => void (index = schema.index('value')),
      process(batch) {
        const column = batch.peek(index);
        cleaned.set(column.values.subarray(0, column.count), done);
        done += column.count;
      },
    };
  };
  await runInMemory({
    source,
    sink,
    modules: {
      in: { type: 'source.memory' },
      clean: { type: 'clean.hampel', from: ['in'], settings: { field: 'value', window: WINDOW } },
      out: { type: 'sink.memory', from: ['clean'] },
    },
  });
}

/** What stands in a book: sort the window, sort the distances. */
function bySorting() {
  for (let i = 0; i < VALUES; i++) {
    const window = values.slice(Math.max(0, i - WINDOW + 1), i + 1).sort();
    const middle = medianOf(window);
    const mad = medianOf(window.map((value) => Math.abs(value - middle)).sort());
    const outlier = mad > 0 && Math.abs(values[i] - middle) > 3 * 1.4826 * mad;
    sorted[i] = outlier ? middle : values[i];
  }
}

function medianOf(sorted) {
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

const spectrum = spectrumOf(SIZE);
const peer = new FFT(SIZE);
const complex = peer.createComplexArray();
const bins = new Float64Array(SIZE / 2 + 1);
const theirs = new Float64Array(SIZE / 2 + 1);
function windowAt(i) {
  const start = (i * 7) % (VALUES - SIZE);
  return values.subarray(start, start + SIZE);
}

function transforms() {
  for (let i = 0; i < TRANSFORMS; i++) spectrum.magnitudes(windowAt(i), bins);
}

/** The sizes of the bins too, since they are what a flow is given. */
function byPeer() {
  for (let i = 0; i < TRANSFORMS; i++) {
    peer.realTransform(complex, windowAt(i));
    for (let k = 0; k <= SIZE / 2; k++) {
      const [re, im] = [complex[2 * k], complex[2 * k + 1]];
      theirs[k] = Math.sqrt(re * re + im * im);
    }
  }
}

export async function run({ pairs }) {
  await hampel();
  bySorting();
  assert.deepEqual(cleaned, sorted);
  assert.notDeepEqual(cleaned, values);
  transforms();
  byPeer();
  const largest = theirs.reduce((a, b) => Math.max(a, b), 0);
  bins.forEach((bin, k) => assert.ok(Math.abs(bin - theirs[k]) <= 1e-9 * largest, `bin ${k}`));
  return [
    await compared(
      { name: 'features', case: `hampel of ${WINDOW}`, unit: 'values/s', goal: '>=10' },
      pairs,
      () => rate(VALUES, hampel),
      () => rate(VALUES, bySorting),
    ),
    await compared(
      { name: 'features', case: `real FFT of ${SIZE}`, unit: 'transforms/s', goal: '>=1.3' },
      pairs,
      () => rate(TRANSFORMS, transforms),
      () => rate(TRANSFORMS, byPeer),
    ),
  ];
}
