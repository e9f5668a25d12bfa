/** How a node stands, in one word and one colour. Pure. */
import type { FlowReport, Node } from '@millrace/schemas';
import type { Standing } from '../ui/state.js';

export interface Stands {
  is: Standing;
  says: string;
  /** ISO 8601; since when, where it is known. */
  since?: string;
}

const GAVE_UP = ['failed', 'refused', 'rolled-back', 'timed-out'];

export function standingOf(node: Pick<Node, 'status' | 'asDesired' | 'seenAt' | 'flows'>): Stands {
  if (node.status === 'revoked') return { is: 'off', says: 'Revoked' };
  if (node.status === 'offline')
    return node.seenAt === null
      ? { is: 'off', says: 'Never seen' }
      : { is: 'off', says: 'Offline', since: node.seenAt };
  if (node.asDesired) return { is: 'good', says: 'As desired' };
  return node.flows.some(gaveUp) ? { is: 'look', says: 'Needs a look' } : { is: 'busy', says: 'On its way' };
}

/** How one flow on a node stands, as the node says it. */
export function flowStandingOf(flow: FlowReport): Stands {
  if (gaveUp(flow)) return { is: 'look', says: flow.outcome! };
  if (flow.runningDigest !== null && flow.runningDigest === flow.desiredDigest)
    return { is: 'good', says: 'running' };
  if (flow.desiredDigest === null) return { is: 'busy', says: 'being removed' };
  return { is: 'busy', says: flow.progress };
}

const gaveUp = ({ outcome, runningDigest, desiredDigest }: FlowReport): boolean =>
  outcome !== null && GAVE_UP.includes(outcome) && runningDigest !== desiredDigest;

/** `hydraulic-cooler 2`, `cooler 1 → 2` while it changes, `cooler, none` when nothing runs. */
export function versionsOf({ flow, runningVersion, desiredVersion }: FlowReport): string {
  if (runningVersion === desiredVersion) return `${flow} ${runningVersion ?? ''}`.trim();
  return `${flow} ${runningVersion ?? 'none'} → ${desiredVersion ?? 'none'}`;
}
