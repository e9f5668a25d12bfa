/**
 * Messages on their way to their handlers: in order a topic, a bounded number waiting, each handler bounded
 * by a deadline.
 *
 * Guarantee: acknowledgements go out in the order of arrival, as MQTT demands, each after its handlers have
 * settled or used up their deadline. It stands between the client's parser and the handlers, so a handler
 * may publish and wait for the broker's answer, which comes through the same parser.
 */
import { Failure } from '@millrace/schemas';
import type { Handler, Message, Timers, TransportCounters } from './port.js';

interface Entry {
  message: Message;
  acknowledge: () => void;
  begun: boolean;
  done: boolean;
}

export interface Inbox {
  /** A promise when it is full: bring no more until it resolves. QoS 0 is dropped and counted instead. */
  take(message: Message, acknowledge: () => void): Promise<void> | undefined;
  /** Begins no more messages; resolves when the running handlers have ended. */
  drain(): Promise<void>;
}

export function createInbox(options: {
  handlersOf: (topic: string) => Iterable<Handler>;
  /** Topics handled side by side. */
  concurrency: number;
  maxWaiting: number;
  handlerDeadlineMs: number;
  timers: Timers;
  counters: TransportCounters;
  onProblem: (failure: Failure) => void;
}): Inbox {
  const { counters } = options;
  let waiting: Entry[] = [];
  /** At QoS 1, in the order of arrival. */
  let unacknowledged: Entry[] = [];
  const busy = new Set<string>();
  let draining = false;
  let onRoom: (() => void)[] = [];
  let onIdle: (() => void)[] = [];

  function pump() {
    let index = 0;
    while (busy.size < options.concurrency && index < waiting.length) {
      const entry = waiting[index]!;
      if (busy.has(entry.message.topic)) {
        index += 1;
      } else {
        waiting.splice(index, 1);
        void handle(entry);
      }
    }
    if (waiting.length < options.maxWaiting) for (const resolve of onRoom.splice(0)) resolve();
    if (busy.size === 0) for (const resolve of onIdle.splice(0)) resolve();
  }

  async function handle(entry: Entry) {
    const { topic } = entry.message;
    entry.begun = true;
    busy.add(topic);
    const handlers = [...options.handlersOf(topic)].map((handler) => run(handler, entry.message));
    await Promise.all(handlers);
    busy.delete(topic);
    entry.done = true;
    while (unacknowledged[0]?.done) unacknowledged.shift()!.acknowledge();
    pump();
  }

  /** Never rejects; resolves at the deadline although the handler goes on. */
  function run(handler: Handler, message: Message): Promise<void> {
    return new Promise((resolve) => {
      const callOff = options.timers.after(options.handlerDeadlineMs, () => {
        counters.overdue += 1;
        const detail = `The handler of a message on ${message.topic} takes longer than ${options.handlerDeadlineMs / 1000} s; the next one is not kept waiting.`;
        options.onProblem(new Failure('platform.bug', detail));
        resolve();
      });
      const failed = (cause: unknown) => {
        counters.failed += 1;
        const detail = `The handler of a message on ${message.topic} failed: ${textOf(cause)}`;
        options.onProblem(cause instanceof Failure ? cause : new Failure('platform.bug', detail, { cause }));
      };
      // In a promise, so that a handler that throws at once is treated like one that rejects.
      void Promise.resolve()
        .then(() => handler(message))
        .catch(failed)
        .then(() => {
          callOff();
          resolve();
        });
    });
  }

  return {
    take(message, acknowledge) {
      if (draining) return undefined;
      const full = waiting.length >= options.maxWaiting;
      if (full && message.qos === 0) {
        counters.dropped += 1;
        return undefined;
      }
      counters.received += 1;
      const entry = { message, acknowledge, begun: false, done: false };
      waiting.push(entry);
      if (message.qos === 1) unacknowledged.push(entry);
      pump();
      if (waiting.length < options.maxWaiting) return undefined;
      return new Promise((resolve) => onRoom.push(resolve));
    },

    drain() {
      draining = true;
      waiting = [];
      // What no handler had begun is not acknowledged: a persistent session brings it again.
      unacknowledged = unacknowledged.filter(({ begun }) => begun);
      return new Promise((resolve) => {
        onIdle.push(resolve);
        pump();
      });
    },
  };
}

const textOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause));
