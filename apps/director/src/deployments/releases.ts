/** Port: what a published flow version brings to nodes, and where its bytes lie. Flows and catalogue stand behind it. */
import type { SqlTx } from '../platform/database/database.js';
import type { Release } from './deployments.store.js';

export abstract class Releases {
  /** The locked document with its resources; fails when there is no such version. */
  abstract find(tx: SqlTx, flow: string, version: number): Promise<Release & { digest: string }>;
  /** Key in the object store and size of the bytes with this digest; undefined when they are not there. */
  abstract blob(tx: SqlTx, digest: string): Promise<{ key: string; size: number } | undefined>;
}
