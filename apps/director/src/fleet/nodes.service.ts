/** Nodes as people see and change them. */
import { Injectable } from '@nestjs/common';
import type { Selector } from '@millrace/fleet';
import {
  Failure,
  type CountQuery,
  type FilteredPageQuery,
  type FlowRates,
  type Node,
  type NodeChange,
  type NodeCount,
  type NodeHistory,
  type NodeHistoryQuery,
  type NodeLoad,
  type NodeMetrics,
  type Page,
} from '@millrace/schemas';
import { Audit } from '../access/audit.js';
import type { Principal } from '../access/principal.js';
import { Clock } from '../platform/clock.js';
import { Database, type SqlTx } from '../platform/database/database.js';
import { pageFrom, windowOf, windowOfNumbers, type Window } from '../platform/http/page.js';
import { FleetChanges } from './changes.js';
import { GroupsStore } from './groups.store.js';
import { NodeFinder } from './finding.js';
import { hourOf } from './minutes.js';
import { NodeAccounts } from './node-accounts.js';
import { withoutNul } from './node-text.js';
import { flowRatesOf, historyOf, metricsOf, nodeLoadOf, nodeOf, ranOf, statusOf } from './node-view.js';
import { NodesStore, type NodeRow } from './nodes.store.js';
import { Reach } from './reach.js';
import { RunsStore } from './runs.store.js';
import { StandingStore } from './standing.store.js';

@Injectable()
export class NodesService {
  constructor(
    private readonly database: Database,
    private readonly nodes: NodesStore,
    private readonly groups: GroupsStore,
    private readonly standing: StandingStore,
    private readonly runs: RunsStore,
    private readonly finder: NodeFinder,
    private readonly reach: Reach,
    private readonly audit: Audit,
    private readonly changes: FleetChanges,
    private readonly accounts: NodeAccounts,
    private readonly clock: Clock,
  ) {}

  list(who: Principal, query: FilteredPageQuery): Promise<Page<Node>> {
    const window = windowOf(query);
    const filter = this.finder.read(query.filter);
    return this.database.withinSql(who.organization, async (tx) => {
      const rows = filter
        ? await this.nodes.several(tx, await this.first(tx, filter, window))
        : await this.nodes.page(tx, window.after, window.take);
      const groups = await this.groups.groupsOf(
        tx,
        rows.map((row) => row.id),
      );
      return pageFrom(
        rows,
        window,
        (row) => row.id,
        (row) => nodeOf(row, groups.get(row.id) ?? []),
      );
    });
  }

  count(who: Principal, query: CountQuery): Promise<NodeCount> {
    const filter = this.finder.read(query.filter);
    return this.database.withinSql(who.organization, async (tx) => {
      const count: NodeCount = { total: 0, online: 0, offline: 0, revoked: 0, notAsDesired: 0 };
      for await (const rows of this.finder.find(tx, filter)) {
        for (const row of rows) {
          count.total += 1;
          count[statusOf(row)] += 1;
          if (!row.as_desired && !row.revoked_at) count.notAsDesired += 1;
        }
      }
      return count;
    });
  }

  flowRates(who: Principal, idOrName: string, flow: string): Promise<FlowRates> {
    return this.database.withinSql(who.organization, async (tx) => {
      const { id } = await this.found(tx, idOrName);
      const hour = hourOf(this.clock.now());
      const rows = await this.standing.flowMinutes(tx, id, withoutNul(flow), hour.from, hour.to);
      const known =
        rows.length > 0 || (await this.standing.flowsOf(tx, id, id)).some((one) => one.flow === flow);
      if (known) return flowRatesOf(hour, rows);
      throw new Failure(
        'fleet.flow-unknown',
        `Node ${idOrName} has no flow ${flow}. GET /v1/nodes/${idOrName}/why lists its flows.`,
      );
    });
  }

  load(who: Principal, idOrName: string): Promise<NodeLoad> {
    return this.database.withinSql(who.organization, async (tx) => {
      const { id } = await this.found(tx, idOrName);
      const hour = hourOf(this.clock.now());
      return nodeLoadOf(hour, await this.standing.nodeMinutes(tx, id, hour.from, hour.to));
    });
  }

