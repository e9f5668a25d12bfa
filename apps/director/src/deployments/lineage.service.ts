/** Where a resource version comes from and where it went: who made it of what, what locks it, which nodes run it. */
import { Injectable } from '@nestjs/common';
import {
  Failure,
  type NodeRun,
  type NodeRunQuery,
  type Page,
  type ResourceLineage,
  type ResourceNode,
  type ResourceNodeQuery,
} from '@millrace/schemas';
import type { Principal } from '../access/principal.js';
import { CatalogueReader, type MadeVersion } from '../catalogue/catalogue.reader.js';
import { FleetReader, type RunRow } from '../fleet/fleet.reader.js';
import { FlowsReader } from '../flows/flows.reader.js';
import { Database, type SqlTx } from '../platform/database/database.js';
import { pageFrom, windowOf } from '../platform/http/page.js';

/** Flows and nodes that the overview names; the lists have all. */
const NAMED = 100;

@Injectable()
export class LineageService {
  constructor(
    private readonly database: Database,
    private readonly catalogue: CatalogueReader,
    private readonly flows: FlowsReader,
    private readonly fleet: FleetReader,
  ) {}

  lineage(who: Principal, name: string, version: number): Promise<ResourceLineage> {
    return this.database.withinSql(who.organization, async (tx) => {
      const made = await this.made(tx, name, version);
      const { contract } = made;
      const releases = await this.flows.lockedTo(tx, made.resource, version);
      const nodes = await this.fleet.ran(tx, releases, { open: true, take: NAMED });
      const prepare = contract?.prepare;
      const preparedBy = prepare === undefined ? undefined : await this.flows.withDigest(tx, prepare);
      return {
        resource: name,
        version,
        digest: made.digest,
        createdBy: made.createdBy,
        createdAt: made.createdAt.toISOString(),
        note: made.note,
        aliases: made.aliases,
        trainedOn: contract?.trainedOn ?? null,
        metrics: contract?.metrics ?? {},
        prepare:
          prepare === undefined
            ? null
            : { digest: prepare, flow: preparedBy?.flow ?? null, version: preparedBy?.version ?? null },
        flows: releases.slice(0, NAMED).map(({ flow, version: flowVersion }) => ({ flow, flowVersion })),
        flowCount: releases.length,
        nodes: who.permissions.has('fleet.read') ? nodes.map(nodeOf) : [],
        nodeCount: await this.fleet.countRunning(tx, releases),
      };
    });
  }

  /** Where it ran, newest first; with `running` where it does now, with `at` where it did then. */
  nodes(
    who: Principal,
    name: string,
    version: number,
    query: ResourceNodeQuery,
  ): Promise<Page<ResourceNode>> {
    const window = windowOf(query);
    return this.database.withinSql(who.organization, async (tx) => {
      const made = await this.made(tx, name, version);
      const releases = await this.flows.lockedTo(tx, made.resource, version);
      const rows = await this.fleet.ran(tx, releases, {
        open: query.running === 'true',
        at: query.at === undefined ? undefined : new Date(query.at),
        after: window.after,
        take: window.take,
      });
      return pageFrom(rows, window, (row) => row.place, nodeOf);
    });
  }

  /** What ran on a node, newest first; with `at` what ran at that moment. */
  runs(who: Principal, node: string, query: NodeRunQuery): Promise<Page<NodeRun>> {
    const window = windowOf(query);
    return this.database.withinSql(who.organization, async (tx) => {
      const found = await this.fleet.node(tx, node);
      if (!found)
        throw new Failure('fleet.node-unknown', `There is no node ${node}. GET /v1/nodes lists them.`);
      if (query.at !== undefined) {
        const rows = await this.fleet.ranAt(tx, found.id, new Date(query.at));
        return { items: await this.runsOf(tx, rows), next: null };
      }
      const rows = await this.fleet.runsOf(tx, found.id, window.after, window.take);
      const page = pageFrom(
        rows,
        window,
        (row) => row.place,
        (row) => row,
      );
      return { items: await this.runsOf(tx, page.items), next: page.next };
    });
  }

  private async runsOf(tx: SqlTx, rows: readonly RunRow[]): Promise<NodeRun[]> {
    const known = new Map<string, NodeRun['resources']>();
    for (const { flow, version, digest } of rows) {
      const key = `${version} ${flow}`;
      if (known.has(key)) continue;
      const published = await this.flows.published(tx, flow, version);
      const locked = published?.digest === digest ? Object.entries(published.resources) : [];
      known.set(
        key,
        locked.map(([name, lock]) => ({
          name: name.split('@')[0] ?? name,
          version: lock.version,
          digest: lock.digest,
        })),
      );
    }
    return rows.map(({ flow, version, digest, since, until }) => ({
      flow,
      version,
      digest,
      since: since.toISOString(),
      until: until?.toISOString() ?? null,
      resources: known.get(`${version} ${flow}`) ?? [],
    }));
  }

  private async made(tx: SqlTx, name: string, version: number): Promise<MadeVersion> {
    const made = await this.catalogue.made(tx, name, version);
    if (made) return made;
    throw new Failure(
      'catalogue.version-not-found',
      `${name.slice(0, 128)} has no version ${version}. GET /v1/resources/${name.slice(0, 128)}/versions lists them.`,
    );
  }
}

const nodeOf = (row: RunRow & { name: string; online: boolean }): ResourceNode => ({
  node: row.node_id,
  nodeName: row.name,
  online: row.online,
  flow: row.flow,
  flowVersion: row.version,
  since: row.since.toISOString(),
  until: row.until?.toISOString() ?? null,
});
