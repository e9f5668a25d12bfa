/** Answers for rooms below that want to delete something: which assignments use it. */
import { Injectable } from '@nestjs/common';
import type { BytesInUse } from '../catalogue/bytes-in-use.js';
import { FleetReader } from '../fleet/fleet.reader.js';
import type { GroupUsers } from '../fleet/group-users.js';
import type { FlowUsage } from '../flows/flow-usage.js';
import type { SqlTx } from '../platform/database/database.js';
import { AssignmentsStore } from './assignments.store.js';
import { DeploymentsStore } from './deployments.store.js';
import { PromotionsStore } from './promotions.store.js';

@Injectable()
export class GroupsInUse implements GroupUsers {
  constructor(private readonly assignments: AssignmentsStore) {}

  assignmentsOf(tx: SqlTx, group: string): Promise<string[]> {
    return this.assignments.idsOfGroup(tx, group);
  }
}

/** What nodes run, are to run or go back to, and what waits for approval. */
@Injectable()
export class ReleasesInUse implements BytesInUse {
  constructor(
    private readonly deployments: DeploymentsStore,
    private readonly promotions: PromotionsStore,
    private readonly fleet: FleetReader,
  ) {}

  async holders(tx: SqlTx): Promise<Map<string, string[]>> {
    const holders = new Map<string, string[]>();
    const add = (digest: string, says: string) => holders.set(digest, [...(holders.get(digest) ?? []), says]);
    const running = await this.fleet.runningAnywhere(tx);
    for (const { digest, flow, version, group_name } of await this.deployments.inUse(tx, running))
      add(digest, `flow ${flow}@${version} on nodes of ${group_name}`);
    for (const { digest, id } of await this.promotions.awaited(tx))
      add(digest, `promotion ${id}, which awaits approval`);
    return holders;
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
