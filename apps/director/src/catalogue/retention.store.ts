/** All SQL about what is kept of old versions, and which of them nothing in the catalogue names. */
import { Injectable } from '@nestjs/common';
import type { SqlTx } from '../platform/database/database.js';

export interface PolicyRow {
  keep_last: number | null;
  keep_days: number | null;
  changed_by: string;
  changed_at: Date;
}

export interface OldVersion {
  resource_id: string;
  resource: string;
  version: number;
  /** PostgreSQL's bigint comes as text. */
  size: string;
  digest: string;
  sealed_at: Date;
  collect_after: Date | null;
  /** Ready versions of the organization with the same bytes. */
  copies: number;
}

/** The organization's own, for resources without one. */
export const ALL_RESOURCES = '';

@Injectable()
export class RetentionStore {
  async policy(tx: SqlTx, resource: string): Promise<PolicyRow | undefined> {
    const rows = await tx.sql<PolicyRow>(
      'SELECT keep_last, keep_days, changed_by, changed_at FROM retention_policies WHERE resource_id = $1',
      [resource],
    );
    return rows[0];
  }

  async keep(tx: SqlTx, resource: string, policy: PolicyRow): Promise<void> {
    await tx.sql(
      `INSERT INTO retention_policies (resource_id, keep_last, keep_days, changed_by, changed_at)
       VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (organization_id, resource_id) DO UPDATE SET keep_last = excluded.keep_last,
         keep_days = excluded.keep_days, changed_by = excluded.changed_by, changed_at = excluded.changed_at`,
      [resource, policy.keep_last, policy.keep_days, policy.changed_by, policy.changed_at],
    );
  }

  async forget(tx: SqlTx, resource: string): Promise<boolean> {
    const rows = await tx.sql('DELETE FROM retention_policies WHERE resource_id = $1 RETURNING resource_id', [
      resource,
    ]);
    return rows.length > 0;
  }

  /**
   * Ready versions that no alias leads to and that the policy of their resource, else of the organization, does not
   * keep; `instead` stands for all policies. The newest of a resource always stays.
   */
  old(
    tx: SqlTx,
    now: Date,
    instead?: { keepLast: number | null; keepDays: number | null },
  ): Promise<OldVersion[]> {
    return tx.sql<OldVersion>(
      `WITH ready AS (
         SELECT v.resource_id, r.name AS resource, v.version, v.size, v.digest, v.sealed_at, v.collect_after,
           row_number() OVER (PARTITION BY v.resource_id ORDER BY v.version DESC) AS place,
           count(*) OVER (PARTITION BY v.digest)::int AS copies
         FROM resource_versions v JOIN resources r ON r.id = v.resource_id WHERE v.state = 'ready'),
       ruled AS (
         SELECT ready.*,
           CASE WHEN $2 THEN $3::int WHEN p.resource_id IS NOT NULL THEN p.keep_last ELSE o.keep_last END AS last,
           CASE WHEN $2 THEN $4::int WHEN p.resource_id IS NOT NULL THEN p.keep_days ELSE o.keep_days END AS days
         FROM ready
         LEFT JOIN retention_policies p ON p.resource_id = ready.resource_id
         LEFT JOIN retention_policies o ON o.resource_id = '')
       SELECT resource_id, resource, version, size, digest, sealed_at, collect_after, copies FROM ruled
       WHERE (last IS NOT NULL OR days IS NOT NULL) AND place > greatest(coalesce(last, 1), 1)
         AND (days IS NULL OR sealed_at < $1::timestamptz - days * interval '1 day')
         AND NOT EXISTS (SELECT 1 FROM resource_aliases a
           WHERE a.resource_id = ruled.resource_id AND a.version = ruled.version)
       ORDER BY resource, version`,
      [now, instead !== undefined, instead?.keepLast ?? null, instead?.keepDays ?? null],
    );
  }

  /** These are to go after that moment; all others stay. */
  async mark(tx: SqlTx, versions: readonly OldVersion[], after: Date): Promise<void> {
    const chosen = JSON.stringify(versions.map(({ resource_id, version }) => ({ resource_id, version })));
    const among = `EXISTS (SELECT 1 FROM jsonb_to_recordset($1) AS c(resource_id text, version int)
      WHERE c.resource_id = v.resource_id AND c.version = v.version)`;
    await tx.sql(
      `UPDATE resource_versions v SET collect_after = NULL WHERE v.collect_after IS NOT NULL AND NOT ${among}`,
      [chosen],
    );
    await tx.sql(
      `UPDATE resource_versions v SET collect_after = $2 WHERE v.collect_after IS NULL AND ${among}`,
      [chosen, after],
    );
  }
}
