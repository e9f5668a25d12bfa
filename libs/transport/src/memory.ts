/**
 * A broker in memory, for simulations and tests: sessions, retained messages, wills, QoS 1 with redelivery
 * and takeover of a client id, as brokers do it.
 *
 * Guarantee: the conformance suite that real brokers pass. It uses no timers of its own and no randomness,
 * so a simulation with its own clock is the same at every run. A session holds a bounded number of messages
 * for a client that is away; the oldest go first and are counted.
 */
import { Failure } from '@millrace/schemas';
import type { Dial, Line, LineEvents, Outgoing, Will } from './line.js';
import type { QoS, Transport } from './port.js';
import { matches } from './topics.js';
import { createTransport, type TransportOptions } from './transport.js';

export interface MemoryOptions extends TransportOptions {
  clientId: string;
  username?: string;
  password?: string | (() => string);
  will?: Will | (() => Will);
  cleanSession?: boolean;
}

export interface MemoryHub {
  /** Breaks a client's connection, so that its will is sent. */
  cut(clientId: string): void;
  /** Breaks all connections and lets nobody in until `start`. Retained messages and sessions stay. */
  stop(): void;
  start(): void;
  /** Forgets every retained message, as brokers without a disk do at a restart. */
  forgetRetained(): void;
  /** Messages that sessions of absent clients could not hold. */
  readonly dropped: number;
  dial(options: MemoryOptions): Dial;
}

export interface HubRules {
  /** Default: everybody may come in. */
  admits?: (client: { clientId: string; username?: string; password?: string }) => boolean;
  /** Default: everything is allowed. A forbidden publish is acknowledged and goes nowhere, as Mosquitto does. */
  allows?: (clientId: string, action: 'publish' | 'subscribe', topic: string) => boolean;
  /** Messages that a session holds for an absent client. Default 1,000. */
  maxHeld?: number;
}

interface Held extends Outgoing {
  retained: boolean;
  duplicate: boolean;
  packet: number;
  sent: boolean;
}

interface Session {
  filters: Map<string, QoS>;
  /** Not yet acknowledged, oldest first. */
  held: Held[];
  clean: boolean;
  /** The last number that was given to a message. */
  packets: number;
  wire?: { events: LineEvents; will?: Will; busy: boolean };
}

/** As in MQTT: 16 bits, and 0 is none. */
const MOST_PACKETS = 0xffff;

export function memoryTransport(hub: MemoryHub, options: MemoryOptions): Transport {
  return createTransport(hub.dial(options), options);
}

