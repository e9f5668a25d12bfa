import type { SqlTx } from '../platform/database/database.js';

/** Port: which groups there are. The fleet knows; the access asks before somebody is limited to some. */
export abstract class GroupNames {
  /** Id by what was given, an id or a name; what is no group is not in it. */
  abstract idsOf(tx: SqlTx, idsOrNames: readonly string[]): Promise<Map<string, string>>;
}
