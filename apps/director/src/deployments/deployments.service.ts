/** What people do with deployments: plan, deploy, watch, pause, resume, abort, roll back, retry. */
import { Injectable } from '@nestjs/common';
import { failed, matches, mayAct, nodesOf, retriable, type Action } from '@millrace/fleet';
import {
  Failure,
  type Deployment,
  type DeploymentCreate,
  type DeploymentMove,
  type DeploymentQuery,
  type DeploymentReasons,
  type Page,
  type PageQuery,
  type Plan,
  type Target,
  type TargetQuery,
} from '@millrace/schemas';
import { Audit } from '../access/audit.js';
import { assertWithin } from '../access/limits.js';
import { nameOf, type Principal } from '../access/principal.js';
import { FleetReader } from '../fleet/fleet.reader.js';
import { readSelector } from '../fleet/selectors.js';
import { Clock } from '../platform/clock.js';
import { Database, type SqlTx } from '../platform/database/database.js';
import { pageFrom, windowOf } from '../platform/http/page.js';
import { AssignmentsStore } from './assignments.store.js';
import { DeploymentMovesStore } from './deployment-moves.store.js';
import { DeploymentsStore, type DeploymentRow, type TargetRow } from './deployments.store.js';
import { Deploying, isNewest } from './deploying.js';
import { DeploymentEvents } from './events.js';
import { planOf } from './plan.js';
import { Planning } from './planning.js';
import { Rollouts } from './rollouts.js';
import { deploymentSubject, FILTER_NAMES, TARGET_NAMES, targetSubject } from './filters.js';
import { deploymentOf, targetView } from './view.js';

/** Rows that are looked through at a time when a filter is given. */
const LOOKED_AT = 500;
const ALL = 1_000_000;

@Injectable()
export class DeploymentsService {
  constructor(
    private readonly database: Database,
    private readonly deployments: DeploymentsStore,
    private readonly moves: DeploymentMovesStore,
    private readonly assignments: AssignmentsStore,
    private readonly rollouts: Rollouts,
    private readonly planning: Planning,
    private readonly deploying: Deploying,
    private readonly fleet: FleetReader,
    private readonly audit: Audit,
    private readonly events: DeploymentEvents,
    private readonly clock: Clock,
  ) {}

  plan(who: Principal, wanted: DeploymentCreate): Promise<Plan> {
    return this.database.withinSql(who.organization, async (tx) =>
      planOf(await this.planning.prepare(tx, wanted)),
    );
  }

  async deploy(who: Principal, wanted: DeploymentCreate): Promise<Deployment> {
    const epoch = await this.rollouts.epoch(who.organization);
    return this.database.withinSql(who.organization, async (tx) => {
      await this.deployments.lock(tx);
      const prepared = await this.planning.prepare(tx, wanted);
      assertWithin(who, [prepared.group]);
      return this.shown(tx, await this.deploying.deploy(tx, who, prepared, epoch));
    });
  }

  list(who: Principal, query: DeploymentQuery): Promise<Page<Deployment>> {
    const window = windowOf(query);
    const filter =
      query.filter === undefined ? undefined : readSelector(query.filter, '/filter', FILTER_NAMES);
    return this.database.withinSql(who.organization, async (tx) => {
      const rows: DeploymentRow[] = [];
      let { after } = window;
      for (;;) {
        const take = filter ? LOOKED_AT : window.take;
        const some = await this.deployments.page(tx, query, after, take);
        rows.push(...(filter ? some.filter((row) => matches(filter, deploymentSubject(row))) : some));
        after = some.at(-1)?.id;
        if (rows.length >= window.take || some.length < take) break;
      }
      const found = rows.slice(0, window.take);
      const tallies = await this.deployments.tally(
        tx,
        found.map((row) => row.id),
        await this.fleet.online(tx),
      );
      return pageFrom(
        found,
        window,
        (row) => row.id,
        (row) => deploymentOf(row, tallies.get(row.id) ?? []),
      );
    });
  }

  get(who: Principal, id: string): Promise<Deployment> {
    return this.database.withinSql(who.organization, async (tx) => this.shown(tx, await this.found(tx, id)));
  }

  targets(who: Principal, id: string, query: TargetQuery): Promise<Page<Target>> {
    const window = windowOf(query);
    const filter =
      query.filter === undefined ? undefined : readSelector(query.filter, '/filter', TARGET_NAMES);
    return this.database.withinSql(who.organization, async (tx) => {
      await this.found(tx, id);
      // A filter looks at all that is left: a deployment has at most as many targets as the fleet has nodes.
      const take = filter ? ALL : window.take;
      const rows = await this.deployments.targetPage(tx, id, window.after, take);
      const nodes = await this.fleet.names(
        tx,
        rows.map((row) => row.node_id),
      );
      const targets = rows.map((row) => targetView(row, nodes.get(row.node_id)));
      const found = filter ? targets.filter((one) => matches(filter, targetSubject(one))) : targets;
      return pageFrom(
        found,
        window,
        (one) => one.node,
        (one) => one,
      );
    });
  }

  timeline(who: Principal, id: string, query: PageQuery): Promise<Page<DeploymentMove>> {
    const window = windowOf(query);
    return this.database.withinSql(who.organization, async (tx) => {
      await this.found(tx, id);
      const rows = await this.moves.page(tx, id, window.after, window.take);
      return pageFrom(
        rows,
        window,
        (row) => row.id,
        (row) => ({ ...row, at: row.at.toISOString() }),
      );
    });
  }

