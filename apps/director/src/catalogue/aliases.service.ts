/** Aliases: movable names for versions. Moving one never deploys; every move is kept. */
import { Injectable } from '@nestjs/common';
import {
  ALIAS,
  Failure,
  NAME,
  type Alias,
  type AliasMove,
  type AliasMoved,
  type Page,
  type PageQuery,
} from '@millrace/schemas';
import { Audit } from '../access/audit.js';
import type { Principal } from '../access/principal.js';
import { Clock } from '../platform/clock.js';
import { Database, type SqlTx } from '../platform/database/database.js';
import { assertMatch } from '../platform/http/etag.js';
import { pageFrom, windowOfNumbers } from '../platform/http/page.js';
import { Live } from '../platform/live/live.js';
import { aliasOf, moveOf, resourceUnknown, versionUnknown } from './resource-view.js';
import { ResourcesStore, type AliasRow } from './resources.store.js';

@Injectable()
export class AliasesService {
  constructor(
    private readonly database: Database,
    private readonly resources: ResourcesStore,
    private readonly audit: Audit,
    private readonly live: Live,
    private readonly clock: Clock,
  ) {}

  list(who: Principal, name: string): Promise<{ items: Alias[]; next: null }> {
    return this.database.withinSql(who.organization, async (tx) => {
      const rows = await this.resources.aliases(tx, await this.resource(tx, name));
      return { items: rows.map(aliasOf), next: null };
    });
  }

  get(who: Principal, name: string, alias: string): Promise<Alias> {
    return this.database.withinSql(who.organization, async (tx) =>
      aliasOf(await this.found(tx, await this.resource(tx, name), name, alias)),
    );
  }

  /** A new alias needs no If-Match, since there is nothing to overwrite. */
  move(
    who: Principal,
    name: string,
    alias: string,
    ifMatch: string | undefined,
    { version, note }: AliasMove,
  ): Promise<Alias> {
    if (!ALIAS.test(alias)) {
      throw new Failure(
        'catalogue.alias-invalid',
        'An alias begins with a letter, and has letters, digits, dots, dashes and underscores, at most 128 of them.',
      );
    }
    return this.database.withinSql(who.organization, async (tx) => {
      const resource = await this.resource(tx, name);
      if (!(await this.resources.hold(tx, resource))) throw resourceUnknown(name);
      const before = await this.resources.alias(tx, resource, alias);
      if (before || ifMatch !== undefined)
        assertMatch(ifMatch, before?.revision ?? 0, before && aliasOf(before));
      await this.assertReady(tx, resource, name, version);
      if (before?.version === version) return aliasOf(before);
      const row: AliasRow = {
        alias,
        version,
        revision: (before?.revision ?? 0) + 1,
        moved_by: who.actor,
        moved_at: new Date(this.clock.now()),
      };
      await this.resources.moveAlias(tx, resource, row, {
        from: before?.version ?? null,
        note: note ?? null,
      });
      const data = { alias, from: before?.version ?? null, to: version };
      this.audit.record(tx, who, {
        action: 'catalogue.move-alias',
        subject: `resource:${name}`,
        details: data,
      });
      tx.afterCommit(() =>
        this.live.publish(tx.organization, { type: 'resource.alias-moved', subject: name, data }),
      );
      return aliasOf(row);
    });
  }

  history(who: Principal, name: string, alias: string, query: PageQuery): Promise<Page<AliasMoved>> {
    const window = windowOfNumbers(query);
    return this.database.withinSql(who.organization, async (tx) => {
      const resource = await this.resource(tx, name);
      await this.found(tx, resource, name, alias);
      const rows = await this.resources.aliasMoves(tx, resource, alias, window);
      return pageFrom(rows, window, (row) => String(row.revision), moveOf);
    });
  }

  private async assertReady(tx: SqlTx, resource: string, name: string, version: number): Promise<void> {
    const target = await this.resources.version(tx, resource, version);
    if (!target) throw versionUnknown(name, version);
    if (target.state === 'ready') return;
    throw new Failure(
      'catalogue.not-ready',
      `${name}@${version} is ${target.state === 'sealing' ? 'still being looked at' : 'refused'}; an alias leads to what can be used.`,
    );
  }

  private async found(tx: SqlTx, resource: string, name: string, alias: string): Promise<AliasRow> {
    const row = ALIAS.test(alias) ? await this.resources.alias(tx, resource, alias) : undefined;
    if (row) return row;
    throw new Failure(
      'catalogue.alias-not-found',
      `${name} has no alias ${alias.slice(0, 128)}. GET /v1/resources/${name}/aliases lists them.`,
    );
  }

  private async resource(tx: SqlTx, name: string): Promise<string> {
    const row = NAME.test(name) ? await this.resources.find(tx, name) : undefined;
    if (!row) throw resourceUnknown(name);
    return row.id;
  }
}
