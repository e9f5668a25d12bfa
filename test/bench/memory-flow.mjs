// Flows whose source and sink are in memory, for benchmarks: everything between them is the product's own.
import { catalogueOf, defineKind } from '@millrace/flow';
import { FlowRun } from '@millrace/engine';
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

/** Runs to the end. `source` and `sink` are behaviours; `more` adds behaviours by type. */
export async function runInMemory({ modules, source, sink, more = [] }) {
  const run = new FlowRun({
    document: { apiVersion: 'millrace/v1', kind: 'Flow', metadata: { name: 'bench' }, modules },
    kinds: memoryKinds,
    behaviours: new Map([...behaviours, ['source.memory', source], ['sink.memory', sink], ...more]),
    host,
  });
  await run.start();
  await run.finished;
}
