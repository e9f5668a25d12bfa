/**
 * Begins a deployment, in the transaction of whoever wants it: a person, or a promotion.
 *
 * Guarantee: under the lock of the deployments, with every parameter of every node; a newer deployment of the same
 * flow to the same group takes the place of one that is under way. What happens next is said by rollouts.ts.
 */
import { Injectable } from '@nestjs/common';
import { activeStates, nodesOf } from '@millrace/fleet';
import { Audit } from '../access/audit.js';
import type { Principal } from '../access/principal.js';
import { Clock } from '../platform/clock.js';
import type { SqlTx } from '../platform/database/database.js';
import { newId } from '../platform/id.js';
import { AssignmentsStore, type AssignmentRow } from './assignments.store.js';
import { DeploymentMovesStore } from './deployment-moves.store.js';
import { DeploymentsStore, type DeploymentRow } from './deployments.store.js';
import { DeploymentEvents } from './events.js';
import { assertParameters } from './parameters.js';
import { planNodes, type Prepared } from './plan.js';
import { Rollouts } from './rollouts.js';

@Injectable()
export class Deploying {
  constructor(
    private readonly deployments: DeploymentsStore,
    private readonly moves: DeploymentMovesStore,
    private readonly assignments: AssignmentsStore,
    private readonly rollouts: Rollouts,
    private readonly audit: Audit,
    private readonly events: DeploymentEvents,
    private readonly clock: Clock,
  ) {}

  async deploy(
    tx: SqlTx,
    who: Principal,
    prepared: Prepared,
    epoch: number,
    promotion: string | null = null,
  ): Promise<DeploymentRow> {
    const { release, group, strategy, parameters } = prepared;
    const { flow, version } = release;
    const planned = planNodes(prepared);
    assertParameters(
      planned.nodes.flatMap(({ nodeName, conflicts }) => conflicts.map((what) => ({ nodeName, what }))),
    );
    const now = this.clock.now();
    const id = newId(now);
    const before = await this.assignments.of(tx, flow, group.id);
    const previous = await this.provenBefore(tx, before?.id);
    const known = await this.deployments.several(tx, [before?.current ?? '', before?.settled ?? '']);
    const current = known.get(before?.current ?? '');
    if (current && activeStates.includes(current.state)) {
      const says = `version ${version} of ${flow} took its place`;
      await this.rollouts.become(tx, current, 'superseded', says, epoch, who.actor);
    }
    const assignment = before?.id ?? newId(now);
    const at = new Date(now);
    if (before) await this.assignments.point(tx, assignment, { current: id, settled: before.settled });
    else {
      const fresh = { id: assignment, flow, group_id: group.id, current: id, settled: null };
      await this.assignments.create(tx, { ...fresh, created_at: at });
    }
    const row: DeploymentRow = {
      id,
      flow,
      version,
      digest: release.digest,
      group_id: group.id,
      group_name: group.name,
      assignment_id: assignment,
      strategy,
      parameters,
      state: 'rolling',
      says: 'it begins',
      wave: Math.min(1, planned.waves.length),
      waves: planned.waves.length,
      forgiven: 0,
      soaking_since: null,
      settled_before: before?.settled ?? null,
      from_version: known.get(before?.settled ?? '')?.version ?? null,
      promotion_id: promotion,
      created_by: who.actor,
      created_at: at,
      expires_at: new Date(now + strategy.expiresAfterMs),
      ended_at: null,
    };
    await this.deployments.create(tx, row, release);
    await this.deployments.addTargets(
      tx,
      id,
      planned.nodes.map(({ node, wave }) => ({ node, wave, previous: previous.get(node) ?? null })),
    );
    const says = `version ${version} of ${flow} goes to ${nodesOf(planned.nodes.length)} of ${group.name}`;
    await this.moves.add(tx, id, { at, state: row.state, wave: row.wave, actor: who.actor, says });
    const details = { flow, version, group: group.name, nodes: planned.nodes.length, promotion };
    this.audit.record(tx, who, { action: 'deployments.deploy', subject: `deployment:${id}`, details });
    this.events.deploymentMoved(tx, row);
    this.events.wakeAdvance(tx);
    return row;
  }

  /** What every node had proved to run because of this assignment: where a rollback leads. */
  private async provenBefore(tx: SqlTx, assignment: string | undefined): Promise<Map<string, string>> {
    const proven = new Map<string, string>();
    if (assignment === undefined) return proven;
    const placements = await this.assignments.placements(tx, assignment);
    const targets = await this.deployments.targetsOfNodes(
      tx,
      placements.map((one) => one.node_id),
    );
    const byKey = new Map(targets.map((target) => [`${target.deployment_id} ${target.node_id}`, target]));
    for (const { node_id, deployment_id } of placements) {
      const target = byKey.get(`${deployment_id} ${node_id}`);
      const deployment = target && target.outcome !== 'succeeded' ? target.previous : deployment_id;
      if (deployment !== null) proven.set(node_id, deployment);
    }
    return proven;
  }
}

/**
 * What a newer deployment has changed, an older one must not; nor may it take away what a newer one that is under
 * way stands on.
 */
export const isNewest = (row: DeploymentRow, { current }: AssignmentRow): boolean =>
  current === row.id || (row.state === 'failed' && current === row.settled_before);
