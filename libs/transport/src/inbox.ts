/**
 * Messages on their way to their handlers: in order a topic, a bounded number waiting or not yet safe, each
 * handler bounded by a deadline.
 *
 * Guarantee: acknowledgements go out in the order of arrival, as MQTT demands, each after its handlers have
 * settled or used up their deadline, and after all that they have taken is safe. It stands between the client's
 * parser and the handlers, so a handler may publish and wait for the broker's answer, which comes through the
 * same parser. A handler that ends at once costs neither a timer nor a promise.
 */
import { Failure } from '@millrace/schemas';
import type { Handler, Message, Timers, TransportCounters } from './port.js';

interface Entry {
  message: Message;
  acknowledge: () => void;
  settled: boolean;
}

export interface Inbox {
  /** A promise when it is full: bring no more until it resolves. QoS 0 is dropped and counted instead. */
  take(message: Message, acknowledge: () => void): Promise<void> | undefined;
  /** The line has ended: what came over it and is not acknowledged comes again, and keeps no place. */
  detach(): void;
  /** Begins no more messages; resolves when the running handlers have ended and what they took is safe. */
  drain(): Promise<void>;
}

export function createInbox(options: {
  handlersOf: (topic: string) => readonly Handler[];
  /** Topics handled side by side. */
  concurrency: number;
  /** Messages that wait for their handlers, are being handled or are not yet safe, all together. */
  maxWaiting: number;
  /** Infinity: none. */
  handlerDeadlineMs: number;
  timers: Timers;
  counters: TransportCounters;
  onProblem: (failure: Failure) => void;
}): Inbox {
  const { counters, handlerDeadlineMs } = options;
  let waiting: Entry[] = [];
  /** At QoS 1, in the order of arrival. */
  let unacknowledged: Entry[] = [];
  /** Begun and not settled. */
  const open = new Set<Entry>();
  /** Topics of running handlers. */
  const busy = new Set<string>();
  let draining = false;
  let onRoom: (() => void)[] = [];
  let onIdle: (() => void)[] = [];

  const full = () => waiting.length + open.size >= options.maxWaiting;

  function pump() {
    let index = 0;
    while (busy.size < options.concurrency && index < waiting.length) {
      const entry = waiting[index]!;
      if (busy.has(entry.message.topic)) {
        index += 1;
      } else {
        waiting.splice(index, 1);
        begin(entry);
      }
    }
    if (onRoom.length > 0 && !full()) for (const resolve of onRoom.splice(0)) resolve();
    if (onIdle.length > 0 && busy.size + open.size === 0) for (const resolve of onIdle.splice(0)) resolve();
  }

  function begin(entry: Entry) {
    const { topic } = entry.message;
    const running: Promise<void>[] = [];
    const unsafe: Promise<void>[] = [];
    for (const handler of options.handlersOf(topic)) {
      try {
        const outcome = handler(entry.message);
        if (!outcome) continue;
        if ('safe' in outcome) unsafe.push(outcome.safe);
        else running.push(inTime(outcome, topic));
      } catch (cause) {
        failed(topic, cause);
      }
    }
    if (running.length + unsafe.length === 0) return settle(entry);
    open.add(entry);
    if (running.length > 0) {
      busy.add(topic);
      void Promise.all(running).then(() => {
        busy.delete(topic);
        pump();
      });
    }
    const ended = Promise.all([...running, ...unsafe]).then(
      () => settle(entry),
      (cause: unknown) => {
        failed(topic, cause);
        leave(entry);
      },
    );
    void ended.then(pump);
  }

  function settle(entry: Entry) {
    open.delete(entry);
    entry.settled = true;
    while (unacknowledged[0]?.settled) unacknowledged.shift()!.acknowledge();
  }

  /** Passes over a message that did not become safe: it is not acknowledged, and those behind it are. */
  function leave(entry: Entry) {
    unacknowledged = unacknowledged.filter((other) => other !== entry);
    settle(entry);
  }

  /** Never rejects; resolves at the deadline although the handler goes on. */
  function inTime(running: Promise<void>, topic: string): Promise<void> {
    const ended = running.catch((cause: unknown) => failed(topic, cause));
    if (handlerDeadlineMs === Infinity) return ended;
    return new Promise((resolve) => {
      const callOff = options.timers.after(handlerDeadlineMs, () => {
        counters.overdue += 1;
        const detail = `The handler of a message on ${topic} takes longer than ${handlerDeadlineMs / 1000} s; the next one is not kept waiting.`;
        options.onProblem(new Failure('platform.bug', detail));
        resolve();
      });
      void ended.then(() => {
        callOff();
        resolve();
      });
    });
  }

  function failed(topic: string, cause: unknown) {
    counters.failed += 1;
    const detail = `The handler of a message on ${topic} failed: ${textOf(cause)}`;
    options.onProblem(cause instanceof Failure ? cause : new Failure('platform.bug', detail, { cause }));
  }

  return {
    take(message, acknowledge) {
      if (draining) return undefined;
      if (message.qos === 0 && full()) {
        counters.dropped += 1;
        return undefined;
      }
      counters.received += 1;
      const entry = { message, acknowledge, settled: false };
      waiting.push(entry);
      if (message.qos === 1) unacknowledged.push(entry);
      pump();
      if (!full()) return undefined;
      return new Promise((resolve) => onRoom.push(resolve));
    },

    detach() {
      unacknowledged = [];
      open.clear();
      pump();
    },

    drain() {
      draining = true;
      // What no handler had begun is not acknowledged: a persistent session brings it again.
      const left = new Set(waiting);
      unacknowledged = unacknowledged.filter((entry) => !left.has(entry));
      waiting = [];
      return new Promise((resolve) => {
        onIdle.push(resolve);
        pump();
      });
    },
  };
}

const textOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause));
