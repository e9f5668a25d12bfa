/**
 * What an implementation brings: how to make one connection, and what a connection can do. Everything above
 * it (reconnecting, waiting, order, deadlines) is the same for all, in transport.ts.
 */
import type { Message, QoS } from './port.js';

export interface Outgoing {
  topic: string;
  payload: Uint8Array;
  qos: QoS;
  retain: boolean;
}

/**
 * One live connection. After `onClose` nothing of it is used, and its promises need not settle. A Failure is
 * the broker's answer and final; any other rejection means that the connection is ending.
 */
export interface Line {
  /** The broker still had this client's persistent session. */
  resumed: boolean;
  send(message: Outgoing): Promise<void>;
  /** Rejects with `platform.broker-refused` when the broker says no. */
  subscribe(filter: string, qos: QoS): Promise<void>;
  unsubscribe(filter: string): Promise<void>;
  /** Leaves politely: acknowledgements given before are sent first, the will is not. */
  end(): Promise<void>;
  /** Breaks off. */
  drop(): void;
}

export interface LineEvents {
  /** A promise means: bring no more until it resolves. `acknowledge` may be called after the line's end. */
  onMessage(message: Message, acknowledge: () => void): Promise<void> | undefined;
  /** Once, when a line that was made has ended for any reason. */
  onClose(reason: Error): void;
}

/** Makes a connection or rejects; must settle by itself, and soon after the signal is aborted. */
export type Dial = (events: LineEvents, signal: AbortSignal) => Promise<Line>;

export interface Will {
  topic: string;
  payload: Uint8Array | string;
  qos?: QoS;
  retain?: boolean;
}
