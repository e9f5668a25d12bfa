/** Bytes that the organization has already become a version without being sent again. */
import { Injectable } from '@nestjs/common';
import { canonicalize } from '@millrace/flow';
import { Failure, type Inspection, type UploadBegin } from '@millrace/schemas';
import { Audit } from '../access/audit.js';
import { OrganizationSettings } from '../access/organization-settings.js';
import type { Principal } from '../access/principal.js';
import { Clock } from '../platform/clock.js';
import type { SqlTx } from '../platform/database/database.js';
import { Live } from '../platform/live/live.js';
import { saidOf } from './resource-view.js';
import { ResourcesStore } from './resources.store.js';
import { contractFor } from './verdict.js';
import { VersionBlobs } from './version-blobs.js';

@Injectable()
export class KnownBytes {
  constructor(
    private readonly resources: ResourcesStore,
    private readonly named: VersionBlobs,
    private readonly settings: OrganizationSettings,
    private readonly audit: Audit,
    private readonly live: Live,
    private readonly clock: Clock,
  ) {}

  /** The version that has them, or a new one. The resource and the blob are held by the caller. */
  async versionOf(
    tx: SqlTx,
    who: Principal,
    resource: { id: string; name: string },
    wanted: UploadBegin,
    blob: { size: string; inspection: Inspection },
  ): Promise<number> {
    const { digest, size, kind } = wanted;
    if (Number(blob.size) !== size) {
      throw new Failure(
        'catalogue.digest-mismatch',
        `The bytes of ${digest} are known and are ${blob.size}, not ${size}. Hash the file again.`,
      );
    }
    const same = await this.resources.readyWith(tx, resource.id, digest, kind);
    const allowed = await this.settings.of(tx);
    const contract = contractFor(kind, blob.inspection, wanted.contract ?? null, allowed);
    if (same && (!wanted.contract || canonicalize(same.contract) === canonicalize(contract)))
      return same.version;
    const missing = await this.named.missing(tx, blob.inspection);
    if (missing) throw missing;
    const stored = contract && (await this.named.store(tx.organization, contract));
    const now = new Date(this.clock.now());
    const version = await this.resources.addVersion(tx, resource.id, {
      ...saidOf(wanted),
      state: 'ready',
      kind,
      size,
      digest,
      contract,
      created_by: who.actor,
      created_at: now,
      sealed_at: now,
    });
    await this.named.name(tx, resource.id, version, blob.inspection, stored);
    this.audit.record(tx, who, {
      action: 'catalogue.add-version',
      subject: `resource:${resource.name}`,
      details: { version, digest, known: true },
    });
    tx.afterCommit(() =>
      this.live.publish(tx.organization, {
        type: 'resource.ready',
        subject: resource.name,
        data: { version, digest },
      }),
    );
    return version;
  }
}
