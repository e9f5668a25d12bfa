/** The figures of the gate behind a wave against their limits. The rule itself is libs/fleet's; pure. */
import {
  failed,
  fullStrategy,
  gateOf,
  MILLION,
  partsOf,
  stoodAside,
  type FullStrategy,
  type GateAnswer,
  type WaveTarget,
} from '@millrace/fleet';
import type { Deployment, DeploymentState, Target } from '@millrace/schemas';

export interface GateFigures {
  /** `ahead`: its wave has not begun; `breached`: more failed than may; `over`: nobody asks it any more. */
  state: 'ahead' | 'closed' | 'open' | 'unproved' | 'breached' | 'over';
  /** Of the wave: nodes that count, those of them that have run long enough, and how many must. */
  counted: number;
  proved: number;
  needed: number;
  /** When enough will have run long enough, epoch ms; undefined while that is not known. */
  until?: number;
  /** Of the whole deployment. */
  failed: number;
  /** How many may: a number, or a percentage of those that started. */
  mayFail: number | string;
  started: number;
}

export function gateFigures(
  deployment: Pick<Deployment, 'strategy' | 'wave' | 'state'>,
  targets: readonly Target[],
  wave: number,
  now: number,
): GateFigures {
  const strategy = fullStrategy(deployment.strategy);
  const all = targets.map(waveTarget);
  const mine = all.filter((target) => target.wave === wave && !stoodAside(target));
  const counted = mine.filter((target) => (target.online || target.outcome !== null) && !failed(target));
  const needed = Math.ceil((Math.round(strategy.gate.share * MILLION) * counted.length) / MILLION);
  const proved = counted.filter(
    ({ outcome, runningSince }) =>
      outcome === 'succeeded' && runningSince !== null && runningSince + strategy.gate.runningForMs <= now,
  ).length;
  const broken = all.filter(failed).length;
  const started = all.filter(hasStarted).length;
  const answer = gateOf(strategy, all, wave, now);
  const breached = isBreach(strategy, broken, started);
  const state = stateOf(deployment, wave, breached, answer.gate);
  return {
    state,
    counted: counted.length,
    proved,
    needed,
    until: state === 'closed' && answer.gate === 'closed' ? answer.until : undefined,
    failed: broken,
    mayFail: strategy.gate.maxFailures,
    started,
  };
}

function stateOf(
  { wave: here, state }: Pick<Deployment, 'wave' | 'state'>,
  wave: number,
  breached: boolean,
  gate: GateAnswer['gate'],
): GateFigures['state'] {
  if (wave === here && breached && STOPPED.includes(state)) return 'breached';
  if (TAKEN_BACK.includes(state)) return 'over';
  if (wave > here) return 'ahead';
  if (wave < here) return 'open';
  return gate;
}

const TAKEN_BACK: readonly DeploymentState[] = ['rolled-back', 'aborted'];
/** While it goes on, a breach is one that a person has seen and resumed after. */
const STOPPED: readonly DeploymentState[] = ['paused', 'rolled-back', 'failed', 'aborted'];

function isBreach({ gate }: FullStrategy, broken: number, started: number): boolean {
  const { maxFailures } = gate;
  return typeof maxFailures === 'number'
    ? broken > maxFailures
    : broken * MILLION > partsOf(maxFailures) * started;
}

const hasStarted = (target: WaveTarget): boolean =>
  !stoodAside(target) && (target.outcome !== null || (target.online && target.progress !== 'waiting'));

const waveTarget = ({ node, wave, online, progress, outcome, reason, endedAt }: Target): WaveTarget => ({
  node,
  wave,
  online,
  progress,
  // Taken back with the whole deployment: it did not fail itself.
  outcome: outcome === 'rolled-back' && reason?.code === 'STOPPED' ? 'cancelled' : outcome,
  // A target that succeeded ended when it was found running.
  runningSince: outcome === 'succeeded' && endedAt !== null ? Date.parse(endedAt) : null,
});
