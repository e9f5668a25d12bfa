/**
 * Lines over MQTT 3.1.1, on TCP, TLS, WebSocket and secure WebSocket: one client of mqtt.js a connection.
 *
 * Guarantee: PUBACK is sent when the inbox says so, and not before. mqtt.js neither reconnects nor resends
 * here: its promises do not settle reliably when a connection ends, so that is done above it. It would also
 * hold back every packet behind a message that is being handled, the answers to publishes included; so its
 * own PUBACK is left out (a callback with an error does that) and written by hand.
 */
import { Socket } from 'node:net';
import { Failure } from '@millrace/schemas';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
// Else they are loaded at the first connection, and a flow that takes over from its old version stands still for it.
import 'mqtt/lib/connect/tcp';
import 'mqtt/lib/connect/tls';
import 'mqtt/lib/connect/ws';
import mqttPacket from 'mqtt-packet';
import type { Dial, Line, Outgoing, Will } from './line.js';
import type { QoS, Transport } from './port.js';
import { proxyFor, TunnelAgent } from './proxy.js';
import { createTransport, type TransportOptions } from './transport.js';

export interface MqttOptions extends TransportOptions {
  /** `mqtt://`, `mqtts://`, `ws://` or `wss://`. */
  url: string;
  clientId: string;
  username?: string;
  /** A function is asked at every connection, so that a rotated credential is used at once. */
  password?: string | (() => string);
  /** A function is asked at every connection. */
  will?: Will | (() => Will);
  /** Default true. False: the broker keeps subscriptions and QoS 1 messages while this client is away. */
  cleanSession?: boolean;
  tls?: Pick<IClientOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername'>;
  /** Seconds between signs of life; a dead line is noticed after one and a half of it. Default 30. */
  keepaliveSeconds?: number;
  /** Default 10 s. */
  connectTimeoutMs?: number;
  /** HTTPS_PROXY and NO_PROXY are read from here, for `wss`. Default: the process's own. */
  environment?: NodeJS.ProcessEnv;
}

export function mqttTransport(options: MqttOptions): Transport {
  return createTransport(dialMqtt(options), options);
}

/** A buffer ready for each of 65,536 numbers: 11 MB in every process, made at the first connection. */
mqttPacket.writeToStream.cacheNumbers = false;

const skipPuback = new Error('acknowledged by hand');

function dialMqtt(options: MqttOptions): Dial {
  return (events, signal) =>
    new Promise((resolve, reject) => {
      const client = connect(options.url, clientOptions(options));
      let problem: Error | undefined;
      let up = false;
      let ended = false;
      const abort = () => client.end(true);
      signal.addEventListener('abort', abort, { once: true });

      const acknowledgements = acknowledgementsOf(client);
      client.handleMessage = (packet, done) => {
        // What is still in the parser of a dead line comes again, after what was before it.
        if (ended) return;
        const { topic, qos, retain, dup, messageId } = packet;
        const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
        const acknowledge = () => {
          if (messageId !== undefined) acknowledgements.add(messageId);
        };
        const message = {
          topic,
          payload,
          qos: (qos === 0 ? 0 : 1) as QoS,
          retained: retain,
          duplicate: dup,
          packet: messageId ?? 0,
        };
        const room = events.onMessage(message, acknowledge);
        const proceed = () => done(qos === 1 ? skipPuback : undefined);
        if (room) void room.then(proceed);
        else proceed();
      };

      const failed = (error: Error) => {
        problem = refusal(error, options) ?? problem ?? error;
      };
      client.on('error', failed);
      // Errors without a system code, such as a proxy's answer, stay with the stream.
      client.stream.on('error', failed);
      client.on('connect', ({ sessionPresent }) => {
        up = true;
        // Else a small message waits until the broker's host has acknowledged the one before: 40 ms on Linux.
        if (client.stream instanceof Socket) client.stream.setNoDelay(true);
        // From here on closing is polite and the business of whoever holds the line.
        signal.removeEventListener('abort', abort);
        resolve(lineOver(client, acknowledgements, sessionPresent, options));
      });
      client.on('close', () => {
        ended = true;
        signal.removeEventListener('abort', abort);
        client.end(true);
        const reason = problem ?? new Error(`${options.url} ended the connection`);
        if (up) events.onClose(reason);
        else reject(reason);
      });
    });
}

