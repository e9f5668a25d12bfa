import type { SqlTx } from '../platform/database/database.js';

/** Port: what a group is used for. The deployments know; the fleet asks before a group is deleted. */
export abstract class GroupUsers {
  /** Ids of the assignments of this group. */
  abstract assignmentsOf(tx: SqlTx, group: string): Promise<string[]>;
}
