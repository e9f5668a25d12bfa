/**
 * A transport over any kind of line: connects and reconnects, keeps subscriptions, and stands between the
 * line and those who publish and handle.
 *
 * Guarantee: a subscription outlives connections; reconnecting waits with full jitter, at the cap too, so a
 * fleet that lost its broker does not come back in one instant. How a line is made is not its business.
 */
import { Failure } from '@millrace/schemas';
import { createInbox } from './inbox.js';
import type { Dial, Line } from './line.js';
import { outgoingQueue } from './outgoing.js';
import {
  MAX_PAYLOAD_BYTES,
  realTimers,
  type Connection,
  type Handler,
  type QoS,
  type Timers,
  type Transport,
  type TransportCounters,
} from './port.js';
import { checkFilter, checkTopic, matches } from './topics.js';

export interface TransportOptions {
  /** Full jitter: the wait is random between 0 and min(cap, base * 2^attempt). Default 1 s and 60 s. */
  reconnect?: { baseMs?: number; capMs?: number };
  /** QoS 1 messages unacknowledged at a time. Default 64, and brokers commonly allow 20 to 1,000. */
  maxInFlight?: number;
  /** Messages that wait to be sent (default 1,000), and that are not yet handled or safe (default 1,000). */
  maxWaiting?: number;
  /**
   * Topics whose messages are handled side by side. Default 1: everything in order. Above it only the
   * messages of one topic keep their order.
   */
  concurrency?: number;
  /** After it the next message is handled and this one acknowledged. Default 30 s; Infinity: never. */
  handlerDeadlineMs?: number;
  /** What went wrong with nobody waiting for it: a handler that failed, a subscription that was refused. */
  onProblem?: (failure: Failure) => void;
  random?: () => number;
  timers?: Timers;
}

interface Wish {
  qos: QoS;
  handlers: Set<Handler>;
  grant: 'pending' | 'granted' | Failure;
  waiters: Set<() => void>;
}

/** A connection that lasted this long was a good one: the next reconnect begins with short waits again. */
const stableMs = 10_000;

/** As many as a large plant has; some MB. */
const mostTopics = 10_000;

