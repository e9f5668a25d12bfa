import type { SqlTx } from '../platform/database/database.js';

/** One flow version that is locked to one version of a resource. */
export interface ResourceUser {
  flow: string;
  flowVersion: number;
  version: number;
}

/** Port: what resource versions are used for. The flows know; the catalogue asks before it deletes. */
export abstract class ResourceUsers {
  /** All versions that any flow version is locked to, as `resourceId version`. */
  abstract used(tx: SqlTx): Promise<Set<string>>;

  /** Newest first; of one version of the resource, or of all. `place` is opaque, of the last one seen. */
  abstract usersOf(
    tx: SqlTx,
    resource: string,
    window: { version?: number; after?: string; take: number },
  ): Promise<(ResourceUser & { place: string })[]>;
}
