/** All SQL about nodes: rows, presence in batches, reports. */
import { Injectable } from '@nestjs/common';
import type { FlowReport, Metrics, NodeFacts, Reason, ReportPayload } from '@millrace/schemas';
import type { SqlTx } from '../platform/database/database.js';
import { jsonWithoutNul } from './node-text.js';

export interface NodeRow {
  id: string;
  name: string;
  labels: Record<string, string>;
  parameters: Record<string, Record<string, string | number | boolean>>;
  created_at: Date;
  revoked_at: Date | null;
  online: boolean;
  seen_at: Date | null;
  facts: NodeFacts | null;
  metrics: Metrics | null;
  metrics_at: Date | null;
  reported_at: Date | null;
  flows: FlowReport[];
  accepted_epoch: number | null;
  accepted_sequence: string | null;
  refused: { epoch: number; sequence: number; reason: Reason } | null;
  as_desired: boolean;
}

/** What a filter looks at, without what is large. */
export type SoughtRow = Pick<NodeRow, 'id' | 'name' | 'labels' | 'online' | 'revoked_at' | 'as_desired'> & {
  facts: Record<string, unknown> | null;
};

const asDesired = `NOT EXISTS (SELECT 1 FROM node_flows f
  WHERE f.node_id = nodes.id AND f.desired_digest IS DISTINCT FROM f.running_digest) AS as_desired`;

const columns = `id, name, labels, parameters, created_at, revoked_at, online, seen_at, facts, metrics,
  metrics_at, reported_at, flows, accepted_epoch, accepted_sequence, refused, ${asDesired}`;

/** What was heard of a node since the last batch. */
export interface Sign {
  id: string;
  online: boolean;
  /** Epoch milliseconds. */
  seen: number;
  metrics?: Metrics;
}

export interface HistoryRow {
  seq: string;
  at: Date;
  received_at: Date;
  sequence: string;
  flows: FlowReport[];
  refused: Reason | null;
}

/** Reports kept a node; older ones go. */
const HISTORY_KEPT = 200;

@Injectable()
export class NodesStore {
  /** Newest first. */
  page(tx: SqlTx, after: string | undefined, take: number): Promise<NodeRow[]> {
    return tx.sql<NodeRow>(
      `SELECT ${columns} FROM nodes WHERE ($1::text IS NULL OR id < $1) ORDER BY id DESC LIMIT $2`,
      [after ?? null, take],
    );
  }

  /** The same with what a filter looks at alone; facts only when it asks for them. */
  sought(tx: SqlTx, after: string | undefined, take: number, facts: boolean): Promise<SoughtRow[]> {
    return tx.sql<SoughtRow>(
      `SELECT id, name, labels, online, revoked_at, ${facts ? "facts - 'blobs'" : 'NULL::jsonb'} AS facts, ${asDesired}
       FROM nodes WHERE ($1::text IS NULL OR id < $1) ORDER BY id DESC LIMIT $2`,
      [after ?? null, take],
    );
  }

  /** Newest first. */
  several(tx: SqlTx, ids: readonly string[]): Promise<NodeRow[]> {
    return tx.sql<NodeRow>(`SELECT ${columns} FROM nodes WHERE id = ANY($1) ORDER BY id DESC`, [ids]);
  }

  /** By id, else by name. */
  async find(tx: SqlTx, idOrName: string): Promise<NodeRow | undefined> {
    const rows = await tx.sql<NodeRow>(
      `SELECT ${columns} FROM nodes WHERE id = $1 OR name = $1 ORDER BY (id = $1) DESC LIMIT 1`,
      [idOrName],
    );
    return rows[0];
  }

  nameTaken(tx: SqlTx, name: string): Promise<boolean> {
    return tx.sql('SELECT 1 FROM nodes WHERE name = $1', [name]).then((rows) => rows.length > 0);
  }

