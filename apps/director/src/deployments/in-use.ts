/** Answers for rooms below that want to delete something: which assignments use it. */
import { Injectable } from '@nestjs/common';
import { FleetReader } from '../fleet/fleet.reader.js';
import type { GroupUsers } from '../fleet/group-users.js';
import type { FlowUsage } from '../flows/flow-usage.js';
import type { SqlTx } from '../platform/database/database.js';
import { AssignmentsStore } from './assignments.store.js';

@Injectable()
export class GroupsInUse implements GroupUsers {
  constructor(private readonly assignments: AssignmentsStore) {}

  assignmentsOf(tx: SqlTx, group: string): Promise<string[]> {
    return this.assignments.idsOfGroup(tx, group);
  }
}

@Injectable()
export class FlowsInUse implements FlowUsage {
  constructor(
    private readonly assignments: AssignmentsStore,
    private readonly fleet: FleetReader,
  ) {}

  async usersOf(tx: SqlTx, flow: string): Promise<string[]> {
    const groups = await this.fleet.groups(tx);
    const rows = (await this.assignments.all(tx)).filter((row) => row.flow === flow);
    return rows.map(
      (row) => `assignment ${row.id} to group ${groups.get(row.group_id)?.name ?? row.group_id}`,
    );
  }
}
