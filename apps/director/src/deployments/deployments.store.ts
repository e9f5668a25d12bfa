/** All SQL about deployments and their targets. */
import { Injectable } from '@nestjs/common';
import { activeStates, type FullStrategy } from '@millrace/fleet';
import type {
  DeploymentState,
  FlowDocument,
  LockedResource,
  Outcome,
  ParameterValue,
  Progress,
  Reason,
  ReasonCode,
} from '@millrace/schemas';
import type { SqlTx } from '../platform/database/database.js';

export interface DeploymentRow {
  id: string;
  flow: string;
  version: number;
  digest: string;
  group_id: string;
  group_name: string;
  assignment_id: string;
  strategy: FullStrategy;
  parameters: Record<string, ParameterValue>;
  state: DeploymentState;
  says: string;
  wave: number;
  waves: number;
  forgiven: number;
  soaking_since: Date | null;
  settled_before: string | null;
  /** The version of that deployment. */
  from_version: number | null;
  promotion_id: string | null;
  created_by: string;
  created_at: Date;
  expires_at: Date;
  ended_at: Date | null;
}

/** What a deployment brings, whole. */
export interface Release {
  document: FlowDocument;
  resources: Record<string, LockedResource>;
}

export interface TargetRow {
  deployment_id: string;
  node_id: string;
  wave: number;
  progress: Progress;
  outcome: Outcome | null;
  reason: Reason | null;
  seq: string;
  told_epoch: number | null;
  told_sequence: string | null;
  running_since: Date | null;
  deadline: Date | null;
  gap_ms: number | null;
  lost: string | null;
  attempt: number;
  started_at: Date | null;
  ended_at: Date | null;
  previous: string | null;
}

/** So many targets of one deployment that stand alike. */
export interface TargetTally {
  outcome: Outcome | null;
  progress: Progress;
  online: boolean;
  n: number;
}

export interface NewTarget {
  node: string;
  wave: number;
  previous: string | null;
}

const columns = `id, flow, version, digest, group_id, group_name, assignment_id, strategy, parameters, state, says,
  wave, waves, forgiven, soaking_since, settled_before, from_version, promotion_id, created_by,
  created_at, expires_at, ended_at`;

