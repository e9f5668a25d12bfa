/** Aliases: movable names for versions. Moving one never deploys; every move is kept. */
import { Injectable } from '@nestjs/common';
import {
  ALIAS,
  Failure,
  NAME,
  type Alias,
  type AliasChange,
  type AliasMove,
  type AliasMoved,
  type Page,
  type PageQuery,
} from '@millrace/schemas';
import { Audit } from '../access/audit.js';
import type { Principal } from '../access/principal.js';
import { Database, type SqlTx } from '../platform/database/database.js';
import { assertMatch } from '../platform/http/etag.js';
import { pageFrom, windowOfNumbers } from '../platform/http/page.js';
import { AliasMoves } from './alias-moves.js';
import { aliasOf, moveOf, resourceUnknown } from './resource-view.js';
import { ResourcesStore, type AliasRow } from './resources.store.js';

@Injectable()
export class AliasesService {
  constructor(
    private readonly database: Database,
    private readonly resources: ResourcesStore,
    private readonly audit: Audit,
    private readonly moves: AliasMoves,
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
    return this.database.withinSql(who.organization, async (tx) => {
      const held = await this.moves.stand(tx, name, alias, true);
      const { before } = held;
      if (before || ifMatch !== undefined)
        assertMatch(ifMatch, before?.revision ?? 0, before && aliasOf(before));
      if (before?.approval && before.version !== version) {
        throw new Failure(
          'catalogue.alias-guarded',
          `${name}@${alias} moves by a promotion that somebody else approves: POST /v1/promotions, or millrace promote ${name}@${version} ${alias}.`,
        );
      }
      return aliasOf(await this.moves.move(tx, who, held, { version, note }));
    });
  }

  /** Whether it moves by approved promotions alone. */
  guard(who: Principal, name: string, alias: string, { approval }: AliasChange): Promise<Alias> {
    return this.database.withinSql(who.organization, async (tx) => {
      const { resource } = await this.moves.stand(tx, name, alias, true);
      const row = await this.found(tx, resource.id, name, alias);
      if (row.approval === approval) return aliasOf(row);
      await this.resources.guardAlias(tx, resource.id, alias, approval);
      this.audit.record(tx, who, {
        action: 'catalogue.guard-alias',
        subject: `resource:${name}`,
        details: { alias, approval },
      });
      return aliasOf({ ...row, approval });
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
