/** All SQL about resources, their versions and aliases. */
import { Injectable } from '@nestjs/common';
import type { Contract, Inspection, ResourceKind, ResourceRefusal, ResourceState } from '@millrace/schemas';
import type { SqlTx } from '../platform/database/database.js';
import type { Window } from '../platform/http/page.js';

export interface ResourceRow {
  id: string;
  name: string;
  description: string | null;
  kind: ResourceKind | null;
  latest: number | null;
  aliases: Record<string, number>;
  created_by: string;
  created_at: Date;
}

export interface VersionRow {
  name: string;
  version: number;
  state: ResourceState;
  kind: ResourceKind;
  file_name: string;
  /** PostgreSQL's bigint comes as text. */
  size: string;
  digest: string;
  note: string | null;
  contract: Contract | null;
  refusal: ResourceRefusal | null;
  aliases: string[];
  created_by: string;
  created_at: Date;
  sealed_at: Date | null;
  /** Text as `size`; null unless it is sealing. */
  verified: string | null;
}

export type NewVersion = Pick<
  VersionRow,
  'state' | 'kind' | 'file_name' | 'digest' | 'note' | 'contract' | 'created_by' | 'created_at' | 'sealed_at'
> & { size: number };

export interface AliasRow {
  alias: string;
  version: number;
  revision: number;
  approval: boolean;
  moved_by: string;
  moved_at: Date;
}

export interface MoveRow {
  revision: number;
  from_version: number | null;
  to_version: number;
  note: string | null;
  promotion_id: string | null;
  moved_by: string;
  moved_at: Date;
}

const columns = `r.id, r.name, r.description, r.created_by, r.created_at,
  (SELECT v.kind FROM resource_versions v WHERE v.resource_id = r.id ORDER BY v.version DESC LIMIT 1) AS kind,
  (SELECT max(v.version) FROM resource_versions v WHERE v.resource_id = r.id) AS latest,
  (SELECT coalesce(json_object_agg(a.alias, a.version), '{}') FROM resource_aliases a WHERE a.resource_id = r.id) AS aliases`;
const versionColumns = `r.name, v.version, v.state, v.kind, v.file_name, v.size, v.digest, v.note, v.refusal,
  v.created_by, v.created_at, v.sealed_at, v.contract,
  CASE WHEN v.state = 'sealing' THEN
    (SELECT u.verified FROM uploads u WHERE u.resource_id = v.resource_id AND u.version = v.version LIMIT 1) END AS verified,
  ARRAY(SELECT a.alias FROM resource_aliases a WHERE a.resource_id = v.resource_id AND a.version = v.version ORDER BY 1) AS aliases`;
const aliasColumns = 'alias, version, revision, approval, moved_by, moved_at';
const ofVersions = 'FROM resource_versions v JOIN resources r ON r.id = v.resource_id';
/** Larger than any number of a version. */
const PAST_ALL = 2_147_483_647;

@Injectable()
export class ResourcesStore {
  page(tx: SqlTx, window: Window): Promise<ResourceRow[]> {
    return tx.sql<ResourceRow>(
      `SELECT ${columns} FROM resources r WHERE $1::text IS NULL OR r.id < $1 ORDER BY r.id DESC LIMIT $2`,
      [window.after ?? null, window.take],
    );
  }

  async find(tx: SqlTx, name: string): Promise<ResourceRow | undefined> {
    return (await tx.sql<ResourceRow>(`SELECT ${columns} FROM resources r WHERE r.name = $1`, [name]))[0];
  }

  /** Numbers, aliases and deletions of one resource take turns. */
  async hold(tx: SqlTx, id: string): Promise<boolean> {
    return (await tx.sql('SELECT 1 FROM resources WHERE id = $1 FOR UPDATE', [id])).length > 0;
  }

  /** False when the name is taken. */
  async create(
    tx: SqlTx,
    row: Pick<ResourceRow, 'id' | 'name' | 'description' | 'created_by' | 'created_at'>,
  ): Promise<boolean> {
    const rows = await tx.sql(
      `INSERT INTO resources (id, name, description, created_by, created_at) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT DO NOTHING RETURNING id`,
      [row.id, row.name, row.description, row.created_by, row.created_at],
    );
    return rows.length > 0;
  }

  versions(tx: SqlTx, resource: string, window: Window): Promise<VersionRow[]> {
    return tx.sql<VersionRow>(
      `SELECT ${versionColumns} ${ofVersions} WHERE v.resource_id = $1 AND v.version < $2
       ORDER BY v.version DESC LIMIT $3`,
      [resource, Number(window.after ?? PAST_ALL), window.take],
    );
  }

  async version(tx: SqlTx, resource: string, version: number): Promise<VersionRow | undefined> {
    const rows = await tx.sql<VersionRow>(
      `SELECT ${versionColumns} ${ofVersions} WHERE v.resource_id = $1 AND v.version = $2`,
      [resource, version],
    );
    return rows[0];
  }

  /** By version. */
  async digests(tx: SqlTx, resource: string): Promise<Map<number, string>> {
    const rows = await tx.sql<{ version: number; digest: string }>(
      'SELECT version, digest FROM resource_versions WHERE resource_id = $1',
      [resource],
    );
    return new Map(rows.map(({ version, digest }) => [version, digest]));
  }

