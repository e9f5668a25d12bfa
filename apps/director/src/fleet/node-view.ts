/** How rows become what the API shows. Pure. */
import type {
  FlowRates,
  Group,
  JoinToken,
  Node,
  NodeHistoryEntry,
  NodeLoad,
  NodeMetrics,
  NodeRan,
  NodeStatus,
} from '@millrace/schemas';
import type { GroupRow, JoinTokenRow } from './groups.store.js';
import type { RunRow } from './runs.store.js';
import type { HistoryRow, NodeRow } from './nodes.store.js';
import { MINUTE_MS, perSecond, series, type Counts } from './minutes.js';

export const statusOf = (row: { revoked_at: Date | null; online: boolean }): NodeStatus =>
  row.revoked_at ? 'revoked' : row.online ? 'online' : 'offline';

export function nodeOf(row: NodeRow, groups: string[]): Node {
  return {
    id: row.id,
    name: row.name,
    labels: row.labels,
    status: statusOf(row),
    asDesired: row.as_desired,
    seenAt: row.seen_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
    revokedAt: row.revoked_at?.toISOString() ?? null,
    groups,
    parameters: row.parameters,
    flows: row.flows,
    accepted:
      row.accepted_epoch === null || row.accepted_sequence === null
        ? null
        : { epoch: row.accepted_epoch, sequence: Number(row.accepted_sequence) },
    reportedAt: row.reported_at?.toISOString() ?? null,
    facts: row.facts,
  };
}

export function metricsOf(row: NodeRow): NodeMetrics {
  const { metrics } = row;
  return {
    node: row.id,
    at: metrics && row.metrics_at ? row.metrics_at.toISOString() : null,
    cpuShare: metrics?.node.cpuShare ?? null,
    memoryBytes: metrics?.node.memoryBytes ?? null,
    diskFreeBytes: metrics?.node.diskFreeBytes ?? null,
    uptimeMs: metrics?.node.uptimeMs ?? null,
    flows: metrics?.flows ?? [],
    outbox: metrics?.outbox ?? null,
  };
}

export const flowRatesOf = (
  hour: { from: number; to: number },
  rows: readonly (Counts & { minute: number })[],
): FlowRates => ({
  from: hour.from * MINUTE_MS,
  stepMs: MINUTE_MS,
  recordsPerSecond: series(hour, rows, (row) => perSecond(row.records)),
  bytesIn: series(hour, rows, (row) => row.bytesIn),
  bytesOut: series(hour, rows, (row) => row.bytesOut),
  errors: series(hour, rows, (row) => row.errors),
});

export const nodeLoadOf = (
  hour: { from: number; to: number },
  rows: readonly { minute: number; cpuShare: number; memoryBytes: number }[],
): NodeLoad => ({
  from: hour.from * MINUTE_MS,
  stepMs: MINUTE_MS,
  cpuShare: series(hour, rows, (row) => row.cpuShare),
  memoryBytes: series(hour, rows, (row) => row.memoryBytes),
});

export const historyOf = (row: HistoryRow): NodeHistoryEntry => ({
  seq: Number(row.seq),
  at: row.at.toISOString(),
  receivedAt: row.received_at.toISOString(),
  sequence: Number(row.sequence),
  flows: row.flows,
  refused: row.refused,
});

export const ranOf = ({ flow, version, digest, since, until }: RunRow): NodeRan => ({
  flow,
  version,
  digest,
  since: since.toISOString(),
  until: until?.toISOString() ?? null,
});

export const groupOf = (row: GroupRow, size: number): Group => ({
  id: row.id,
  name: row.name,
  selector: row.selector,
  priority: row.priority,
  parameters: row.parameters,
  size,
  createdAt: row.created_at.toISOString(),
});

export const joinTokenOf = (row: JoinTokenRow): JoinToken => ({
  id: row.id,
  group: row.group_id,
  labels: row.labels,
  uses: row.uses,
  used: row.used,
  createdBy: row.created_by,
  createdAt: row.created_at.toISOString(),
  expiresAt: row.expires_at.toISOString(),
});
