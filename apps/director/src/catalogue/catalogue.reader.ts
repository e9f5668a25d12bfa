/** What other rooms may ask the catalogue, each in their own transaction. */
import { Injectable } from '@nestjs/common';
import type {
  Contract,
  LockedResource,
  ResourceKind,
  ResourceState,
  RuntimeInspection,
} from '@millrace/schemas';
import type { SqlTx } from '../platform/database/database.js';

export interface ResolvedResource {
  /** Of the resource; its name may be given to another one after it was deleted. */
  resource: string;
  name: string;
  version: number;
  /** Only what is ready may be used. */
  state: ResourceState;
  kind: ResourceKind;
  digest: string;
  /** Bytes. */
  size: number;
  fileName: string;
  contract: Contract | null;
  /** The contract as bytes that a node can fetch; versions of old have none. */
  contractBlob: LockedResource['contract'] | null;
}

export interface BlobPlace {
  /** In the object store. */
  key: string;
  /** Bytes. */
  size: number;
}

/** A version with who made it and what it says of itself. */
export interface MadeVersion {
  /** Id of the resource. */
  resource: string;
  digest: string;
  note: string | null;
  contract: Contract | null;
  aliases: string[];
  createdBy: string;
  createdAt: Date;
}

interface Row extends Omit<ResolvedResource, 'size'> {
  size: string;
}

@Injectable()
export class CatalogueReader {
  /**
   * What `resource:name@selector` means now: a version from 1, or an alias. With `hold` the version cannot be
   * deleted before the transaction ends.
   */
  async resolve(
    tx: SqlTx,
    name: string,
    selector: number | string,
    { hold = false }: { hold?: boolean } = {},
  ): Promise<ResolvedResource | undefined> {
    const rows = await tx.sql<Row>(
      `SELECT r.id AS resource, r.name, v.version, v.state, v.kind, v.digest, v.size, v.file_name AS "fileName", v.contract,
         (SELECT json_build_object('digest', b.digest, 'size', b.size) FROM version_blobs n JOIN blobs b ON b.digest = n.digest
          WHERE n.resource_id = r.id AND n.version = v.version AND n.role = 'contract') AS "contractBlob"
       FROM resources r JOIN resource_versions v ON v.resource_id = r.id
       WHERE r.name = $1 AND v.version = ${
         typeof selector === 'number'
           ? '$2'
           : '(SELECT a.version FROM resource_aliases a WHERE a.resource_id = r.id AND a.alias = $2)'
       } ${hold ? 'FOR KEY SHARE OF v' : ''}`,
      [name, selector],
    );
    const row = rows[0];
    return row && { ...row, size: Number(row.size) };
  }

  async made(tx: SqlTx, name: string, version: number): Promise<MadeVersion | undefined> {
    const rows = await tx.sql<MadeVersion>(
      `SELECT r.id AS resource, v.digest, v.note, v.contract, v.created_by AS "createdBy", v.created_at AS "createdAt",
         ARRAY(SELECT a.alias FROM resource_aliases a WHERE a.resource_id = r.id AND a.version = v.version
           ORDER BY 1) AS aliases
       FROM resources r JOIN resource_versions v ON v.resource_id = r.id WHERE r.name = $1 AND v.version = $2`,
      [name, version],
    );
    return rows[0];
  }

  /** Where the sealed bytes of this digest lie. */
  async blob(tx: SqlTx, digest: string): Promise<BlobPlace | undefined> {
    const rows = await tx.sql<{ key: string; size: string }>(
      'SELECT key, size FROM blobs WHERE digest = $1',
      [digest],
    );
    const row = rows[0];
    return row && { key: row.key, size: Number(row.size) };
  }

  /** Whether one of these runtimes names this package. */
  async isPieceOf(tx: SqlTx, digest: string, runtimes: readonly string[]): Promise<boolean> {
    const rows = await tx.sql(
      `SELECT 1 FROM version_blobs n JOIN resource_versions v ON v.resource_id = n.resource_id AND v.version = n.version
       WHERE n.digest = $1 AND n.role = 'piece' AND v.digest = ANY($2) LIMIT 1`,
      [digest, runtimes],
    );
    return rows.length > 0;
  }

  /** What these runtimes need, by digest. */
  async runtimes(tx: SqlTx, digests: readonly string[]): Promise<Map<string, RuntimeInspection>> {
    const rows = await tx.sql<{ digest: string; runtime: RuntimeInspection | null }>(
      `SELECT digest, inspection->'runtime' AS runtime FROM blobs WHERE digest = ANY($1)`,
      [digests],
    );
    return new Map(rows.flatMap(({ digest, runtime }) => (runtime ? [[digest, runtime] as const] : [])));
  }

  /** Which ready versions have these bytes. */
  versionsOf(tx: SqlTx, digest: string): Promise<{ name: string; version: number }[]> {
    return tx.sql(
      `SELECT r.name, v.version FROM resource_versions v JOIN resources r ON r.id = v.resource_id
       WHERE v.digest = $1 AND v.state = 'ready' ORDER BY r.name, v.version`,
      [digest],
    );
  }
}