  async inspection(tx: SqlTx, digest: string): Promise<Inspection | undefined> {
    const rows = await tx.sql<{ inspection: Inspection }>('SELECT inspection FROM blobs WHERE digest = $1', [
      digest,
    ]);
    return rows[0]?.inspection;
  }

  /** The newest ready version with these bytes. */
  async readyWith(
    tx: SqlTx,
    resource: string,
    digest: string,
    kind: ResourceKind,
  ): Promise<VersionRow | undefined> {
    const rows = await tx.sql<VersionRow>(
      `SELECT ${versionColumns} ${ofVersions}
       WHERE v.resource_id = $1 AND v.digest = $2 AND v.kind = $3 AND v.state = 'ready' ORDER BY v.version DESC LIMIT 1`,
      [resource, digest, kind],
    );
    return rows[0];
  }

  /** Gives it the next number, which nothing ever had. */
  async addVersion(tx: SqlTx, resource: string, version: NewVersion): Promise<number> {
    const [row] = await tx.sql<{ number: number }>(
      'UPDATE resources SET latest_version = latest_version + 1 WHERE id = $1 RETURNING latest_version AS number',
      [resource],
    );
    if (!row) throw new Error(`resource ${resource} went away while it was held`);
    await tx.sql(
      `INSERT INTO resource_versions
         (resource_id, version, state, kind, file_name, size, digest, note, contract, created_by, created_at, sealed_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
      [
        resource,
        row.number,
        version.state,
        version.kind,
        version.file_name,
        version.size,
        version.digest,
        version.note,
        version.contract && JSON.stringify(version.contract),
        version.created_by,
        version.created_at,
        version.sealed_at,
      ],
    );
    return row.number;
  }

  async settleVersion(
    tx: SqlTx,
    resource: string,
    version: number,
    verdict: { state: ResourceState; contract: Contract | null; refusal: ResourceRefusal | null; at: Date },
  ): Promise<void> {
    await tx.sql(
      `UPDATE resource_versions SET state = $3, contract = $4, refusal = $5, sealed_at = $6
       WHERE resource_id = $1 AND version = $2`,
      [
        resource,
        version,
        verdict.state,
        verdict.contract && JSON.stringify(verdict.contract),
        verdict.refusal && JSON.stringify(verdict.refusal),
        verdict.at,
      ],
    );
  }

  /** Holds them against being locked by a flow version until the transaction ends; all without a number. */
  holdVersions(
    tx: SqlTx,
    resource: string,
    version?: number,
  ): Promise<{ version: number; state: ResourceState; digest: string }[]> {
    return tx.sql(
      `SELECT version, state, digest FROM resource_versions
       WHERE resource_id = $1 AND ($2::int IS NULL OR version = $2) ORDER BY version FOR UPDATE`,
      [resource, version ?? null],
    );
  }

  async removeVersion(tx: SqlTx, resource: string, version: number): Promise<void> {
    await tx.sql('DELETE FROM resource_versions WHERE resource_id = $1 AND version = $2', [
      resource,
      version,
    ]);
  }

  async remove(tx: SqlTx, resource: string): Promise<void> {
    await tx.sql('DELETE FROM alias_moves WHERE resource_id = $1', [resource]);
    await tx.sql('DELETE FROM resources WHERE id = $1', [resource]);
  }

  aliases(tx: SqlTx, resource: string): Promise<AliasRow[]> {
    return tx.sql<AliasRow>(
      `SELECT ${aliasColumns} FROM resource_aliases WHERE resource_id = $1 ORDER BY alias`,
      [resource],
    );
  }

  async alias(tx: SqlTx, resource: string, alias: string): Promise<AliasRow | undefined> {
    const rows = await tx.sql<AliasRow>(
      `SELECT ${aliasColumns} FROM resource_aliases WHERE resource_id = $1 AND alias = $2`,
      [resource, alias],
    );
    return rows[0];
  }

  async moveAlias(
    tx: SqlTx,
    resource: string,
    to: AliasRow,
    move: { from: number | null; note: string | null; promotion: string | null },
  ): Promise<void> {
    const { alias, version, revision, moved_by, moved_at } = to;
    await tx.sql(
      `INSERT INTO resource_aliases (resource_id, alias, version, revision, moved_by, moved_at)
       VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (organization_id, resource_id, alias)
       DO UPDATE SET version = $3, revision = $4, moved_by = $5, moved_at = $6`,
      [resource, alias, version, revision, moved_by, moved_at],
    );
    await tx.sql(
      `INSERT INTO alias_moves (resource_id, alias, revision, from_version, to_version, note, promotion_id, moved_by, moved_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [resource, alias, revision, move.from, version, move.note, move.promotion, moved_by, moved_at],
    );
  }

  async guardAlias(tx: SqlTx, resource: string, alias: string, approval: boolean): Promise<void> {
    await tx.sql('UPDATE resource_aliases SET approval = $3 WHERE resource_id = $1 AND alias = $2', [
      resource,
      alias,
      approval,
    ]);
  }

  aliasMoves(tx: SqlTx, resource: string, alias: string, window: Window): Promise<MoveRow[]> {
    return tx.sql<MoveRow>(
      `SELECT revision, from_version, to_version, note, promotion_id, moved_by, moved_at FROM alias_moves
       WHERE resource_id = $1 AND alias = $2 AND revision < $3 ORDER BY revision DESC LIMIT $4`,
      [resource, alias, Number(window.after ?? PAST_ALL), window.take],
    );
  }
}
