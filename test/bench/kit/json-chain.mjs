// The JSON job of `engine`, of any size: parse, range, scale, mean of all sensors, align, stringify.
import { BATCH_ROWS, JsonWriter } from '@millrace/engine';
import { runInMemory, sourceOf } from './memory-flow.mjs';

export const STEP_MS = 10;
export const PERIOD_MS = 100;
export const LIMITS = { min: 0.5, max: 99.5 };

/** As many messages as wait are parsed as one: the cost of a call of JSON.parse is shared. */
const AT_ONCE = 32;

/** Messages of `sensors` numbers each, `STEP_MS` apart; with `keys`, of so many machines in turn. */
export function messagesOf(count, sensors, keys = 0) {
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 0x7fffffff) / 0x7fffffff;
  return Array.from({ length: count }, (_, i) => {
    const record = { t: 1_700_000_000_000 + i * STEP_MS };
    if (keys > 0) record.machine = `m${i % keys}`;
    for (let s = 0; s < sensors; s++) record[`s${s}`] = Math.round(random() * 1000) / 10;
    return JSON.stringify(record);
  });
}

export const scalingOf = (sensors) =>
  Object.fromEntries(Array.from({ length: sensors }, (_, i) => [`s${i}`, { mean: 40 + i, scale: 10 + i }]));

/** Runs the messages through the modules; `out` takes the lines. */
export async function throughEngine(messages, sensors, out, keys = 0) {
  let next = 0;
  const source = sourceOf((batch, reader) => {
    while (batch.n + AT_ONCE <= BATCH_ROWS && next < messages.length) {
      const last = Math.min(next + AT_ONCE, messages.length);
      for (const record of JSON.parse(`[${messages.slice(next, last).join(',')}]`))
        reader.append(batch, record.t, record, 't');
      next = last;
    }
  });
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
