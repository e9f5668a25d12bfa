/**
 * What is kept of old versions, and collecting the rest: shown first, deleted a day later.
 *
 * Guarantee: without a policy everything stays. What an alias, a flow version, a desired state, a node that runs it
 * or a promotion that awaits approval names stays whatever the policy says, and is asked again in the transaction
 * that deletes.
 */
import { Inject, Injectable, Optional } from '@nestjs/common';
import {
  Failure,
  NAME,
  type Collectable,
  type CollectableQuery,
  type Retention,
  type RetentionSet,
} from '@millrace/schemas';
import { Audit } from '../access/audit.js';
import { system, type Principal } from '../access/principal.js';
import { Clock } from '../platform/clock.js';
import { Database, type SqlTx } from '../platform/database/database.js';
import type { Log } from '../platform/log.js';
import { LOG } from '../platform/platform.module.js';
import { BytesInUse } from './bytes-in-use.js';
import { Removal } from './removal.js';
import { resourceUnknown } from './resource-view.js';
import { ResourceUsers } from './resource-users.js';
import { ResourcesStore } from './resources.store.js';
import { ALL_RESOURCES, RetentionStore, type OldVersion, type PolicyRow } from './retention.store.js';

/** So long a version is shown as to be collected before it is. */
export const SHOWN_MS = 86_400_000;
/** Versions that one answer lists. */
const LISTED = 1_000;

@Injectable()
export class RetentionService {
  constructor(
    private readonly database: Database,
    private readonly retention: RetentionStore,
    private readonly resources: ResourcesStore,
    private readonly removal: Removal,
    private readonly audit: Audit,
    private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
    @Optional() private readonly users?: ResourceUsers,
    @Optional() private readonly bytes?: BytesInUse,
  ) {}

  /** Of a resource, else of the organization. */
  get(who: Principal, name?: string): Promise<Retention> {
    return this.database.withinSql(who.organization, async (tx) => {
      const own = name === undefined ? undefined : await this.retention.policy(tx, await this.id(tx, name));
      const row = own ?? (await this.retention.policy(tx, ALL_RESOURCES));
      return retentionOf(row, own !== undefined);
    });
  }

  set(who: Principal, wanted: RetentionSet, name?: string): Promise<Retention> {
    return this.database.withinSql(who.organization, async (tx) => {
      const id = name === undefined ? ALL_RESOURCES : await this.id(tx, name);
      const row: PolicyRow = {
        keep_last: wanted.keepLast,
        keep_days: wanted.keepDays,
        changed_by: who.actor,
        changed_at: new Date(this.clock.now()),
      };
      await this.retention.keep(tx, id, row);
      this.note(tx, who, name, { ...wanted });
      return retentionOf(row, name !== undefined);
    });
  }

  /** From now on it is the organization's. */
  forget(who: Principal, name: string): Promise<void> {
    return this.database.withinSql(who.organization, async (tx) => {
      if (await this.retention.forget(tx, await this.id(tx, name))) this.note(tx, who, name, { own: false });
    });
  }

  /** What would be collected: by the policies that hold, or by another one. */
  collectable(who: Principal, query: CollectableQuery): Promise<Collectable> {
    const { keepLast, keepDays, resource } = query;
    const instead =
      keepLast === undefined && keepDays === undefined
        ? undefined
        : { keepLast: keepLast ?? null, keepDays: keepDays ?? null };
    return this.database.withinSql(who.organization, async (tx) => {
      const all = await this.found(tx, instead);
      const mine = resource === undefined ? all : all.filter((one) => one.resource === resource);
      return {
        items: mine.slice(0, LISTED).map((one) => ({
          resource: one.resource,
          version: one.version,
          size: Number(one.size),
          digest: one.digest,
          sealedAt: one.sealed_at.toISOString(),
          collectAt: instead ? null : (one.collect_after?.toISOString() ?? null),
        })),
        next: null,
        total: mine.length,
        bytes: freed(mine),
      };
    });
  }

  /** Marks what is to go, and deletes what was shown for long enough. Returns how many it deleted. */
  async collect(organization: string): Promise<number> {
    const now = this.clock.now();
    const due = await this.database.withinSql(organization, async (tx) => {
      const found = await this.found(tx);
      await this.retention.mark(tx, found, new Date(now + SHOWN_MS));
      return found.filter((one) => one.collect_after !== null && one.collect_after.getTime() <= now);
    });
    let count = 0;
    for (const { resource, version } of due) {
      try {
        await this.database.withinSql(organization, (tx) =>
          this.removal.version(tx, system(organization), resource, version, 'catalogue.collect'),
        );
        count += 1;
      } catch (error) {
        // Somebody has begun to use it, or deleted it, since it was looked at.
        if (!(error instanceof Failure)) throw error;
        this.log.info({ organization, resource, version, code: error.code }, 'a version was not collected');
      }
    }
    return count;
  }

  private async found(
    tx: SqlTx,
    instead?: { keepLast: number | null; keepDays: number | null },
  ): Promise<OldVersion[]> {
    const old = await this.retention.old(tx, new Date(this.clock.now()), instead);
    if (old.length === 0) return old;
    const locked = (await this.users?.used(tx)) ?? new Set<string>();
    const held = (await this.bytes?.holders(tx)) ?? new Map<string, string[]>();
    return old.filter(
      ({ resource_id, version, digest }) => !locked.has(`${resource_id} ${version}`) && !held.has(digest),
    );
  }

  private note(tx: SqlTx, who: Principal, name: string | undefined, details: Record<string, unknown>): void {
    const subject = name === undefined ? `organization:${tx.organization}` : `resource:${name}`;
    this.audit.record(tx, who, { action: 'catalogue.set-retention', subject, details });
  }

  private async id(tx: SqlTx, name: string): Promise<string> {
    const row = NAME.test(name) ? await this.resources.find(tx, name) : undefined;
    if (!row) throw resourceUnknown(name);
    return row.id;
  }
}

const retentionOf = (row: PolicyRow | undefined, own: boolean): Retention => ({
  keepLast: row?.keep_last ?? null,
  keepDays: row?.keep_days ?? null,
  own,
  changedBy: row?.changed_by ?? null,
  changedAt: row?.changed_at.toISOString() ?? null,
});

/** Bytes of which no version is left. */
function freed(versions: readonly OldVersion[]): number {
  const seen = new Map<string, number>();
  let bytes = 0;
  for (const { digest, size, copies } of versions) {
    const count = (seen.get(digest) ?? 0) + 1;
    seen.set(digest, count);
    if (count === copies) bytes += Number(size);
  }
  return bytes;
}
