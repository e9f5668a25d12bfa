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
