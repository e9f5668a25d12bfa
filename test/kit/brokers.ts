/**
 * Real MQTT brokers for tests, on loopback and free ports: aedes in this process, Mosquitto as a child.
 *
 * What a machine does not have is left out and said: a line in the file that MILLRACE_LEFT_OUT names.
 */
import { Aedes, type AuthenticateError, type Client } from 'aedes';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { accessSync, appendFileSync, constants, existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { promisify } from 'node:util';
import { createWebSocketStream, WebSocketServer } from 'ws';

export interface Broker {
  name: string;
  /** Loopback ports. */
  tcp: number;
  ws: number;
  close(): Promise<void>;
}

export interface BrokerOptions {
  /** User names with their passwords; without it everybody may come in. */
  users?: Record<string, string>;
  /** `aedes` only. A forbidden publish closes the connection, a forbidden subscription is refused. */
  allows?: (clientId: string, action: 'publish' | 'subscribe', topic: string) => boolean;
  /** Mosquitto only: dynamic security with this admin, who alone may come in at first. */
  admin?: { username: string; password: string };
  /** `aedes` only: TLS on both ports. */
  tls?: { key: string; cert: string };
}

/** Says that something was not tested, and why. */
export function leftOut(what: string): void {
  const file = process.env.MILLRACE_LEFT_OUT;
  if (file) appendFileSync(file, `${what}\n`);
}

export async function startAedes({ users, allows, tls }: BrokerOptions = {}): Promise<Broker> {
  const broker = await Aedes.createBroker({
    authenticate(_client, user, password, done) {
      const known = !users || (user !== undefined && users[user] === password?.toString());
      if (known) done(null, true);
      else done(Object.assign(new Error('not known'), { returnCode: 5 }) as AuthenticateError, null);
    },
    authorizePublish(client, { topic }, done) {
      const allowed = !client || !allows || allows(client.id, 'publish', topic);
      done(allowed ? null : new Error('forbidden'));
    },
    authorizeSubscribe(client: Client, subscription, done) {
      const allowed = !allows || allows(client.id, 'subscribe', subscription.topic);
      done(null, allowed ? subscription : null);
    },
  });
  const nothing: RequestListener = (_request, response) => response.writeHead(404).end();
  const handle = (socket: Socket) => {
    socket.on('error', () => undefined);
    broker.handle(socket);
  };
  const tcp: Server = tls ? createTlsServer(tls, handle) : createTcpServer(handle);
  const web = tls ? createHttpsServer(tls, nothing) : createHttpServer(nothing);
  const sockets = new WebSocketServer({ server: web, path: '/mqtt' });
  sockets.on('connection', (socket, request) => {
    const stream = createWebSocketStream(socket);
    stream.on('error', () => undefined);
    broker.handle(stream, request);
  });
  const ports = await Promise.all([listen(tcp), listen(web)]);
  return {
    name: 'aedes',
    tcp: ports[0],
    ws: ports[1],
    async close() {
      await new Promise<void>((resolve) => broker.close(() => resolve()));
      for (const socket of sockets.clients) socket.terminate();
      await Promise.all([tcp, web].map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

/** The path of Mosquitto, or undefined. Distributions put it where a user's PATH does not look. */
export function findMosquitto(): string | undefined {
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/sbin',
    '/usr/local/sbin',
    '/opt/homebrew/sbin',
  ];
  return folders.map((folder) => join(folder, 'mosquitto')).find(isExecutable);
}

/** The path of Mosquitto's dynamic-security plugin, or undefined. */
export function findDynamicSecurity(): string | undefined {
  const folders = ['x86_64-linux-gnu', 'aarch64-linux-gnu', ''].map((platform) => join('/usr/lib', platform));
  return [...folders, '/usr/lib64', '/usr/local/lib', '/opt/homebrew/lib']
    .map((folder) => join(folder, 'mosquitto_dynamic_security.so'))
    .find(existsSync);
}

/** Retained messages and sessions live as long as the process. */
export async function startMosquitto(options: BrokerOptions = {}): Promise<Broker> {
  const binary = findMosquitto();
  if (!binary) throw new Error('no mosquitto was found; ask findMosquitto first');
  // A port that was free a moment ago may be taken by another test: then again, with others.
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryMosquitto(binary, options);
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}

async function tryMosquitto(binary: string, { users, admin }: BrokerOptions): Promise<Broker> {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-mosquitto-'));
  const [tcp, ws] = [await freePort(), await freePort()];
  const passwords = join(dir, 'passwords');
  if (users) {
    await writeFile(
      passwords,
      Object.entries(users)
        .map(([user, password]) => `${user}:${password}\n`)
        .join(''),
    );
    // Replaces the plain passwords in the file by their hashes.
    await promisify(execFile)(toolOf(binary, 'passwd'), ['-U', passwords]);
  }
  const security = join(dir, 'dynamic-security.json');
  if (admin) {
    const { username, password } = admin;
    await promisify(execFile)(toolOf(binary, 'ctrl'), ['dynsec', 'init', security, username, password]);
  }
  const lines = [
    `listener ${tcp} 127.0.0.1`,
    `listener ${ws} 127.0.0.1`,
    'protocol websockets',
    users ? `password_file ${passwords}` : `allow_anonymous ${!admin}`,
    ...(admin ? [`plugin ${findDynamicSecurity()}`, `plugin_opt_config_file ${security}`] : []),
    'persistence false',
    'max_queued_messages 0',
    // Else a message to a client that also publishes waits for its host's delayed acknowledgement, up to 40 ms.
    'set_tcp_nodelay true',
    // Started as root it would become a user that may not read the folder.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
  ];
  await writeFile(join(dir, 'mosquitto.conf'), `${lines.join('\n')}\n`);
  const child = spawn(binary, ['-c', join(dir, 'mosquitto.conf')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk) => (log = `${log}${String(chunk)}`.slice(-4000)));
  const close = async () => {
    await stop(child);
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await Promise.all([answers(tcp, child), answers(ws, child)]);
  } catch (error) {
    await close();
    throw new Error(`Mosquitto did not start: ${log}`, { cause: error });
  }
  return { name: 'mosquitto', tcp, ws, close };
}

const toolOf = (binary: string, tool: string) => binary.replace(/sbin\/mosquitto$/, `bin/mosquitto_${tool}`);

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const kill = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(kill);
}

/** Waits up to 10 s until somebody listens; a child that has ended will never. */
async function answers(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nobody listens on port ${port} after 10 s`);
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createTcpServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
