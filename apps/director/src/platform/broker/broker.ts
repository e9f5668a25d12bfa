/**
 * The embedded MQTT broker: aedes, on TCP and, at `/mqtt`, on WebSocket of the director's own port.
 *
 * Guarantee: a client is its node: client id = user name = node id, and it publishes and subscribes below
 * `millrace/1/ORGANIZATION/NODE/` only; its will too. The director's own credential may everything.
 * It keeps nothing over a restart: whoever needs a message again asks for it.
 */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Aedes, type AuthenticateError, type Client } from 'aedes';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { newSecret } from '../id.js';
import type { Log } from '../log.js';

export interface BrokerNode {
  organization: string;
  node: string;
}

export interface BrokerOptions {
  host: string;
  port: number;
  log: Log;
  /** Who this user name and password belong to, or null. */
  verify(username: string, password: string): Promise<BrokerNode | null>;
}

export interface Broker {
  port: number;
  /** The director's own user name and password, made anew at each start. */
  director: { username: string; password: string };
  /** Serves `/mqtt` on this HTTP server as well. */
  attach(server: HttpServer): void;
  /** Closes the live sessions of a node, when it was revoked. */
  disconnect(node: string): void;
  close(): Promise<void>;
}

const DIRECTOR = 'director';
/** Messages that may wait for one client; a node's whole branch fits many times. */
const QUEUE_AT_MOST = 10_000;

/** Who a client is, once it has been let in. */
type Identity = BrokerNode | typeof DIRECTOR;

export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const director = { username: DIRECTOR, password: newSecret() };
  const identities = new WeakMap<Client, Identity>();
  const clients = new Map<string, Set<Client>>();
  const identityOf = (client: Client | null) => (client ? identities.get(client) : DIRECTOR);

  const broker = await Aedes.createBroker({
    queueLimit: QUEUE_AT_MOST,
    maxTopicLevels: 10,
    authenticate: (client, username, password, done) => {
      const settle = async () => {
        const identity = await admit(
          options,
          director,
          client.id,
          username ?? '',
          password?.toString() ?? '',
        ).catch((error: unknown) => {
          options.log.warn({ err: error }, 'a broker client could not be checked');
          return undefined;
        });
        if (identity) identities.set(client, identity);
        if (identity) done(null, true);
        // 3: the server is unavailable; 5: not authorised.
        else done(refusal(identity === undefined ? 3 : 5), false);
      };
      void settle();
    },
    authorizePublish: (client, packet, done) => {
      done(mayPublish(identityOf(client), packet.topic) ? null : new Error('not your topic'));
    },
    authorizeSubscribe: (client, subscription, done) => {
      // Null is a refusal in SUBACK (0x80) and leaves the connection alone.
      done(null, maySubscribe(identityOf(client), subscription.topic) ? subscription : null);
    },
    authorizeForward: (client, packet) => (maySubscribe(identityOf(client), packet.topic) ? packet : null),
  });
  broker.on('clientError', (client, error) =>
    options.log.debug({ err: error, client: client.id }, 'broker client'),
  );
  broker.on('connectionError', (_client, error) => options.log.debug({ err: error }, 'broker connection'));
  broker.on('client', (client) => {
    const set = clients.get(client.id) ?? new Set();
    clients.set(client.id, set.add(client));
  });
  broker.on('clientDisconnect', (client) => {
    const set = clients.get(client.id);
    set?.delete(client);
    if (set?.size === 0) clients.delete(client.id);
  });

  const tcp = createServer((socket) => broker.handle(socket));
  const port = await listen(tcp, options);
  const webSockets = new WebSocketServer({ noServer: true, maxPayload: 1 << 20 });
  webSockets.on('connection', (socket, request) => {
    const stream = createWebSocketStream(socket);
    stream.on('error', (error) => options.log.debug({ err: error }, 'broker WebSocket'));
    broker.handle(stream, request);
  });

  return {
    port,
    director,
    attach: (server) =>
      void server.on('upgrade', (request, socket, head) => {
        if (request.url?.split('?')[0] !== '/mqtt') return socket.destroy();
        webSockets.handleUpgrade(request, socket as Socket, head, (webSocket) =>
          webSockets.emit('connection', webSocket, request),
        );
      }),
    disconnect: (node) => {
      for (const client of clients.get(node) ?? []) client.close();
    },
    close: async () => {
      for (const webSocket of webSockets.clients) webSocket.terminate();
      await new Promise<void>((resolve) => webSockets.close(() => resolve()));
      const closed = new Promise<void>((resolve) => tcp.close(() => resolve()));
      await new Promise<void>((resolve) => broker.close(() => resolve()));
      await closed;
    },
  };
}

async function admit(
  options: BrokerOptions,
  director: { username: string; password: string },
  id: string,
  username: string,
  password: string,
): Promise<Identity | null> {
  if (username === director.username) return same(password, director.password) ? DIRECTOR : null;
  // One node cannot take another's session over: the id is the name.
  if (id !== username) return null;
  const node = await options.verify(username, password);
  return node?.node === username ? node : null;
}

/** Pure: below its own branch, without wildcards. */
export function mayPublish(identity: Identity | undefined, topic: string): boolean {
  if (identity === DIRECTOR) return !topic.startsWith('$SYS');
  return identity !== undefined && topic.startsWith(branch(identity)) && !/[+#]/.test(topic);
}

/** Pure: wildcards only below the branch, where they cannot leave it. No `$share`, no `$SYS`. */
export function maySubscribe(identity: Identity | undefined, filter: string): boolean {
  return identity === DIRECTOR || (identity !== undefined && filter.startsWith(branch(identity)));
}

const branch = ({ organization, node }: BrokerNode) => `millrace/1/${organization}/${node}/`;

function refusal(returnCode: number): AuthenticateError {
  return Object.assign(new Error('refused'), { returnCode }) as AuthenticateError;
}

function same(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}

function listen(server: Server, { host, port }: BrokerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}
