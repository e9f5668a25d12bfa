/**
 * The MQTT connection of this node: hears desired state, acknowledgements and commands, sends the rest.
 *
 * Guarantee: it only ever adds speed. Everything it does is done over HTTPS too, so it may be down for weeks.
 * The broker's own address is tried first; where a plant lets only the director's port out, MQTT goes over
 * WebSocket there. What is heard is not trusted: who acts on it checks the signature.
 */
import {
  channelTopic,
  mqttTransport,
  publishTyped,
  subscribeTyped,
  type Payload,
  type Transport,
} from '@millrace/transport';
import { Failure, type Channel } from '@millrace/schemas';
import type { Identity } from '../identity/identity.js';
import type { Log } from '../log.js';

/** Where the director knows of no broker. */
const noLink: Link = {
  connect: () => undefined,
  connected: false,
  publish: () => Promise.reject(new Failure('platform.broker-unavailable', 'The director has no broker.')),
  close: () => Promise.resolve(),
};

/** Vain attempts at one address, after which the other is tried. */
const ATTEMPTS = 3;

type Down = 'desired' | 'ack' | 'command';

export interface LinkOptions {
  identity: Identity;
  log: Log;
  wall(): number;
  onConnection(connected: boolean): void;
  /** The broker gets its acknowledgement when these have settled: then what was heard is safe. */
  on: { [C in Down]: (payload: Payload<C>) => Promise<void> };
}

export interface Link {
  /** Begins; until then nothing is heard. */
  connect(): void;
  readonly connected: boolean;
  /** Fails at once when there is no connection: what must arrive lies in the outbox. */
  publish<C extends Channel>(channel: C, payload: Payload<C>): Promise<void>;
  close(): Promise<void>;
}

export function createLink({ identity, log, wall, onConnection, on }: LinkOptions): Link {
  const address = { organization: identity.organization, node: identity.node };
  const urls = [identity.mqttUrl, identity.mqttWebSocketUrl].filter((url) => url !== null);
  if (urls.length === 0) return noLink;
  let closed = false;
  let turn = 0;
  let transport = dial(urls[0]!);

  function dial(url: string): Transport {
    const made = mqttTransport({
      url,
      clientId: identity.node,
      username: identity.node,
      password: identity.mqttPassword ?? identity.credential,
      will: () => ({
        topic: channelTopic(address, 'presence'),
        payload: JSON.stringify({ state: 'offline', at: wall() }),
        qos: 1,
        retain: true,
      }),
      onProblem: (failure) => log.warn({ error: failure.message }, 'MQTT'),
    });
    const options = {
      onInvalid: ({ reason }: { reason: Error }) => log.warn({ error: reason.message }, 'MQTT'),
    };
    subscribeTyped(made, address, 'desired', on.desired, options);
    subscribeTyped(made, address, 'ack', on.ack, options);
    subscribeTyped(made, address, 'command', on.command, options);
    let attempts = 0;
    made.onConnection((connection) => {
      if (made !== transport || closed) return;
      if (connection.state === 'connected') {
        attempts = 0;
        log.info({ url }, 'connected to the broker');
        void publishTyped(made, address, 'presence', { state: 'online', at: wall() }).catch(() => undefined);
      } else if (connection.state === 'disconnected') {
        log.debug({ url, error: connection.reason.message }, 'no connection to the broker');
        attempts++;
      }
      onConnection(connection.state === 'connected');
      if (attempts >= ATTEMPTS && urls.length > 1) change(made);
    });
    return made;
  }

  function change(old: Transport): void {
    turn++;
    transport = dial(urls[turn % urls.length]!);
    transport.connect();
    void old.close().catch(() => undefined);
  }

  return {
    connect: () => transport.connect(),
    get connected() {
      return transport.connected;
    },
    publish: (channel, payload) =>
      publishTyped(transport, address, channel, payload, { whenOffline: 'fail' }),
    async close() {
      closed = true;
      if (transport.connected) {
        const farewell = publishTyped(
          transport,
          address,
          'presence',
          { state: 'offline', at: wall() },
          { deadlineMs: 2_000 },
        );
        await farewell.catch(() => undefined);
      }
      await transport.close();
    },
  };
}
