/**
 * Bytes that a version names besides its own: the packages of a runtime, the contract of a model.
 *
 * Guarantee: what a ready version names is there, and stays as long as the version does; a contract lies in the
 * object store in canonical JSON, so that a node can fetch it by its digest like any bytes.
 */
import { Injectable } from '@nestjs/common';
import { digestOf } from '@millrace/blobs';
import { canonicalize } from '@millrace/flow';
import { CONTRACT_BYTES, Failure, type Contract, type Inspection } from '@millrace/schemas';
import { Clock } from '../platform/clock.js';
import type { SqlTx } from '../platform/database/database.js';
import { newId } from '../platform/id.js';
import { ObjectStore } from '../platform/objects/store.js';
import { UploadsStore } from './uploads.store.js';

export interface StoredContract {
  digest: string;
  size: number;
  key: string;
}

/** Packages that a refusal names. */
const TOLD = 20;

@Injectable()
export class VersionBlobs {
  constructor(
    private readonly uploads: UploadsStore,
    private readonly objects: ObjectStore,
    private readonly clock: Clock,
  ) {}

  /** Puts it into the object store; whoever does not `name` it afterwards must let it go. */
  async store(organization: string, contract: Contract): Promise<StoredContract> {
    const bytes = Buffer.from(canonicalize(contract));
    if (bytes.length > CONTRACT_BYTES)
      throw new Failure(
        'catalogue.contract-mismatch',
        `The contract has ${bytes.length} bytes, and a node takes ${CONTRACT_BYTES}. Give it fewer known answers.`,
      );
    const digest = digestOf(bytes);
    const key = `${organization}/blobs/${digest.replace(':', '-')}/${newId(this.clock.now())}`;
    await this.objects.put(key, bytes, bytes.length);
    return { digest, size: bytes.length, key };
  }

  async letGo({ key }: StoredContract): Promise<void> {
    await this.objects.delete(key);
  }

  /** Why a runtime cannot be ready: packages that are not there. Those that are cannot be deleted meanwhile. */
  async missing(tx: SqlTx, { runtime }: Inspection): Promise<Failure | undefined> {
    const named = new Map(
      (runtime?.variants ?? []).flatMap(({ packages }) => packages).map((one) => [one.digest, one]),
    );
    if (named.size === 0) return undefined;
    const there = await tx.sql<{ digest: string; size: string }>(
      'SELECT digest, size FROM blobs WHERE digest = ANY($1) FOR KEY SHARE',
      [[...named.keys()]],
    );
    const sizes = new Map(there.map(({ digest, size }) => [digest, Number(size)]));
    const lacking = [...named.values()].filter(({ digest, size }) => sizes.get(digest) !== size);
    if (lacking.length === 0) return undefined;
    const told = lacking.slice(0, TOLD);
    return new Failure(
      'catalogue.pieces-unknown',
      `${lacking.length} of its ${named.size} packages are not in the catalogue: ${told
        .slice(0, 3)
        .map(({ file, digest }) => `${file} (${digest})`)
        .join(', ')}${lacking.length > 3 ? ' and others' : ''}. Push them first, and the runtime again.`,
      { errors: told.map(({ file, digest, size }) => ({ field: file, detail: `${digest}, ${size} bytes` })) },
    );
  }

  async name(
    tx: SqlTx,
    resource: string,
    version: number,
    inspection: Inspection | null,
    contract: StoredContract | null,
  ): Promise<void> {
    const at = new Date(this.clock.now());
    const pieces = (inspection?.runtime?.variants ?? []).flatMap(({ packages }) => packages);
    const roles = pieces.map(({ digest }) => ({ role: 'piece', digest }));
    if (contract !== null) {
      const { digest, key, size } = contract;
      const kept = await this.uploads.keepBlob(tx, { digest, key, size, inspection: null, at });
      if (kept !== key) await this.uploads.stray(tx, { key, store_upload: null }, at);
      roles.push({ role: 'contract', digest });
    }
    await tx.sql(
      `INSERT INTO version_blobs (resource_id, version, role, digest)
       SELECT $1, $2, role, digest FROM jsonb_to_recordset($3) AS v(role text, digest text) ON CONFLICT DO NOTHING`,
      [resource, version, JSON.stringify(roles)],
    );
    await tx.sql('UPDATE blobs SET kept_until = NULL WHERE digest = ANY($1)', [
      roles.map(({ digest }) => digest),
    ]);
  }

  /** Of all versions of a resource, or of one. */
  async namedBy(tx: SqlTx, resource: string, version?: number): Promise<string[]> {
    const rows = await tx.sql<{ digest: string }>(
      `SELECT DISTINCT digest FROM version_blobs WHERE resource_id = $1 AND ($2::int IS NULL OR version = $2)`,
      [resource, version ?? null],
    );
    return rows.map(({ digest }) => digest);
  }
}
