/** All SQL about uploads, the bytes that they become, and what is to be deleted from the object store. */
import { Injectable } from '@nestjs/common';
import type { Contract, Inspection, ResourceKind, ResourceRefusal } from '@millrace/schemas';
import type { SqlTx } from '../platform/database/database.js';
import type { UploadState } from './upload.js';

export interface UploadRow {
  id: string;
  resource_id: string;
  state: UploadState;
  kind: ResourceKind;
  file_name: string;
  /** PostgreSQL's bigint comes as text. */
  size: string;
  digest: string;
  note: string | null;
  contract: Contract | null;
  key: string;
  store_upload: string;
  version: number | null;
  piece: boolean;
  refusal: ResourceRefusal | null;
  attempts: number;
  created_by: string;
  created_at: Date;
  expires_at: Date;
}

export interface BlobRow {
  key: string;
  size: string;
  /** Null: it was only ever a piece. */
  inspection: Inspection | null;
}

export interface StrayRow {
  key: string;
  store_upload: string | null;
}

const columns = `id, resource_id, state, kind, file_name, size, digest, note, contract, key, store_upload, version,
  piece, refusal, attempts, created_by, created_at, expires_at`;

/** Of a blob `b`. */
const UNUSED = `NOT EXISTS (SELECT 1 FROM resource_versions v WHERE v.digest = b.digest AND v.state = 'ready')
  AND NOT EXISTS (SELECT 1 FROM version_blobs n WHERE n.digest = b.digest)`;

@Injectable()
export class UploadsStore {
  async find(tx: SqlTx, resource: string, id: string): Promise<UploadRow | undefined> {
    const rows = await tx.sql<UploadRow>(
      `SELECT ${columns} FROM uploads WHERE id = $1 AND resource_id = $2`,
      [id, resource],
    );
    return rows[0];
  }

  /** Holds it until the end of the transaction. */
  async hold(tx: SqlTx, id: string): Promise<UploadRow | undefined> {
    return (await tx.sql<UploadRow>(`SELECT ${columns} FROM uploads WHERE id = $1 FOR UPDATE`, [id]))[0];
  }

  /** One for the same bytes that can go on, whoever began it; the caller's own before others'. */
  async unfinished(
    tx: SqlTx,
    upload: Pick<UploadRow, 'resource_id' | 'digest' | 'kind' | 'piece' | 'created_by'> & {
      size: number;
      now: Date;
    },
  ): Promise<UploadRow | undefined> {
    const rows = await tx.sql<UploadRow>(
      `SELECT ${columns} FROM uploads
       WHERE resource_id = $1 AND digest = $2 AND kind = $3 AND size = $5 AND piece = $7
         AND state = 'open' AND expires_at > $6 ORDER BY (created_by = $4) DESC, id DESC LIMIT 1 FOR UPDATE`,
      [
        upload.resource_id,
        upload.digest,
        upload.kind,
        upload.created_by,
        upload.size,
        upload.now,
        upload.piece,
      ],
    );
    return rows[0];
  }

