/** What other rooms may ask the catalogue, each in their own transaction. */
import { Injectable } from '@nestjs/common';
import type { Contract, ResourceKind, ResourceState } from '@millrace/schemas';
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
      `SELECT r.id AS resource, r.name, v.version, v.state, v.kind, v.digest, v.size, v.file_name AS "fileName", v.contract
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

  /** Which ready versions have these bytes. */
  versionsOf(tx: SqlTx, digest: string): Promise<{ name: string; version: number }[]> {
    return tx.sql(
      `SELECT r.name, v.version FROM resource_versions v JOIN resources r ON r.id = v.resource_id
       WHERE v.digest = $1 AND v.state = 'ready' ORDER BY r.name, v.version`,
      [digest],
    );
  }
}
