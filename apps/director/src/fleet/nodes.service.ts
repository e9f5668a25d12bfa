/** Nodes as people see and change them. */
import { Injectable } from '@nestjs/common';
import { matches, nodeSubject, type Selector } from '@millrace/fleet';
import {
  Failure,
  type FilteredPageQuery,
  type Node,
  type NodeChange,
  type NodeHistoryEntry,
  type NodeMetrics,
  type Page,
  type PageQuery,
} from '@millrace/schemas';
import { Audit } from '../access/audit.js';
import type { Principal } from '../access/principal.js';
import { Clock } from '../platform/clock.js';
import { Database, type SqlTx } from '../platform/database/database.js';
import { pageFrom, windowOf, windowOfNumbers } from '../platform/http/page.js';
import { FleetChanges } from './changes.js';
import { GroupsStore } from './groups.store.js';
import { historyOf, metricsOf, nodeOf, statusOf } from './node-view.js';
import { NodeAccounts } from './node-accounts.js';
import { NodesStore, type NodeRow } from './nodes.store.js';
import { readSelector } from './selectors.js';

/** What a filter of nodes may name. */
const FILTER_NAMES = ['id', 'name', 'status', 'groups', 'labels.', 'facts.'];
/** Rows that are looked through at a time when a filter is given. */
const LOOKED_AT = 500;

@Injectable()
export class NodesService {
  constructor(
    private readonly database: Database,
    private readonly nodes: NodesStore,
    private readonly groups: GroupsStore,
    private readonly audit: Audit,
    private readonly changes: FleetChanges,
    private readonly accounts: NodeAccounts,
    private readonly clock: Clock,
  ) {}

  list(who: Principal, query: FilteredPageQuery): Promise<Page<Node>> {
    const window = windowOf(query);
    const filter =
      query.filter === undefined ? undefined : readSelector(query.filter, '/filter', FILTER_NAMES);
    return this.database.withinSql(who.organization, async (tx) => {
      const found: { row: NodeRow; groups: string[] }[] = [];
      let { after } = window;
      for (;;) {
        const take = filter ? LOOKED_AT : window.take;
        const rows = await this.nodes.page(tx, after, take);
        const groups = await this.groups.groupsOf(
          tx,
          rows.map((row) => row.id),
        );
        for (const row of rows) {
          const its = groups.get(row.id) ?? [];
          if (!filter || fits(filter, row, its)) found.push({ row, groups: its });
        }
        after = rows.at(-1)?.id;
        if (found.length >= window.take || rows.length < take) break;
      }
      return pageFrom(
        found.slice(0, window.take),
        window,
        ({ row }) => row.id,
        ({ row, groups }) => nodeOf(row, groups),
      );
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

  history(who: Principal, idOrName: string, query: PageQuery): Promise<Page<NodeHistoryEntry>> {
    const window = windowOfNumbers(query, Number.MAX_SAFE_INTEGER);
    return this.database.withinSql(who.organization, async (tx) => {
      const { id } = await this.found(tx, idOrName);
      const rows = await this.nodes.history(tx, id, window.after, window.take);
      return pageFrom(rows, window, (row) => row.seq, historyOf);
    });
  }

  change(who: Principal, idOrName: string, change: NodeChange): Promise<Node> {
    return this.database.withinSql(who.organization, async (tx) => {
      const row = await this.found(tx, idOrName);
      const { name = row.name, labels = row.labels, parameters = row.parameters } = change;
      if (name !== row.name && (await this.nodes.nameTaken(tx, name))) {
        throw new Failure('fleet.name-taken', `There is a node ${name} already. Choose another name.`);
      }
      await this.nodes.change(tx, row.id, { name, labels, parameters });
      this.audit.record(tx, who, { action: 'fleet.change-node', subject: `node:${row.id}`, details: change });
      this.changes.tell(tx, { type: 'node.changed', subject: row.id, data: { node: row.id, name, labels } });
      return this.shown(tx, await this.found(tx, row.id));
    });
  }

  /** Its credential is worth nothing from now on, and its live sessions end; what it runs, it goes on running. */
  revoke(who: Principal, idOrName: string): Promise<Node> {
    return this.database.withinSql(who.organization, async (tx) => {
      const { id } = await this.found(tx, idOrName);
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
      await this.nodes.remove(tx, id);
      this.audit.record(tx, who, { action: 'fleet.remove-node', subject: `node:${id}`, details: { name } });
      this.changes.tell(tx, { type: 'node.removed', subject: id, data: { node: id, name } });
      tx.afterCommit(() => void this.accounts.close(id));
    });
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

const fits = (filter: Selector, row: NodeRow, groups: string[]): boolean =>
  matches(filter, nodeSubject(row, { id: row.id, name: row.name, status: statusOf(row), groups }));
