/** Tells the catalogue which flow versions are locked to a resource. */
import { Injectable } from '@nestjs/common';
import type { ResourceUser, ResourceUsers } from '../catalogue/resource-users.js';
import type { SqlTx } from '../platform/database/database.js';

@Injectable()
export class FlowsUseResources implements ResourceUsers {
  async used(tx: SqlTx): Promise<Set<string>> {
    const rows = await tx.sql<{ resource_id: string; resource_version: number }>(
      'SELECT DISTINCT resource_id, resource_version FROM flow_version_resources',
    );
    return new Set(rows.map((row) => `${row.resource_id} ${row.resource_version}`));
  }

  usersOf(
    tx: SqlTx,
    resource: string,
    { version, after, take }: { version?: number; after?: string; take: number },
  ): Promise<(ResourceUser & { place: string })[]> {
    // Flow ids and numbers of versions, padded, sort as text.
    const place = `u.flow_id || lpad(u.flow_version::text, 10, '0') || lpad(u.resource_version::text, 10, '0')`;
    return tx.sql(
      `SELECT f.name AS flow, u.flow_version AS "flowVersion", u.resource_version AS version, ${place} AS place
       FROM flow_version_resources u JOIN flows f ON f.id = u.flow_id
       WHERE u.resource_id = $1 AND ($2::int IS NULL OR u.resource_version = $2) AND ($3::text IS NULL OR ${place} COLLATE "C" < $3)
       ORDER BY ${place} COLLATE "C" DESC LIMIT $4`,
      [resource, version ?? null, after ?? null, take],
    );
  }
}