export function memoryHub(rules: HubRules = {}): MemoryHub {
  const { admits = () => true, allows = () => true, maxHeld = 1000 } = rules;
  const sessions = new Map<string, Session>();
  const retained = new Map<string, Outgoing>();
  let up = true;
  let dropped = 0;

  function route(from: string, message: Outgoing) {
    if (!allows(from, 'publish', message.topic)) return;
    if (message.retain) {
      if (message.payload.length === 0) retained.delete(message.topic);
      else retained.set(message.topic, message);
    }
    for (const session of sessions.values()) {
      const granted = [...session.filters].filter(([filter]) => matches(filter, message.topic));
      if (granted.length === 0) continue;
      const best = Math.max(...granted.map(([, qos]) => qos));
      hold(session, message, Math.min(best, message.qos) as QoS, false);
    }
  }

  function hold(session: Session, message: Outgoing, qos: QoS, isRetained: boolean) {
    if (!session.wire && qos === 0) return;
    const packet = qos === 0 ? 0 : (session.packets = (session.packets % MOST_PACKETS) + 1);
    session.held.push({ ...message, qos, retained: isRetained, duplicate: false, packet, sent: false });
    if (!session.wire && session.held.length > maxHeld) {
      session.held.shift();
      dropped += 1;
    }
    void deliver(session);
  }

  /** Hands over what was not sent yet, one after the other, as fast as the client takes it. */
  async function deliver(session: Session) {
    const { wire } = session;
    if (!wire || wire.busy) return;
    wire.busy = true;
    // Never inside the publisher's own call.
    await Promise.resolve();
    for (;;) {
      const next = session.held.find(({ sent }) => !sent);
      if (!next || session.wire !== wire) break;
      next.sent = true;
      const forget = () => {
        session.held = session.held.filter((held) => held !== next);
      };
      const { topic, qos, duplicate } = next;
      const message = {
        topic,
        payload: new Uint8Array(next.payload),
        qos,
        retained: next.retained,
        duplicate,
        packet: next.packet,
      };
      const room = wire.events.onMessage(message, forget);
      if (qos === 0) forget();
      if (room) await room;
    }
    wire.busy = false;
  }

  function end(clientId: string, session: Session, reason: string | undefined) {
    const { wire } = session;
    if (!wire) return;
    session.wire = undefined;
    if (session.clean) sessions.delete(clientId);
    for (const held of session.held) {
      held.duplicate ||= held.sent;
      held.sent = false;
    }
    if (reason !== undefined && wire.will) route(clientId, outgoingWill(wire.will));
    wire.events.onClose(new Error(reason ?? 'the client left'));
  }

  function open(options: MemoryOptions, events: LineEvents): Line {
    const { clientId, cleanSession: clean = true } = options;
    const before = sessions.get(clientId);
    if (before) end(clientId, before, 'another client came with the same id');
    const kept = clean ? undefined : sessions.get(clientId);
    const session: Session = kept ?? { filters: new Map(), held: [], clean, packets: 0 };
    const will = typeof options.will === 'function' ? options.will() : options.will;
    const wire = { events, will, busy: false };
    session.wire = wire;
    session.clean = clean;
    sessions.set(clientId, session);
    void deliver(session);
    const live = () => session.wire === wire;
    const gone = () => Promise.reject(new Error('the connection has ended'));
    return {
      resumed: kept !== undefined,
      async send(message) {
        if (!live()) return gone();
        route(clientId, { ...message, payload: new Uint8Array(message.payload) });
      },
      async subscribe(filter, qos) {
        if (!live()) return gone();
        if (!allows(clientId, 'subscribe', filter))
          throw refused(`may not subscribe to "${filter}"`, clientId);
        session.filters.set(filter, qos);
        for (const message of retained.values()) {
          if (!matches(filter, message.topic)) continue;
          hold(session, message, Math.min(qos, message.qos) as QoS, true);
        }
      },
      async unsubscribe(filter) {
        session.filters.delete(filter);
      },
      async end() {
        if (live()) end(clientId, session, undefined);
      },
      drop() {
        if (live()) end(clientId, session, 'the client broke off');
      },
    };
  }

  return {
    cut(clientId) {
      const session = sessions.get(clientId);
      if (session) end(clientId, session, 'the connection was cut');
    },
    stop() {
      up = false;
      for (const [clientId, session] of sessions) end(clientId, session, 'the broker has stopped');
    },
    start() {
      up = true;
    },
    forgetRetained: () => retained.clear(),
    get dropped() {
      return dropped;
    },
    dial: (options) => async (events) => {
      await Promise.resolve();
      if (!up) throw new Error('the broker is stopped');
      const { clientId, username, password } = options;
      const secret = typeof password === 'function' ? password() : password;
      if (!admits({ clientId, username, password: secret })) throw refused('is not let in', clientId);
      return open(options, events);
    },
  };
}

function outgoingWill({ topic, payload, qos = 1, retain = false }: Will): Outgoing {
  return { topic, payload: typeof payload === 'string' ? Buffer.from(payload) : payload, qos, retain };
}

function refused(what: string, clientId: string): Failure {
  return new Failure('platform.broker-refused', `The broker refuses: "${clientId}" ${what}.`);
}
