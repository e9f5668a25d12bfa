/**
 * How a promotion stands: what people decided about it, and how its deployments stand.
 *
 * Guarantee: one table says what a deployment counts as, and the state follows from the counts alone, so that it
 * is never remembered and never out of date. Pure. How a deployment moves is said by deployment.ts.
 */
import type { DeploymentState, PromotionState } from '@millrace/schemas';

/** `going`: the alias is moved, and the deployments are made. */
export type PromotionDecision = 'awaiting' | 'going' | 'rejected' | 'superseded' | 'reverted';

const decided: Record<Exclude<PromotionDecision, 'going'>, PromotionState> = {
  awaiting: 'awaiting-approval',
  rejected: 'rejected',
  superseded: 'superseded',
  reverted: 'rolled-back',
};

/** `aside`: something else took its place, which says nothing of the promotion. */
export const countsAs = {
  rolling: 'under-way',
  paused: 'under-way',
  soaking: 'under-way',
  succeeded: 'whole',
  partial: 'part',
  'rolled-back': 'back',
  aborted: 'undone',
  failed: 'undone',
  superseded: 'aside',
} as const satisfies Record<DeploymentState, string>;

/** Without any deployment nothing was left undone. */
export function promotionState(
  decision: PromotionDecision,
  deployments: readonly DeploymentState[],
): PromotionState {
  if (decision !== 'going') return decided[decision];
  const counts = deployments.map((state) => countsAs[state]);
  if (counts.includes('under-way')) return 'rolling';
  const mine = counts.filter((count) => count !== 'aside');
  if (mine.length === 0) return counts.length > 0 ? 'superseded' : 'succeeded';
  if (mine.every((count) => count === 'whole')) return 'succeeded';
  if (mine.every((count) => count === 'back')) return 'rolled-back';
  return mine.includes('whole') || mine.includes('part') ? 'partial' : 'failed';
}

export type PromotionAction = 'approve' | 'reject' | 'revert';

/** `leads`: the alias stands where this promotion put it, and no later one has begun. */
export function promotionActions(decision: PromotionDecision, leads: boolean): PromotionAction[] {
  if (decision === 'awaiting') return ['approve', 'reject'];
  return decision === 'going' && leads ? ['revert'] : [];
}

/** `2 of 3 deployments succeeded, 1 rolling`. */
export function promotionSays(deployments: readonly DeploymentState[]): string {
  if (deployments.length === 0) return 'no flow that follows the alias is assigned to a group';
  const states = [...new Set(deployments)].sort((a, b) => order.indexOf(a) - order.indexOf(b));
  const said = states.map((state) => `${deployments.filter((one) => one === state).length} ${state}`);
  const what = deployments.length === 1 ? '1 deployment' : `${deployments.length} deployments`;
  return `of ${what}: ${said.join(', ')}`;
}

const order = Object.keys(countsAs);
