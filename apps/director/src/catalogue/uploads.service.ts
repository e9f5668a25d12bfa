/**
 * How bytes come in: an upload is begun, its parts go straight to the object store, it is completed.
 *
 * Guarantee: nothing is sent that is known already; an upload can be begun again, by anybody who may, and goes on
 * from the parts that are there; a version comes of it once. What the bytes are is found out by sealing.service.ts.
 */
import { Inject, Injectable } from '@nestjs/common';
import { planParts } from '@millrace/blobs';
import { judges } from '@millrace/inference';
import {
  Failure,
  NAME,
  type PartLinks,
  type PartsRequest,
  type PieceBegin,
  type ResourceVersion,
  type Upload,
  type UploadBegin,
  type UploadBegun,
} from '@millrace/schemas';
import { Audit } from '../access/audit.js';
import type { Principal } from '../access/principal.js';
import { Clock } from '../platform/clock.js';
import type { Config } from '../platform/config.js';
import { Database, type SqlTx } from '../platform/database/database.js';
import { newId } from '../platform/id.js';
import { Live } from '../platform/live/live.js';
import { ObjectStore } from '../platform/objects/store.js';
import { CONFIG } from '../platform/platform.module.js';
import { Queue } from '../platform/queue/queue.js';
import { KnownBytes } from './known-bytes.js';
import { resourceUnknown, saidOf, uploadOf, versionOf } from './resource-view.js';
import { ResourcesStore } from './resources.store.js';
import { SEAL } from './sealing.job.js';
import { LINKS_AT_ONCE, mayMove, UPLOAD_LIVES_MS } from './upload.js';
import { UploadParts } from './upload-parts.js';
import { UploadsStore, type UploadRow } from './uploads.store.js';

