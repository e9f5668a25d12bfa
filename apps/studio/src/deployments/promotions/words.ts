/** How promotions are said: standings, whose word they wait for, what each button does to how many. Pure. */
import type { PromotionAction } from '@millrace/fleet';
import type {
  Me,
  Permission,
  Promotion,
  PromotionPlan,
  PromotionState,
  TargetCounts,
} from '@millrace/schemas';
import type { Standing } from '../../ui/state.js';
import { many } from '../../ui/units.js';

export const PROMOTION_STATES: Readonly<Record<PromotionState, { word: string; is: Standing }>> = {
  'awaiting-approval': { word: 'awaits approval', is: 'look' },
  rolling: { word: 'rolling', is: 'busy' },
  succeeded: { word: 'succeeded', is: 'good' },
  partial: { word: 'partial', is: 'look' },
  failed: { word: 'failed', is: 'broken' },
  'rolled-back': { word: 'rolled back', is: 'look' },
  rejected: { word: 'rejected', is: 'off' },
  superseded: { word: 'superseded', is: 'off' },
};

type Moving = Pick<Promotion, 'resource' | 'alias' | 'from' | 'to'>;

export const titleOf = ({ resource, to, alias }: Pick<Promotion, 'resource' | 'alias' | 'to'>): string =>
  `${resource}@${to} to ${alias}`;

export const addressOf = (id: string): string => `/deployments/promotions/${encodeURIComponent(id)}`;

type Person = Pick<Me, 'kind' | 'id' | 'permissions'>;

export const isOwn = ({ createdBy }: Pick<Promotion, 'createdBy'>, me: Person | undefined): boolean =>
  me !== undefined && createdBy === `${me.kind}:${me.id}`;

/** Whoever may approve what somebody else asks for. */
export const waitsFor = (
  promotion: Pick<Promotion, 'state' | 'createdBy'>,
  me: Person | undefined,
): boolean =>
  promotion.state === 'awaiting-approval' &&
  me !== undefined &&
  me.permissions.includes('promotions.approve') &&
  !isOwn(promotion, me);

/** Of all its deployments; a node counts once in each. */
export function countsOf({ flows }: Pick<Promotion, 'flows'>): TargetCounts {
  const sum: TargetCounts = {
    total: 0,
    waiting: 0,
    working: 0,
    succeeded: 0,
    failed: 0,
    offline: 0,
    other: 0,
  };
  const parts = Object.keys(sum) as (keyof TargetCounts)[];
  for (const { targets } of flows.flatMap(({ deployments }) => deployments))
    for (const part of parts) sum[part] += targets[part];
  return sum;
}

/** `production goes from @1 to @2`. */
export function moveSays({ alias, from, to }: Omit<Moving, 'resource'>): string {
  if (from === null) return `${alias} is new and points at @${to}`;
  return from === to ? `${alias} stands at @${to} already` : `${alias} goes from @${from} to @${to}`;
}

/** What a plan comes to, in one sentence. */
export function planSays(plan: PromotionPlan): string {
  const { flows, nodes } = plan;
  if (flows.length === 0) return `${moveSays(plan)}. No flow follows it, so that no node changes.`;
  const unfit = flows.filter(({ problems }) => problems.length > 0).length;
  if (unfit > 0)
    return `${moveSays(plan)}, but ${unfit} of ${many(flows.length, 'flow')} ${unfit === 1 ? 'does not pass its' : 'do not pass their'} checks.`;
  const unassigned = flows.filter(({ deployments }) => deployments.length === 0).length;
  const left = unassigned > 0 ? `; ${unassigned} of them assigned to no group` : '';
  return `${moveSays(plan)}, with ${many(flows.length, 'flow')} on ${many(nodes, 'node')}${left}.`;
}

export interface Deed {
  label: string;
  /** A question. */
  title: string;
  /** What it does, and to how many. */
  says: string;
  needs: Permission;
}

export function deedOf(action: PromotionAction, promotion: Promotion): Deed {
  const { alias, from, to, flows } = promotion;
  const parts = flows.flatMap(({ deployments }) => deployments);
  const targets = countsOf(promotion).total;
  const title = titleOf(promotion);
  const deeds: Record<PromotionAction, Deed> = {
    approve: {
      label: 'Approve',
      title: `Approve ${title}?`,
      says: `The alias ${moveSays(promotion)} at once. ${many(flows.length, 'flow')} that ${flows.length === 1 ? 'follows' : 'follow'} it ${flows.length === 1 ? 'goes' : 'go'} to ${flows.length === 1 ? 'its' : 'their'} nodes, wave by wave.`,
      needs: 'promotions.approve',
    },
    reject: {
      label: 'Reject',
      title: `Reject ${title}?`,
      says: `Nothing changes: ${from === null ? `${alias} is not made` : `${alias} stays at @${from}`}, and no node hears of it.`,
      needs: 'promotions.approve',
    },
    revert: {
      label: from === null ? 'Take back' : `Go back to @${from}`,
      title: `Take ${title} back?`,
      says: `The alias ${alias} goes from @${to} back to @${from ?? to}. ${many(parts.length, 'deployment')} on ${many(targets, 'node')} ${parts.length === 1 ? 'is' : 'are'} rolled back: each node gets what it had proved to run before.`,
      needs: 'promotions.write',
    },
  };
  return deeds[action];
}
