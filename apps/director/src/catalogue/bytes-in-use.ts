import type { SqlTx } from '../platform/database/database.js';

/** Port: what nodes run, are to run or go back to, and what waits for approval. The deployments know. */
export abstract class BytesInUse {
  /** By digest, a sentence each such as `flow pump@3 on nodes of line-3`. */
  abstract holders(tx: SqlTx): Promise<Map<string, string[]>>;
}
