// In memory: objects of three sensors in; each field through Hampel of 7, scale and mean of the last 10; rows at 100 ms;
// against one hand-written loop that does the same job and no more. Both must give the same rows. Cases: all three
// fields in a message, and one of the three, in turn.
import assert from 'node:assert/strict';
import { records, runInMemory } from './kit/memory-flow.mjs';
import { compared, rate } from './kit/pairs.mjs';

const MESSAGES = 500_000;
const PERIOD_MS = 100;
const HAMPEL = 7;
const MEAN_OF = 10;
const FIELDS = ['pressure', 'temperature', 'flow'];
const SCALING = {
  pressure: { mean: 5, scale: 2 },
  temperature: { mean: 60, scale: 15 },
  flow: { mean: 120, scale: 30 },
};

/**
 * Three wandering sensors with a spike now and then; `each` fields a message, in turn, a message every `step` ms.
 * Laid out in memory as a client makes them: read from JSON.
 */
function messagesOf(each, step) {
  let seed = 7;
  const random = () => (seed = (seed * 48271) % 0x7fffffff) / 0x7fffffff;
  return Array.from({ length: MESSAGES }, (_, i) => {
    const message = { t: 1_700_000_000_000 + i * step };
    for (let k = 0; k < each; k++) {
      const name = FIELDS[(i * each + k) % FIELDS.length];
      const { mean, scale } = SCALING[name];
      message[name] = mean + scale * (Math.sin(i / 500) + 0.1 * random() + (random() < 0.005 ? 9 : 0));
    }
    return JSON.parse(JSON.stringify(message));
  });
}

/** One sensor by hand: what a good programmer writes who needs nothing else. */
class Sensor {
  mean = NaN;
  latest = new Float64Array(HAMPEL);
  sorted = new Float64Array(HAMPEL);
  far = new Float64Array(HAMPEL);
  seen = 0;
  last = new Float64Array(MEAN_OF);
  summed = 0;
  sum = 0;

  constructor({ mean, scale }) {
    this.shift = mean;
    this.scale = scale;
  }

  take(value) {
    const scaled = (this.clean(value) - this.shift) / this.scale;
    const { last, summed } = this;
    const at = summed % MEAN_OF;
    if (summed >= MEAN_OF) this.sum -= last[at];
    last[at] = scaled;
    this.sum += scaled;
    this.summed = summed + 1;
    if (summed + 1 >= MEAN_OF) this.mean = this.sum / MEAN_OF;
  }

  clean(value) {
    const { latest, sorted, far, seen } = this;
    const at = seen % HAMPEL;
    let n = seen < HAMPEL ? seen : HAMPEL;
    if (n === HAMPEL) {
      let gone = 0;
      while (sorted[gone] !== latest[at]) gone++;
      for (n--; gone < n; gone++) sorted[gone] = sorted[gone + 1];
    }
    latest[at] = value;
    this.seen = seen + 1;
    let to = n++;
    for (; to > 0 && sorted[to - 1] > value; to--) sorted[to] = sorted[to - 1];
    sorted[to] = value;
    const middle = medianOf(sorted, n);
    if (value === middle) return value;
    for (let i = 0; i < n; i++) {
      const distance = Math.abs(sorted[i] - middle);
      for (to = i; to > 0 && far[to - 1] > distance; to--) far[to] = far[to - 1];
      far[to] = distance;
    }
    const mad = medianOf(far, n);
    return mad > 0 && Math.abs(value - middle) > 3 * 1.4826 * mad ? middle : value;
  }
}

/** Rows as t, pressure, temperature, flow. */
function byHand(messages) {
  const out = [];
  const pressure = new Sensor(SCALING.pressure);
  const temperature = new Sensor(SCALING.temperature);
  const flow = new Sensor(SCALING.flow);
  let boundary = NaN;
  for (const message of messages) {
    const { t } = message;
    for (; t > boundary; boundary += PERIOD_MS)
      out.push(boundary, pressure.mean, temperature.mean, flow.mean);
    if (message.pressure !== undefined) pressure.take(message.pressure);
    if (message.temperature !== undefined) temperature.take(message.temperature);
    if (message.flow !== undefined) flow.take(message.flow);
    // Rows begin at the first boundary by which every sensor has a mean.
    if (boundary !== boundary && Number.isFinite(pressure.mean + temperature.mean + flow.mean))
      boundary = Math.ceil(t / PERIOD_MS) * PERIOD_MS;
  }
  return out;
}

function medianOf(sorted, n) {
  const half = n >> 1;
  return n % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

const modules = {
  in: { type: 'source.memory' },
  pressure: { type: 'clean.hampel', from: ['in'], settings: { field: 'pressure', window: HAMPEL } },
  temperature: {
    type: 'clean.hampel',
    from: ['pressure'],
    settings: { field: 'temperature', window: HAMPEL },
  },
  flow: { type: 'clean.hampel', from: ['temperature'], settings: { field: 'flow', window: HAMPEL } },
  scale: { type: 'scale.standard', from: ['flow'], settings: { columns: FIELDS, parameters: SCALING } },
  means: {
    type: 'feature.stats',
    from: ['scale'],
    settings: { columns: FIELDS, out: ['mean'], over: { rows: MEAN_OF } },
  },
  rows: {
    type: 'align.rows',
    from: ['means'],
    settings: {
      grid: { periodMs: PERIOD_MS },
      latenessMs: 0,
      columns: FIELDS.map((name) => ({ name, from: `${name}_mean` })),
    },
  },
  out: { type: 'sink.memory', from: ['rows'] },
};

async function byEngine(messages) {
  const out = [];
  const sink = () => {
    let indexes = [];
    return {
      bind([{ schema }]) {
        indexes = FIELDS.map((name) => schema.index(name));
      },
      process(batch) {
        const [p, c, f] = indexes.map((index) => batch.peek(index).values);
        for (let row = 0; row < batch.n; row++) out.push(batch.t[row], p[row], c[row], f[row]);
      },
    };
  };
  await runInMemory({ source: records(messages), sink, modules });
  return out;
}

/** Equal to the ninth digit: the hand-written mean is a running sum. */
function assertSame(ours, theirs) {
  assert.ok(theirs.length > MESSAGES / 100 && ours.length >= theirs.length);
  theirs.forEach((value, i) =>
    assert.ok(Math.abs(ours[i] - value) <= 1e-9 * Math.max(1, Math.abs(value)), i),
  );
}

export async function run({ pairs }) {
  const lines = [];
  for (const [name, each, step] of [
    ['3 fields a message', 3, 10],
    ['1 of 3 fields a message', 1, 5],
  ]) {
    const messages = messagesOf(each, step);
    assertSame(await byEngine(messages), byHand(messages));
    lines.push(
      await compared(
        { name: 'engine-objects', case: name, unit: 'messages/s', goal: '>=0.4' },
        pairs,
        () => rate(MESSAGES, () => byEngine(messages)),
        () => rate(MESSAGES, () => byHand(messages)),
      ),
    );
  }
  return lines;
}
