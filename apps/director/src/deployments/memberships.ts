/**
 * Group membership and assignments: who joins a group gets its flows, who leaves it stops them.
 *
 * Guarantee: one defined result in the middle of a deployment. Who joins gets a place in its last wave; after
 * it, what last ended well, under the same gates. Who leaves is taken out of both. It may run twice.
 */
import { Injectable } from '@nestjs/common';
import { activeStates } from '@millrace/fleet';
import type { Reason } from '@millrace/schemas';
import { FleetReader } from '../fleet/fleet.reader.js';
import { Clock } from '../platform/clock.js';
import type { SqlTx } from '../platform/database/database.js';
import { AssignmentsStore, type AssignmentRow } from './assignments.store.js';
import { DeploymentsStore, type DeploymentRow, type TargetRow } from './deployments.store.js';
import { DesiredStates } from './desired.js';

@Injectable()
export class Memberships {
  constructor(
    private readonly assignments: AssignmentsStore,
    private readonly deployments: DeploymentsStore,
    private readonly desired: DesiredStates,
    private readonly fleet: FleetReader,
    private readonly clock: Clock,
  ) {}

  /** Looks at up to `most` nodes whose groups may have changed; returns how many there were. Under the lock. */
  async follow(tx: SqlTx, epoch: number, most: number): Promise<number> {
    const changed = await this.fleet.changed(tx, most);
    if (changed.length === 0) return 0;
    // First the rows of the nodes and then the others, as a report does: neither waits for the other for ever.
    await this.fleet.note(tx, changed);
    await this.settle(
      tx,
      changed.map((node) => node.id),
      epoch,
    );
    return changed.length;
  }

  /** Brings placements and targets of these nodes in line with their groups, and their states with both. */
  async settle(tx: SqlTx, nodes: readonly string[], epoch: number): Promise<void> {
    const groupsOf = await this.fleet.groupsOf(tx, nodes);
    const assignments = await this.assignments.all(tx);
    const placements = await this.assignments.placementsOf(tx, nodes);
    const targets = await this.deployments.targetsOfNodes(tx, nodes);
    const ids = assignments.flatMap(({ current, settled }) => [current, settled]);
    const deployments = await this.deployments.several(
      tx,
      ids.filter((id) => id !== null),
    );
    for (const assignment of assignments) {
      const inside = new Set(nodes.filter((node) => groupsOf.get(node)?.includes(assignment.group_id)));
      const placed = new Set(
        placements.filter((one) => one.assignment_id === assignment.id).map((one) => one.node_id),
      );
      const mine = targets.filter((target) => target.assignment_id === assignment.id);
      await this.leave(
        tx,
        assignment,
        nodes.filter((node) => !inside.has(node) && placed.has(node)),
        mine,
        inside,
      );
      await this.join(
        tx,
        assignment,
        [...inside].filter((node) => !placed.has(node)),
        mine,
        deployments,
      );
    }
    await this.desired.raise(tx, nodes, epoch);
  }

  private async leave(
    tx: SqlTx,
    assignment: AssignmentRow,
    placed: readonly string[],
    targets: readonly TargetRow[],
    inside: ReadonlySet<string>,
  ): Promise<void> {
    if (placed.length > 0) await this.assignments.takeAway(tx, assignment.id, placed);
    const open = targets.filter((target) => target.outcome === null && !inside.has(target.node_id));
    for (const { deployment_id, node_id } of open) {
      await this.deployments.changeTargets(tx, deployment_id, [node_id], {
        outcome: 'cancelled',
        reason: LEFT,
        ended_at: new Date(this.clock.now()),
      });
    }
  }

  private async join(
    tx: SqlTx,
    assignment: AssignmentRow,
    nodes: readonly string[],
    targets: readonly TargetRow[],
    deployments: ReadonlyMap<string, DeploymentRow>,
  ): Promise<void> {
    const current = deployments.get(assignment.current ?? '');
    const isActive = current && activeStates.includes(current.state);
    const deployment = isActive ? current : deployments.get(assignment.settled ?? '');
    if (!deployment) return;
    const known = new Map(
      targets.filter((one) => one.deployment_id === deployment.id).map((one) => [one.node_id, one]),
    );
    // An open target waits for its turn; one that has ended is of somebody who left and came back.
    const joining = nodes.filter((node) => known.get(node)?.outcome !== null);
    if (joining.length === 0) return;
    const waves = Math.max(1, deployment.waves);
    const wave = isActive ? waves : Math.max(1, deployment.wave);
    if (waves !== deployment.waves || deployment.wave < 1) {
      await this.deployments.change(tx, deployment.id, { waves, wave: Math.max(1, deployment.wave) });
    }
    await this.deployments.addTargets(
      tx,
      deployment.id,
      joining.map((node) => ({ node, wave, previous: null })),
    );
  }
}

const LEFT: Reason = { code: 'STOPPED', detail: 'the node is no longer in the group' };
