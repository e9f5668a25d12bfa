/**
 * What of the fleet people and tokens that are limited to groups may change.
 *
 * Guarantee: a node that is also in a group of others is not theirs to change, and a node that is in none of theirs
 * neither. Whoever is not limited is not asked.
 */
import { Injectable } from '@nestjs/common';
import { Failure } from '@millrace/schemas';
import type { GroupNames } from '../access/group-names.js';
import { assertWithin } from '../access/limits.js';
import type { Principal } from '../access/principal.js';
import type { SqlTx } from '../platform/database/database.js';
import { GroupsStore } from './groups.store.js';

@Injectable()
export class Reach {
  constructor(private readonly groups: GroupsStore) {}

  /** Every group that these nodes are in. */
  async assertNodes(tx: SqlTx, who: Principal, nodes: readonly string[]): Promise<void> {
    if (who.groups === null) return;
    const groupsOf = await this.groups.groupsOf(tx, nodes);
    const touched = new Set([...groupsOf.values()].flat());
    assertWithin(
      who,
      (await this.groups.all(tx)).filter((group) => touched.has(group.id)),
    );
  }

  /** The same, and the node is in one of theirs. */
  async assertOwn(tx: SqlTx, who: Principal, { id, name }: { id: string; name: string }): Promise<void> {
    if (who.groups === null) return;
    await this.assertNodes(tx, who, [id]);
    if (((await this.groups.groupsOf(tx, [id])).get(id) ?? []).length > 0) return;
    throw beyond(`The node ${name} is in none of the groups that you are limited to`);
  }
}

/** For what no group bounds, such as a new group. */
export function assertNotLimited({ groups }: Pick<Principal, 'groups'>, what: string): void {
  if (groups !== null) throw beyond(`${what} is for people who are not limited to groups`);
}

const beyond = (what: string): Failure =>
  new Failure('access.outside-groups', `${what}. Ask somebody who is not limited.`);

@Injectable()
export class FleetGroupNames implements GroupNames {
  constructor(private readonly groups: GroupsStore) {}

  async idsOf(tx: SqlTx, idsOrNames: readonly string[]): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (const one of idsOrNames) {
      const group = await this.groups.find(tx, one);
      if (group) found.set(one, group.id);
    }
    return found;
  }
}
