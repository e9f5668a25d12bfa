/** Resources and their versions: made, read, downloaded, deleted. How bytes come in: uploads.service.ts. */
import { Injectable, Optional } from '@nestjs/common';
import {
  Failure,
  NAME,
  type Page,
  type PageQuery,
  type Resource,
  type ResourceCreate,
  type ResourceUse,
  type ResourceVersion,
  type ResourceVersionDetails,
} from '@millrace/schemas';
import { Audit } from '../access/audit.js';
import type { Principal } from '../access/principal.js';
import { Clock } from '../platform/clock.js';
import { Database, type SqlTx } from '../platform/database/database.js';
import { pageFrom, windowOf, windowOfNumbers } from '../platform/http/page.js';
import { newId } from '../platform/id.js';
import { Live } from '../platform/live/live.js';
import { ObjectStore } from '../platform/objects/store.js';
import { CatalogueReader } from './catalogue.reader.js';
import { resourceOf, resourceUnknown, versionOf, versionUnknown } from './resource-view.js';
import { ResourcesStore, type ResourceRow, type VersionRow } from './resources.store.js';
import { ResourceUsers } from './resource-users.js';
import { CONTENT_LINK_SECONDS } from './upload.js';
import { UploadsStore } from './uploads.store.js';
import { VersionBlobs } from './version-blobs.js';

/** Users that a refusal to delete tells. */
const USERS_TOLD = 100;

@Injectable()
export class ResourcesService {
  constructor(
    private readonly database: Database,
    private readonly resources: ResourcesStore,
    private readonly uploads: UploadsStore,
    private readonly named: VersionBlobs,
    private readonly reader: CatalogueReader,
    private readonly objects: ObjectStore,
    private readonly audit: Audit,
    private readonly live: Live,
    private readonly clock: Clock,
    @Optional() private readonly users?: ResourceUsers,
  ) {}

  list(who: Principal, query: PageQuery): Promise<Page<Resource>> {
    const window = windowOf(query);
    return this.database.withinSql(who.organization, async (tx) =>
      pageFrom(await this.resources.page(tx, window), window, (row) => row.id, resourceOf),
    );
  }

  get(who: Principal, name: string): Promise<Resource> {
    return this.database.withinSql(who.organization, async (tx) => resourceOf(await this.found(tx, name)));
  }

  create(who: Principal, { name, description }: ResourceCreate): Promise<Resource> {
    return this.database.withinSql(who.organization, async (tx) => {
      const now = this.clock.now();
      const row: ResourceRow = {
        id: newId(now),
        name,
        description: description ?? null,
        kind: null,
        latest: null,
        aliases: {},
        created_by: who.actor,
        created_at: new Date(now),
      };
      if (!(await this.resources.create(tx, row))) {
        throw new Failure(
          'catalogue.name-taken',
          `There is a resource ${name} already. Upload a version of it, or choose another name.`,
        );
      }
      this.audit.record(tx, who, { action: 'catalogue.create', subject: `resource:${name}` });
      this.tell(tx, 'resource.created', name, {});
      return resourceOf(row);
    });
  }

  versions(who: Principal, name: string, query: PageQuery): Promise<Page<ResourceVersion>> {
    const window = windowOfNumbers(query);
    return this.database.withinSql(who.organization, async (tx) => {
      const rows = await this.resources.versions(tx, (await this.found(tx, name)).id, window);
      return pageFrom(rows, window, (row) => String(row.version), versionOf);
    });
  }

  version(who: Principal, name: string, version: number): Promise<ResourceVersionDetails> {
    return this.database.withinSql(who.organization, async (tx) => {
      const row = await this.foundVersion(tx, name, version);
      const inspection = row.state === 'ready' ? await this.resources.inspection(tx, row.digest) : undefined;
      return { ...versionOf(row), inspection: inspection ?? null, contract: row.contract };
    });
  }

  /** A link to the bytes, for minutes. */
  async content(who: Principal, name: string, version: number): Promise<string> {
    const blob = await this.database.withinSql(who.organization, async (tx) => {
      const row = await this.foundVersion(tx, name, version);
      return row.state === 'ready' ? this.reader.blob(tx, row.digest) : undefined;
    });
    if (!blob) {
      throw new Failure(
        'catalogue.not-ready',
        `${name}@${version} has no content to give: it is being looked at, or was refused. GET the version to see which.`,
      );
    }
    return (await this.objects.link(blob.key, CONTENT_LINK_SECONDS)).url;
  }

