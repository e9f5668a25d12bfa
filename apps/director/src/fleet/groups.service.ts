/** Groups: nodes chosen by hand, or by a selector over labels and facts. */
import { Injectable, Optional } from '@nestjs/common';
import {
  Failure,
  type Group,
  type GroupChange,
  type GroupCreate,
  type GroupPreview,
  type NodeName,
  type Page,
  type PageQuery,
} from '@millrace/schemas';
import { Audit } from '../access/audit.js';
import { assertWithin } from '../access/limits.js';
import type { Principal } from '../access/principal.js';
import { Clock } from '../platform/clock.js';
import { Database, type SqlTx } from '../platform/database/database.js';
import { pageFrom, windowOf } from '../platform/http/page.js';
import { newId } from '../platform/id.js';
import { FleetChanges } from './changes.js';
import { GroupUsers } from './group-users.js';
import { GroupsStore, type GroupRow, type MemberRow } from './groups.store.js';
import { groupOf, statusOf } from './node-view.js';
import { assertNotLimited, Reach } from './reach.js';
import { readSelector } from './selectors.js';

const PREVIEWED = 100;

@Injectable()
export class GroupsService {
  constructor(
    private readonly database: Database,
    private readonly groups: GroupsStore,
    private readonly reach: Reach,
    private readonly audit: Audit,
    private readonly changes: FleetChanges,
    private readonly clock: Clock,
    @Optional() private readonly users?: GroupUsers,
  ) {}

  list(who: Principal, query: PageQuery): Promise<Page<Group>> {
    const window = windowOf(query);
    return this.database.withinSql(who.organization, async (tx) => {
      const rows = await this.groups.page(tx, window.after, window.take);
      const sizes = new Map<string, number>();
      for (const row of rows) sizes.set(row.id, (await this.groups.members(tx, row)).length);
      return pageFrom(
        rows,
        window,
        (row) => row.id,
        (row) => groupOf(row, sizes.get(row.id) ?? 0),
      );
    });
  }

  get(who: Principal, idOrName: string): Promise<Group> {
    return this.database.withinSql(who.organization, async (tx) =>
      this.shown(tx, await this.found(tx, idOrName)),
    );
  }

  members(who: Principal, idOrName: string, query: PageQuery): Promise<Page<NodeName>> {
    const window = windowOf(query);
    return this.database.withinSql(who.organization, async (tx) => {
      const members = await this.groups.members(tx, await this.found(tx, idOrName));
      const rows = members.reverse().filter((row) => window.after === undefined || row.id < window.after);
      return pageFrom(rows.slice(0, window.take), window, (row) => row.id, nameOf);
    });
  }

  preview(who: Principal, selector: string): Promise<GroupPreview> {
    readSelector(selector, '/selector');
    return this.database.withinSql(who.organization, async (tx) => {
      const chosen = await this.groups.chosen(tx, selector);
      return { size: chosen.length, nodes: chosen.slice(0, PREVIEWED).map(nameOf) };
    });
  }

  create(who: Principal, wanted: GroupCreate): Promise<Group> {
    assertNotLimited(who, 'Making a group');
    assertOneKind(wanted.selector, wanted.members);
    return this.database.withinSql(who.organization, async (tx) => {
      if (await this.groups.nameTaken(tx, wanted.name)) throw nameTaken(wanted.name);
      const now = this.clock.now();
      const row: GroupRow = {
        id: newId(now),
        name: wanted.name,
        selector: wanted.selector ?? null,
        priority: wanted.priority ?? 0,
        parameters: wanted.parameters ?? {},
        created_at: new Date(now),
      };
      await this.groups.create(tx, row);
      const members = await this.nodeIds(tx, wanted.members ?? [], '/members');
      await this.groups.add(tx, row.id, members);
      this.audit.record(tx, who, {
        action: 'fleet.create-group',
        subject: `group:${row.id}`,
        details: wanted,
      });
      this.changes.tell(tx, {
        type: 'group.created',
        subject: row.id,
        data: { group: row.id, name: row.name },
      });
      return this.shown(tx, row);
    });
  }

