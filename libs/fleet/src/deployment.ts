/**
 * The states of a deployment, and what people may ask of it.
 *
 * Guarantee: only these moves happen; the studio and the command line read the same table to know what to
 * offer. An illegal move is a value. How a deployment moves by itself is said by rollout.ts.
 */
import type { DeploymentState } from '@millrace/schemas';
import { failed, type WaveTarget } from './waves.js';

export const deploymentMoves = {
  rolling: ['paused', 'soaking', 'succeeded', 'partial', 'rolled-back', 'aborted', 'failed', 'superseded'],
  paused: ['rolling', 'succeeded', 'partial', 'rolled-back', 'aborted', 'failed', 'superseded'],
  soaking: ['paused', 'succeeded', 'partial', 'rolled-back', 'aborted', 'failed', 'superseded'],
  // Nodes that were offline come along later, nodes that join the group too, and what failed can be retried.
  succeeded: ['partial', 'rolled-back'],
  partial: ['succeeded', 'rolling', 'rolled-back'],
  failed: ['rolling', 'rolled-back'],
  'rolled-back': [],
  aborted: [],
  superseded: [],
} as const satisfies Record<DeploymentState, readonly DeploymentState[]>;

/** Under way: one for a flow and a group at a time. */
export const activeStates: readonly DeploymentState[] = ['rolling', 'paused', 'soaking'];

/** Nodes that come back or join are still brought to it. */
export const standingStates: readonly DeploymentState[] = ['succeeded', 'partial'];

/** Ends that leave nothing to wait for: targets without an outcome are cancelled with them. */
export const endsTargets = (state: DeploymentState): boolean =>
  !activeStates.includes(state) && !standingStates.includes(state);

export const actions = {
  pause: { from: ['rolling', 'soaking'], to: 'paused' },
  resume: { from: ['paused'], to: 'rolling' },
  abort: { from: ['rolling', 'paused', 'soaking'], to: 'aborted' },
  rollback: {
    from: ['rolling', 'paused', 'soaking', 'succeeded', 'partial', 'failed'],
    to: 'rolled-back',
  },
  retry: { from: ['paused', 'partial', 'failed'], to: 'rolling' },
} as const satisfies Record<string, { from: readonly DeploymentState[]; to: DeploymentState }>;

export type Action = keyof typeof actions;

/** `again`: how many of its targets can be tried again. */
export const mayAct = (state: DeploymentState, action: Action, again: number): boolean =>
  (actions[action].from as readonly DeploymentState[]).includes(state) && (action !== 'retry' || again > 0);

export const actionsOf = (state: DeploymentState, again: number): Action[] =>
  (Object.keys(actions) as Action[]).filter((action) => mayAct(state, action, again));

/** What failed. A node that slept until the time was up still comes along, unless the deployment has failed. */
export const retriable = (
  state: DeploymentState,
  target: Pick<WaveTarget, 'outcome' | 'progress'>,
): boolean => failed(target) || (state === 'failed' && target.outcome === 'timed-out');

export const mayBecome = (from: DeploymentState, to: DeploymentState): boolean =>
  (deploymentMoves[from] as readonly DeploymentState[]).includes(to);