export function createTransport(dial: Dial, options: TransportOptions = {}): Transport {
  const { timers = realTimers, random = Math.random, onProblem = () => undefined } = options;
  const { baseMs = 1000, capMs = 60_000 } = options.reconnect ?? {};
  const maxWaiting = options.maxWaiting ?? 1000;
  const counters: TransportCounters = {
    published: 0,
    received: 0,
    connections: 0,
    failed: 0,
    overdue: 0,
    dropped: 0,
  };
  const wishes = new Map<string, Wish>();
  /** Who handles a topic, as long as no subscription comes or goes. */
  const byTopic = new Map<string, readonly Handler[]>();
  const listeners = new Set<(connection: Connection) => void>();
  const closing = new AbortController();
  const outgoing = outgoingQueue({ maxInFlight: options.maxInFlight ?? 64, maxWaiting, timers });
  const inbox = createInbox({
    handlersOf,
    concurrency: options.concurrency ?? 1,
    maxWaiting,
    handlerDeadlineMs: options.handlerDeadlineMs ?? 30_000,
    timers,
    counters,
    onProblem,
  });
  let line: Line | undefined;
  let begun: Promise<void> | undefined;

  function handlersOf(topic: string): readonly Handler[] {
    let handlers = byTopic.get(topic);
    if (handlers === undefined) {
      const wanted = [...wishes].filter(([filter]) => matches(filter, topic));
      handlers = wanted.flatMap(([, wish]) => [...wish.handlers]);
      // Topics that carry data in their name, such as a request's number, are not kept for ever.
      if (byTopic.size >= mostTopics) byTopic.clear();
      byTopic.set(topic, handlers);
    }
    return handlers;
  }

  function tell(connection: Connection) {
    for (const listener of listeners) listener(connection);
  }

  /** One connection from its making to its end; the reason of the end. */
  async function live(): Promise<Failure> {
    let ended!: (reason: Error) => void;
    const end = new Promise<Error>((resolve) => (ended = resolve));
    let made: Line;
    try {
      made = await dial({ onMessage: inbox.take, onClose: ended }, closing.signal);
    } catch (error) {
      return asFailure(error);
    }
    if (closing.signal.aborted) {
      made.drop();
      return asFailure(closing.signal.reason);
    }
    line = made;
    counters.connections += 1;
    for (const [filter, wish] of wishes) void ask(filter, wish);
    outgoing.attach(made);
    tell({ state: 'connected', resumed: made.resumed });
    const reason = await end;
    line = undefined;
    outgoing.detach();
    inbox.detach();
    for (const wish of wishes.values()) wish.grant = 'pending';
    return asFailure(reason);
  }

  async function stayConnected() {
    for (let attempt = 0; !closing.signal.aborted; attempt += 1) {
      const since = timers.now();
      const reason = await live();
      if (closing.signal.aborted) return;
      if (timers.now() - since >= stableMs) attempt = 0;
      const retryInMs = random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
      tell({ state: 'disconnected', reason, retryInMs });
      await pause(retryInMs);
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const callOff = timers.after(ms, resolve);
      const wake = () => {
        callOff();
        resolve();
      };
      if (closing.signal.aborted) wake();
      else closing.signal.addEventListener('abort', wake, { once: true });
    });
  }

  async function ask(filter: string, wish: Wish) {
    const over = line;
    if (!over) return;
    try {
      await over.subscribe(filter, wish.qos);
      if (line === over) wish.grant = 'granted';
    } catch (error) {
      // Only a refusal is an answer; any other error is the line's end, and the next one is asked again.
      if (line !== over || !(error instanceof Failure)) return;
      wish.grant = error;
      onProblem(error);
    }
    for (const settle of wish.waiters) settle();
  }

  function granted(filter: string, wish: Wish, deadlineMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (failure?: Failure) => {
        callOff();
        wish.waiters.delete(look);
        if (failure) reject(failure);
        else resolve();
      };
      const look = () => {
        if (wish.grant !== 'pending') settle(wish.grant === 'granted' ? undefined : wish.grant);
      };
      const callOff = timers.after(deadlineMs, () => {
        const detail = `The broker did not agree to "${filter}" within ${deadlineMs / 1000} s. It is asked again at every connection.`;
        settle(new Failure('platform.broker-unavailable', detail));
      });
      wish.waiters.add(look);
      look();
    });
  }

  /** At most so long, whatever becomes of it. */
  async function within(deadlineMs: number, work: Promise<unknown>): Promise<void> {
    let callOff!: () => void;
    const late = new Promise<void>((resolve) => (callOff = timers.after(deadlineMs, resolve)));
    await Promise.race([work.catch(() => undefined), late]);
    callOff();
  }

  return {
    get connected() {
      return line !== undefined;
    },
    counters,

    connect() {
      begun ??= stayConnected();
    },

    async publish(topic, payload, publishOptions = {}) {
      checkTopic(topic);
      const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
      if (bytes.length > MAX_PAYLOAD_BYTES) {
        const detail = `The message to ${topic} has ${bytes.length} bytes; at most ${MAX_PAYLOAD_BYTES} may be sent. Send a digest and fetch the content over HTTPS.`;
        throw new Failure('platform.message-too-large', detail);
      }
      if (closing.signal.aborted) throw asFailure(closing.signal.reason);
      const { qos = 1, retain = false } = publishOptions;
      await outgoing.publish({ topic, payload: bytes, qos, retain }, publishOptions);
      counters.published += 1;
    },

    subscribe(filter, handler, { qos = 1 } = {}) {
      checkFilter(filter);
      let wish = wishes.get(filter);
      if (!wish)
        wishes.set(filter, (wish = { qos, handlers: new Set(), grant: 'pending', waiters: new Set() }));
      wish.qos = wish.qos === 1 ? 1 : qos;
      wish.grant = 'pending';
      // A function of its own, so that one handler may be subscribed twice and closed once.
      const own: Handler = (message) => handler(message);
      wish.handlers.add(own);
      byTopic.clear();
      void ask(filter, wish);
      const mine = wish;
      return {
        filter,
        granted: (deadlineMs = 10_000) => granted(filter, mine, deadlineMs),
        async close() {
          mine.handlers.delete(own);
          byTopic.clear();
          if (mine.handlers.size > 0 || wishes.get(filter) !== mine) return;
          wishes.delete(filter);
          if (line) await within(5000, line.unsubscribe(filter));
        },
      };
    },

    onConnection(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    async close({ deadlineMs = 5000 } = {}) {
      if (closing.signal.aborted) return begun;
      closing.abort(new Failure('platform.broker-unavailable', 'This connection to the broker was closed.'));
      await within(deadlineMs, Promise.all([inbox.drain(), line ? outgoing.empty() : undefined]));
      const last = line;
      outgoing.close();
      if (last) {
        await within(deadlineMs, last.end());
        last.drop();
      }
      if (begun) await within(deadlineMs, begun);
      tell({ state: 'closed' });
    },
  };
}

function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new Failure('platform.broker-unavailable', `The broker can't be reached: ${detail}.`, {
    cause: error,
  });
}
