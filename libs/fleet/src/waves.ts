/**
 * Which node goes when, and whether the next wave may start.
 *
 * Guarantee: the same nodes give the same waves; gates are exact at the boundary and for zero nodes; nodes that
 * are offline neither block nor count as success. What is done about it is said by progress.ts.
 */
import { failures } from './target.js';
import { nodesOf } from './sentences.js';
import { MILLION, partsOf, type FullStrategy } from './strategy.js';
import { matches, parseSelector, type Subject } from './selector.js';
import type { Outcome, Progress } from '@millrace/schemas';

export interface Candidate extends Subject {
  node: string;
  online: boolean;
}

/**
 * Node ids by wave. Numbers and percentages count from the start, so `[1, '10%', '100%']` of 50 nodes is 1, 4
 * and 45. Whoever no wave names goes with one last wave. Nodes that are online go first, else by id, so that a
 * first wave of one is a node that can prove something.
 */
export function planWaves(
  strategy: Pick<FullStrategy, 'waves'>,
  candidates: readonly Candidate[],
): string[][] {
  const left = [...candidates].sort(
    (a, b) => Number(b.online) - Number(a.online) || (a.node < b.node ? -1 : Number(a.node > b.node)),
  );
  const waves: string[][] = [];
  const take = (chosen: readonly Candidate[]): void => {
    for (const candidate of chosen) left.splice(left.indexOf(candidate), 1);
    waves.push(chosen.map((candidate) => candidate.node));
  };
  for (const wave of strategy.waves) {
    if (typeof wave === 'object') {
      const selector = parseSelector(wave.selector);
      take(left.filter((candidate) => matches(selector, candidate)));
    } else {
      const soFar = candidates.length - left.length;
      take(left.slice(0, Math.max(0, reach(wave, candidates.length) - soFar)));
    }
  }
  take([...left]);
  return waves.filter((wave) => wave.length > 0);
}

/** How many nodes in all a wave reaches; a part of a node is a node. */
function reach(wave: number | string, nodes: number): number {
  return typeof wave === 'number' ? wave : Math.ceil((partsOf(wave) * nodes) / MILLION);
}

/** What gates look at, of one target. */
export interface WaveTarget {
  node: string;
  /** For sentences; the id stands in for it. */
  name?: string;
  wave: number;
  online: boolean;
  progress: Progress;
  outcome: Outcome | null;
  runningSince: number | null;
}

export type GateAnswer =
  | { gate: 'open' }
  | { gate: 'closed'; says: string; until?: number }
  /** Nobody of the wave can prove anything now; progress.ts brings other nodes up. */
  | { gate: 'unproved'; says: string };

/**
 * The gate behind one wave: of its nodes that are counted, `share` must have run for `runningForMs`. Not counted
 * are nodes that are offline without an outcome, and those whose failure was allowed: breachOf judges failures.
 */
export function gateOf(
  { gate }: Pick<FullStrategy, 'gate'>,
  all: readonly WaveTarget[],
  wave: number,
  now: number,
): GateAnswer {
  const mine = all.filter((target) => target.wave === wave && !stoodAside(target));
  const present = mine.filter((target) => target.online || target.outcome !== null);
  if (mine.length > 0 && present.length === 0) {
    return { gate: 'unproved', says: 'every node of the wave is offline' };
  }
  const counted = present.filter((target) => !failed(target));
  const needed = Math.ceil((partsOf(gate.share) * counted.length) / MILLION);
  const ripeAt = counted
    .flatMap(({ outcome, runningSince }) =>
      outcome === 'succeeded' && runningSince !== null ? [runningSince + gate.runningForMs] : [],
    )
    .sort((a, b) => a - b);
  const proved = ripeAt.filter((t) => t <= now).length;
  if (proved >= needed) return { gate: 'open' };
  const says = `${proved} of ${nodesOf(counted.length)} of the wave proved so far, ${needed} must`;
  const until = ripeAt[needed - 1];
  return until === undefined ? { gate: 'closed', says } : { gate: 'closed', says, until };
}

/**
 * A sentence when more failed than allowed. A percentage is of the nodes that have started and are counted;
 * `forgiven` failures were seen by a person who then resumed.
 */
export function breachOf(
  strategy: Pick<FullStrategy, 'gate'>,
  all: readonly WaveTarget[],
  forgiven = 0,
): string | undefined {
  const { maxFailures } = strategy.gate;
  const broken = all.filter(failed);
  const count = broken.length - forgiven;
  if (count <= 0) return undefined;
  const started = all.filter(
    (target) =>
      !stoodAside(target) && (target.outcome !== null || (target.online && target.progress !== 'waiting')),
  ).length;
  const breached =
    typeof maxFailures === 'number' ? count > maxFailures : count * MILLION > partsOf(maxFailures) * started;
  if (!breached) return undefined;
  const nodes = broken.slice(0, 3).map((target) => `${target.name ?? target.node} (${target.outcome})`);
  return `${count} of ${nodesOf(started)} failed, ${maxFailures} may: ${nodes.join(', ')}`;
}

/** A node that slept until the waiting was over has proved nothing, neither good nor bad. */
export const failed = ({ outcome, progress }: Pick<WaveTarget, 'outcome' | 'progress'>): boolean =>
  outcome !== null && failures.includes(outcome) && !(outcome === 'timed-out' && progress === 'waiting');

/** Taken out by somebody else's decision: neither success nor failure. */
export const stoodAside = (target: Pick<WaveTarget, 'outcome'>): boolean =>
  target.outcome === 'superseded' || target.outcome === 'cancelled';
