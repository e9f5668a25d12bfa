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
import { Removal } from './removal.js';
import { resourceOf, resourceUnknown, versionOf, versionUnknown } from './resource-view.js';
import { ResourcesStore, type ResourceRow, type VersionRow } from './resources.store.js';
import { ResourceUsers } from './resource-users.js';
import { CONTENT_LINK_SECONDS } from './upload.js';

@Injectable()
export class ResourcesService {
  constructor(
    private readonly database: Database,
    private readonly resources: ResourcesStore,
    private readonly removal: Removal,
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
    return this.database.withinSql(who.organization, (tx) => this.removal.resource(tx, who, name));
  }

  /** Its number is not given again. */
  removeVersion(who: Principal, name: string, version: number): Promise<void> {
    return this.database.withinSql(who.organization, (tx) => this.removal.version(tx, who, name, version));
  }

  private async found(tx: SqlTx, name: string): Promise<ResourceRow> {
    const row = NAME.test(name) ? await this.resources.find(tx, name) : undefined;
    if (!row) throw resourceUnknown(name);
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
