/**
 * Sealing: what a completed upload is. Its bytes are hashed and looked at, and its version becomes ready or is
 * refused, with the reason. Nothing of a file is ever loaded.
 *
 * Guarantee: a version is ready only when its bytes are the ones that were declared; it may run twice and in
 * two processes, and is found again after a crash. No version stays in sealing for ever.
 */
import { Inject, Injectable } from '@nestjs/common';
import { hashStream } from '@millrace/blobs';
import { inspect, measurePacked, packedFormat } from '@millrace/inference';
import { Failure, type Contract, type Inspection, type ResourceRefusal } from '@millrace/schemas';
import { Audit } from '../access/audit.js';
import { OrganizationSettings } from '../access/organization-settings.js';
import { system } from '../access/principal.js';
import { Clock } from '../platform/clock.js';
import { Database, type SqlTx } from '../platform/database/database.js';
import { Live } from '../platform/live/live.js';
import type { Log } from '../platform/log.js';
import { ObjectStore } from '../platform/objects/store.js';
import { LOG } from '../platform/platform.module.js';
import { objectSource, reaching } from './object-source.js';
import { ResourcesStore } from './resources.store.js';
import { LEASE_MS, PIECE_LIVES_MS, retryAfter } from './upload.js';
import { UploadsStore, type UploadRow } from './uploads.store.js';
import { contractFor } from './verdict.js';
import { VersionBlobs, type StoredContract } from './version-blobs.js';

/** How often whoever waits hears how far it is. */
const PROGRESS_MS = 250;

interface Accepted {
  /** Null: of a piece, which nobody looks into. */
  inspection: Inspection | null;
  contract: Contract | null;
  /** The contract as bytes of their own. */
  stored: StoredContract | null;
  refusal?: undefined;
}
type Verdict = Accepted | { refusal: ResourceRefusal };

