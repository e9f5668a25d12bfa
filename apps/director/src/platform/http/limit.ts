/**
 * A budget of attempts a key (an address, a name) in a window of time, in memory.
 * Guarantee: at most `most` in `windowMs` a key, and at most 10,000 keys are remembered.
 */
import { Failure } from '@millrace/schemas';

const KEYS_AT_MOST = 10_000;

export class Limit {
  private readonly attempts = new Map<string, { count: number; until: number }>();

  constructor(
    private readonly most: number,
    private readonly windowMs: number,
    private readonly now: () => number,
  ) {}

  /** Counts one attempt; throws 429 with Retry-After when the budget is used up. */
  take(key: string): void {
    const now = this.now();
    const entry = this.attempts.get(key);
    if (!entry || entry.until <= now) {
      this.attempts.delete(key);
      if (this.attempts.size >= KEYS_AT_MOST)
        this.attempts.delete(this.attempts.keys().next().value as string);
      this.attempts.set(key, { count: 1, until: now + this.windowMs });
      return;
    }
    entry.count += 1;
    if (entry.count > this.most) {
      const retryAfter = Math.ceil((entry.until - now) / 1_000);
      throw new Failure('platform.too-many-requests', `Too many attempts. Try again in ${retryAfter} s.`, {
        retryAfter,
      });
    }
  }

  /** The attempt was an honest one and does not count. */
  giveBack(key: string): void {
    const entry = this.attempts.get(key);
    if (entry) entry.count -= 1;
  }
}
