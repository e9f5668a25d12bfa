import type { SqlTx } from '../platform/database/database.js';

/** Port: what a flow is used for. The deployments know; the flows ask before one is deleted. */
export abstract class FlowUsage {
  /** A sentence each, such as `assignment 01j... to group line-3`; empty when nothing uses the flow. */
  abstract usersOf(tx: SqlTx, flow: string): Promise<string[]>;
}
