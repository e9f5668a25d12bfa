/**
 * Asks the director over HTTPS what this node should be: often while MQTT is down, seldom while it works, at
 * once when somebody says that there is news.
 *
 * Guarantee: two polls are enough to converge with the broker dead; a director that is down or says
 * `Retry-After` is left in peace; no answer stops anything.
 */
import { Failure, type SignedDesired } from '@millrace/schemas';
import { backoff, pause, pollDelay, type Random } from '../backoff.js';
import type { DirectorApi } from '../director/api.js';
import type { Log } from '../log.js';

/** While MQTT works the poll only heals what a broker forgot. */
const WITH_MQTT = 10;
const RETRY_BASE_MS = 1_000;

export interface PollOptions {
  api: DirectorApi;
  intervalMs: number;
  connected(): boolean;
  take(state: SignedDesired): Promise<unknown>;
  /** undefined: it answered. */
  onAnswer(failure: unknown): void;
  random: Random;
  log: Log;
}

export interface Poll {
  /** Ask now, or as soon as the director allows it. */
  wake(): void;
  close(): Promise<void>;
}

export function startPoll(options: PollOptions): Poll {
  const { api, intervalMs, random, log } = options;
  const closing = new AbortController();
  let wakeUp = new AbortController();
  let etag: string | null = null;

  /** Milliseconds until the next question. */
  async function poll(failures: number): Promise<{ wait: number; failures: number; firm: boolean }> {
    try {
      const answer = await api.desired(etag, closing.signal);
      options.onAnswer(undefined);
      if (answer !== undefined) {
        await options.take(answer.state);
        etag = answer.etag;
      }
      const interval = options.connected() ? intervalMs * WITH_MQTT : intervalMs;
      return { wait: pollDelay(interval, random), failures: 0, firm: false };
    } catch (error) {
      if (closing.signal.aborted) return { wait: 0, failures, firm: true };
      options.onAnswer(error);
      log.debug({ error: String(error) }, 'the director was not reached; what runs goes on');
      const asked = error instanceof Failure ? (error.retryAfter ?? 0) * 1000 : 0;
      const wait = backoff(failures + 1, RETRY_BASE_MS, intervalMs, random);
      return { wait: Math.max(asked, wait), failures: failures + 1, firm: asked > 0 };
    }
  }

  async function run(): Promise<void> {
    let failures = 0;
    while (!closing.signal.aborted) {
      wakeUp = new AbortController();
      const next = await poll(failures);
      failures = next.failures;
      await pause(next.wait, next.firm ? closing.signal : AbortSignal.any([wakeUp.signal, closing.signal]));
    }
  }

  const done = run();
  return {
    wake: () => wakeUp.abort(),
    async close() {
      closing.abort();
      await done;
    },
  };
}
