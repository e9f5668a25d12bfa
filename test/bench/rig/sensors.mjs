// The job that engines are compared at: parse JSON of 10 sensors, range, scale, mean of 10, align at 100 ms. As
// messages, as modules of a flow, and as the loop that a good programmer writes by hand who needs nothing else.
export const SENSORS = Array.from({ length: 10 }, (_, i) => `s${i}`);
export const STEP_MS = 10;
export const PERIOD_MS = 100;
export const LIMITS = { min: 0.5, max: 99.5 };
export const scaling = Object.fromEntries(SENSORS.map((name, i) => [name, { mean: 40 + i, scale: 10 + i }]));

const FIRST_MS = 1_700_000_000_000;

/** Messages without end, the same at every call: one every STEP_MS of their own time. */
export function* messages() {
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 0x7fffffff) / 0x7fffffff;
  for (let t = FIRST_MS; ; t += STEP_MS) {
    const record = { t };
    for (const name of SENSORS) record[name] = Math.round(random() * 1000) / 10;
    yield JSON.stringify(record);
  }
}

/** The modules between a source `in` and a sink. */
export const modules = {
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
      // Pure event time: a message that the machine was late with changes no row.
      idleMs: 0,
      columns: [{ name: 'mean', from: 'all_mean' }],
    },
  },
};

/** A function that takes messages and calls `out` with rows as JSON. */
export function byHand(out) {
  const means = SENSORS.map((name) => scaling[name].mean);
  const scales = SENSORS.map((name) => scaling[name].scale);
  let boundary = NaN;
  let held = NaN;
  return (message) => {
    const r = JSON.parse(message);
    if (r.s0 < LIMITS.min || r.s0 > LIMITS.max) return;
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
      out(`{"t":${boundary},"mean":${held}}`);
      boundary += PERIOD_MS;
    }
    if (boundary !== boundary) boundary = Math.ceil(r.t / PERIOD_MS) * PERIOD_MS;
    held = sum / 10;
  };
}

/** The second job: two sensors, a row as soon as both have spoken at one time, and an act on it. */
export const PAIR_MS = 2;
export const pairModules = {
  rows: {
    type: 'align.rows',
    from: ['in'],
    settings: {
      grid: { periodMs: PAIR_MS },
      watermark: 'min',
      ties: 'go',
      latenessMs: 0,
      idleMs: 0,
      emit: 'onNew',
      columns: ['a', 'b'].map((name) => ({ name, from: name, method: 'hold', maxAgeMs: 1 })),
    },
  },
};

/** What two sides made must be the same rows, in every field that the second has; the first may go on longer. */
export function sameRows(ours, theirs) {
  if (theirs.length === 0 || ours.length < theirs.length) throw new Error('a side made no rows');
  for (let i = 0; i < theirs.length; i++) {
    const [a, b] = [ours[i], theirs[i]].map((line) => JSON.parse(line));
    const same = (field) => Math.abs(a[field] - b[field]) <= 1e-9 * Math.max(1, Math.abs(b[field]));
    if (Object.keys(b).every(same)) continue;
    throw new Error(`row ${i} is ${ours[i]} on one side and ${theirs[i]} on the other`);
  }
}
