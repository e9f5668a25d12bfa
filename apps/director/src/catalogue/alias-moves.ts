/**
 * Moves an alias, in the transaction of whoever wants it moved: a person by hand, or a promotion.
 *
 * Guarantee: under the lock of the resource, only to what is ready, and every move is kept, audited and told. It
 * does not ask whether the alias may be moved by hand.
 */
import { Injectable } from '@nestjs/common';
import { ALIAS, Failure, NAME } from '@millrace/schemas';
import { Audit } from '../access/audit.js';
import type { Principal } from '../access/principal.js';
import { Clock } from '../platform/clock.js';
import type { SqlTx } from '../platform/database/database.js';
import { Live } from '../platform/live/live.js';
import { resourceUnknown, versionUnknown } from './resource-view.js';
import { ResourcesStore, type AliasRow } from './resources.store.js';

/** An alias as it stands, held until the end of the transaction. */
export interface HeldAlias {
  resource: { id: string; name: string };
  alias: string;
  /** Undefined: there is none yet. */
  before: AliasRow | undefined;
}

@Injectable()
export class AliasMoves {
  constructor(
    private readonly resources: ResourcesStore,
    private readonly audit: Audit,
    private readonly live: Live,
    private readonly clock: Clock,
  ) {}

  /** With `hold` nobody else moves an alias of this resource before the transaction ends. */
  async stand(tx: SqlTx, name: string, alias: string, hold: boolean): Promise<HeldAlias> {
    if (!ALIAS.test(alias)) {
      throw new Failure(
        'catalogue.alias-invalid',
        'An alias begins with a letter, and has letters, digits, dots, dashes and underscores, at most 128 of them.',
      );
    }
    const row = NAME.test(name) ? await this.resources.find(tx, name) : undefined;
    if (!row || (hold && !(await this.resources.hold(tx, row.id)))) throw resourceUnknown(name);
    const before = await this.resources.alias(tx, row.id, alias);
    return { resource: { id: row.id, name }, alias, before };
  }

  async assertReady(tx: SqlTx, { id, name }: HeldAlias['resource'], version: number): Promise<void> {
    const target = await this.resources.version(tx, id, version);
    if (!target) throw versionUnknown(name, version);
    if (target.state === 'ready') return;
    throw new Failure(
      'catalogue.not-ready',
      `${name}@${version} is ${target.state === 'sealing' ? 'still being looked at' : 'refused'}; an alias leads to what can be used.`,
    );
  }

  /** Where it stands afterwards; it does not move to where it is. `promotion` is kept with the move. */
  async move(
    tx: SqlTx,
    who: Principal,
    { resource, alias, before }: HeldAlias,
    { version, note, promotion }: { version: number; note?: string | null; promotion?: string },
  ): Promise<AliasRow> {
    await this.assertReady(tx, resource, version);
    if (before?.version === version) return before;
    const row: AliasRow = {
      alias,
      version,
      revision: (before?.revision ?? 0) + 1,
      approval: before?.approval ?? false,
      moved_by: who.actor,
      moved_at: new Date(this.clock.now()),
    };
    const from = before?.version ?? null;
    await this.resources.moveAlias(tx, resource.id, row, {
      from,
      note: note ?? null,
      promotion: promotion ?? null,
    });
    const data = { alias, from, to: version };
    this.audit.record(tx, who, {
      action: 'catalogue.move-alias',
      subject: `resource:${resource.name}`,
      details: data,
    });
    tx.afterCommit(() =>
      this.live.publish(tx.organization, { type: 'resource.alias-moved', subject: resource.name, data }),
    );
    return row;
  }
}
