/** Where the rows are taken from a run: in place of the module that they reach, or behind the port that they leave. */
import type { Batch, Create, FlowRun } from '@millrace/engine';
import type { Part } from './part.js';

export interface Collected {
  /** What is made instead of the module, when they reach it. */
  instead: ReadonlyMap<string, Create>;
  /** Begins to listen, when they leave it. Before the run starts. */
  listen(run: FlowRun): void;
}

export function collected({ module, port }: Part, take: (batch: Batch) => void): Collected {
  if (port === null)
    return {
      instead: new Map([[module, () => ({ process: (batch: Batch) => take(batch) })]]),
      listen: () => undefined,
    };
  return {
    instead: new Map(),
    listen: (run) => void run.tap(module, (batch, at) => at === port && take(batch)),
  };
}
