/**
 * How a deployment goes, with everything filled in that was left out: one node first, then the rest, stopping
 * when the first does not prove itself.
 *
 * Guarantee: shares and percentages become whole parts in a million, so that gates compare whole numbers and
 * are exact at the boundary.
 */
import type { NodeStrategy, Strategy, Wave } from '@millrace/schemas';

export interface FullStrategy {
  waves: Wave[];
  gate: { share: number; runningForMs: number; maxFailures: number | string };
  onBreach: 'pause' | 'rollback';
  probationMs: number;
  maxErrorRate: number;
  timeoutMs: number;
  soakMs: number;
  expiresAfterMs: number;
}

export const defaultStrategy: FullStrategy = {
  waves: [1, '100%'],
  gate: { share: 1, runningForMs: 0, maxFailures: 0 },
  onBreach: 'pause',
  probationMs: 10_000,
  maxErrorRate: 0.5,
  timeoutMs: 15 * 60_000, // a large model over a thin line
  soakMs: 0,
  expiresAfterMs: 7 * 86_400_000,
};

export function fullStrategy(strategy: Strategy = {}): FullStrategy {
  const { gate, ...rest } = strategy;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return { ...defaultStrategy, ...given, gate: { ...defaultStrategy.gate, ...gate } };
}

/** The part of it that a node must know. */
export const nodeStrategy = (strategy: FullStrategy): NodeStrategy => ({
  probationMs: strategy.probationMs,
  maxErrorRate: strategy.maxErrorRate,
  timeoutMs: strategy.timeoutMs,
});

export const MILLION = 1_000_000;

/** `2.5%` or 0.025 as parts in a million. */
export const partsOf = (share: number | string): number =>
  typeof share === 'number'
    ? Math.round(share * MILLION)
    : Math.round((Number.parseFloat(share) * MILLION) / 100);
