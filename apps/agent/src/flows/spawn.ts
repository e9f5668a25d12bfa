/**
 * Starts the process of a set for the reconcile loop: known to the registry, heard by the outbox, and waking
 * the flow's lane when something becomes of it.
 */
import { fileURLToPath } from 'node:url';
import type { DirectorMessage, SeriesPlace } from '@millrace/engine';
import type { Log } from '../log.js';
import type { Lane } from '../reconcile/lane.js';
import type { FlowLogs } from '../reports/flow-logs.js';
import type { Taps } from '../reports/taps.js';
import type { From } from '../outbox/channels.js';
import { startProcess, type FlowProcess } from './process.js';
import type { Registry } from './registry.js';

export interface SpawnOptions {
  entry?: string;
  heapMb?: number;
  registry: Registry;
  log: Log;
  now(): number;
  /** Resolves when the message is kept on disk. */
  keep(message: DirectorMessage, place: SeriesPlace | undefined, from: From): Promise<void>;
  logs: Pick<FlowLogs, 'add'>;
  onFrame: Taps['frame'];
  /** A process changed its phase. */
  onChange(): void;
}

const HOST = fileURLToPath(new URL('host-main.js', import.meta.url));

export async function spawnFlow(lane: Lane, key: string, options: SpawnOptions): Promise<FlowProcess> {
  const version = lane.settings.get(key)?.version ?? 1;
  const log = options.log.child({ flow: lane.flow, version });
  const process = startProcess({
    key,
    entry: options.entry ?? HOST,
    label: lane.flow,
    heapMb: options.heapMb,
    log,
    now: options.now,
    onDirector: (message, place) => options.keep(message, place, { flow: lane.flow, version }),
    onLog: (level, module, message) => options.logs.add(lane.flow, level, module, message),
    onFrame: options.onFrame,
    onChange() {
      const { phase, failure } = process;
      if (phase === 'dead') void options.registry.remove(process.pid).catch(() => undefined);
      // What runs has failed: that goes before a download or a start that the lane may be waiting for.
      if (failure !== undefined && key === lane.record.good?.key)
        lane.interrupt('the flow that runs has failed');
      else lane.wake();
      options.onChange();
    },
  });
  await options.registry.add(process.pid);
  return process;
}
