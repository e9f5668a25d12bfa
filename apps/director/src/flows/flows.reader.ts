/** What other rooms may ask the flows, each in their own transaction. */
import { Injectable } from '@nestjs/common';
import type { FlowDocument, LockedResource } from '@millrace/schemas';
import type { SqlTx } from '../platform/database/database.js';
import { FlowsStore } from './flows.store.js';

export interface PublishedFlow {
  flow: string;
  version: number;
  /** Of the locked document. */
  digest: string;
  /** Every reference in it is `resource:name@version#digest`. */
  document: FlowDocument;
  /** By the resource's name, by `name@version` where the flow uses several versions of one. */
  resources: Record<string, LockedResource>;
}

@Injectable()
export class FlowsReader {
  constructor(private readonly flows: FlowsStore) {}

  /** A version as it was published; it never changes. */
  async published(tx: SqlTx, flow: string, version: number): Promise<PublishedFlow | undefined> {
    const row = await this.flows.version(tx, flow, version);
    return (
      row && {
        flow,
        version: row.version,
        digest: row.digest,
        document: row.document,
        resources: row.lock,
      }
    );
  }

  /** Versions that are locked to this version of a resource, by its id; newest first. */
  lockedTo(
    tx: SqlTx,
    resource: string,
    version: number,
  ): Promise<{ flow: string; version: number; digest: string }[]> {
    return tx.sql(
      `SELECT f.name AS flow, v.version, v.digest FROM flow_version_resources u
       JOIN flow_versions v ON v.flow_id = u.flow_id AND v.version = u.flow_version
       JOIN flows f ON f.id = u.flow_id
       WHERE u.resource_id = $1 AND u.resource_version = $2 ORDER BY v.published_at DESC, f.name`,
      [resource, version],
    );
  }

  /** The newest version of these bytes. */
  async withDigest(tx: SqlTx, digest: string): Promise<{ flow: string; version: number } | undefined> {
    const rows = await tx.sql<{ flow: string; version: number }>(
      `SELECT f.name AS flow, v.version FROM flow_versions v JOIN flows f ON f.id = v.flow_id
       WHERE v.digest = $1 ORDER BY v.published_at DESC LIMIT 1`,
      [digest],
    );
    return rows[0];
  }

  /** The newest version; 0 when nothing was published, undefined when there is no such flow. */
  async latestVersion(tx: SqlTx, flow: string): Promise<number | undefined> {
    return (await this.flows.find(tx, flow))?.latest_version;
  }

  /** Of all flows, by name; 0 when nothing was published. */
  async latestVersions(tx: SqlTx): Promise<Map<string, number>> {
    const rows = await tx.sql<{ name: string; latest_version: number }>(
      'SELECT name, latest_version FROM flows',
    );
    return new Map(rows.map((row) => [row.name, row.latest_version]));
  }
}
