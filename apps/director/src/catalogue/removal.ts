/**
 * Deletes a version or a resource, in the transaction of whoever wants it: a person, or the collection.
 *
 * Guarantee: what is in use is refused with its users, and cannot be taken into use before the transaction ends.
 * Bytes that nothing has any more become strays.
 */
import { Injectable, Optional } from '@nestjs/common';
import { Failure, NAME } from '@millrace/schemas';
import { Audit } from '../access/audit.js';
import { Clock } from '../platform/clock.js';
import type { SqlTx } from '../platform/database/database.js';
import type { Caller } from '../platform/http/request.js';
import { Live } from '../platform/live/live.js';
import { BytesInUse } from './bytes-in-use.js';
import { resourceUnknown, versionUnknown } from './resource-view.js';
import { ResourceUsers } from './resource-users.js';
import { ResourcesStore } from './resources.store.js';
import { RetentionStore } from './retention.store.js';
import { UploadsStore } from './uploads.store.js';
import { VersionBlobs } from './version-blobs.js';

/** Users that a refusal to delete tells. */
const USERS_TOLD = 100;

@Injectable()
export class Removal {
  constructor(
    private readonly resources: ResourcesStore,
    private readonly uploads: UploadsStore,
    private readonly retention: RetentionStore,
    private readonly named: VersionBlobs,
    private readonly audit: Audit,
    private readonly live: Live,
    private readonly clock: Clock,
    @Optional() private readonly users?: ResourceUsers,
    @Optional() private readonly bytes?: BytesInUse,
  ) {}

  /** With all of its versions. */
  async resource(tx: SqlTx, by: Caller, name: string): Promise<void> {
    const id = await this.held(tx, name);
    const versions = await this.resources.holdVersions(tx, id);
    assertSealed(name, versions);
    await this.assertUnused(tx, id, name, versions);
    const now = new Date(this.clock.now());
    for (const upload of await this.uploads.openOf(tx, id)) {
      await this.uploads.move(tx, upload.id, 'aborted', null);
      await this.uploads.stray(tx, upload, now);
    }
    const named = await this.named.namedBy(tx, id);
    await this.retention.forget(tx, id);
    await this.resources.remove(tx, id);
    await this.drop(tx, versions, named, now);
    this.audit.record(tx, by, {
      action: 'catalogue.remove',
      subject: `resource:${name}`,
      details: { versions: versions.length },
    });
    this.tell(tx, 'resource.removed', name, {});
  }

  /** Its number is not given again. */
  async version(
    tx: SqlTx,
    by: Caller,
    name: string,
    version: number,
    action = 'catalogue.remove-version',
  ): Promise<void> {
    const id = await this.held(tx, name);
    const versions = await this.resources.holdVersions(tx, id, version);
    const row = await this.resources.version(tx, id, version);
    if (!row) throw versionUnknown(name, version);
    assertSealed(name, versions);
    const aliases = row.aliases.map((alias) => `the alias ${alias}`);
    await this.assertUnused(tx, id, name, versions, version, aliases);
    const named = await this.named.namedBy(tx, id, version);
    await this.resources.removeVersion(tx, id, version);
    await this.drop(tx, versions, named, new Date(this.clock.now()));
    this.audit.record(tx, by, {
      action,
      subject: `resource:${name}`,
      details: { version, digest: row.digest },
    });
    this.tell(tx, 'resource.version-removed', name, { version });
  }

  private drop(
    tx: SqlTx,
    versions: readonly { digest: string }[],
    named: readonly string[],
    at: Date,
  ): Promise<void> {
    const digests = new Set([...versions.map(({ digest }) => digest), ...named]);
    return this.uploads.dropUnused(tx, [...digests], at);
  }

  private async assertUnused(
    tx: SqlTx,
    id: string,
    name: string,
    versions: readonly { digest: string }[],
    version?: number,
    others: readonly string[] = [],
  ): Promise<void> {
    const flows = (await this.users?.usersOf(tx, id, { version, take: USERS_TOLD })) ?? [];
    const holders = (await this.bytes?.holders(tx)) ?? new Map<string, string[]>();
    const held = new Set(versions.flatMap(({ digest }) => holders.get(digest) ?? []));
    const users = [
      ...others,
      ...flows.map((use) => `flow ${use.flow}@${use.flowVersion} (locked to version ${use.version})`),
      ...[...held].slice(0, USERS_TOLD),
    ];
    if (users.length === 0) return;
    const what = version === undefined ? name : `${name}@${version}`;
    throw new Failure(
      'catalogue.in-use',
      `${what} is in use by ${users.slice(0, 3).join(', ')}${users.length > 3 ? ' and others' : ''}. Delete these flows or move these aliases first.`,
      { errors: users.map((detail) => ({ detail })) },
    );
  }

  private async held(tx: SqlTx, name: string): Promise<string> {
    const row = NAME.test(name) ? await this.resources.find(tx, name) : undefined;
    if (!row || !(await this.resources.hold(tx, row.id))) throw resourceUnknown(name);
    return row.id;
  }

  private tell(tx: SqlTx, type: string, subject: string, data: Record<string, unknown>): void {
    tx.afterCommit(() => this.live.publish(tx.organization, { type, subject, data }));
  }
}

function assertSealed(name: string, versions: readonly { version: number; state: string }[]): void {
  const sealing = versions.find(({ state }) => state === 'sealing');
  if (sealing) {
    throw new Failure(
      'catalogue.not-ready',
      `${name}@${sealing.version} is being looked at. Delete it when that has ended.`,
    );
  }
}