@Injectable()
export class SealingService {
  constructor(
    private readonly database: Database,
    private readonly resources: ResourcesStore,
    private readonly uploads: UploadsStore,
    private readonly objects: ObjectStore,
    private readonly named: VersionBlobs,
    private readonly settings: OrganizationSettings,
    private readonly audit: Audit,
    private readonly live: Live,
    private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** Does nothing when another one is at it, or it was done. */
  async seal(organization: string, id: string): Promise<void> {
    const now = this.clock.now();
    const upload = await this.database.withinSql(organization, (tx) =>
      this.uploads.claim(tx, id, new Date(now), new Date(now + LEASE_MS)),
    );
    if (!upload) return;
    let verdict: Verdict;
    try {
      verdict = await this.examine(organization, upload);
    } catch (error) {
      const refusal = refusalOf(error, upload.attempts);
      if (!refusal) return this.later(organization, upload, error);
      if (!isRefusal(error)) this.log.error({ err: error, upload: id }, 'sealing was given up');
      verdict = { refusal };
    }
    try {
      await this.database.withinSql(organization, (tx) => this.settle(tx, id, verdict));
    } catch (error) {
      if (!verdict.refusal && verdict.stored) await this.named.letGo(verdict.stored);
      throw error;
    }
  }

  /** What a lost wake-up or a crash left: uploads to seal, uploads whose time is over, objects to delete. */
  async sweep(organization: string): Promise<void> {
    const now = new Date(this.clock.now());
    const { waiting, strays } = await this.database.withinSql(organization, async (tx) => {
      for (const upload of await this.uploads.expired(tx, now)) await this.giveUp(tx, upload, now);
      await this.uploads.dropUnused(tx, await this.uploads.forgotten(tx, now), now);
      await this.uploads.forgetEnded(tx, now);
      return { waiting: await this.uploads.waiting(tx, now), strays: await this.uploads.strays(tx) };
    });
    for (const id of waiting) await this.seal(organization, id);
    for (const { key, store_upload } of strays) {
      if (store_upload !== null) await this.objects.abortUpload(key, store_upload);
      await this.objects.delete(key);
      await this.database.withinSql(organization, (tx) => this.uploads.strayGone(tx, key));
    }
  }

  private async examine(organization: string, upload: UploadRow): Promise<Verdict> {
    const { key, digest, kind } = upload;
    const size = Number(upload.size);
    const info = await reaching(() => this.whole(upload));
    if (info.size !== size)
      throw new Failure(
        'catalogue.digest-mismatch',
        `The file was declared with ${size} bytes, and ${info.size} came. Upload it again.`,
      );
    const progress = this.progressOf(organization, upload);
    const found = await reaching(async () =>
      hashStream(await this.objects.get(key), { maxBytes: size, onProgress: progress.tell }),
    );
    await progress.told();
    if (found.digest !== digest)
      throw new Failure(
        'catalogue.digest-mismatch',
        `The file was declared as ${digest}, and what came is ${found.digest}. It changed on its way or while it was read. Hash and upload it again.`,
      );
    if (upload.piece) return { inspection: null, contract: null, stored: null };
    const source = objectSource(this.objects, key, size);
    const inspection = await inspect(source);
    const format = kind === 'script' ? await packedFormat(source) : undefined;
    if (format !== undefined) inspection.packed = await measurePacked(source, format);
    const allowed = await this.database.withinSql(organization, (tx) => this.settings.of(tx));
    const contract = contractFor(kind, inspection, upload.contract, allowed);
    const stored = contract && (await reaching(() => this.named.store(organization, contract)));
    return { inspection, contract, stored };
  }

  /** Written down now and then, one write at a time; what cannot be written is no reason to stop. */
  private progressOf(organization: string, { id }: UploadRow) {
    let last = this.clock.now();
    let writing: Promise<void> = Promise.resolve();
    let busy = false;
    const write = async (bytes: number) => {
      busy = true;
      const until = new Date(this.clock.now() + LEASE_MS);
      await this.database
        .withinSql(organization, (tx) => this.uploads.verified(tx, id, bytes, until))
        .catch((error: unknown) => this.log.debug({ err: error, upload: id }, 'progress was not kept'));
      busy = false;
    };
    return {
      tell: (bytes: number) => {
        if (busy || this.clock.now() - last < PROGRESS_MS) return;
        last = this.clock.now();
        writing = write(bytes);
      },
      told: () => writing,
    };
  }

  /** Puts the parts together, unless that was done before. */
  private async whole({ key, store_upload }: UploadRow): Promise<{ size: number }> {
    const before = await this.objects.head(key);
    if (before) return before;
    const parts = await this.objects.listParts(key, store_upload);
    if (parts.length > 0) await this.objects.completeUpload(key, store_upload, parts);
    const after = parts.length > 0 ? await this.objects.head(key) : undefined;
    if (after) return after;
    throw new Failure(
      'platform.object-missing',
      'The parts that were uploaded are gone. Upload the file again.',
    );
  }

  private async settle(tx: SqlTx, id: string, found: Verdict): Promise<void> {
    const upload = await this.uploads.hold(tx, id);
    if (upload?.state === 'sealing' && upload.piece) return this.settlePiece(tx, upload, found);
    const at = new Date(this.clock.now());
    const stored = found.refusal ? null : found.stored;
    if (upload?.state !== 'sealing' || upload.version === null) {
      // Another one was quicker: it has stored its own.
      if (stored) await this.uploads.stray(tx, { key: stored.key, store_upload: null }, at);
      return;
    }
    const { key, digest, resource_id: resource, version } = upload;
    const verdict = await this.withItsPieces(tx, found);
    if (verdict.refusal) {
      if (stored) await this.uploads.stray(tx, { key: stored.key, store_upload: null }, at);
      await this.uploads.stray(tx, upload, at);
      await this.resources.settleVersion(tx, resource, version, {
        state: 'refused',
        contract: upload.contract,
        refusal: verdict.refusal,
        at,
      });
    } else {
      const { inspection, contract } = verdict;
      const kept = await this.uploads.keepBlob(tx, {
        digest,
        key,
        size: Number(upload.size),
        inspection,
        at,
      });
      // The same bytes came twice: one of the two is enough.
      if (kept !== key) await this.uploads.stray(tx, upload, at);
      await this.resources.settleVersion(tx, resource, version, {
        state: 'ready',
        contract,
        refusal: null,
        at,
      });
      await this.named.name(tx, resource, version, inspection, stored);
    }
    await this.uploads.move(tx, id, 'sealed', version);
    await this.tell(tx, upload, version, verdict.refusal);
  }

  private async settlePiece(tx: SqlTx, upload: UploadRow, verdict: Verdict): Promise<void> {
    const { id, key, digest, size } = upload;
    const now = this.clock.now();
    const at = new Date(now);
    if (verdict.refusal) {
      await this.uploads.stray(tx, upload, at);
      return this.uploads.refuse(tx, id, verdict.refusal);
    }
    const until = new Date(now + PIECE_LIVES_MS);
    const piece = { digest, key, size: Number(size), inspection: null, at, until };
    if ((await this.uploads.keepBlob(tx, piece)) !== key) await this.uploads.stray(tx, upload, at);
    await this.uploads.move(tx, id, 'sealed', null);
  }

  /** A runtime is not ready without its packages. Asked here, where they cannot go away any more. */
  private async withItsPieces(tx: SqlTx, verdict: Verdict): Promise<Verdict> {
    if (verdict.refusal || !verdict.inspection) return verdict;
    const missing = await this.named.missing(tx, verdict.inspection);
    return missing ? { refusal: refusalFrom(missing) } : verdict;
  }

  private async tell(
    tx: SqlTx,
    upload: UploadRow,
    version: number,
    refusal: ResourceRefusal | undefined,
  ): Promise<void> {
    const name = (await this.resources.version(tx, upload.resource_id, version))?.name ?? upload.resource_id;
    const data = { version, digest: upload.digest, ...(refusal && { code: refusal.code }) };
    this.audit.record(tx, system(tx.organization), {
      action: refusal ? 'catalogue.refuse' : 'catalogue.seal',
      subject: `resource:${name}`,
      details: data,
    });
    tx.afterCommit(() =>
      this.live.publish(tx.organization, {
        type: refusal ? 'resource.refused' : 'resource.ready',
        subject: name,
        data,
      }),
    );
  }

  private async later(organization: string, upload: UploadRow, error: unknown): Promise<void> {
    const wait = retryAfter(upload.attempts, kindOf(error)) ?? 0;
    this.log.warn({ err: error, upload: upload.id, wait }, 'sealing failed and will be tried again');
    await this.database.withinSql(organization, (tx) =>
      this.uploads.leaseUntil(tx, upload.id, new Date(this.clock.now() + wait)),
    );
  }

  private async giveUp(tx: SqlTx, upload: UploadRow, at: Date): Promise<void> {
    await this.uploads.move(tx, upload.id, 'aborted', null);
    await this.uploads.stray(tx, upload, at);
    this.audit.record(tx, system(tx.organization), {
      action: 'catalogue.expire-upload',
      subject: `upload:${upload.id}`,
      details: { digest: upload.digest },
    });
  }
}

const isRefusal = (error: unknown): error is Failure =>
  error instanceof Failure && error.row.kind === 'refusal';

const kindOf = (error: unknown): 'outage' | 'bug' =>
  error instanceof Failure && error.row.kind === 'outage' ? 'outage' : 'bug';

const refusalFrom = ({ code, message: detail, errors }: Failure): ResourceRefusal => ({
  code,
  detail,
  ...(errors.length > 0 && { errors: errors.slice(0, 100) }),
});

/** Undefined: worth another try. */
function refusalOf(error: unknown, attempts: number): ResourceRefusal | undefined {
  if (isRefusal(error)) return refusalFrom(error);
  if (retryAfter(attempts, kindOf(error)) !== undefined) return undefined;
  return {
    code: 'catalogue.sealing-failed',
    detail: `The file could not be looked at in ${attempts} tries. Upload it again, or ask who runs the director for the reason in its log.`,
  };
}
