/** What other rooms may ask about deployments, each in their own transaction. */
import { Injectable } from '@nestjs/common';
import { GroupUsers } from '../fleet/group-users.js';
import type { SqlTx } from '../platform/database/database.js';
import { AssignmentsStore } from './assignments.store.js';

@Injectable()
export class DeploymentsReader extends GroupUsers {
  constructor(private readonly assignments: AssignmentsStore) {
    super();
  }

  assignmentsOf(tx: SqlTx, group: string): Promise<string[]> {
    return this.assignments.idsOfGroup(tx, group);
  }

  /** Ids of the assignments of this flow: where it runs, or is to run. */
  async assignmentsOfFlow(tx: SqlTx, flow: string): Promise<string[]> {
    const rows = await this.assignments.page(tx, { flow }, undefined, 1_000);
    return rows.map((row) => row.id);
  }
}