@Injectable()
export class UploadsService {
  constructor(
    private readonly database: Database,
    private readonly resources: ResourcesStore,
    private readonly uploads: UploadsStore,
    private readonly objects: ObjectStore,
    private readonly parts: UploadParts,
    private readonly knownBytes: KnownBytes,
    private readonly queue: Queue,
    private readonly audit: Audit,
    private readonly live: Live,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async begin(who: Principal, name: string, wanted: UploadBegin): Promise<UploadBegun> {
    const asked = this.asked(wanted);
    const known = await this.known(who, name, asked);
    if (typeof known === 'number') return { exists: true, version: known };
    const upload = known ?? (await this.fresh(who, name, asked, false));
    const missing = await this.parts.missing(upload);
    const { parts, expiresAt } = await this.parts.links(upload, missing.slice(0, LINKS_AT_ONCE));
    const partCount = planParts(wanted.size).length;
    return { exists: false, upload: upload.id, parts, partCount, expiresAt };
  }

  /** As it is kept: no more bytes than a file may have, and a name without folders. */
  asked<Wanted extends PieceBegin>(wanted: Wanted): Wanted {
    const most = this.config.maxUploadBytes;
    if (wanted.size > most) {
      throw new Failure(
        'platform.body-too-large',
        `${wanted.fileName} has ${wanted.size} bytes, and a file may have ${most} (MILLRACE_MAX_UPLOAD_BYTES). Make it smaller, or have the limit raised.`,
      );
    }
    return { ...wanted, fileName: baseName(wanted.fileName) };
  }

  async get(who: Principal, name: string, id: string): Promise<Upload> {
    const row = await this.found(who, name, id);
    const missing = row.state === 'open' ? await this.parts.missing(row) : [];
    return uploadOf(row, name, missing);
  }

  /** Fresh links, since links end before uploads do. */
  async freshLinks(who: Principal, name: string, id: string, body: PartsRequest): Promise<PartLinks> {
    const row = await this.found(who, name, id);
    this.assertOpen(row);
    const wanted = body?.parts && new Set(body.parts);
    const parts = wanted
      ? planParts(Number(row.size)).filter(({ number }) => wanted.has(number))
      : (await this.parts.missing(row)).slice(0, LINKS_AT_ONCE);
    return this.parts.links(row, parts);
  }

  /** A second time it answers the same version. */
  async complete(who: Principal, name: string, id: string): Promise<ResourceVersion> {
    const before = await this.found(who, name, id, false);
    if (before.state === 'open') await this.assertWhole(before);
    return this.database.withinSql(who.organization, async (tx) => {
      const resource = await this.resource(tx, name);
      if (!(await this.resources.hold(tx, resource))) throw resourceUnknown(name);
      const row = await this.uploads.hold(tx, id);
      if (!row) throw uploadUnknown(id);
      const version = row.version ?? (await this.toSealing(tx, who, name, row));
      const made = await this.resources.version(tx, resource, version);
      if (made) return versionOf(made);
      throw new Failure('catalogue.version-not-found', `${name}@${version} was deleted in the meantime.`);
    });
  }

  abort(who: Principal, name: string, id: string): Promise<void> {
    return this.database.withinSql(who.organization, async (tx) => {
      const resource = await this.resource(tx, name);
      const row = await this.uploads.hold(tx, id);
      if (!row || row.resource_id !== resource) throw uploadUnknown(id);
      if (row.state === 'aborted') return;
      if (!mayMove(row.state, 'aborted')) {
        throw new Failure(
          'catalogue.upload-ended',
          `The upload was completed and is version ${row.version}. Delete that instead.`,
        );
      }
      await this.uploads.move(tx, id, 'aborted', null);
      await this.uploads.stray(tx, row, new Date(this.clock.now()));
      this.audit.record(tx, who, {
        action: 'catalogue.abort-upload',
        subject: `resource:${name}`,
        details: { upload: id },
      });
    });
  }

  /** A version when the bytes are known; an upload that can go on; nothing when it must begin. */
  private known(who: Principal, name: string, wanted: UploadBegin): Promise<number | UploadRow | undefined> {
    return this.database.withinSql(who.organization, async (tx) => {
      const resource = await this.resource(tx, name);
      // The resource first, here and wherever both are held, so that two never wait for each other.
      if (!(await this.resources.hold(tx, resource))) throw resourceUnknown(name);
      const blob = await this.uploads.holdBlob(tx, wanted.digest);
      // Bytes that nobody looked at as what they are said to be now come once more.
      if (!blob || !judges(blob.inspection, wanted.kind))
        return this.resumed(tx, who, { id: resource, name }, wanted, false);
      const looked = { size: blob.size, inspection: blob.inspection };
      return this.knownBytes.versionOf(tx, who, { id: resource, name }, wanted, looked);
    });
  }

  async resumed(
    tx: SqlTx,
    who: Principal,
    resource: { id: string; name: string },
    wanted: UploadBegin,
    piece: boolean,
  ): Promise<UploadRow | undefined> {
    const { digest, kind, size } = wanted;
    const now = new Date(this.clock.now());
    const upload = await this.uploads.unfinished(tx, {
      resource_id: resource.id,
      digest,
      kind,
      piece,
      size,
      created_by: who.actor,
      now,
    });
    if (!upload) return undefined;
    await this.uploads.describe(tx, { id: upload.id, ...saidOf(wanted) });
    if (upload.created_by !== who.actor) {
      this.audit.record(tx, who, {
        action: 'catalogue.resume-upload',
        subject: `resource:${resource.name}`,
        details: { upload: upload.id, digest, begunBy: upload.created_by },
      });
    }
    return upload;
  }

  async fresh(who: Principal, name: string, wanted: UploadBegin, piece: boolean): Promise<UploadRow> {
    const now = this.clock.now();
    const id = newId(now);
    // Named by what it must be, and never written twice: whoever finds it there can check it.
    const key = `${who.organization}/blobs/${wanted.digest.replace(':', '-')}/${id}`;
    const storeUpload = await this.objects.beginUpload(key);
    try {
      return await this.database.withinSql(who.organization, async (tx) => {
        await this.assertRoom(tx, wanted);
        const row = {
          id,
          resource_id: await this.resource(tx, name),
          kind: wanted.kind,
          piece,
          ...saidOf(wanted),
          digest: wanted.digest,
          key,
          store_upload: storeUpload,
          created_by: who.actor,
          created_at: new Date(now),
          expires_at: new Date(now + UPLOAD_LIVES_MS),
        };
        await this.uploads.create(tx, { ...row, size: wanted.size });
        this.audit.record(tx, who, {
          action: 'catalogue.begin-upload',
          subject: `resource:${name}`,
          details: { upload: id, digest: wanted.digest, size: wanted.size },
        });
        return {
          ...row,
          size: String(wanted.size),
          state: 'open',
          version: null,
          refusal: null,
          attempts: 0,
        };
      });
    } catch (error) {
      await this.objects.abortUpload(key, storeUpload).catch(() => undefined);
      throw error;
    }
  }

  private async toSealing(tx: SqlTx, who: Principal, name: string, row: UploadRow): Promise<number> {
    this.assertOpen(row);
    const version = await this.resources.addVersion(tx, row.resource_id, {
      state: 'sealing',
      kind: row.kind,
      file_name: row.file_name,
      size: Number(row.size),
      digest: row.digest,
      note: row.note,
      contract: row.contract,
      created_by: who.actor,
      created_at: new Date(this.clock.now()),
      sealed_at: null,
    });
    await this.uploads.move(tx, row.id, 'sealing', version);
    this.audit.record(tx, who, {
      action: 'catalogue.complete-upload',
      subject: `resource:${name}`,
      details: { upload: row.id, version, digest: row.digest },
    });
    this.tell(tx, 'resource.sealing', name, { version, digest: row.digest });
    const { organization } = tx;
    tx.afterCommit(() => this.queue.wake(SEAL, { organization, upload: row.id }));
    return version;
  }

  private async assertRoom(tx: SqlTx, wanted: UploadBegin): Promise<void> {
    const quota = this.config.storageQuotaBytes;
    const used = await this.uploads.used(tx);
    if (used + wanted.size <= quota) return;
    throw new Failure(
      'catalogue.quota-full',
      `${wanted.size} bytes do not fit: ${used} of ${quota} (MILLRACE_STORAGE_QUOTA_BYTES) are taken, uploads under way included. Delete versions or abort uploads that nobody needs.`,
    );
  }

  async assertWhole(row: UploadRow): Promise<void> {
    this.assertOpen(row);
    const missing = await this.parts.missing(row);
    if (missing.length === 0) return;
    throw new Failure(
      'catalogue.parts-missing',
      `${missing.length} parts are not there yet, the first is part ${missing[0]?.number}. POST .../uploads/${row.id}:parts gives links for them.`,
      { errors: missing.slice(0, 100).map(({ number }) => ({ detail: `part ${number}` })) },
    );
  }

  assertOpen(row: UploadRow): void {
    if (row.state === 'open' && row.expires_at.getTime() > this.clock.now()) return;
    throw new Failure(
      'catalogue.upload-ended',
      row.version === null
        ? 'The upload was aborted, or was not completed in time. Begin it again.'
        : `The upload was completed and is version ${row.version}.`,
    );
  }

  /** `piece`: which of the two it must be; absent: either. */
  found(who: Principal, name: string, id: string, piece?: boolean): Promise<UploadRow> {
    return this.database.withinSql(who.organization, async (tx) => {
      const resource = await this.resource(tx, name);
      const row = UPLOAD_ID.test(id) ? await this.uploads.find(tx, resource, id) : undefined;
      if (!row || (piece !== undefined && row.piece !== piece)) throw uploadUnknown(id);
      return row;
    });
  }

  async resource(tx: SqlTx, name: string): Promise<string> {
    const row = NAME.test(name) ? await this.resources.find(tx, name) : undefined;
    if (!row) throw resourceUnknown(name);
    return row.id;
  }

  private tell(tx: SqlTx, type: string, subject: string, data: Record<string, unknown>): void {
    tx.afterCommit(() => this.live.publish(tx.organization, { type, subject, data }));
  }
}

const UPLOAD_ID = /^[0-9a-z]{1,64}$/;

const uploadUnknown = (id: string): Failure =>
  new Failure('catalogue.upload-not-found', `There is no upload ${id.slice(0, 64)} of this resource.`);

/** The last part of a path of any system: a name to show and to keep an extension by. */
function baseName(path: string): string {
  const name = path.split(/[/\\]/).at(-1) ?? '';
  return name === '' || name === '.' || name === '..' ? 'file' : name;
}
