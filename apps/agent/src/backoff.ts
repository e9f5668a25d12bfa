/**
 * How long to wait before the next try. Randomness is an argument; a thousand nodes that lost the same
 * director must not come back in the same second, so the jitter is full, at the cap too.
 */
export type Random = () => number;

/** Milliseconds: anywhere between 0 and base doubled with each failure, at most `cap`. */
export function backoff(failures: number, base: number, cap: number, random: Random): number {
  return random() * Math.min(cap, base * 2 ** Math.min(failures, 30));
}

/** Milliseconds to the next poll: never later than `interval`, since two polls must be enough to converge. */
export function pollDelay(interval: number, random: Random): number {
  return interval * (0.5 + random() / 2);
}

/** A sleep that ends early when it is woken or the signal is given; it never rejects. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    // Longer than 2^31 ms a timer would fire at once.
    const timer = setTimeout(done, Math.min(Math.max(ms, 0), 2 ** 31 - 1));
    if (signal?.aborted) done();
    else signal?.addEventListener('abort', done, { once: true });
  });
}
