/**
 * Brings what waits in an outbox to the director: over MQTT while there is a connection, else over HTTPS.
 *
 * Guarantee: in order, again and again until it is acknowledged, and never more than WINDOW ahead of the last
 * acknowledgement. Only the acknowledgement makes the outbox forget; a PUBACK of the broker does not. The
 * director drops what comes twice.
 */
import { Failure } from '@millrace/schemas';
import { backoff, pause, type Random } from '../backoff.js';
import type { Log } from '../log.js';
import type { Entry, Outbox } from './outbox.js';

const WINDOW = 512;
const BATCH = 100;
/** An acknowledgement takes a commit at the director; after this long without one it is sent again. */
const RESEND_MS = 10_000;
/** When this many rounds over MQTT brought no acknowledgement, HTTPS is tried: a broker may swallow. */
const ROUNDS = 2;
const RETRY_BASE_MS = 1_000;
const RETRY_CAP_MS = 60_000;
const EXPIRE_MS = 60_000;

export interface SenderOptions<Message> {
  outbox: Outbox<Message>;
  connected(): boolean;
  publish(message: Message): Promise<void>;
  /** Gives the number through which the director has committed. */
  post(messages: Message[], signal: AbortSignal): Promise<number>;
  random: Random;
  log: Log;
}

export interface Sender {
  /** Something new waits, or the connection changed. */
  wake(): void;
  acknowledge(through: number): Promise<void>;
  close(): Promise<void>;
}

export function startSender<Message>(options: SenderOptions<Message>): Sender {
  const { outbox, log } = options;
  const closing = new AbortController();
  const { signal } = closing;
  let wakeUp = new AbortController();
  /** The first that has not been sent in this round. */
  let position = 0;
  let rounds = 0;
  let failures = 0;

  const sleep = async (ms: number) => {
    if (!wakeUp.signal.aborted) await pause(ms, AbortSignal.any([wakeUp.signal, signal]));
    wakeUp = new AbortController();
  };

  async function byMqtt(): Promise<void> {
    position = Math.max(position, outbox.oldest);
    const room = outbox.oldest + WINDOW - position;
    const entries = room > 0 ? await outbox.read(position, Math.min(room, BATCH)) : [];
    await Promise.all(entries.map(({ message }) => options.publish(message)));
    const last = entries.at(-1);
    if (last !== undefined) {
      position = last.number + 1;
      return;
    }
    const before = outbox.oldest;
    await sleep(RESEND_MS);
    if (outbox.counts().buffered > 0 && outbox.oldest === before && !signal.aborted && position > before) {
      // Woken early by a new message is no silence; it is only sent again when time has really gone by.
      if (performance.now() - lastProgress < RESEND_MS) return;
      lastProgress = performance.now();
      position = before;
      rounds++;
    }
  }
  let lastProgress = performance.now();

  async function byHttp(): Promise<void> {
    const entries: Entry<Message>[] = await outbox.read(outbox.oldest, BATCH);
    if (entries.length === 0) return sleep(RESEND_MS);
    await acknowledge(
      await options.post(
        entries.map(({ message }) => message),
        signal,
      ),
    );
    failures = 0;
  }

  async function acknowledge(through: number): Promise<void> {
    if (through >= outbox.oldest) {
      rounds = 0;
      lastProgress = performance.now();
    }
    await outbox.acknowledge(through);
    wake();
  }

  function wake(): void {
    wakeUp.abort();
  }

  async function send(): Promise<void> {
    let expiredAt = performance.now();
    while (!signal.aborted) {
      try {
        if (performance.now() - expiredAt > EXPIRE_MS) {
          expiredAt = performance.now();
          await outbox.expire();
        }
        if (options.connected() && rounds < ROUNDS) await byMqtt();
        else {
          position = 0;
          await byHttp();
          rounds = 0;
        }
      } catch (error) {
        if (signal.aborted) break;
        failures++;
        rounds = 0;
        const asked = error instanceof Failure ? (error.retryAfter ?? 0) * 1000 : 0;
        const wait = Math.max(asked, backoff(failures, RETRY_BASE_MS, RETRY_CAP_MS, options.random));
        log.debug(
          { error: String(error), wait },
          'the director does not take messages; they wait on the disk',
        );
        // Not ended by new messages, or a busy flow would undo the backoff.
        await pause(wait, signal);
      }
    }
  }

  const done = send();
  return {
    wake,
    acknowledge,
    async close() {
      closing.abort();
      await done;
    },
  };
}