  /** Whoever was or is in it is looked at again by the deployments. */
  change(who: Principal, idOrName: string, change: GroupChange): Promise<Group> {
    return this.database.withinSql(who.organization, async (tx) => {
      const row = await this.found(tx, idOrName);
      assertWithin(who, [row]);
      const naming = change.members ?? change.add ?? change.remove;
      assertOneKind(change.selector ?? (naming ? row.selector : undefined) ?? undefined, naming);
      if (
        change.name !== undefined &&
        change.name !== row.name &&
        (await this.groups.nameTaken(tx, change.name))
      ) {
        throw nameTaken(change.name);
      }
      const before = await this.groups.members(tx, row);
      const next: GroupRow = {
        ...row,
        name: change.name ?? row.name,
        selector: change.selector ?? row.selector,
        priority: change.priority ?? row.priority,
        parameters: change.parameters ?? row.parameters,
      };
      await this.groups.change(tx, next);
      await this.changeMembers(tx, next, change);
      const after = await this.groups.members(tx, next);
      const touched = new Set([...before, ...after].map((node) => node.id));
      await this.reach.assertNodes(tx, who, [...touched]);
      await this.groups.touch(tx, [...touched]);
      this.audit.record(tx, who, {
        action: 'fleet.change-group',
        subject: `group:${row.id}`,
        details: change,
      });
      this.changes.tell(tx, {
        type: 'group.changed',
        subject: row.id,
        data: { group: row.id, name: next.name },
      });
      return groupOf(next, after.length);
    });
  }

  remove(who: Principal, idOrName: string): Promise<void> {
    return this.database.withinSql(who.organization, async (tx) => {
      const row = await this.found(tx, idOrName);
      assertWithin(who, [row]);
      const users = (await this.users?.assignmentsOf(tx, row.id)) ?? [];
      if (users.length > 0) {
        throw new Failure(
          'fleet.group-in-use',
          `Group ${row.name} has ${users.length} assignments. Take them away with DELETE /v1/assignments/{id} first.`,
          { errors: users.map((id) => ({ detail: `assignment ${id}` })) },
        );
      }
      const members = await this.groups.members(tx, row);
      await this.groups.remove(tx, row.id);
      await this.groups.touch(
        tx,
        members.map((node) => node.id),
      );
      this.audit.record(tx, who, {
        action: 'fleet.remove-group',
        subject: `group:${row.id}`,
        details: { name: row.name },
      });
      this.changes.tell(tx, { type: 'group.removed', subject: row.id, data: { group: row.id } });
    });
  }

  private async changeMembers(tx: SqlTx, group: GroupRow, change: GroupChange): Promise<void> {
    if (change.members || change.selector !== undefined) await this.groups.clear(tx, group.id);
    const added = [...(change.members ?? []), ...(change.add ?? [])];
    await this.groups.add(tx, group.id, await this.nodeIds(tx, added, change.members ? '/members' : '/add'));
    if (change.remove) await this.groups.take(tx, group.id, await this.nodeIds(tx, change.remove, '/remove'));
  }

  private async nodeIds(tx: SqlTx, idsOrNames: readonly string[], pointer: string): Promise<string[]> {
    if (idsOrNames.length === 0) return [];
    const rows = await this.groups.findNodes(tx, idsOrNames);
    const byEither = new Map(rows.flatMap(({ id, name }) => [[name, id] as const, [id, id] as const]));
    return idsOrNames.map((one, i) => {
      const id = byEither.get(one);
      if (id === undefined) {
        throw new Failure('fleet.node-unknown', `There is no node ${one}. GET /v1/nodes lists them.`, {
          errors: [{ pointer: `${pointer}/${i}`, detail: 'no such node' }],
        });
      }
      return id;
    });
  }

  private async shown(tx: SqlTx, row: GroupRow): Promise<Group> {
    return groupOf(row, (await this.groups.members(tx, row)).length);
  }

  private async found(tx: SqlTx, idOrName: string): Promise<GroupRow> {
    const row = await this.groups.find(tx, idOrName);
    if (!row)
      throw new Failure('fleet.group-unknown', `There is no group ${idOrName}. GET /v1/groups lists them.`);
    return row;
  }
}

const nameOf = (row: MemberRow): NodeName => ({ id: row.id, name: row.name, status: statusOf(row) });

const nameTaken = (name: string): Failure =>
  new Failure('fleet.name-taken', `There is a group ${name} already. Choose another name.`);

function assertOneKind(selector: string | undefined, members: readonly string[] | undefined): void {
  if (selector !== undefined) readSelector(selector, '/selector');
  if (selector === undefined || members === undefined) return;
  throw new Failure('fleet.group-kind', 'A group has members or a selector, not both. Send one of them.', {
    errors: [{ pointer: '/members', detail: 'the group has a selector' }],
  });
}
