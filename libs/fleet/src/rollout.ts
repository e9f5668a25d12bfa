/**
 * What a deployment does next: one step, as data. The director takes it and asks again until it is to wait.
 *
 * Guarantee: after a breach, and while paused, no further node starts. A node is started only while it is
 * online, so that one which sleeps through a stop does not wake up to what was stopped. Nothing is in progress
 * for ever: what was started has a deadline, and all waiting ends with the deployment's expiry.
 */
import type { DeploymentState } from '@millrace/schemas';
import { activeStates, standingStates } from './deployment.js';
import { nodesOf } from './sentences.js';
import type { FullStrategy } from './strategy.js';
import { breachOf, failed, gateOf, stoodAside, type WaveTarget } from './waves.js';

export interface Rollout {
  state: DeploymentState;
  strategy: FullStrategy;
  /** The wave that is under way, from 1, of so many. */
  wave: number;
  waves: number;
  /** Failures that a person has seen and resumed after. */
  forgiven: number;
  soakingSince: number | null;
  expiresAt: number;
}

export interface RolloutTarget extends WaveTarget {
  /** By when it must have ended; null while it waits, or is offline. */
  deadline: number | null;
}

export type Step =
  /** Tell these nodes to run it. */
  | { step: 'start'; nodes: string[] }
  /** These were told and have not proved themselves in time. */
  | { step: 'time-out'; nodes: string[] }
  /** The clock of these nodes starts (they are back) or stands still (they are offline). */
  | { step: 'clock'; nodes: string[]; deadline: number | null }
  /** Time is up for all that have not ended. */
  | { step: 'expire'; nodes: string[] }
  | { step: 'next-wave'; wave: number }
  /** Bring these nodes up into the wave, since all of its own are offline. */
  | { step: 'fill-up'; nodes: string[]; wave: number }
  | { step: 'become'; state: DeploymentState; says: string }
  | { step: 'wait'; says: string; until?: number };

export function nextStep(rollout: Rollout, targets: readonly RolloutTarget[], now: number): Step {
  const { state } = rollout;
  const isActive = activeStates.includes(state);
  if (!isActive && !standingStates.includes(state)) return { step: 'wait', says: 'it has ended' };
  return (
    expiry(rollout, targets, now) ??
    deadlines(rollout, targets, now) ??
    stop(rollout, targets) ??
    start(rollout, targets) ??
    (state === 'rolling' ? roll(rollout, targets, now) : undefined) ??
    (state === 'soaking' ? soak(rollout, targets, now) : undefined) ??
    settle(rollout, targets)
  );
}

function expiry({ state, expiresAt }: Rollout, targets: readonly RolloutTarget[], now: number) {
  if (now < expiresAt) return undefined;
  const open = targets.filter(isOpen);
  // Where the deployment stands, a node that is at work has its own deadline; only the waiting ends.
  const over = standingStates.includes(state) ? open.filter((target) => !target.online) : open;
  if (over.length > 0) return { step: 'expire', nodes: names(over) } as const;
  if (activeStates.includes(state)) return become(ending(targets), 'its time is up');
  return undefined;
}

function deadlines({ strategy }: Rollout, targets: readonly RolloutTarget[], now: number): Step | undefined {
  const started = targets.filter((target) => isOpen(target) && target.progress !== 'waiting');
  const late = started.filter(({ online, deadline }) => online && deadline !== null && deadline <= now);
  if (late.length > 0) return { step: 'time-out', nodes: names(late) };
  const gone = started.filter(({ online, deadline }) => !online && deadline !== null);
  if (gone.length > 0) return { step: 'clock', nodes: names(gone), deadline: null };
  const back = started.filter(({ online, deadline }) => online && deadline === null);
  if (back.length > 0) {
    return { step: 'clock', nodes: names(back), deadline: now + strategy.probationMs + strategy.timeoutMs };
  }
  return undefined;
}

function stop(rollout: Rollout, targets: readonly RolloutTarget[]): Step | undefined {
  const { state, strategy, forgiven, wave, waves } = rollout;
  if (state === 'paused') return { step: 'wait', says: 'it is paused' };
  const breach = breachOf(strategy, targets, forgiven);
  if (!breach) return undefined;
  if (standingStates.includes(state)) return settled(state, targets) ?? { step: 'wait', says: breach };
  return become(
    strategy.onBreach === 'pause' ? 'paused' : 'rolled-back',
    `wave ${wave} of ${waves}: ${breach}`,
  );
}

