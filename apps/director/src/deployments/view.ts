/** How rows become what the API shows. Pure. */
import { actionsOf, failed, isOpen, retriable, stoodAside } from '@millrace/fleet';
import type { Assignment, Deployment, Target, TargetCounts } from '@millrace/schemas';
import type { AssignmentRow } from './assignments.store.js';
import type { DeploymentRow, TargetRow, TargetTally } from './deployments.store.js';

export const deploymentOf = (row: DeploymentRow, tallies: readonly TargetTally[]): Deployment => ({
  id: row.id,
  state: row.state,
  says: row.says,
  flow: row.flow,
  version: row.version,
  digest: row.digest,
  group: row.group_id,
  groupName: row.group_name,
  assignment: row.assignment_id,
  promotion: row.promotion_id,
  strategy: row.strategy as Deployment['strategy'],
  parameters: row.parameters,
  wave: row.wave,
  waves: row.waves,
  targets: countsOf(tallies),
  createdBy: row.created_by,
  createdAt: row.created_at.toISOString(),
  endedAt: row.ended_at?.toISOString() ?? null,
  expiresAt: row.expires_at.toISOString(),
  actions: actionsOf(
    row.state,
    count(tallies, (one) => retriable(row.state, one)),
  ),
});

export const countsOf = (tallies: readonly TargetTally[]): TargetCounts => ({
  total: count(tallies, () => true),
  waiting: count(tallies, (one) => isOpen(one) && one.progress === 'waiting' && one.online),
  working: count(tallies, (one) => isOpen(one) && one.progress !== 'waiting' && one.online),
  succeeded: count(tallies, (one) => one.outcome === 'succeeded'),
  failed: count(tallies, failed),
  offline: count(tallies, (one) => isOpen(one) && !one.online),
  other: count(tallies, (one) => stoodAside(one) || (one.outcome === 'timed-out' && !failed(one))),
});

const count = (tallies: readonly TargetTally[], holds: (tally: TargetTally) => boolean): number =>
  tallies.filter(holds).reduce((sum, tally) => sum + tally.n, 0);

export const targetView = (row: TargetRow, node: { name: string; online: boolean } | undefined): Target => ({
  node: row.node_id,
  nodeName: node?.name ?? row.node_id,
  online: node?.online ?? false,
  wave: row.wave,
  progress: row.progress,
  outcome: row.outcome,
  reason:
    row.reason ??
    (isOpen(row) && !node?.online ? { code: 'OFFLINE', detail: 'it comes along when it returns' } : null),
  gapMs: row.gap_ms,
  lost: row.lost === null ? null : Number(row.lost),
  attempt: row.attempt,
  startedAt: row.started_at?.toISOString() ?? null,
  deadline: row.deadline?.toISOString() ?? null,
  endedAt: row.ended_at?.toISOString() ?? null,
});

export const assignmentOf = (
  row: AssignmentRow,
  group: { name: string; priority: number } | undefined,
  settled: DeploymentRow | undefined,
  isActive: boolean,
  nodes: number,
): Assignment => ({
  id: row.id,
  flow: row.flow,
  version: settled?.version ?? null,
  digest: settled?.digest ?? null,
  group: row.group_id,
  groupName: group?.name ?? row.group_id,
  priority: group?.priority ?? 0,
  deployment: isActive ? row.current : null,
  nodes,
  createdAt: row.created_at.toISOString(),
});
