/**
 * Messages on their way to the broker: in order, a bounded number unacknowledged, a bounded number waiting,
 * each with a deadline.
 *
 * Guarantee: every publish settles by its deadline. What a broken connection left unacknowledged is sent
 * again first on the next one. Nothing is kept beyond its deadline, so an old message never follows a new.
 */
import { Failure } from '@millrace/schemas';
import type { Line, Outgoing } from './line.js';
import type { PublishOptions, Timers } from './port.js';

interface Entry {
  message: Outgoing;
  settled: boolean;
  /** Connections that ended while this message was on its way. */
  cuts: number;
  settle(error?: Error): void;
}

export interface OutgoingQueue {
  publish(message: Outgoing, options: PublishOptions): Promise<void>;
  attach(line: Line): void;
  /** The connection is gone. */
  detach(): void;
  /** Resolves when nothing waits or is on its way. */
  empty(): Promise<void>;
  /** Rejects everything that is left. */
  close(): void;
}

/** A broker that forbids a topic may answer by closing (3.1.1 has no other answer); the third time is proof. */
const mostCuts = 3;

export function outgoingQueue(limits: {
  maxInFlight: number;
  maxWaiting: number;
  timers: Timers;
}): OutgoingQueue {
  let waiting: Entry[] = [];
  let inFlight = new Set<Entry>();
  let line: Line | undefined;
  let onEmpty: (() => void)[] = [];

  function pump() {
    if (line) fill(line);
    if (waiting.length > 0 || inFlight.size > 0) return;
    for (const resolve of onEmpty.splice(0)) resolve();
  }

  function fill(over: Line) {
    while (inFlight.size < limits.maxInFlight && waiting.length > 0) {
      const entry = waiting.shift()!;
      if (!entry.settled) send(entry, over);
    }
  }

  function send(entry: Entry, over: Line) {
    inFlight.add(entry);
    const ended = (error?: unknown) => {
      // Only the broker's own refusal is final. Any other error is the line's end, after which `detach` takes
      // the message back; a line that is gone has nothing to say any more.
      if (line !== over || (error !== undefined && !(error instanceof Failure))) return;
      inFlight.delete(entry);
      entry.settle(error);
      pump();
    };
    over.send(entry.message).then(() => ended(), ended);
  }

  return {
    publish(message, { deadlineMs = 10_000, whenOffline = 'wait' }) {
      if (!line && whenOffline === 'fail')
        return Promise.reject(unavailable(message, 'there is no connection'));
      if (waiting.length >= limits.maxWaiting) {
        waiting = waiting.filter(({ settled }) => !settled);
      }
      if (waiting.length >= limits.maxWaiting) {
        const detail = `${limits.maxWaiting} messages already wait for the broker; the one to ${message.topic} was not taken.`;
        return Promise.reject(new Failure('platform.broker-busy', detail));
      }
      return new Promise((resolve, reject) => {
        const callOff = limits.timers.after(deadlineMs, () => {
          const why = line ? 'the broker did not acknowledge it' : 'there was no connection';
          // In flight it keeps its place until the line ends, so that a mute broker cannot be flooded.
          entry.settle(unavailable(message, `${why} within ${deadlineMs / 1000} s`));
        });
        const entry: Entry = {
          message,
          settled: false,
          cuts: 0,
          settle(error) {
            if (entry.settled) return;
            entry.settled = true;
            callOff();
            if (error) reject(error);
            else resolve();
          },
        };
        waiting.push(entry);
        pump();
      });
    },

    attach(next) {
      line = next;
      pump();
    },

    detach() {
      line = undefined;
      const again = [...inFlight];
      inFlight = new Set();
      for (const entry of again) {
        entry.cuts += 1;
        if (entry.cuts < mostCuts) continue;
        const why = `the connection ended ${mostCuts} times while it was sent; the broker may forbid this topic`;
        entry.settle(unavailable(entry.message, why));
      }
      waiting = [...again, ...waiting].filter(({ settled }) => !settled);
    },

    empty: () =>
      new Promise((resolve) => {
        onEmpty.push(resolve);
        pump();
      }),

    close() {
      line = undefined;
      for (const entry of [...inFlight, ...waiting]) {
        entry.settle(unavailable(entry.message, 'the connection was closed before it was sent'));
      }
      waiting = [];
      inFlight = new Set();
      pump();
    },
  };
}

function unavailable(message: Outgoing, why: string): Failure {
  return new Failure('platform.broker-unavailable', `The message to ${message.topic} was not sent: ${why}.`);
}
