/** What a running flow counts, summed up from its modules: records are what its sources gave. */
import type { FlowRun } from '@millrace/engine';
import type { FlowMetrics } from '@millrace/schemas';

export function metricsOf(run: FlowRun, startedAt: number): Omit<FlowMetrics, 'flow' | 'digest'> {
  const modules = run.counters();
  let records = 0;
  let errors = 0;
  let bytesIn = 0;
  let bytesOut = 0;
  for (const { id, behaviour } of run.units) {
    const counters = modules[id]!;
    errors += counters.errors;
    if (behaviour.process === undefined) {
      records += counters.out;
      bytesIn += counters.bytes;
    } else {
      bytesOut += counters.bytes;
    }
  }
  return { startedAt, records, errors, bytesIn, bytesOut, memoryBytes: process.memoryUsage.rss(), modules };
}
