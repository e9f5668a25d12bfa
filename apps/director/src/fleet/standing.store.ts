/**
 * All SQL about how nodes stand: what each should run and runs, a row a flow, and what its flows did by the minute.
 *
 * Guarantee: a metrics message counts once, however many directors hear it. Rows here are held last in a
 * transaction and in one order, so nobody waits for another for ever.
 */
import { Injectable } from '@nestjs/common';
import type { FlowMetrics, FlowReport, Metrics } from '@millrace/schemas';
import type { SqlTx } from '../platform/database/database.js';
import { jsonWithoutNul, withoutNul } from './node-text.js';
import { byMinute, gained, MINUTE_MS, type Counts } from './minutes.js';
import { gainOf, isFailing, type Counted } from './standing.js';

export interface WantedFlow {
  flow: string;
  version: number;
  digest: string;
}

/** What was heard of a node's counters, and when by the director's clock. */
export interface Heard {
  id: string;
  seen: number;
  metrics: Metrics;
}

/** Numbers of nodes. */
export interface FlowStanding {
  flow: string;
  desired: number;
  running: number;
  failing: number;
  offline: number;
}

export interface NodeFlowRow {
  node_id: string;
  flow: string;
  desired_version: number | null;
  running_version: number | null;
  reason: string | null;
  same: boolean;
  failing: boolean;
}

interface Minute extends Counts {
  minute: number;
  node: string;
  flow: string;
}

/** Nothing shows more than an hour; per node it would be the largest table of all. */
const NODE_MINUTES_KEPT = 120;
const FLOW_MINUTES_KEPT = 24 * 60;

@Injectable()
export class StandingStore {
  /** What these nodes should run, whole. */
  async want(tx: SqlTx, nodes: ReadonlyMap<string, readonly WantedFlow[]>): Promise<void> {
    const ids = [...nodes.keys()];
    await this.hold(tx, ids);
    const rows = [...nodes].flatMap(([node, flows]) => flows.map((flow) => ({ node, ...flow })));
    const wanted = JSON.stringify(rows);
    await tx.sql(
      `UPDATE node_flows f SET desired_version = NULL, desired_digest = NULL
       WHERE f.node_id = ANY($1) AND f.desired_digest IS NOT NULL AND NOT EXISTS (
         SELECT 1 FROM jsonb_to_recordset($2) AS v(node text, flow text) WHERE v.node = f.node_id AND v.flow = f.flow)`,
      [ids, wanted],
    );
    await tx.sql(
      `INSERT INTO node_flows (node_id, flow, desired_version, desired_digest)
       SELECT v.node, v.flow, v.version, v.digest
       FROM jsonb_to_recordset($1) AS v(node text, flow text, version int, digest text)
       JOIN nodes n ON n.id = v.node ORDER BY 1, 2
       ON CONFLICT (organization_id, node_id, flow) DO UPDATE SET
         desired_version = excluded.desired_version, desired_digest = excluded.desired_digest`,
      [wanted],
    );
    await this.dropEmpty(tx, ids);
  }

  /** What a node says it runs, whole. */
  async found(tx: SqlTx, node: string, reports: readonly FlowReport[]): Promise<void> {
    await this.hold(tx, [node]);
    const rows = reports.map((report) => ({
      flow: report.flow,
      version: report.runningVersion,
      digest: report.runningDigest,
      tried: report.desiredDigest,
      reason: report.reason?.code ?? null,
      failing: isFailing(report),
    }));
    const said = jsonWithoutNul(rows);
    const columns = 'flow text, version bigint, digest text, tried text, reason text, failing boolean';
    await tx.sql(
      `UPDATE node_flows SET running_version = NULL, running_digest = NULL, reason = NULL, failing = false
       WHERE node_id = $1 AND flow NOT IN (SELECT flow FROM jsonb_to_recordset($2) AS v(flow text))`,
      [node, said],
    );
    await tx.sql(
      `INSERT INTO node_flows (node_id, flow, running_version, running_digest, tried_digest, reason, failing)
       SELECT DISTINCT ON (flow) $1, flow, least(version, 2147483647), digest, tried, reason, failing
       FROM jsonb_to_recordset($2) AS v(${columns})
       ON CONFLICT (organization_id, node_id, flow) DO UPDATE SET running_version = excluded.running_version,
         running_digest = excluded.running_digest, tried_digest = excluded.tried_digest, reason = excluded.reason,
         failing = excluded.failing`,
      [node, said],
    );
    await this.dropEmpty(tx, [node]);
  }

