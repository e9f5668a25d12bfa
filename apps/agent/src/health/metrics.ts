/**
 * The counters of the node and of its flows, as they are sent every ten seconds: what changed, and every minute
 * all. Counters only rise while a process lives; `startedAt` tells when they began anew.
 */
import { cpus, freemem, totalmem, type CpuInfo } from 'node:os';
import { freeBytes } from '@millrace/blobs';
import type { FlowMetrics, Metrics } from '@millrace/schemas';
import type { OutboxCounts } from '../outbox/outbox.js';
import type { Lane } from '../reconcile/lane.js';
import { upProcess } from '../reports/flow-report.js';

const EVERY_MS = 10_000;
/** Each sixth time everything is said. */
const ALL = 6;

export interface MetricsOptions {
  flows(): FlowMetrics[];
  node(): Promise<Metrics['node']>;
  /** Absent: there is none. */
  outbox?(): OutboxCounts;
  wall(): number;
  send(metrics: Metrics): Promise<void>;
}

export function startMetrics(options: MetricsOptions): { close(): void } {
  const told = new Map<string, string>();
  let turns = 0;

  async function tell(): Promise<void> {
    const all = turns++ % ALL === 0;
    const flows = options.flows().filter((metrics) => {
      const text = JSON.stringify([
        metrics.records,
        metrics.errors,
        metrics.bytesIn,
        metrics.bytesOut,
        metrics.startedAt,
      ]);
      const changed = told.get(metrics.flow) !== text;
      told.set(metrics.flow, text);
      return all || changed;
    });
    await options.send({
      at: options.wall(),
      node: await options.node(),
      flows,
      ...(options.outbox && { outbox: options.outbox() }),
    });
  }

  // Metrics that cannot be sent are not kept: the next ones hold all that these would have said.
  const timer = setInterval(() => void tell().catch(() => undefined), EVERY_MS);
  return { close: () => clearInterval(timer) };
}

/** What this machine does; the share of its processors is that since the last look. */
export function nodeMeter(dataDir: string): () => Promise<Metrics['node']> {
  let before = cpus();
  return async () => {
    const now = cpus();
    const cpuShare = busyShare(before, now);
    before = now;
    const diskFreeBytes = await freeBytes(dataDir).catch(() => undefined);
    return {
      cpuShare,
      memoryBytes: totalmem() - freemem(),
      ...(diskFreeBytes === undefined ? {} : { diskFreeBytes }),
      uptimeMs: Math.round(process.uptime() * 1000),
    };
  };
}

export function flowMetrics(lanes: ReadonlyMap<string, Lane>): FlowMetrics[] {
  const found: FlowMetrics[] = [];
  for (const lane of lanes.values()) {
    const up = upProcess(lane);
    if (up?.process.metrics === undefined) continue;
    found.push({ flow: lane.flow, digest: up.set.digest, ...up.process.metrics });
  }
  return found;
}

/** 0 to 1, over all processors and the time between two looks. */
export function busyShare(before: CpuInfo[], now: CpuInfo[]): number {
  const sum = (all: CpuInfo[], idle: boolean) =>
    all.reduce(
      (total, { times }) => total + (idle ? times.idle : times.user + times.nice + times.sys + times.irq),
      0,
    );
  const busy = sum(now, false) - sum(before, false);
  const rest = sum(now, true) - sum(before, true);
  return busy + rest <= 0 ? 0 : Math.min(1, Math.max(0, busy / (busy + rest)));
}
