/** All SQL about desired states: one row a node, numbered, published or not. */
import { Injectable } from '@nestjs/common';
import type { SqlTx } from '../platform/database/database.js';

export interface DesiredRow {
  node_id: string;
  epoch: number;
  sequence: string;
  digest: string;
  flows_digest: string;
  payload: string;
  issued_at: Date;
  expires_at: Date;
  published_sequence: string;
  published_at: Date | null;
  reissue_from: string | null;
}

export interface NewDesired {
  node_id: string;
  epoch: number;
  sequence: number;
  digest: string;
  flows_digest: string;
  payload: string;
  issued_at: string;
  expires_at: string;
}

@Injectable()
export class DesiredStore {
  async find(tx: SqlTx, node: string): Promise<DesiredRow | undefined> {
    return (await this.several(tx, [node])).get(node);
  }

  async several(tx: SqlTx, nodes: readonly string[]): Promise<Map<string, DesiredRow>> {
    const rows = await tx.sql<DesiredRow>('SELECT * FROM desired_states WHERE node_id = ANY($1)', [nodes]);
    return new Map(rows.map((row) => [row.node_id, row]));
  }

  async save(tx: SqlTx, rows: readonly NewDesired[]): Promise<void> {
    await tx.sql(
      `INSERT INTO desired_states (node_id, epoch, sequence, digest, flows_digest, payload, issued_at, expires_at)
       SELECT * FROM jsonb_to_recordset($1) AS v(node_id text, epoch int, sequence bigint, digest text,
         flows_digest text, payload text, issued_at timestamptz, expires_at timestamptz)
       ON CONFLICT (organization_id, node_id) DO UPDATE SET epoch = excluded.epoch, sequence = excluded.sequence,
         digest = excluded.digest, flows_digest = excluded.flows_digest, payload = excluded.payload,
         issued_at = excluded.issued_at, expires_at = excluded.expires_at, reissue_from = NULL`,
      [JSON.stringify(rows)],
    );
  }

  /** Nodes whose state must be issued anew: asked for, or two thirds of its life over. With the least number. */
  async due(tx: SqlTx, now: Date, most: number): Promise<Map<string, number>> {
    const rows = await tx.sql<{ node_id: string; least: string }>(
      `SELECT s.node_id, coalesce(s.reissue_from, 0) AS least FROM desired_states s JOIN nodes n ON n.id = s.node_id
       WHERE n.revoked_at IS NULL
         AND (s.reissue_from IS NOT NULL OR s.issued_at + (s.expires_at - s.issued_at) * 2 / 3 <= $1)
       LIMIT $2`,
      [now, most],
    );
    return new Map(rows.map((row) => [row.node_id, Number(row.least)]));
  }

  async askForNew(tx: SqlTx, node: string, least: number): Promise<void> {
    await tx.sql(
      'UPDATE desired_states SET reissue_from = greatest(coalesce(reissue_from, 0), $2) WHERE node_id = $1',
      [node, least],
    );
  }

  /** Whoever has not been told the newest state, or must be told again. */
  async unpublished(tx: SqlTx, most: number): Promise<string[]> {
    const rows = await tx.sql<{ node_id: string }>(
      `SELECT s.node_id FROM desired_states s JOIN nodes n ON n.id = s.node_id
       WHERE s.published_sequence < s.sequence AND n.revoked_at IS NULL ORDER BY s.node_id LIMIT $1`,
      [most],
    );
    return rows.map((row) => row.node_id);
  }

  /** Of these nodes, those that this transaction alone may publish to until it ends. */
  async claim(tx: SqlTx, nodes: readonly string[]): Promise<string[]> {
    const rows = await tx.sql<{ node: string }>(
      `SELECT v.node FROM unnest($1::text[]) AS v(node)
       WHERE pg_try_advisory_xact_lock(hashtextextended('publish:' || $2 || ':' || v.node, 0))`,
      [nodes, tx.organization],
    );
    return rows.map((row) => row.node);
  }

  async published(tx: SqlTx, rows: readonly { node: string; sequence: string }[], now: Date): Promise<void> {
    await tx.sql(
      `UPDATE desired_states s SET published_sequence = v.sequence, published_at = $2
       FROM jsonb_to_recordset($1) AS v(node text, sequence bigint) WHERE s.node_id = v.node`,
      [JSON.stringify(rows), now],
    );
  }

  /** A node is behind: the broker may have lost what it kept. Not more often than every so often. */
  async publishAgain(tx: SqlTx, node: string, notSince: Date): Promise<boolean> {
    const rows = await tx.sql(
      `UPDATE desired_states SET published_sequence = 0
       WHERE node_id = $1 AND published_sequence > 0 AND (published_at IS NULL OR published_at < $2)
       RETURNING node_id`,
      [node, notSince],
    );
    return rows.length > 0;
  }
}
