/**
 * The port to a message broker, with MQTT's terms and semantics.
 *
 * Guarantee of every implementation (conformance.ts holds them to it): messages of one topic from one sender
 * arrive in order; at QoS 1 at least once, perhaps twice; a handler has one message of a topic at a time, unless
 * it says that it has taken it.
 * Nothing here survives this process: what must, lies in an outbox until the other side says it is done.
 */
import type { Failure } from '@millrace/schemas';

export type QoS = 0 | 1;

export interface Message {
  topic: string;
  payload: Uint8Array;
  qos: QoS;
  /** It was kept by the broker and is not from this moment. */
  retained: boolean;
  /** The broker sends it again, since it knows of no acknowledgement. aedes does so without saying it. */
  duplicate: boolean;
  /**
   * Its number in the session, the same when it comes again; 0 at QoS 0. Numbers are used again: alone it does not tell
   * one message from another.
   */
  packet: number;
}

/**
 * At QoS 1 the broker gets its acknowledgement when the handler has settled, so that is the moment to have
 * the message safe; the next message of the topic comes then, too. A handler that makes several safe in one go
 * answers with `Taken` instead. One that throws is reported and acknowledged: the broker would send it again
 * only at the next connection, and a message that always throws would then come for ever. Overlapping filters
 * may bring one message twice.
 */
export type Handler = (message: Message) => void | Promise<void> | Taken;

/**
 * "I have this one, acknowledge it later, and give me the next": the next message is handled at once, and this
 * one is acknowledged when `safe` resolves.
 *
 * `handlerDeadlineMs` does not run for `safe`: what is not safe is not acknowledged, however long that takes, and
 * nothing that came behind it is, since acknowledgements go out in order. Each keeps one of `maxWaiting` places
 * meanwhile; when none is left, no more is read from the broker. When `safe` rejects, that is
 * reported, the place is free, and this message alone stays unacknowledged: a persistent session brings it
 * again at the next connection. So it does with all that was not yet safe when a connection ended; that gives
 * its places back. `close` waits for `safe` within its own deadline.
 */
export interface Taken {
  safe: Promise<void>;
}

export interface PublishOptions {
  /** Default 1: the promise resolves when the broker has the message. At 0, when it was written out. */
  qos?: QoS;
  retain?: boolean;
  /** Milliseconds until the promise rejects with `platform.broker-unavailable`. Default 10 s. */
  deadlineMs?: number;
  /** With no connection: wait for one until the deadline (default), or fail at once. */
  whenOffline?: 'wait' | 'fail';
}

export interface Subscription {
  readonly filter: string;
  /**
   * Resolves when the broker has agreed. Rejects with `platform.broker-refused`, or after `deadlineMs`
   * (default 10 s) with `platform.broker-unavailable`; the wish stays and is made at every connection.
   */
  granted(deadlineMs?: number): Promise<void>;
  /** From now on the handler gets nothing. */
  close(): Promise<void>;
}

export type Connection =
  /** `resumed`: the broker still had this client's persistent session. */
  | { state: 'connected'; resumed: boolean }
  /** Also after every vain attempt. `platform.broker-refused` means that the credential was not accepted. */
  | { state: 'disconnected'; reason: Failure; retryInMs: number }
  | { state: 'closed' };

export interface TransportCounters {
  published: number;
  received: number;
  connections: number;
  /** Handlers that threw or did not make safe what they had taken; handlers that outran their deadline. */
  failed: number;
  overdue: number;
  /** QoS 0 messages that came faster than they were handled. */
  dropped: number;
}

export interface Transport {
  readonly connected: boolean;
  readonly counters: Readonly<TransportCounters>;
  /**
   * Begins to connect and goes on until `close`. Subscribe before it: what a persistent session holds comes
   * with the connection and must find its handler.
   */
  connect(): void;
  publish(topic: string, payload: Uint8Array | string, options?: PublishOptions): Promise<void>;
  subscribe(filter: string, handler: Handler, options?: { qos?: QoS }): Subscription;
  /** Returns how to stop listening. */
  onConnection(listener: (connection: Connection) => void): () => void;
  /**
   * Takes no more messages, lets running handlers and publishes end and what was taken become safe (at most
   * `deadlineMs`, default 5 s), then leaves politely, without the will. What no handler had begun stays with a
   * persistent session.
   */
  close(options?: { deadlineMs?: number }): Promise<void>;
}

/** 256 KiB. Larger things travel over HTTPS, by their digest. */
export const MAX_PAYLOAD_BYTES = 256 * 1024;

/** Time, as an argument: a simulation brings its own. */
export interface Timers {
  now(): number;
  /** Returns how to call it off. */
  after(ms: number, run: () => void): () => void;
}

export const realTimers: Timers = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
