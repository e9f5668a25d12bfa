/** Chance from a seed: the same seed gives the same simulation. Pure. */
import type { Random } from '../backoff.js';

/** mulberry32: 32 bits of state are enough to tell nodes apart, and for nothing that must be secret. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Exactly the rounded share of 0 to `count` - 1. */
export function chosen(count: number, share: number, random: Random): Set<number> {
  const all = Array.from({ length: count }, (_, index) => index);
  const wanted = Math.round(count * share);
  for (let i = 0; i < wanted; i++) {
    const other = i + Math.floor(random() * (count - i));
    [all[i], all[other]] = [all[other]!, all[i]!];
  }
  return new Set(all.slice(0, wanted));
}
