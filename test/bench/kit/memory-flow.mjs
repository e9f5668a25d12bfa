// Flows whose source and sink are in memory, for benchmarks: everything between them is the product's own.
import { catalogueOf, defineKind } from '@millrace/flow';
import { Batch, BATCH_ROWS, FlowRun, RecordReader, Schema } from '@millrace/engine';
import { behaviours, kinds } from '@millrace/modules';
import { z } from 'zod';

const plain = (type, category, inputs, outputs) =>
  defineKind({
    type,
    category,
    title: type,
    summary: type,
    docs: type,
    settings: z.object({}),
    inputs,
    outputs,
    example: { settings: {} },
    ...(category === 'source' ? { sharing: 'shared' } : {}),
  });

const memoryKinds = catalogueOf([
  ...kinds.values(),
  plain('source.memory', 'source', 'none', ['out']),
  plain('map.nothing', 'map', 'many', ['out']),
  plain('sink.memory', 'sink', 'many', []),
]);

const host = {
  path: (file) => file,
  resource(reference) {
    throw new Error(`a benchmark has no resources, not even ${reference}`);
  },
  workFolder: '.',
  flow: { name: 'bench', version: null },
};

/** Runs to the end. `source` and `sink` are behaviours; `more` adds behaviours by type; `opened` is called when all is loaded. */
export async function runInMemory({ modules, source, sink, more = [], opened = () => {} }) {
  const run = new FlowRun({
    document: { apiVersion: 'millrace/v1', kind: 'Flow', metadata: { name: 'bench' }, modules },
    kinds: memoryKinds,
    behaviours: new Map([...behaviours, ['source.memory', source], ['sink.memory', sink], ...more]),
    host,
  });
  await run.prepare();
  opened();
  await run.start();
  await run.finished;
}

/** A source of the batches that `fill(batch, reader)` fills, each up to BATCH_ROWS; it ends when one stays empty. */
export const sourceOf = (fill) => () => {
  const schema = new Schema();
  const reader = new RecordReader(schema);
  const batch = new Batch(schema);
  return {
    bind: () => [[schema]],
    replay: {
      speed: Infinity,
      live: false,
      delivered: () => {},
      async read() {
        batch.reset();
        fill(batch, reader);
        return batch.n > 0 ? batch : null;
      },
    },
  };
};

/** The records of a list, objects as a client would hand them over. */
export function records(list) {
  let next = 0;
  return sourceOf((batch, reader) => {
    const last = Math.min(next + BATCH_ROWS, list.length);
    for (; next < last; next++) reader.append(batch, list[next].t, list[next], 't');
  });
}
