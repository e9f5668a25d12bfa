/**
 * Bytes without a version: packages that a runtime will name. They come in as every upload does.
 *
 * Guarantee: nothing is sent that is there already; a piece that no runtime names within a day is removed. What
 * the bytes are is nobody's business until a node installs them, by the hashes of a lock.
 */
import { Injectable } from '@nestjs/common';
import { planParts } from '@millrace/blobs';
import type { PieceBegin, PieceBegun, Upload } from '@millrace/schemas';
import { Audit } from '../access/audit.js';
import type { Principal } from '../access/principal.js';
import { Clock } from '../platform/clock.js';
import { Database } from '../platform/database/database.js';
import { Queue } from '../platform/queue/queue.js';
import { uploadOf } from './resource-view.js';
import { SEAL } from './sealing.job.js';
import { LINKS_AT_ONCE, PIECE_LIVES_MS } from './upload.js';
import { UploadParts } from './upload-parts.js';
import { UploadsService } from './uploads.service.js';
import { UploadsStore } from './uploads.store.js';

@Injectable()
export class PiecesService {
  constructor(
    private readonly database: Database,
    private readonly service: UploadsService,
    private readonly uploads: UploadsStore,
    private readonly parts: UploadParts,
    private readonly queue: Queue,
    private readonly audit: Audit,
    private readonly clock: Clock,
  ) {}

  async begin(who: Principal, name: string, wanted: PieceBegin): Promise<PieceBegun> {
    const asked = { ...this.service.asked(wanted), kind: 'runtime' as const };
    const known = await this.database.withinSql(who.organization, async (tx) => {
      const resource = await this.service.resource(tx, name);
      const blob = await this.uploads.holdBlob(tx, asked.digest);
      // Another length was never the same bytes: whoever seals them says so.
      if (Number(blob?.size) === asked.size) {
        await this.uploads.keepUntil(tx, asked.digest, new Date(this.clock.now() + PIECE_LIVES_MS));
        return 'there' as const;
      }
      return this.service.resumed(tx, who, { id: resource, name }, asked, true);
    });
    if (known === 'there') return { exists: true };
    const upload = known ?? (await this.service.fresh(who, name, asked, true));
    const missing = await this.parts.missing(upload);
    const { parts, expiresAt } = await this.parts.links(upload, missing.slice(0, LINKS_AT_ONCE));
    const partCount = planParts(asked.size).length;
    return { exists: false, upload: upload.id, parts, partCount, expiresAt };
  }

  /** It is `sealed` once its bytes were found to be the declared ones: GET the upload until it is. */
  async complete(who: Principal, name: string, id: string): Promise<Upload> {
    const before = await this.service.found(who, name, id, true);
    if (before.state === 'open') await this.service.assertWhole(before);
    return this.database.withinSql(who.organization, async (tx) => {
      const row = (await this.uploads.hold(tx, id)) ?? before;
      if (row.state !== 'open') return uploadOf(row, name, []);
      this.service.assertOpen(row);
      await this.uploads.move(tx, id, 'sealing', null);
      this.audit.record(tx, who, {
        action: 'catalogue.complete-piece',
        subject: `resource:${name}`,
        details: { upload: id, digest: row.digest },
      });
      const { organization } = tx;
      tx.afterCommit(() => this.queue.wake(SEAL, { organization, upload: id }));
      return uploadOf({ ...row, state: 'sealing' }, name, []);
    });
  }
}
