// The JSON job of `engine`, of any size: parse, range, scale, mean of all sensors, align, stringify.
import { BATCH_ROWS, JsonWriter } from '@millrace/engine';
import { runInMemory, sourceOf } from './memory-flow.mjs';

export const STEP_MS = 10;
export const PERIOD_MS = 100;
export const LIMITS = { min: 0.5, max: 99.5 };

/** As many messages as wait are parsed as one: the cost of a call of JSON.parse is shared. */
const AT_ONCE = 32;

/** A message without its time, of `sensors` numbers; `machine` names the machine that sent it, where there are several. */
export function tailOf(random, sensors, machine) {
  let text = machine === undefined ? '' : `,"machine":"${machine}"`;
  for (let s = 0; s < sensors; s++) text += `,"s${s}":${Math.round(random() * 1000) / 10}`;
  return `${text}}`;
}

/** The same numbers at each run, in (0, 1). */
export function randomOf(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 0x7fffffff) / 0x7fffffff;
}

export const scalingOf = (sensors) =>
  Object.fromEntries(Array.from({ length: sensors }, (_, i) => [`s${i}`, { mean: 40 + i, scale: 10 + i }]));

/** A source of `count` messages; `text(first, last)` gives some of them with commas in between. */
export function messages(count, text) {
  let next = 0;
  return sourceOf((batch, reader) => {
    while (batch.n + AT_ONCE <= BATCH_ROWS && next < count) {
      const last = Math.min(next + AT_ONCE, count);
      for (const record of JSON.parse(`[${text(next, last)}]`)) reader.append(batch, record.t, record, 't');
      next = last;
    }
  });
}

/** Runs the source's records through the modules; `out` takes the lines. With `keys` each machine has rows of its own. */
export async function throughEngine({ source, sensors, keys = 0, out }) {
  const sink = () => {
    const writer = new JsonWriter();
    return {
      process(batch) {
        writer.begin(batch);
        for (let row = 0; row < batch.n; row++) out(writer.row(row));
      },
    };
  };
  const parameters = scalingOf(sensors);
  const columns = Object.keys(parameters);
  const byKey = keys > 0 ? { keyBy: 'machine', maxKeys: keys } : {};
  await runInMemory({
    source,
    sink,
    modules: {
      in: { type: 'source.memory' },
      range: { type: 'clean.range', from: ['in'], settings: { field: 's0', ...LIMITS } },
      scale: { type: 'scale.standard', from: ['range'], settings: { columns, parameters } },
      mean: {
        type: 'feature.stats',
        from: ['scale'],
        settings: { columns, out: ['mean'], over: 'row', name: 'all' },
      },
      rows: {
        type: 'align.rows',
        from: ['mean'],
        settings: {
          ...byKey,
          grid: { periodMs: PERIOD_MS },
          latenessMs: 0,
          columns: [{ name: 'mean', from: 'all_mean' }],
        },
      },
      out: { type: 'sink.memory', from: ['rows'] },
    },
  });
}
