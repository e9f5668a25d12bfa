/**
 * Finds nodes by a filter: what it may name, and the walk over all nodes that asks it.
 *
 * Guarantee: a filter means the same as a group's selector, since both are asked by the same rule. It reads narrow
 * rows, and only what the filter names: 5,000 nodes in some 50 ms.
 */
import { Injectable } from '@nestjs/common';
import { matches, nodeSubject, type Selector } from '@millrace/fleet';
import type { SqlTx } from '../platform/database/database.js';
import { GroupsStore } from './groups.store.js';
import { statusOf } from './node-view.js';
import { NodesStore, type SoughtRow } from './nodes.store.js';
import { readSelector } from './selectors.js';
import { StandingStore, type NodeFlowRow } from './standing.store.js';

/** Of groups ids and names; of flows names, and `name@version` for what is desired and running. */
const FILTER_NAMES = [
  'id',
  'name',
  'status',
  'asDesired',
  'group',
  'groups',
  'flow',
  'desired',
  'running',
  'failing',
  'reason',
  'labels.',
  'facts.',
];
const ABOUT_FLOWS = ['flow', 'desired', 'running', 'failing', 'reason'];
const ABOUT_GROUPS = ['group', 'groups'];
/** Rows that are looked through at a time. */
const LOOKED_AT = 2_000;

@Injectable()
export class NodeFinder {
  constructor(
    private readonly nodes: NodesStore,
    private readonly groups: GroupsStore,
    private readonly standing: StandingStore,
  ) {}

  read(filter: string | undefined): Selector | undefined {
    return filter === undefined ? undefined : readSelector(filter, '/filter', FILTER_NAMES);
  }

  /** Newest first, in portions; whoever has enough stops asking. */
  async *find(tx: SqlTx, filter: Selector | undefined, after?: string): AsyncGenerator<SoughtRow[]> {
    const names = filter ? namesIn(filter) : [];
    const about = (some: readonly string[]) => names.some((name) => some.includes(name));
    const facts = names.some((name) => name.startsWith('facts.'));
    for (let from = after; ;) {
      const rows = await this.nodes.sought(tx, from, LOOKED_AT, facts);
      const ids = rows.map((row) => row.id);
      const groups = about(ABOUT_GROUPS) ? await this.groupsOf(tx, ids) : undefined;
      const [first = '', last = ''] = [ids.at(-1), ids[0]];
      const flows = about(ABOUT_FLOWS) ? byNode(await this.standing.flowsOf(tx, first, last)) : undefined;
      yield filter
        ? rows.filter((row) => matches(filter, subjectOf(row, groups?.get(row.id), flows?.get(row.id))))
        : rows;
      from = rows.at(-1)?.id;
      if (rows.length < LOOKED_AT) return;
    }
  }

  /** Ids and names. */
  private async groupsOf(tx: SqlTx, nodes: readonly string[]): Promise<Map<string, string[]>> {
    const ids = await this.groups.groupsOf(tx, nodes);
    const names = new Map((await this.groups.all(tx)).map((group) => [group.id, group.name]));
    return new Map([...ids].map(([node, its]) => [node, its.flatMap((id) => [id, names.get(id) ?? id])]));
  }
}

const subjectOf = (row: SoughtRow, groups: string[] = [], flows: NodeFlowRow[] = []) =>
  nodeSubject(row, {
    id: row.id,
    name: row.name,
    status: statusOf(row),
    asDesired: row.as_desired,
    group: groups,
    groups,
    flow: flows.map(({ flow }) => flow),
    desired: flows.flatMap((one) => versioned(one.flow, one.desired_version)),
    running: flows.flatMap((one) => versioned(one.flow, one.running_version)),
    failing: flows.flatMap((one) => (one.failing && !one.same ? [one.flow] : [])),
    reason: flows.flatMap((one) => (one.reason !== null && !one.same ? [one.reason] : [])),
  });

const versioned = (flow: string, version: number | null): string[] =>
  version === null ? [] : [flow, `${flow}@${version}`];

function byNode(rows: readonly NodeFlowRow[]): Map<string, NodeFlowRow[]> {
  const found = new Map<string, NodeFlowRow[]>();
  for (const row of rows) {
    const its = found.get(row.node_id);
    if (its) its.push(row);
    else found.set(row.node_id, [row]);
  }
  return found;
}

function namesIn(selector: Selector): string[] {
  if ('all' in selector) return selector.all.flatMap(namesIn);
  if ('any' in selector) return selector.any.flatMap(namesIn);
  return [selector.name];
}