  usage(who: Principal, name: string, query: PageQuery): Promise<Page<ResourceUse>> {
    const window = windowOf(query);
    return this.database.withinSql(who.organization, async (tx) => {
      const { id } = await this.found(tx, name);
      const rows = (await this.users?.usersOf(tx, id, window)) ?? [];
      const digests = await this.resources.digests(tx, id);
      return pageFrom(
        rows,
        window,
        (row) => row.place,
        ({ flow, flowVersion, version }) => ({
          flow,
          flowVersion,
          version,
          digest: digests.get(version) ?? '',
        }),
      );
    });
  }

  /** With all of its versions. */
  remove(who: Principal, name: string): Promise<void> {
    return this.database.withinSql(who.organization, async (tx) => {
      const { id } = await this.held(tx, name);
      const versions = await this.resources.holdVersions(tx, id);
      assertSealed(name, versions);
      await this.assertUnused(tx, id, name);
      const now = new Date(this.clock.now());
      for (const upload of await this.uploads.openOf(tx, id)) {
        await this.uploads.move(tx, upload.id, 'aborted', null);
        await this.uploads.stray(tx, upload, now);
      }
      const named = await this.named.namedBy(tx, id);
      await this.resources.remove(tx, id);
      await this.drop(tx, versions, named, now);
      this.audit.record(tx, who, {
        action: 'catalogue.remove',
        subject: `resource:${name}`,
        details: { versions: versions.length },
      });
      this.tell(tx, 'resource.removed', name, {});
    });
  }

  /** Its number is not given again. */
  removeVersion(who: Principal, name: string, version: number): Promise<void> {
    return this.database.withinSql(who.organization, async (tx) => {
      const { id } = await this.held(tx, name);
      const versions = await this.resources.holdVersions(tx, id, version);
      const row = await this.resources.version(tx, id, version);
      if (!row) throw versionUnknown(name, version);
      assertSealed(name, versions);
      const aliases = row.aliases.map((alias) => `the alias ${alias}`);
      await this.assertUnused(tx, id, name, version, aliases);
      const named = await this.named.namedBy(tx, id, version);
      await this.resources.removeVersion(tx, id, version);
      await this.drop(tx, versions, named, new Date(this.clock.now()));
      this.audit.record(tx, who, {
        action: 'catalogue.remove-version',
        subject: `resource:${name}`,
        details: { version, digest: row.digest },
      });
      this.tell(tx, 'resource.version-removed', name, { version });
    });
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
    version?: number,
    others: readonly string[] = [],
  ): Promise<void> {
    const flows = (await this.users?.usersOf(tx, id, { version, take: USERS_TOLD })) ?? [];
    const users = [
      ...others,
      ...flows.map((use) => `flow ${use.flow}@${use.flowVersion} (locked to version ${use.version})`),
    ];
    if (users.length === 0) return;
    const what = version === undefined ? name : `${name}@${version}`;
    throw new Failure(
      'catalogue.in-use',
      `${what} is in use by ${users.slice(0, 3).join(', ')}${users.length > 3 ? ' and others' : ''}. Delete these flows or move these aliases first.`,
      { errors: users.map((detail) => ({ detail })) },
    );
  }

  private async found(tx: SqlTx, name: string): Promise<ResourceRow> {
    const row = NAME.test(name) ? await this.resources.find(tx, name) : undefined;
    if (!row) throw resourceUnknown(name);
    return row;
  }

  private async held(tx: SqlTx, name: string): Promise<ResourceRow> {
    const row = await this.found(tx, name);
    if (!(await this.resources.hold(tx, row.id))) throw resourceUnknown(name);
    return row;
  }

  private async foundVersion(tx: SqlTx, name: string, version: number): Promise<VersionRow> {
    const { id } = await this.found(tx, name);
    const row = await this.resources.version(tx, id, version);
    if (!row) throw versionUnknown(name, version);
    return row;
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