  get(who: Principal, idOrName: string): Promise<Node> {
    return this.database.withinSql(who.organization, async (tx) =>
      this.shown(tx, await this.found(tx, idOrName)),
    );
  }

  metrics(who: Principal, idOrName: string): Promise<NodeMetrics> {
    return this.database.withinSql(who.organization, async (tx) => metricsOf(await this.found(tx, idOrName)));
  }

  history(who: Principal, idOrName: string, query: NodeHistoryQuery): Promise<NodeHistory> {
    const window = windowOfNumbers(query, Number.MAX_SAFE_INTEGER);
    return this.database.withinSql(who.organization, async (tx) => {
      const { id } = await this.found(tx, idOrName);
      const until = query.at === undefined ? undefined : new Date(query.at);
      const rows = await this.nodes.history(tx, id, { ...window, until });
      const page = pageFrom(rows, window, (row) => row.seq, historyOf);
      return until ? { ...page, ran: (await this.runs.at(tx, id, until)).map(ranOf) } : page;
    });
  }

  change(who: Principal, idOrName: string, change: NodeChange): Promise<Node> {
    return this.database.withinSql(who.organization, async (tx) => {
      const row = await this.found(tx, idOrName);
      await this.reach.assertOwn(tx, who, row);
      const { name = row.name, labels = row.labels, parameters = row.parameters } = change;
      if (name !== row.name && (await this.nodes.nameTaken(tx, name))) {
        throw new Failure('fleet.name-taken', `There is a node ${name} already. Choose another name.`);
      }
      await this.nodes.change(tx, row.id, { name, labels, parameters });
      // Labels may bring it into groups of others.
      await this.reach.assertNodes(tx, who, [row.id]);
      this.audit.record(tx, who, { action: 'fleet.change-node', subject: `node:${row.id}`, details: change });
      this.changes.tell(tx, { type: 'node.changed', subject: row.id, data: { node: row.id, name, labels } });
      return this.shown(tx, await this.found(tx, row.id));
    });
  }

  /** Its credential is worth nothing from now on, and its live sessions end; what it runs, it goes on running. */
  revoke(who: Principal, idOrName: string): Promise<Node> {
    return this.database.withinSql(who.organization, async (tx) => {
      const { id, name } = await this.found(tx, idOrName);
      await this.reach.assertOwn(tx, who, { id, name });
      await this.nodes.revoke(tx, id, new Date(this.clock.now()));
      this.audit.record(tx, who, { action: 'fleet.revoke-node', subject: `node:${id}` });
      this.changes.tell(tx, { type: 'node.revoked', subject: id, data: { node: id } });
      tx.afterCommit(() => void this.accounts.close(id));
      return this.shown(tx, await this.found(tx, id));
    });
  }

  remove(who: Principal, idOrName: string): Promise<void> {
    return this.database.withinSql(who.organization, async (tx) => {
      const { id, name } = await this.found(tx, idOrName);
      await this.reach.assertOwn(tx, who, { id, name });
      await this.nodes.remove(tx, id);
      this.audit.record(tx, who, { action: 'fleet.remove-node', subject: `node:${id}`, details: { name } });
      this.changes.tell(tx, { type: 'node.removed', subject: id, data: { node: id, name } });
      tx.afterCommit(() => void this.accounts.close(id));
    });
  }

  /** As many as a page takes. */
  private async first(tx: SqlTx, filter: Selector, { after, take }: Window): Promise<string[]> {
    const ids: string[] = [];
    for await (const rows of this.finder.find(tx, filter, after)) {
      ids.push(...rows.map((row) => row.id));
      if (ids.length >= take) break;
    }
    return ids.slice(0, take);
  }

  private async shown(tx: SqlTx, row: NodeRow): Promise<Node> {
    return nodeOf(row, (await this.groups.groupsOf(tx, [row.id])).get(row.id) ?? []);
  }

  private async found(tx: SqlTx, idOrName: string): Promise<NodeRow> {
    const row = await this.nodes.find(tx, idOrName);
    if (!row)
      throw new Failure('fleet.node-unknown', `There is no node ${idOrName}. GET /v1/nodes lists them.`);
    return row;
  }
}
