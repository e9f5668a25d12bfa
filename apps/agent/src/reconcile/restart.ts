/**
 * How often a flow that fails is started again: a little later each time, and after five times in ten minutes
 * not at all, until another version, a restart command or the agent's own restart. Pure.
 */
import { backoff, type Random } from '../backoff.js';

export const RESTARTS = 5;
export const RESTART_WINDOW_MS = 10 * 60_000;
const BASE_MS = 1_000;
const CAP_MS = 60_000;

/** `failures`: monotonic times at which it failed, this one included. */
export function restartAfter(
  failures: readonly number[],
  now: number,
  random: Random,
): { recent: number[]; until: number; halted: boolean } {
  const recent = failures.filter((at) => now - at < RESTART_WINDOW_MS);
  const halted = recent.length > RESTARTS;
  return { recent, halted, until: now + backoff(recent.length, BASE_MS, CAP_MS, random) };
}
