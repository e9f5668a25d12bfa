// In memory: objects in, Hampel of 7, scale, mean of the last 10, align at 100 ms; against one hand-written loop that
// does the same job and no more. Both must give the same rows. Cases: all three fields in a message, and one of three.
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

/** Three wandering sensors with a spike now and then; `each` fields a message, in turn, the message every `step` ms. */
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
    return message;
  });
}

/** The job by hand: what a good programmer writes who needs nothing else. Rows as t, pressure, temperature, flow. */
function byHand(messages) {
  const out = [];
  const { pressure, temperature, flow } = SCALING;
  const latest = new Float64Array(HAMPEL);
  const sorted = new Float64Array(HAMPEL);
  const far = new Float64Array(HAMPEL);
  let seen = 0;
  const means = new Float64Array(MEAN_OF);
  let summed = 0;
  let sum = 0;
  let boundary = NaN;
  let [p, c, f] = [NaN, NaN, NaN];
  for (const message of messages) {
    const { t } = message;
    // Rows begin at the first boundary by which every sensor was heard.
    if (boundary === boundary) {
      for (; t > boundary; boundary += PERIOD_MS) out.push(boundary, p, c, f);
    }
    if (message.pressure !== undefined) {
      let value = message.pressure;
      let n = Math.min(seen, HAMPEL);
      if (n === HAMPEL) {
        let gone = 0;
        while (sorted[gone] !== latest[seen % HAMPEL]) gone++;
        for (n--; gone < n; gone++) sorted[gone] = sorted[gone + 1];
      }
      latest[seen++ % HAMPEL] = value;
      let at = n++;
      for (; at > 0 && sorted[at - 1] > value; at--) sorted[at] = sorted[at - 1];
      sorted[at] = value;
      const middle = medianOf(sorted, n);
      if (value !== middle) {
        for (let i = 0; i < n; i++) {
          const distance = Math.abs(sorted[i] - middle);
          let to = i;
          for (; to > 0 && far[to - 1] > distance; to--) far[to] = far[to - 1];
          far[to] = distance;
        }
        const mad = medianOf(far, n);
        if (mad > 0 && Math.abs(value - middle) > 3 * 1.4826 * mad) value = middle;
      }
      value = (value - pressure.mean) / pressure.scale;
      if (summed >= MEAN_OF) sum -= means[summed % MEAN_OF];
      means[summed++ % MEAN_OF] = value;
      sum += value;
      p = summed >= MEAN_OF ? sum / MEAN_OF : NaN;
    }
    if (message.temperature !== undefined) {
      c = (message.temperature - temperature.mean) / temperature.scale;
    }
    if (message.flow !== undefined) f = (message.flow - flow.mean) / flow.scale;
    if (boundary !== boundary && p === p && c === c && f === f) {
      boundary = Math.ceil(t / PERIOD_MS) * PERIOD_MS;
    }
  }
  return out;
}

function medianOf(sorted, n) {
  const half = n >> 1;
  return n % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

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
  await runInMemory({
    source: records(messages),
    sink,
    modules: {
      in: { type: 'source.memory' },
      clean: { type: 'clean.hampel', from: ['in'], settings: { field: 'pressure', window: HAMPEL } },
      scale: { type: 'scale.standard', from: ['clean'], settings: { columns: FIELDS, parameters: SCALING } },
      mean: {
        type: 'feature.stats',
        from: ['scale'],
        settings: { columns: ['pressure'], out: ['mean'], over: { rows: MEAN_OF } },
      },
      rows: {
        type: 'align.rows',
        from: ['mean'],
        settings: {
          grid: { periodMs: PERIOD_MS },
          latenessMs: 0,
          columns: [{ name: 'pressure', from: 'pressure_mean' }, { name: 'temperature' }, { name: 'flow' }],
        },
      },
      out: { type: 'sink.memory', from: ['rows'] },
    },
  });
  return out;
}

/** Equal to the ninth digit: the hand-written mean is a running sum. */
function assertSame(ours, theirs) {
  assert.ok(theirs.length > MESSAGES / 100 && ours.length >= theirs.length);
  theirs.forEach((value, i) => assert.ok(Math.abs(ours[i] - value) <= 1e-9 * Math.max(1, Math.abs(value)), i));
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
