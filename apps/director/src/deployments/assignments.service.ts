/** Assignments: what deployments leave behind, and how it ends. */
import { Injectable } from '@nestjs/common';
import { activeStates } from '@millrace/fleet';
import { Failure, type Assignment, type AssignmentQuery, type Page } from '@millrace/schemas';
import { Audit } from '../access/audit.js';
import { assertWithin } from '../access/limits.js';
import { nameOf, type Principal } from '../access/principal.js';
import { FleetReader } from '../fleet/fleet.reader.js';
import { Database, type SqlTx } from '../platform/database/database.js';
import { pageFrom, windowOf } from '../platform/http/page.js';
import { AssignmentsStore, type AssignmentRow } from './assignments.store.js';
import { DeploymentsStore } from './deployments.store.js';
import { DesiredStates } from './desired.js';
import { DeploymentEvents } from './events.js';
import { Rollouts } from './rollouts.js';
import { assignmentOf } from './view.js';

@Injectable()
export class AssignmentsService {
  constructor(
    private readonly database: Database,
    private readonly assignments: AssignmentsStore,
    private readonly deployments: DeploymentsStore,
    private readonly desired: DesiredStates,
    private readonly rollouts: Rollouts,
    private readonly fleet: FleetReader,
    private readonly audit: Audit,
    private readonly events: DeploymentEvents,
  ) {}

  list(who: Principal, query: AssignmentQuery): Promise<Page<Assignment>> {
    const window = windowOf(query);
    return this.database.withinSql(who.organization, async (tx) => {
      const group = query.group === undefined ? undefined : await this.fleet.group(tx, query.group);
      const wanted = { flow: query.flow, group: query.group && (group?.id ?? query.group) };
      const rows = await this.assignments.page(tx, wanted, window.after, window.take);
      const shown = new Map((await this.shown(tx, rows)).map((item) => [item.id, item]));
      return pageFrom(
        [...shown.values()],
        window,
        (item) => item.id,
        (item) => item,
      );
    });
  }

  get(who: Principal, id: string): Promise<Assignment> {
    return this.database.withinSql(who.organization, async (tx) => {
      const [item] = await this.shown(tx, [await this.found(tx, id)]);
      if (!item) throw missing(id);
      return item;
    });
  }

  /** Undeploy: the flow stops on every node that runs it because of this assignment. */
  async remove(who: Principal, id: string): Promise<void> {
    const epoch = await this.rollouts.epoch(who.organization);
    await this.database.withinSql(who.organization, async (tx) => {
      await this.deployments.lock(tx);
      const row = await this.found(tx, id);
      const group = await this.fleet.group(tx, row.group_id);
      assertWithin(who, [{ id: row.group_id, name: group?.name ?? row.group_id }]);
      const nodes = (await this.assignments.placements(tx, id)).map((one) => one.node_id);
      const says = `undeployed by ${nameOf(who)}`;
      for (const deployment of (
        await this.deployments.several(tx, [row.current ?? '', row.settled ?? ''])
      ).values()) {
        if (activeStates.includes(deployment.state)) {
          await this.rollouts.become(tx, deployment, 'aborted', says, epoch, who.actor);
        } else await this.rollouts.cancelOpen(tx, deployment, says);
      }
      await this.assignments.remove(tx, id);
      await this.desired.raise(tx, nodes, epoch);
      const details = { flow: row.flow, group: row.group_id, nodes: nodes.length };
      this.audit.record(tx, who, { action: 'deployments.undeploy', subject: `assignment:${id}`, details });
      this.events.assignmentRemoved(tx, row);
      this.events.wakeDispatch(tx);
    });
  }

  private async shown(tx: SqlTx, rows: readonly AssignmentRow[]): Promise<Assignment[]> {
    const groups = await this.fleet.groups(tx);
    const ids = rows.flatMap((row) => [row.current ?? '', row.settled ?? '']);
    const deployments = await this.deployments.several(tx, ids);
    const counts = await this.assignments.counts(
      tx,
      rows.map((row) => row.id),
    );
    return rows.map((row) => {
      const current = deployments.get(row.current ?? '');
      const isActive = current !== undefined && activeStates.includes(current.state);
      const settled = deployments.get(row.settled ?? '');
      return assignmentOf(row, groups.get(row.group_id), settled, isActive, counts.get(row.id) ?? 0);
    });
  }

  private async found(tx: SqlTx, id: string): Promise<AssignmentRow> {
    const row = await this.assignments.find(tx, id);
    if (!row) throw missing(id);
    return row;
  }
}

const missing = (id: string): Failure =>
  new Failure(
    'deployments.assignment-unknown',
    `There is no assignment ${id}. GET /v1/assignments lists them.`,
  );
