/** What other rooms may ask the fleet, each in their own transaction. */
import { Injectable } from '@nestjs/common';
import type { FlowParameters, ReportPayload } from '@millrace/schemas';
import type { SqlTx } from '../platform/database/database.js';
import { GroupsStore, type GroupRow, type MemberRow } from './groups.store.js';
import { NodesStore, type NodeRow } from './nodes.store.js';
import { RunsStore, type Release, type RunRow, type RunWindow } from './runs.store.js';
import { StandingStore, type WantedFlow } from './standing.store.js';

export type { RunRow } from './runs.store.js';
export type { FlowStanding, WantedFlow } from './standing.store.js';

@Injectable()
export class FleetReader {
  constructor(
    private readonly nodes: NodesStore,
    private readonly groupsStore: GroupsStore,
    private readonly standing: StandingStore,
    private readonly runs: RunsStore,
  ) {}

  node(tx: SqlTx, idOrName: string): Promise<NodeRow | undefined> {
    return this.nodes.find(tx, idOrName);
  }

  group(tx: SqlTx, idOrName: string): Promise<GroupRow | undefined> {
    return this.groupsStore.find(tx, idOrName);
  }

  /** By id. */
  async groups(tx: SqlTx): Promise<Map<string, GroupRow>> {
    return new Map((await this.groupsStore.all(tx)).map((group) => [group.id, group]));
  }

  members(tx: SqlTx, group: Pick<GroupRow, 'id' | 'selector'>): Promise<MemberRow[]> {
    return this.groupsStore.members(tx, group);
  }

  /** Group ids by node; nothing for a node that is revoked. */
  groupsOf(tx: SqlTx, nodes: readonly string[]): Promise<Map<string, string[]>> {
    return this.groupsStore.groupsOf(tx, nodes);
  }

  async parametersOf(tx: SqlTx, nodes: readonly string[]): Promise<Map<string, FlowParameters>> {
    const rows = await tx.sql<{ id: string; parameters: FlowParameters }>(
      'SELECT id, parameters FROM nodes WHERE id = ANY($1)',
      [nodes],
    );
    return new Map(rows.map((row) => [row.id, row.parameters]));
  }

  /** Names by id, of these. */
  async names(tx: SqlTx, nodes: readonly string[]): Promise<Map<string, { name: string; online: boolean }>> {
    const rows = await tx.sql<{ id: string; name: string; online: boolean }>(
      'SELECT id, name, online FROM nodes WHERE id = ANY($1)',
      [nodes],
    );
    return new Map(rows.map(({ id, name, online }) => [id, { name, online }]));
  }

  /** What of a flow these nodes run, as they last reported. */
  async running(
    tx: SqlTx,
    nodes: readonly string[],
    flow: string,
  ): Promise<Map<string, { version: number | null; digest: string }>> {
    const rows = await tx.sql<{ id: string; version: number | null; digest: string }>(
      `SELECT n.id, (f->>'runningVersion')::int AS version, f->>'runningDigest' AS digest
       FROM nodes n, jsonb_array_elements(n.flows) f
       WHERE n.id = ANY($1) AND f->>'flow' = $2 AND f->>'runningDigest' IS NOT NULL`,
      [nodes, flow],
    );
    return new Map(rows.map(({ id, version, digest }) => [id, { version, digest }]));
  }

  /** Where any of these ran; with `open` where one does as far as is known. Newest first. */
  ran(tx: SqlTx, releases: readonly Release[], window: RunWindow) {
    return this.runs.of(tx, releases, window);
  }

  countRunning(tx: SqlTx, releases: readonly Release[]): Promise<number> {
    return this.runs.countOpen(tx, releases);
  }

  /** What runs anywhere, as far as is known. */
  runningAnywhere(tx: SqlTx): Promise<{ flow: string; digest: string }[]> {
    return this.runs.open(tx);
  }

  runsOf(tx: SqlTx, node: string, after: string | undefined, take: number) {
    return this.runs.page(tx, node, after, take);
  }

  ranAt(tx: SqlTx, node: string, at: Date): Promise<RunRow[]> {
    return this.runs.at(tx, node, at);
  }

  async online(tx: SqlTx): Promise<Set<string>> {
    const rows = await tx.sql<{ id: string }>('SELECT id FROM nodes WHERE online AND revoked_at IS NULL');
    return new Set(rows.map((row) => row.id));
  }

  /** What the node last said about itself; undefined before its first report. */
  async lastReport(tx: SqlTx, node: string): Promise<ReportPayload | undefined> {
    const row = await this.nodes.find(tx, node);
    if (!row?.reported_at || row.accepted_epoch === null) return undefined;
    return {
      organization: tx.organization,
      node,
      seq: 0,
      at: row.reported_at.getTime(),
      epoch: row.accepted_epoch,
      sequence: Number(row.accepted_sequence),
      refused: row.refused,
      flows: row.flows,
    };
  }

  /** Everything at a glance: numbers of nodes, flows, and what flows did from minute `from` on, before `to`. */
  async glance(tx: SqlTx, from: number, to: number) {
    return {
      nodes: await this.standing.nodes(tx),
      flows: await this.standing.byFlow(tx),
      minutes: await this.standing.minutes(tx, from, to),
    };
  }

  /** What these nodes should run from now on, whole. Written at the end of the transaction. */
  want(tx: SqlTx, nodes: ReadonlyMap<string, readonly WantedFlow[]>): void {
    if (nodes.size > 0) tx.beforeCommit(() => this.standing.want(tx, nodes));
  }

  /** Nodes whose labels, facts, groups or parameters have changed since the deployments took note of them. */
  changed(tx: SqlTx, most: number): Promise<{ id: string; revision: number }[]> {
    return tx.sql('SELECT id, revision FROM nodes WHERE revision <> noted_revision ORDER BY id LIMIT $1', [
      most,
    ]);
  }

  /** Takes note; a change that came in the meantime stays to be looked at. */
  async note(tx: SqlTx, nodes: readonly { id: string; revision: number }[]): Promise<void> {
    await tx.sql(
      `UPDATE nodes n SET noted_revision = v.revision
       FROM jsonb_to_recordset($1) AS v(id text, revision int) WHERE n.id = v.id`,
      [JSON.stringify(nodes)],
    );
  }
}
