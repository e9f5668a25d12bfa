/**
 * Runtimes that the director locks itself, for requirements that stand in a flow.
 *
 * Guarantee: one set of requirements has one resource, made once, also by two at once; what it is locked to stays until
 * somebody pushes another version of it.
 */
import { Injectable } from '@nestjs/common';
import { digestOf } from '@millrace/blobs';
import { canonicalize } from '@millrace/flow';
import { checkRuntime, inspectBytes } from '@millrace/inference';
import type { RuntimeManifest } from '@millrace/schemas';
import { Audit } from '../access/audit.js';
import type { Caller } from '../platform/http/request.js';
import { Clock } from '../platform/clock.js';
import { Database, type SqlTx } from '../platform/database/database.js';
import { newId } from '../platform/id.js';
import { ObjectStore } from '../platform/objects/store.js';
import { ResourcesStore } from './resources.store.js';
import { UploadsStore } from './uploads.store.js';
import { VersionBlobs } from './version-blobs.js';

const FILE = 'runtime.json';

@Injectable()
export class LockedRuntimes {
  constructor(
    private readonly database: Database,
    private readonly resources: ResourcesStore,
    private readonly uploads: UploadsStore,
    private readonly named: VersionBlobs,
    private readonly objects: ObjectStore,
    private readonly audit: Audit,
    private readonly clock: Clock,
  ) {}

  /** Its newest version that is ready. */
  async find(tx: SqlTx, name: string): Promise<number | undefined> {
    const rows = await tx.sql<{ version: number }>(
      `SELECT v.version FROM resource_versions v JOIN resources r ON r.id = v.resource_id
       WHERE r.name = $1 AND v.kind = 'runtime' AND v.state = 'ready' ORDER BY v.version DESC LIMIT 1`,
      [name],
    );
    return rows[0]?.version;
  }

  async make(who: Caller, name: string, manifest: RuntimeManifest, note: string): Promise<void> {
    const bytes = Buffer.from(canonicalize(manifest));
    const inspection = await inspectBytes(bytes);
    checkRuntime(inspection);
    const now = this.clock.now();
    const digest = digestOf(bytes);
    const key = `${who.organization}/blobs/${digest.replace(':', '-')}/${newId(now)}`;
    await this.objects.put(key, bytes, bytes.length);
    const at = new Date(now);
    try {
      await this.database.withinSql(who.organization, async (tx) => {
        const by = { created_by: who.actor, created_at: at };
        await this.resources.create(tx, { id: newId(now), name, description: note, ...by });
        const resource = (await this.resources.find(tx, name))!;
        await this.resources.hold(tx, resource.id);
        const blob = { digest, key, size: bytes.length, inspection, at };
        if ((await this.uploads.keepBlob(tx, blob)) !== key)
          await this.uploads.stray(tx, { key, store_upload: null }, at);
        // Another one was quicker.
        if ((await this.find(tx, name)) !== undefined) return this.uploads.dropUnused(tx, [digest], at);
        const version = await this.resources.addVersion(tx, resource.id, {
          ...by,
          state: 'ready',
          kind: 'runtime',
          file_name: FILE,
          size: bytes.length,
          digest,
          note,
          contract: null,
          sealed_at: at,
        });
        await this.named.name(tx, resource.id, version, inspection, null);
        this.audit.record(tx, who, {
          action: 'catalogue.lock-runtime',
          subject: `resource:${name}`,
          details: { version, digest },
        });
      });
    } catch (error) {
      await this.objects.delete(key).catch(() => undefined);
      throw error;
    }
  }
}