  async create(
    tx: SqlTx,
    node: {
      id: string;
      name: string;
      labels: Record<string, string>;
      signingKey: string;
      credentialHash: string;
      facts: NodeFacts | null;
      at: Date;
    },
  ): Promise<void> {
    await tx.sql(
      `INSERT INTO nodes (id, name, labels, signing_key, credential_hash, facts, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [
        node.id,
        node.name,
        JSON.stringify(node.labels),
        node.signingKey,
        node.credentialHash,
        node.facts && jsonWithoutNul(node.facts),
        node.at,
      ],
    );
  }

  async change(
    tx: SqlTx,
    id: string,
    to: { name: string; labels: NodeRow['labels']; parameters: NodeRow['parameters'] },
  ): Promise<void> {
    await tx.sql(
      'UPDATE nodes SET name = $2, labels = $3, parameters = $4, revision = revision + 1 WHERE id = $1',
      [id, to.name, JSON.stringify(to.labels), JSON.stringify(to.parameters)],
    );
  }

  async revoke(tx: SqlTx, id: string, at: Date): Promise<void> {
    await tx.sql(
      `UPDATE nodes SET revoked_at = $2, credential_hash = '', online = false, revision = revision + 1
       WHERE id = $1`,
      [id, at],
    );
  }

  async remove(tx: SqlTx, id: string): Promise<void> {
    await tx.sql('DELETE FROM nodes WHERE id = $1', [id]);
  }

  /** The hash that a live node's credential must have. */
  async credentialHash(tx: SqlTx, id: string): Promise<string | undefined> {
    const rows = await tx.sql<{ credential_hash: string }>(
      'SELECT credential_hash FROM nodes WHERE id = $1 AND revoked_at IS NULL',
      [id],
    );
    return rows[0]?.credential_hash;
  }

  /** The same of all live nodes. */
  credentialHashes(tx: SqlTx): Promise<{ id: string; credential_hash: string }[]> {
    return tx.sql('SELECT id, credential_hash FROM nodes WHERE revoked_at IS NULL');
  }

  /** One statement a batch. Returns those whose presence has changed. */
  hear(tx: SqlTx, signs: readonly Sign[]): Promise<{ id: string; name: string; online: boolean }[]> {
    return tx
      .sql(
        `UPDATE nodes n SET online = v.online, seen_at = greatest(n.seen_at, to_timestamp(v.seen / 1000.0)),
         metrics = coalesce(v.metrics, n.metrics),
         metrics_at = CASE WHEN v.metrics IS NULL THEN n.metrics_at ELSE to_timestamp(v.seen / 1000.0) END
       FROM jsonb_to_recordset($1) AS v(id text, online boolean, seen double precision, metrics jsonb)
       JOIN nodes old ON old.id = v.id
       WHERE n.id = v.id AND n.revoked_at IS NULL
       RETURNING n.id, n.name, n.online, (old.online <> n.online) AS changed`,
        [jsonWithoutNul(signs)],
      )
      .then((rows) =>
        (rows as { id: string; name: string; online: boolean; changed: boolean }[]).filter(
          (row) => row.changed,
        ),
      );
  }

  /** Nodes that count as online and have not been heard of since. */
  silence(tx: SqlTx, since: Date): Promise<{ id: string; name: string; online: boolean }[]> {
    return tx.sql(
      `UPDATE nodes SET online = false WHERE online AND (seen_at IS NULL OR seen_at < $1)
       RETURNING id, name, online`,
      [since],
    );
  }

  /** Holds the row, so that two reports of one node are taken one after the other. */
  async hold(tx: SqlTx, id: string): Promise<{ report_seq: number; signing_key: string } | undefined> {
    const rows = await tx.sql<{ report_seq: string; signing_key: string }>(
      'SELECT report_seq, signing_key FROM nodes WHERE id = $1 AND revoked_at IS NULL FOR NO KEY UPDATE',
      [id],
    );
    return rows[0] && { report_seq: Number(rows[0].report_seq), signing_key: rows[0].signing_key };
  }

  /** Keeps the report as the node's present, and in its history when it says something new; tells whether it does. */
  async keepReport(tx: SqlTx, report: ReportPayload, now: Date): Promise<boolean> {
    const flows = jsonWithoutNul(report.flows);
    const refused = report.refused && jsonWithoutNul(report.refused);
    const [before] = await tx.sql<{ same: boolean }>(
      `UPDATE nodes n SET report_seq = $2, reported_at = $3, flows = $4, accepted_epoch = $5, accepted_sequence = $6,
         refused = $7, facts = coalesce($8, n.facts),
         revision = n.revision + (CASE WHEN $8::jsonb - 'blobs' - 'diskFreeBytes' IS DISTINCT FROM
           n.facts - 'blobs' - 'diskFreeBytes' AND $8 IS NOT NULL THEN 1 ELSE 0 END)
       FROM nodes old WHERE n.id = $1 AND old.id = n.id
       RETURNING (old.flows = $4::jsonb AND old.accepted_sequence IS NOT DISTINCT FROM $6
         AND old.refused IS NOT DISTINCT FROM $7::jsonb) AS same`,
      [
        report.node,
        report.seq,
        now,
        flows,
        report.epoch,
        report.sequence,
        refused,
        report.facts ? jsonWithoutNul(report.facts) : null,
      ],
    );
    if (before?.same) return false;
    await tx.sql(
      `INSERT INTO node_reports (node_id, seq, at, received_at, sequence, flows, refused)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [
        report.node,
        report.seq,
        new Date(Math.min(report.at, 8.64e15)),
        now,
        report.sequence,
        flows,
        report.refused && jsonWithoutNul(report.refused.reason),
      ],
    );
    await tx.sql(
      `DELETE FROM node_reports WHERE node_id = $1 AND seq <=
         (SELECT seq FROM node_reports WHERE node_id = $1 ORDER BY seq DESC OFFSET $2 LIMIT 1)`,
      [report.node, HISTORY_KEPT],
    );
    return true;
  }

  /** Newest first; with `until`, what had come by then. */
  history(
    tx: SqlTx,
    id: string,
    { after, take, until }: { after?: string; take: number; until?: Date },
  ): Promise<HistoryRow[]> {
    return tx.sql<HistoryRow>(
      `SELECT seq, at, received_at, sequence, flows, refused FROM node_reports
       WHERE node_id = $1 AND seq < $2 AND ($4::timestamptz IS NULL OR received_at <= $4) ORDER BY seq DESC LIMIT $3`,
      [id, after ?? '9223372036854775807', take, until ?? null],
    );
  }
}