  reasons(who: Principal, id: string): Promise<DeploymentReasons> {
    return this.database.withinSql(who.organization, async (tx) => {
      await this.found(tx, id);
      const items = await this.deployments.reasons(tx, id, await this.fleet.online(tx));
      return { items, next: null };
    });
  }

  pause(who: Principal, id: string): Promise<Deployment> {
    return this.act(who, id, 'pause', (tx, row, epoch) =>
      this.rollouts.become(tx, row, 'paused', `paused by ${nameOf(who)}`, epoch, who.actor),
    );
  }

  /** What failed until now was seen by whoever resumes, and does not stop it again. */
  resume(who: Principal, id: string): Promise<Deployment> {
    return this.act(who, id, 'resume', async (tx, row, epoch) => {
      const forgiven = (await this.deployments.targets(tx, id)).filter(failed).length;
      await this.deployments.change(tx, id, { forgiven });
      await this.rollouts.become(tx, row, 'rolling', `resumed by ${nameOf(who)}`, epoch, who.actor);
    });
  }

  abort(who: Principal, id: string, nodes: 'keep' | 'revert' = 'keep'): Promise<Deployment> {
    return this.act(who, id, 'abort', async (tx, row, epoch) => {
      const says = `aborted by ${nameOf(who)}`;
      await this.rollouts.become(tx, row, 'aborted', says, epoch, who.actor);
      if (nodes === 'revert') await this.rollouts.revert(tx, row, says, epoch);
    });
  }

  rollback(who: Principal, id: string): Promise<Deployment> {
    return this.act(who, id, 'rollback', async (tx, row, epoch) => {
      await this.assertNewest(tx, row);
      await this.rollouts.become(tx, row, 'rolled-back', `rolled back by ${nameOf(who)}`, epoch, who.actor);
    });
  }

  /** Nodes that failed get another try. */
  retry(who: Principal, id: string): Promise<Deployment> {
    return this.act(who, id, 'retry', async (tx, row, epoch) => {
      await this.assertNewest(tx, row);
      const broken = (await this.deployments.targets(tx, id)).filter((one) => retriable(row.state, one));
      for (const target of broken) await this.again(tx, target);
      const now = this.clock.now();
      await this.deployments.change(tx, id, {
        forgiven: 0,
        expires_at: new Date(now + row.strategy.expiresAfterMs),
      });
      await this.assignments.point(tx, row.assignment_id, { current: id, settled: row.settled_before });
      await this.rollouts.become(
        tx,
        row,
        'rolling',
        `once more: ${nodesOf(broken.length)}`,
        epoch,
        who.actor,
      );
    });
  }

  private async again(tx: SqlTx, target: TargetRow): Promise<void> {
    await this.deployments.changeTargets(tx, target.deployment_id, [target.node_id], {
      progress: 'waiting',
      outcome: null,
      reason: null,
      told_epoch: null,
      told_sequence: null,
      deadline: null,
      ended_at: null,
      attempt: target.attempt + 1,
    });
  }

  private async act(
    who: Principal,
    id: string,
    action: Action,
    work: (tx: SqlTx, row: DeploymentRow, epoch: number) => Promise<void>,
  ): Promise<Deployment> {
    const epoch = await this.rollouts.epoch(who.organization);
    return this.database.withinSql(who.organization, async (tx) => {
      await this.deployments.lock(tx);
      const row = await this.found(tx, id);
      assertWithin(who, [{ id: row.group_id, name: row.group_name }]);
      const { actions } = await this.shown(tx, row);
      if (!actions.includes(action)) {
        const why = mayAct(row.state, action, 1) ? 'no node of it has failed' : `it is ${row.state}`;
        throw new Failure(
          'deployments.illegal-move',
          `${action} is not possible for deployment ${id}: ${why}. It allows ${actions.join(', ') || 'nothing'}.`,
        );
      }
      await work(tx, row, epoch);
      this.audit.record(tx, who, { action: `deployments.${action}`, subject: `deployment:${id}` });
      this.events.wakeAdvance(tx);
      return this.shown(tx, await this.found(tx, id));
    });
  }

  /** What a newer deployment has changed, an older one must not. */
  private async assertNewest(tx: SqlTx, row: DeploymentRow): Promise<void> {
    const assignment = await this.assignments.find(tx, row.assignment_id);
    if (assignment && isNewest(row, assignment)) return;
    throw new Failure(
      'deployments.illegal-move',
      `Deployment ${row.id} is not the newest of its flow and group any more. Deploy the version that you want instead.`,
    );
  }

  private async shown(tx: SqlTx, row: DeploymentRow): Promise<Deployment> {
    const tallies = await this.deployments.tally(tx, [row.id], await this.fleet.online(tx));
    return deploymentOf(row, tallies.get(row.id) ?? []);
  }

  private async found(tx: SqlTx, id: string): Promise<DeploymentRow> {
    const row = await this.deployments.find(tx, id);
    if (!row)
      throw new Failure(
        'deployments.not-found',
        `There is no deployment ${id}. GET /v1/deployments lists them.`,
      );
    return row;
  }
}