function lineOver(
  client: MqttClient,
  acknowledgements: Acknowledgements,
  resumed: boolean,
  options: MqttOptions,
): Line {
  return {
    resumed,
    send: ({ topic, payload, qos, retain }: Outgoing) =>
      new Promise((resolve, reject) => {
        const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
        client.publish(topic, bytes, { qos, retain }, (error) => (error ? reject(error) : resolve()));
      }),
    subscribe: (filter, qos) =>
      new Promise((resolve, reject) => {
        client.subscribe(filter, { qos }, (error, grants) => {
          if (!error && !grants?.some(({ qos: granted }) => granted === 128)) resolve();
          else if (error && !client.connected) reject(error);
          else
            reject(notAllowed(`"${options.clientId}" may not subscribe to "${filter}"`, error ?? undefined));
        });
      }),
    unsubscribe: (filter) =>
      new Promise((resolve, reject) => {
        client.unsubscribe(filter, (error) => (error ? reject(error) : resolve()));
      }),
    end: () => {
      acknowledgements.write();
      return new Promise((resolve) => client.end(false, {}, () => resolve()));
    },
    drop: () => {
      client.end(true);
      client.stream.destroy();
    },
  };
}

function clientOptions(options: MqttOptions): IClientOptions {
  const { clientId, username, password, will, keepaliveSeconds = 30, connectTimeoutMs = 10_000 } = options;
  const proxy = proxyFor(options.url, options.environment ?? process.env);
  const last = typeof will === 'function' ? will() : will;
  return {
    clientId,
    protocolVersion: 4,
    username,
    password: typeof password === 'function' ? password() : password,
    clean: options.cleanSession ?? true,
    will: last && {
      topic: last.topic,
      payload: Buffer.from(last.payload),
      qos: last.qos ?? 1,
      retain: last.retain ?? false,
    },
    keepalive: keepaliveSeconds,
    connectTimeout: connectTimeoutMs,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    // Its own asks several times a packet whether anybody listens.
    log: () => undefined,
    ...options.tls,
    wsOptions: proxy && { agent: new TunnelAgent(proxy) },
  };
}

/** CONNACK's return codes 2, 4 and 5: not this client id, not this password, not allowed. */
function refusal(error: Error, { url, clientId }: MqttOptions): Failure | undefined {
  const code = 'code' in error ? error.code : undefined;
  if (code !== 2 && code !== 4 && code !== 5) return undefined;
  return notAllowed(`${url} does not let "${clientId}" in (${error.message})`, error);
}

function notAllowed(what: string, cause?: Error): Failure {
  return new Failure(
    'platform.broker-refused',
    `The broker refuses: ${what}. Its credential may have been rotated or revoked, or its branch is another.`,
    { cause },
  );
}

interface Acknowledgements {
  add(messageId: number): void;
  /** What waits is written now. */
  write(): void;
}

/**
 * PUBACKs, MQTT 3.1.1, section 3.4, a packet of 4 bytes each. Those of one turn of the event loop are one write,
 * after what the handlers sent in this turn: an answer to a message is not kept waiting by its acknowledgement.
 */
function acknowledgementsOf(client: MqttClient): Acknowledgements {
  let bytes: number[] = [];
  const write = () => {
    if (bytes.length > 0 && client.connected) client.stream.write(Buffer.from(bytes));
    bytes = [];
  };
  return {
    add(messageId) {
      if (bytes.length === 0) setImmediate(write);
      bytes.push(0x40, 0x02, messageId >> 8, messageId & 0xff);
    },
    write,
  };
}