  async create(
    tx: SqlTx,
    upload: Omit<UploadRow, 'state' | 'version' | 'refusal' | 'attempts' | 'size'> & { size: number },
  ): Promise<void> {
    await tx.sql(
      `INSERT INTO uploads (id, resource_id, state, kind, file_name, size, digest, note, contract, key, store_upload,
         created_by, created_at, expires_at, piece)
       VALUES ($1, $2, 'open', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
      [
        upload.id,
        upload.resource_id,
        upload.kind,
        upload.file_name,
        upload.size,
        upload.digest,
        upload.note,
        upload.contract && JSON.stringify(upload.contract),
        upload.key,
        upload.store_upload,
        upload.created_by,
        upload.created_at,
        upload.expires_at,
        upload.piece,
      ],
    );
  }

  /** Begun again: what is said about the bytes may have changed. */
  async describe(
    tx: SqlTx,
    upload: Pick<UploadRow, 'id' | 'file_name' | 'note' | 'contract'>,
  ): Promise<void> {
    await tx.sql('UPDATE uploads SET file_name = $2, note = $3, contract = $4 WHERE id = $1', [
      upload.id,
      upload.file_name,
      upload.note,
      upload.contract && JSON.stringify(upload.contract),
    ]);
  }

  async move(tx: SqlTx, id: string, state: UploadState, version: number | null): Promise<void> {
    await tx.sql('UPDATE uploads SET state = $2, version = $3, lease_until = NULL WHERE id = $1', [
      id,
      state,
      version,
    ]);
  }

  /** A piece has no version to say why. */
  async refuse(tx: SqlTx, id: string, refusal: ResourceRefusal): Promise<void> {
    await this.move(tx, id, 'aborted', null);
    await tx.sql('UPDATE uploads SET refusal = $2 WHERE id = $1', [id, JSON.stringify(refusal)]);
  }

  /** For one sealer at a time; another one may take it when the lease has ended. */
  async claim(tx: SqlTx, id: string, now: Date, until: Date): Promise<UploadRow | undefined> {
    const rows = await tx.sql<UploadRow>(
      `UPDATE uploads SET lease_until = $3, attempts = attempts + 1
       WHERE id = $1 AND state = 'sealing' AND (lease_until IS NULL OR lease_until <= $2) RETURNING ${columns}`,
      [id, now, until],
    );
    return rows[0];
  }

  async leaseUntil(tx: SqlTx, id: string, until: Date): Promise<void> {
    await tx.sql(`UPDATE uploads SET lease_until = $2 WHERE id = $1 AND state = 'sealing'`, [id, until]);
  }

  /** How far a sealer is; as long as it comes on, it keeps its lease. */
  async verified(tx: SqlTx, id: string, bytes: number, until: Date): Promise<void> {
    await tx.sql(`UPDATE uploads SET verified = $2, lease_until = $3 WHERE id = $1 AND state = 'sealing'`, [
      id,
      bytes,
      until,
    ]);
  }

  async waiting(tx: SqlTx, now: Date): Promise<string[]> {
    const rows = await tx.sql<{ id: string }>(
      `SELECT id FROM uploads WHERE state = 'sealing' AND (lease_until IS NULL OR lease_until <= $1)
       ORDER BY id LIMIT 100`,
      [now],
    );
    return rows.map((row) => row.id);
  }

  /** Open uploads whose time is over, held. */
  expired(tx: SqlTx, now: Date): Promise<UploadRow[]> {
    return tx.sql<UploadRow>(
      `SELECT ${columns} FROM uploads WHERE state = 'open' AND expires_at <= $1 ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED`,
      [now],
    );
  }

  openOf(tx: SqlTx, resource: string): Promise<UploadRow[]> {
    return tx.sql<UploadRow>(
      `SELECT ${columns} FROM uploads WHERE resource_id = $1 AND state = 'open' ORDER BY id FOR UPDATE`,
      [resource],
    );
  }

  /** What ended is remembered for a while, so that a second complete gets the same answer. */
  async forgetEnded(tx: SqlTx, before: Date): Promise<void> {
    await tx.sql(`DELETE FROM uploads WHERE state IN ('sealed', 'aborted') AND expires_at < $1`, [before]);
  }

  /** Bytes of all that is there or on its way; whoever asks next waits for this transaction. */
  async used(tx: SqlTx): Promise<number> {
    await tx.sql('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`catalogue:${tx.organization}`]);
    const [row] = await tx.sql<{ used: string }>(
      `SELECT (SELECT coalesce(sum(size), 0) FROM blobs)
        + (SELECT coalesce(sum(size), 0) FROM uploads WHERE state IN ('open', 'sealing')) AS used`,
    );
    return Number(row?.used ?? 0);
  }

  /** Held: it cannot be deleted before the transaction ends. */
  async holdBlob(tx: SqlTx, digest: string): Promise<BlobRow | undefined> {
    const rows = await tx.sql<BlobRow>(
      'SELECT key, size, inspection FROM blobs WHERE digest = $1 FOR UPDATE',
      [digest],
    );
    return rows[0];
  }

  /** The key under which these bytes lie from now on: the given one, unless they were there already. */
  async keepBlob(
    tx: SqlTx,
    blob: {
      digest: string;
      key: string;
      size: number;
      inspection: Inspection | null;
      at: Date;
      /** Unless a version has or names it by then. */
      until?: Date;
    },
  ): Promise<string> {
    // The update holds the row, and keeps what was found out last.
    const [row] = await tx.sql<{ key: string }>(
      `INSERT INTO blobs (digest, key, size, inspection, created_at, kept_until) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (organization_id, digest) DO UPDATE SET inspection = coalesce(EXCLUDED.inspection, blobs.inspection),
         kept_until = greatest(EXCLUDED.kept_until, blobs.kept_until) RETURNING key`,
      [
        blob.digest,
        blob.key,
        blob.size,
        blob.inspection && JSON.stringify(blob.inspection),
        blob.at,
        blob.until ?? null,
      ],
    );
    if (!row) throw new Error('a blob was neither kept nor found');
    return row.key;
  }

  async keepUntil(tx: SqlTx, digest: string, until: Date): Promise<void> {
    await tx.sql('UPDATE blobs SET kept_until = greatest(kept_until, $2) WHERE digest = $1', [digest, until]);
  }

  /** Pieces that no version names, and whose time is over. */
  async forgotten(tx: SqlTx, now: Date): Promise<string[]> {
    const rows = await tx.sql<{ digest: string }>(
      `SELECT digest FROM blobs b WHERE kept_until <= $1 AND ${UNUSED} ORDER BY kept_until LIMIT 100`,
      [now],
    );
    return rows.map(({ digest }) => digest);
  }

  /** Bytes that no version has or names any more become strays. */
  async dropUnused(tx: SqlTx, digests: readonly string[], at: Date): Promise<void> {
    // Two statements: the second one sees what was committed while the first one waited.
    await tx.sql('SELECT 1 FROM blobs WHERE digest = ANY($1) ORDER BY digest FOR UPDATE', [digests]);
    const rows = await tx.sql<{ key: string }>(
      `DELETE FROM blobs b WHERE digest = ANY($1) AND (kept_until IS NULL OR kept_until <= $2) AND ${UNUSED}
       RETURNING key`,
      [digests, at],
    );
    for (const { key } of rows) await this.stray(tx, { key, store_upload: null }, at);
  }

  /** To be deleted from the object store. */
  async stray(tx: SqlTx, stray: StrayRow, at: Date): Promise<void> {
    await tx.sql(
      'INSERT INTO stray_objects (key, store_upload, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [stray.key, stray.store_upload, at],
    );
  }

  strays(tx: SqlTx): Promise<StrayRow[]> {
    return tx.sql<StrayRow>('SELECT key, store_upload FROM stray_objects ORDER BY created_at LIMIT 100');
  }

  async strayGone(tx: SqlTx, key: string): Promise<void> {
    await tx.sql('DELETE FROM stray_objects WHERE key = $1', [key]);
  }
}
