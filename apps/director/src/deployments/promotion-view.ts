/** How promotions become what the API shows. Pure. */
import { promotionActions, promotionSays, promotionState } from '@millrace/fleet';
import type { Promotion, PromotionPlan, PromotionState } from '@millrace/schemas';
import type { DeploymentRow, TargetTally } from './deployments.store.js';
import { missingOf, planOf, sumOf } from './plan.js';
import type { Drawn } from './promotion-drawing.js';
import type { StandingPromotion } from './promotions.store.js';
import { countsOf } from './view.js';

/** State and sentence: said when it moves, and shown. */
export function standOf(
  { decision, says }: Pick<StandingPromotion, 'decision' | 'says'>,
  deployments: readonly Pick<DeploymentRow, 'state' | 'flow' | 'group_name' | 'says'>[],
): { state: PromotionState; says: string } {
  const states = deployments.map((one) => one.state);
  const state = promotionState(decision, states);
  if (decision !== 'going') return { state, says };
  const paused = deployments.find((one) => one.state === 'paused');
  const stuck = paused ? `; ${paused.flow} to ${paused.group_name} is paused: ${paused.says}` : '';
  return { state, says: `${promotionSays(states)}${stuck}` };
}

export function promotionOf(
  row: StandingPromotion,
  deployments: readonly DeploymentRow[],
  tallies: ReadonlyMap<string, TargetTally[]>,
): Promotion {
  const { state, says } = standOf(row, deployments);
  return {
    id: row.id,
    state,
    says,
    resource: row.resource,
    alias: row.alias,
    from: row.from_version,
    to: row.to_version,
    note: row.note,
    strategy: row.strategy,
    flows: row.flows.map(({ flow, fromVersion, version }) => ({
      flow,
      fromVersion,
      version,
      deployments: deployments
        .filter((one) => one.flow === flow)
        .map((one) => ({
          id: one.id,
          group: one.group_id,
          groupName: one.group_name,
          fromVersion: one.from_version,
          state: one.state,
          says: one.says,
          targets: countsOf(tallies.get(one.id) ?? []),
        })),
    })),
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
    decidedBy: row.decided_by,
    decidedAt: row.decided_at?.toISOString() ?? null,
    endedAt: endOf(row, state, deployments)?.toISOString() ?? null,
    actions: promotionActions(row.decision, row.leads),
  };
}

/** When the last of it ended. */
function endOf(
  row: StandingPromotion,
  state: PromotionState,
  deployments: readonly DeploymentRow[],
): Date | null {
  if (state === 'rolling' || state === 'awaiting-approval') return null;
  if (row.decision !== 'going') return row.decided_at;
  const ends = deployments.flatMap((one) => one.ended_at ?? []).map((end) => end.getTime());
  return ends.length > 0 ? new Date(Math.max(...ends)) : (row.decided_at ?? row.created_at);
}

export function promotionPlanOf(drawn: Drawn, approval: boolean): PromotionPlan {
  const prepared = drawn.flows.flatMap((one) => one.deployments.map((deployment) => deployment.prepared));
  const flows = drawn.flows.map(({ flow, fromVersion, version, published, problems, deployments }) => ({
    flow,
    fromVersion,
    version,
    published,
    problems,
    deployments: deployments.map((one) => ({
      ...planOf(one.prepared),
      groupName: one.prepared.group.name,
      fromVersion: one.fromVersion,
    })),
  }));
  const planned = flows.flatMap((one) => one.deployments.flatMap((deployment) => deployment.nodes));
  const count = (holds: (node: (typeof planned)[number]) => boolean): number =>
    new Set(planned.filter(holds).map((node) => node.node)).size;
  const missing = new Map(
    prepared.flatMap(({ release, nodes, runtimes }) =>
      nodes.flatMap((node) =>
        [...missingOf(release, node, runtimes)].map(
          ([digest, size]) => [`${node.id} ${digest}`, size] as const,
        ),
      ),
    ),
  );
  return {
    resource: drawn.held.resource.name,
    alias: drawn.held.alias,
    from: drawn.held.before?.version ?? null,
    to: drawn.version,
    digest: drawn.digest,
    valid: flows.every((one) => one.problems.length === 0),
    approval,
    flows,
    nodes: count(() => true),
    offline: count((node) => !node.online),
    conflicts: count((node) => node.conflicts.length > 0),
    bytesToFetch: sumOf(missing.values()),
  };
}