@Injectable()
export class DeploymentsStore {
  /** One change of an organization's deployments at a time, in every director. */
  async lock(tx: SqlTx): Promise<void> {
    await tx.sql('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`deployments:${tx.organization}`]);
  }

  async create(tx: SqlTx, row: DeploymentRow, release: Release): Promise<void> {
    await tx.sql(
      `INSERT INTO deployments (id, flow, version, digest, document, resources, group_id, group_name, assignment_id,
         strategy, parameters, state, says, wave, waves, settled_before, created_by, created_at, expires_at,
         from_version, promotion_id)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`,
      [
        row.id,
        row.flow,
        row.version,
        row.digest,
        JSON.stringify(release.document),
        JSON.stringify(release.resources),
        row.group_id,
        row.group_name,
        row.assignment_id,
        JSON.stringify(row.strategy),
        JSON.stringify(row.parameters),
        row.state,
        row.says,
        row.wave,
        row.waves,
        row.settled_before,
        row.created_by,
        row.created_at,
        row.expires_at,
        row.from_version,
        row.promotion_id,
      ],
    );
  }

  async find(tx: SqlTx, id: string): Promise<DeploymentRow | undefined> {
    return (await this.several(tx, [id])).get(id);
  }

  async several(tx: SqlTx, ids: readonly string[]): Promise<Map<string, DeploymentRow>> {
    const rows = await tx.sql<DeploymentRow>(`SELECT ${columns} FROM deployments WHERE id = ANY($1)`, [ids]);
    return new Map(rows.map((row) => [row.id, row]));
  }

  async releases(tx: SqlTx, ids: readonly string[]): Promise<Map<string, Release>> {
    const rows = await tx.sql<Release & { id: string }>(
      'SELECT id, document, resources FROM deployments WHERE id = ANY($1)',
      [ids],
    );
    return new Map(rows.map(({ id, document, resources }) => [id, { document, resources }]));
  }

  page(
    tx: SqlTx,
    query: { state?: string; flow?: string; group?: string },
    after: string | undefined,
    take: number,
  ): Promise<DeploymentRow[]> {
    return tx.sql<DeploymentRow>(
      `SELECT ${columns} FROM deployments
       WHERE ($1::text IS NULL OR id < $1) AND ($3::text IS NULL OR state = $3) AND ($4::text IS NULL OR flow = $4)
         AND ($5::text IS NULL OR group_id = $5 OR group_name = $5)
       ORDER BY id DESC LIMIT $2`,
      [after ?? null, take, query.state ?? null, query.flow ?? null, query.group ?? null],
    );
  }

  /** Resources, by digest, of what nodes are to run, go back to, or run as far as is known. */
  inUse(
    tx: SqlTx,
    running: readonly { flow: string; digest: string }[],
  ): Promise<{ digest: string; flow: string; version: number; group_name: string }[]> {
    return tx.sql(
      `WITH used AS (
         SELECT deployment_id AS id FROM placements
         UNION SELECT unnest(ARRAY[current, settled]) FROM assignments
         UNION SELECT t.previous FROM placements p
           JOIN deployment_targets t ON t.deployment_id = p.deployment_id AND t.node_id = p.node_id
         UNION SELECT d.id FROM deployments d
           JOIN jsonb_to_recordset($1) AS v(flow text, digest text) ON v.flow = d.flow AND v.digest = d.digest)
       SELECT DISTINCT r.value->>'digest' AS digest, d.flow, d.version, d.group_name
       FROM deployments d CROSS JOIN json_each(d.resources) r WHERE d.id IN (SELECT id FROM used)`,
      [JSON.stringify(running)],
    );
  }

  /** Of these promotions, oldest first. */
  ofPromotions(tx: SqlTx, promotions: readonly string[]): Promise<DeploymentRow[]> {
    return tx.sql<DeploymentRow>(
      `SELECT ${columns} FROM deployments WHERE promotion_id = ANY($1) ORDER BY id`,
      [promotions],
    );
  }

  /** How many are under way. */
  async underway(tx: SqlTx): Promise<number> {
    const rows = await tx.sql<{ n: number }>(
      'SELECT count(*)::int AS n FROM deployments WHERE state = ANY($1)',
      [activeStates],
    );
    return rows[0]?.n ?? 0;
  }

  /** Under way; or standing, not being replaced just now, and with nodes that are not done. */
  async unfinished(tx: SqlTx): Promise<string[]> {
    const rows = await tx.sql<{ id: string }>(
      `SELECT d.id FROM deployments d WHERE d.state IN ('rolling', 'paused', 'soaking')
       UNION SELECT d.id FROM deployments d JOIN assignments a ON a.settled = d.id AND a.current = d.id
       WHERE d.state = 'partial' OR d.state = 'succeeded' AND EXISTS (
         SELECT 1 FROM deployment_targets t WHERE t.deployment_id = d.id
           AND (t.outcome IS NULL OR t.outcome IN ('failed', 'rolled-back', 'refused', 'timed-out')))
       ORDER BY id`,
    );
    return rows.map((row) => row.id);
  }

  /** How many targets stand how, by deployment; `online` are the nodes that are there now. */
  async tally(
    tx: SqlTx,
    deployments: readonly string[],
    online: ReadonlySet<string>,
  ): Promise<Map<string, TargetTally[]>> {
    const rows = await tx.sql<TargetTally & { deployment_id: string }>(
      `SELECT deployment_id, outcome, progress, node_id = ANY($2) AS online, count(*)::int AS n
       FROM deployment_targets WHERE deployment_id = ANY($1) GROUP BY 1, 2, 3, 4`,
      [deployments, [...online]],
    );
    const result = new Map<string, TargetTally[]>();
    for (const row of rows) result.set(row.deployment_id, [...(result.get(row.deployment_id) ?? []), row]);
    return result;
  }

  /** By reason, most first; an open target of a node that is not there waits for it. */
  reasons(
    tx: SqlTx,
    deployment: string,
    online: ReadonlySet<string>,
  ): Promise<{ code: ReasonCode; count: number }[]> {
    return tx.sql(
      `SELECT code, count(*)::int AS count FROM (
         SELECT coalesce(reason->>'code', CASE WHEN outcome IS NULL AND node_id <> ALL($2) THEN 'OFFLINE' END) AS code
         FROM deployment_targets WHERE deployment_id = $1 AND outcome IS DISTINCT FROM 'succeeded') t
       WHERE code IS NOT NULL GROUP BY code ORDER BY 2 DESC, 1`,
      [deployment, [...online]],
    );
  }

  async change(
    tx: SqlTx,
    id: string,
    to: Partial<
      Pick<
        DeploymentRow,
        'state' | 'says' | 'wave' | 'waves' | 'forgiven' | 'soaking_since' | 'ended_at' | 'expires_at'
      >
    >,
  ): Promise<void> {
    const entries = Object.entries(to).filter(([, value]) => value !== undefined);
    if (entries.length === 0) return;
    // The names are those of the type above, never a user's.
    const sets = entries.map(([name], i) => `${name} = $${i + 2}`);
    await tx.sql(`UPDATE deployments SET ${sets.join(', ')} WHERE id = $1`, [
      id,
      ...entries.map(([, value]) => value),
    ]);
  }

  async addTargets(tx: SqlTx, deployment: string, targets: readonly NewTarget[]): Promise<void> {
    await tx.sql(
      `INSERT INTO deployment_targets (deployment_id, node_id, wave, previous)
       SELECT $1, v.node, v.wave, v.previous
       FROM jsonb_to_recordset($2) AS v(node text, wave int, previous text)
       ON CONFLICT (organization_id, deployment_id, node_id) DO UPDATE SET wave = excluded.wave,
         progress = 'waiting', outcome = NULL, reason = NULL, told_epoch = NULL, told_sequence = NULL,
         running_since = NULL, deadline = NULL, started_at = NULL, ended_at = NULL, previous = excluded.previous`,
      [deployment, JSON.stringify(targets)],
    );
  }

  targets(tx: SqlTx, deployment: string): Promise<TargetRow[]> {
    return tx.sql<TargetRow>('SELECT * FROM deployment_targets WHERE deployment_id = $1 ORDER BY node_id', [
      deployment,
    ]);
  }

  targetPage(tx: SqlTx, deployment: string, after: string | undefined, take: number): Promise<TargetRow[]> {
    return tx.sql<TargetRow>(
      'SELECT * FROM deployment_targets WHERE deployment_id = $1 AND ($2::text IS NULL OR node_id < $2) ORDER BY node_id DESC LIMIT $3',
      [deployment, after ?? null, take],
    );
  }

  targetsOfNodes(tx: SqlTx, nodes: readonly string[]): Promise<(TargetRow & { assignment_id: string })[]> {
    return tx.sql(
      `SELECT t.*, d.assignment_id FROM deployment_targets t JOIN deployments d ON d.id = t.deployment_id
       WHERE t.node_id = ANY($1)`,
      [nodes],
    );
  }

  /** What these nodes had proved of a flow before what they follow now, where that has not proved itself. */
  previousOf(
    tx: SqlTx,
    nodes: readonly string[],
    flow: string,
  ): Promise<{ node_id: string; deployment_id: string }[]> {
    return tx.sql(
      `SELECT t.node_id, t.previous AS deployment_id FROM placements p
       JOIN deployments d ON d.id = p.deployment_id
       JOIN deployment_targets t ON t.deployment_id = d.id AND t.node_id = p.node_id
       WHERE p.node_id = ANY($1) AND d.flow = $2 AND t.previous IS NOT NULL
         AND t.outcome IS DISTINCT FROM 'succeeded'`,
      [nodes, flow],
    );
  }

  /** Those of a node that were told and have not ended; held until the transaction ends. */
  holdOpenTargets(tx: SqlTx, node: string): Promise<(TargetRow & { flow: string; digest: string })[]> {
    return tx.sql(
      `SELECT t.*, d.flow, d.digest FROM deployment_targets t JOIN deployments d ON d.id = t.deployment_id
       WHERE t.node_id = $1 AND t.outcome IS NULL AND t.told_sequence IS NOT NULL FOR UPDATE OF t`,
      [node],
    );
  }

  /** The same change for all of these nodes. */
  async changeTargets(
    tx: SqlTx,
    deployment: string,
    nodes: readonly string[],
    to: Partial<Omit<TargetRow, 'deployment_id' | 'node_id'>>,
  ): Promise<void> {
    const entries = Object.entries(to).filter(([, value]) => value !== undefined);
    if (entries.length === 0 || nodes.length === 0) return;
    const sets = entries.map(([name], i) => `${name} = $${i + 3}`);
    const values = entries.map(([name, value]) =>
      name === 'reason' && value ? JSON.stringify(value) : value,
    );
    await tx.sql(
      `UPDATE deployment_targets SET ${sets.join(', ')} WHERE deployment_id = $1 AND node_id = ANY($2)`,
      [deployment, nodes, ...values],
    );
  }
}