  /** Takes in counters, each node at most once in the list. */
  async count(tx: SqlTx, heard: readonly Heard[]): Promise<void> {
    if (heard.length === 0) return;
    const before = await this.counted(
      tx,
      heard.map(({ id }) => id),
    );
    const minutes: Minute[] = [];
    const rows: (Counted & { node: string; flow: string })[] = [];
    for (const { id, seen, metrics } of heard) {
      for (const flow of metrics.flows) {
        const key = keyOf(id, withoutNul(flow.flow));
        const last = before.get(key);
        // Neither desired nor reported: it is not known that the node runs it.
        if (last === undefined) continue;
        before.delete(key); // A flow that is named twice counts once.
        const now = countedOf(flow, seen);
        const gain = gainOf(last, now, metrics.at - flow.startedAt);
        if (!gain) continue;
        const of = { node: id, flow: withoutNul(flow.flow) };
        rows.push({ ...of, ...now });
        for (const part of byMinute(gain.from, seen, gain)) minutes.push({ ...of, ...part });
      }
    }
    await tx.sql(
      `UPDATE node_flows f SET started_at = v."startedAt", counted_at = v.at, records = v.records, errors = v.errors,
         bytes_in = v."bytesIn", bytes_out = v."bytesOut"
       FROM jsonb_to_recordset($1) AS v(node text, flow text, "startedAt" float, at float, records float, errors float,
         "bytesIn" float, "bytesOut" float)
       WHERE f.node_id = v.node AND f.flow = v.flow`,
      [JSON.stringify(rows)],
    );
    await this.add(tx, 'node_flow_minutes', 'node_id, flow', 'v.node, v.flow', minutes);
    await this.add(tx, 'flow_minutes', 'flow', 'v.flow', together(minutes));
    await this.load(tx, heard);
  }

  /** How all flows stand, over all nodes that are not revoked. */
  byFlow(tx: SqlTx): Promise<FlowStanding[]> {
    return tx.sql<FlowStanding>(
      // Sets that are looked up, and no joins: the plan is then the same whatever the planner has counted.
      `WITH apart AS MATERIALIZED (SELECT id, online, revoked_at, refused IS NOT NULL AS refused FROM nodes
         WHERE NOT online OR revoked_at IS NOT NULL OR refused IS NOT NULL)
       SELECT f.flow, count(f.desired_digest)::int AS desired,
         count(*) FILTER (WHERE f.desired_digest = f.running_digest)::int AS running,
         count(*) FILTER (WHERE f.desired_digest IS NOT NULL AND f.desired_digest IS DISTINCT FROM f.running_digest
           AND (f.failing AND f.tried_digest = f.desired_digest
             OR f.node_id IN (SELECT id FROM apart WHERE refused)))::int AS failing,
         count(*) FILTER (WHERE f.desired_digest IS NOT NULL
           AND f.node_id IN (SELECT id FROM apart WHERE NOT online))::int AS offline
       FROM node_flows f WHERE f.node_id NOT IN (SELECT id FROM apart WHERE revoked_at IS NOT NULL) GROUP BY f.flow`,
    );
  }

  /** Of those that are not revoked. */
  async nodes(tx: SqlTx): Promise<{ total: number; online: number; notAsDesired: number }> {
    const [row] = await tx.sql<{ total: number; online: number; notAsDesired: number }>(
      `SELECT count(*)::int AS total, count(*) FILTER (WHERE n.online)::int AS online,
         count(*) FILTER (WHERE n.id IN (SELECT node_id FROM node_flows
           WHERE desired_digest IS DISTINCT FROM running_digest))::int AS "notAsDesired"
       FROM nodes n WHERE n.revoked_at IS NULL`,
    );
    return row ?? { total: 0, online: 0, notAsDesired: 0 };
  }

  /** What filters may ask about the flows of nodes whose ids lie between these. */
  flowsOf(tx: SqlTx, first: string, last: string): Promise<NodeFlowRow[]> {
    return tx.sql<NodeFlowRow>(
      `SELECT node_id, flow, desired_version, running_version, reason,
         desired_digest IS NOT DISTINCT FROM running_digest AS same,
         failing AND tried_digest IS NOT DISTINCT FROM desired_digest AS failing
       FROM node_flows WHERE node_id >= $1 AND node_id <= $2`,
      [first, last],
    );
  }

  /** All flows over all nodes, from minute `from` on, before `to`. */
  minutes(tx: SqlTx, from: number, to: number): Promise<(Counts & { minute: number; flow: string })[]> {
    return tx.sql(
      `SELECT minute, flow, records, errors, bytes_in AS "bytesIn", bytes_out AS "bytesOut" FROM flow_minutes
       WHERE minute >= $1 AND minute < $2`,
      [from, to],
    );
  }

  /** Rows of one flow on one node from minute `from` on, before `to`. */
  flowMinutes(
    tx: SqlTx,
    node: string,
    flow: string,
    from: number,
    to: number,
  ): Promise<(Counts & { minute: number })[]> {
    return tx.sql(
      `SELECT minute, records, errors, bytes_in AS "bytesIn", bytes_out AS "bytesOut" FROM node_flow_minutes
       WHERE minute = ANY($1) AND node_id = $2 AND flow = $3`,
      [range(from, to), node, flow],
    );
  }

