/** All SQL about promotions. Which deployments are a part of one is said by the deployments themselves. */
import { Injectable } from '@nestjs/common';
import type { PromotionDecision } from '@millrace/fleet';
import type { Strategy } from '@millrace/schemas';
import type { SqlTx } from '../platform/database/database.js';

export interface PromotionRow {
  id: string;
  resource_id: string;
  resource: string;
  alias: string;
  from_version: number | null;
  to_version: number;
  digest: string;
  alias_revision: number;
  decision: PromotionDecision;
  says: string;
  note: string | null;
  strategy: Strategy;
  chosen: string[] | null;
  flows: { flow: string; fromVersion: number; version: number }[];
  created_by: string;
  person: string;
  created_at: Date;
  decided_by: string | null;
  decided_at: Date | null;
}

export interface StandingPromotion extends PromotionRow {
  /** The alias stands where it was put by this one, and no later one has begun. */
  leads: boolean;
}

const columns = `p.id, p.resource_id, p.resource, p.alias, p.from_version, p.to_version, p.digest, p.alias_revision, p.decision,
  p.says, p.note, p.strategy, p.chosen, p.flows, p.created_by, p.person, p.created_at, p.decided_by, p.decided_at,
  p.decision = 'going' AND p.from_version IS NOT NULL
    AND EXISTS (SELECT 1 FROM resource_aliases a WHERE a.resource_id = p.resource_id AND a.alias = p.alias
      AND a.revision = p.alias_revision)
    AND NOT EXISTS (SELECT 1 FROM promotions q WHERE q.resource_id = p.resource_id AND q.alias = p.alias
      AND q.decision = 'going' AND q.id > p.id) AS leads`;

@Injectable()
export class PromotionsStore {
  async find(tx: SqlTx, id: string): Promise<StandingPromotion | undefined> {
    const rows = await tx.sql<StandingPromotion>(`SELECT ${columns} FROM promotions p WHERE p.id = $1`, [id]);
    return rows[0];
  }

  page(
    tx: SqlTx,
    query: { resource?: string; alias?: string },
    after: string | undefined,
    take: number,
  ): Promise<StandingPromotion[]> {
    return tx.sql<StandingPromotion>(
      `SELECT ${columns} FROM promotions p WHERE ($1::text IS NULL OR p.id < $1)
         AND ($3::text IS NULL OR p.resource = $3) AND ($4::text IS NULL OR p.alias = $4)
       ORDER BY p.id DESC LIMIT $2`,
      [after ?? null, take, query.resource ?? null, query.alias ?? null],
    );
  }

  /** Those of an alias that nobody has decided about. */
  awaiting(tx: SqlTx, resource: string, alias: string): Promise<StandingPromotion[]> {
    return tx.sql<StandingPromotion>(
      `SELECT ${columns} FROM promotions p WHERE p.resource_id = $1 AND p.alias = $2 AND p.decision = 'awaiting'`,
      [resource, alias],
    );
  }

  /** What awaiting promotions are about: it is not to be deleted. */
  awaited(tx: SqlTx): Promise<{ id: string; digest: string }[]> {
    return tx.sql("SELECT id, digest FROM promotions WHERE decision = 'awaiting'");
  }

  async create(tx: SqlTx, row: PromotionRow): Promise<void> {
    await tx.sql(
      `INSERT INTO promotions (id, resource_id, resource, alias, from_version, to_version, alias_revision, decision,
         says, note, strategy, chosen, flows, created_by, person, created_at, decided_by, decided_at, digest)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
      [
        row.id,
        row.resource_id,
        row.resource,
        row.alias,
        row.from_version,
        row.to_version,
        row.alias_revision,
        row.decision,
        row.says,
        row.note,
        JSON.stringify(row.strategy),
        row.chosen && JSON.stringify(row.chosen),
        JSON.stringify(row.flows),
        row.created_by,
        row.person,
        row.created_at,
        row.decided_by,
        row.decided_at,
        row.digest,
      ],
    );
  }

  async decide(
    tx: SqlTx,
    id: string,
    to: Pick<PromotionRow, 'decision' | 'says' | 'decided_by' | 'decided_at'> &
      Partial<Pick<PromotionRow, 'flows' | 'alias_revision'>>,
  ): Promise<void> {
    await tx.sql(
      `UPDATE promotions SET decision = $2, says = $3, decided_by = $4, decided_at = $5,
         flows = coalesce($6, flows), alias_revision = coalesce($7, alias_revision) WHERE id = $1`,
      [
        id,
        to.decision,
        to.says,
        to.decided_by,
        to.decided_at,
        to.flows ? JSON.stringify(to.flows) : null,
        to.alias_revision ?? null,
      ],
    );
  }
}