function start({ wave, state }: Rollout, targets: readonly RolloutTarget[]): Step | undefined {
  // What stands is for all nodes of the group, also for one that slept longer than the deployment waited.
  const stands = standingStates.includes(state);
  const due = targets.filter(
    ({ wave: its, online, outcome, progress }) =>
      its <= wave &&
      online &&
      progress === 'waiting' &&
      (outcome === null || (stands && outcome === 'timed-out')),
  );
  return due.length > 0 ? { step: 'start', nodes: names(due) } : undefined;
}

function roll(rollout: Rollout, targets: readonly RolloutTarget[], now: number): Step | undefined {
  const { wave, waves, strategy } = rollout;
  const answer = gateOf(strategy, targets, wave, now);
  if (answer.gate === 'closed') return { step: 'wait', says: answer.says, until: answer.until };
  if (answer.gate === 'unproved') {
    const others = targets.filter((target) => target.wave > wave && target.online && isOpen(target));
    const size = targets.filter((target) => target.wave === wave).length;
    if (others.length > 0) return { step: 'fill-up', nodes: names(others.slice(0, size)), wave };
    if (!targets.some((target) => target.outcome === 'succeeded')) {
      return { step: 'wait', says: answer.says };
    }
  }
  if (wave < waves) return { step: 'next-wave', wave: wave + 1 };
  const working = targets.filter((target) => target.online && isOpen(target));
  if (working.length > 0) return { step: 'wait', says: `${nodesOf(working.length)} still at work` };
  if (strategy.soakMs > 0) return become('soaking', `it must hold for ${strategy.soakMs / 1_000} s`);
  return become(ending(targets), summary(targets));
}

function soak({ soakingSince, strategy }: Rollout, targets: readonly RolloutTarget[], now: number): Step {
  const until = (soakingSince ?? now) + strategy.soakMs;
  if (now < until) return { step: 'wait', says: 'it must hold for a while', until };
  return become(ending(targets), summary(targets));
}

function settle({ state }: Rollout, targets: readonly RolloutTarget[]): Step {
  return settled(state, targets) ?? { step: 'wait', says: summary(targets) };
}

/** A deployment that stands: what was partial may become whole, and the other way round. */
function settled(state: DeploymentState, targets: readonly RolloutTarget[]): Step | undefined {
  if (targets.some((target) => target.online && isOpen(target))) return undefined;
  const now = ending(targets);
  if (now === state || now === 'failed') return undefined;
  return become(now, summary(targets));
}

/** How it ends with these targets. No node at all is a success: nothing was left undone. */
export function ending(targets: readonly WaveTarget[]): 'succeeded' | 'partial' | 'failed' {
  const mine = targets.filter((target) => !stoodAside(target));
  const succeeded = mine.filter((target) => target.outcome === 'succeeded').length;
  if (succeeded === mine.length) return 'succeeded';
  return succeeded === 0 ? 'failed' : 'partial';
}

function summary(targets: readonly WaveTarget[]): string {
  const count = (holds: (target: WaveTarget) => boolean): number => targets.filter(holds).length;
  const parts = [
    [count((target) => target.outcome === 'succeeded'), 'runs it', 'run it'],
    [count(failed), 'failed', 'failed'],
    [
      count((target) => isOpen(target) && !target.online),
      'is offline and comes along when it returns',
      'are offline and come along when they return',
    ],
    [count((target) => isOpen(target) && target.online), 'is at work', 'are at work'],
    [count(stoodAside), 'stands aside', 'stand aside'],
  ] as const;
  const said = parts.filter(([n]) => n > 0).map(([n, one, more]) => `${n} ${n === 1 ? one : more}`);
  return said.length > 0 ? `of ${nodesOf(targets.length)}: ${said.join(', ')}` : 'no node is in the group';
}

export const isOpen = (target: Pick<WaveTarget, 'outcome'>): boolean => target.outcome === null;
const names = (targets: readonly WaveTarget[]): string[] => targets.map((target) => target.node);
const become = (state: DeploymentState, says: string): Step => ({ step: 'become', state, says });