  nodeMinutes(
    tx: SqlTx,
    node: string,
    from: number,
    to: number,
  ): Promise<{ minute: number; cpuShare: number; memoryBytes: number }[]> {
    return tx.sql(
      `SELECT minute, cpu_share AS "cpuShare", memory_bytes AS "memoryBytes" FROM node_minutes
       WHERE minute = ANY($1) AND node_id = $2`,
      [range(from, to), node],
    );
  }

  async sweep(tx: SqlTx, now: number): Promise<void> {
    const minute = Math.floor(now / MINUTE_MS);
    await tx.sql('DELETE FROM node_flow_minutes WHERE minute < $1', [minute - NODE_MINUTES_KEPT]);
    await tx.sql('DELETE FROM node_minutes WHERE minute < $1', [minute - NODE_MINUTES_KEPT]);
    await tx.sql('DELETE FROM flow_minutes WHERE minute < $1', [minute - FLOW_MINUTES_KEPT]);
  }

  private async hold(tx: SqlTx, nodes: readonly string[]): Promise<void> {
    await tx.sql(
      'SELECT 1 FROM node_flows WHERE node_id = ANY($1) ORDER BY node_id, flow FOR NO KEY UPDATE',
      [nodes],
    );
  }

  private async dropEmpty(tx: SqlTx, nodes: readonly string[]): Promise<void> {
    await tx.sql(
      'DELETE FROM node_flows WHERE node_id = ANY($1) AND desired_digest IS NULL AND running_digest IS NULL',
      [nodes],
    );
  }

  /** By node and flow; null: it was never counted. Held, so that two directors count one after the other. */
  private async counted(tx: SqlTx, nodes: readonly string[]): Promise<Map<string, Counted | null>> {
    const rows = await tx.sql<
      Counts & { node_id: string; flow: string; startedAt: number; at: number | null }
    >(
      `SELECT node_id, flow, started_at AS "startedAt", counted_at AS at, records, errors, bytes_in AS "bytesIn",
         bytes_out AS "bytesOut"
       FROM node_flows WHERE node_id = ANY($1) ORDER BY node_id, flow FOR NO KEY UPDATE`,
      [nodes],
    );
    return new Map(
      rows.map(({ node_id, flow, at, ...counts }) => [
        keyOf(node_id, flow),
        at === null ? null : { ...counts, at },
      ]),
    );
  }

  /** `key` and `values` are names of columns here, never a user's. */
  private async add(tx: SqlTx, table: string, key: string, values: string, rows: Minute[]): Promise<void> {
    if (rows.length === 0) return;
    await tx.sql(
      `INSERT INTO ${table} AS m (minute, ${key}, records, errors, bytes_in, bytes_out)
       SELECT v.minute, ${values}, v.records, v.errors, v."bytesIn", v."bytesOut"
       FROM jsonb_to_recordset($1) AS v(minute int, node text, flow text, records float, errors float,
         "bytesIn" float, "bytesOut" float) ORDER BY v.minute, v.flow, v.node
       ON CONFLICT (organization_id, minute, ${key}) DO UPDATE SET records = m.records + excluded.records,
         errors = m.errors + excluded.errors, bytes_in = m.bytes_in + excluded.bytes_in,
         bytes_out = m.bytes_out + excluded.bytes_out`,
      [JSON.stringify(rows)],
    );
  }

  private async load(tx: SqlTx, heard: readonly Heard[]): Promise<void> {
    const rows = heard.map(({ id, seen, metrics: { node } }) => ({
      id,
      minute: Math.floor(seen / MINUTE_MS),
      cpu: node.cpuShare,
      memory: node.memoryBytes,
    }));
    await tx.sql(
      `INSERT INTO node_minutes (minute, node_id, cpu_share, memory_bytes)
       SELECT v.minute, v.id, v.cpu, v.memory
       FROM jsonb_to_recordset($1) AS v(id text, minute int, cpu float, memory float)
       JOIN nodes n ON n.id = v.id ORDER BY 1, 2
       ON CONFLICT (organization_id, minute, node_id) DO UPDATE SET cpu_share = excluded.cpu_share,
         memory_bytes = excluded.memory_bytes`,
      [JSON.stringify(rows)],
    );
  }
}

const keyOf = (node: string, flow: string): string => `${node} ${flow}`;
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

const countedOf = (flow: FlowMetrics, at: number): Counted => ({
  at,
  startedAt: flow.startedAt,
  records: flow.records,
  errors: flow.errors,
  bytesIn: flow.bytesIn,
  bytesOut: flow.bytesOut,
});

/** Of all nodes: a row a flow and minute. */
function together(minutes: readonly Minute[]): Minute[] {
  const sums = new Map<string, Minute>();
  for (const one of minutes) {
    const key = `${one.minute} ${one.flow}`;
    const sum = sums.get(key);
    if (!sum) sums.set(key, { ...one });
    else for (const name of gained) sum[name] += one[name];
  }
  return [...sums.values()];
}
