/**
 * The real services, as a production has them: the system's PostgreSQL, Redis and Mosquitto. The object store stays
 * on disk. `node scripts/services.mjs COMMAND ARGS` runs a command with their addresses in its environment.
 *
 * Guarantee: loopback and free ports only, a folder of their own, new and empty at each start; started by root they
 * run as their own users; they end with the command, by process id. Nothing of the system's own services is touched.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, chmodSync, chownSync, constants, existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const START_MS = 30_000; // a cold start on a busy machine takes seconds
const STOP_MS = 10_000;
const INSTALL = 'Install it: apt-get install postgresql redis-server mosquitto';

/** Everything that runs and every folder in use, so that a signal can end it at once. */
const processes = new Set();
const folders = new Set();

/** Starts all of them. `environment` is what the director reads; `close` ends them and removes their folder. */
export async function startServices() {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-services-'));
  folders.add(folder);
  chmodSync(folder, 0o711);
  const ends = [];
  const close = async () => {
    for (const end of ends.splice(0).toReversed()) await end();
    rmSync(folder, { recursive: true, force: true });
    folders.delete(folder);
  };
  try {
    const environment = {};
    for (const start of [startPostgres, startRedis, startMosquitto]) {
      const service = await start(folder);
      ends.push(service.close);
      Object.assign(environment, service.environment);
    }
    return { environment, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** For signals: no waiting, no questions. */
export function killServices() {
  for (const child of processes) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

async function startPostgres(folder) {
  const bin = postgresFolder();
  const home = ownFolder(folder, 'postgres');
  const data = join(home.path, 'data');
  const superPassword = secret();
  writeFileSync(join(home.path, 'password'), superPassword, { mode: 0o644 });
  const cluster = {
    '--pgdata': data,
    '--username': 'postgres',
    '--pwfile': join(home.path, 'password'),
    '--auth': 'scram-sha-256',
    '--encoding': 'UTF8',
    '--locale': 'C',
  };
  const made = spawnSync(join(bin, 'initdb'), ['--no-sync', ...options(cluster)], {
    ...home.user,
    cwd: home.path,
    encoding: 'utf8',
    timeout: START_MS,
  });
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr || made.error?.message}`);
  // Nothing here outlives the run, so nothing has to reach the disk.
  const quick = ['--fsync=off', '--synchronous_commit=off', '--max_connections=200'];
  const service = await listening(home, (port) => [
    join(bin, 'postgres'),
    ...options({ '-D': data, '-p': port, '-k': home.path }),
    '--listen_addresses=127.0.0.1',
    ...quick,
  ]);
  const [owner, api] = [secret(), secret()];
  const at = (user, password, name) => `postgresql://${user}:${password}@127.0.0.1:${service.port}/${name}`;
  try {
    await prepare(at('postgres', superPassword, 'postgres'), owner, api);
  } catch (error) {
    await service.close();
    throw error;
  }
  const environment = {
    DATABASE_URL: at('millrace_api', api, 'millrace'),
    DATABASE_OWNER_URL: at('millrace_owner', owner, 'millrace'),
  };
  return { environment, close: service.close };
}

/** The owner may make databases and end their connections: tests make one each. */
async function prepare(url, owner, api) {
  const { Client } = await import('pg');
  const until = Date.now() + START_MS;
  for (;;) {
    const client = new Client(url);
    try {
      await client.connect();
      await client.query(`CREATE ROLE millrace_owner LOGIN CREATEDB PASSWORD '${owner}'`);
      await client.query('GRANT pg_signal_backend TO millrace_owner');
      await client.query(`CREATE ROLE millrace_api LOGIN PASSWORD '${api}'`);
      return void (await client.query('CREATE DATABASE millrace OWNER millrace_owner'));
    } catch (error) {
      // 57P03: it listens and is still starting.
      if (error.code !== '57P03' || Date.now() > until) throw error;
      await sleep(100);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

async function startRedis(folder) {
  const binary = find('redis-server');
  const home = ownFolder(folder, 'redis');
  const password = secret();
  const settings = {
    '--bind': '127.0.0.1',
    '--dir': home.path,
    '--requirepass': password,
    '--save': '',
    '--appendonly': 'no',
    '--maxmemory-policy': 'noeviction',
  };
  const service = await listening(home, (port) => [binary, ...options({ '--port': port, ...settings })]);
  return {
    environment: { REDIS_URL: `redis://:${password}@127.0.0.1:${service.port}` },
    close: service.close,
  };
}

/** With the dynamic-security plugin, which keeps the accounts of the nodes; the director is its admin. */
async function startMosquitto(folder) {
  const binary = find('mosquitto');
  const home = ownFolder(folder, 'mosquitto');
  const [username, password] = ['director', secret()];
  const accounts = join(home.path, 'dynamic-security.json');
  const control = spawnSync(find('mosquitto_ctrl'), ['dynsec', 'init', accounts, username, password], {
    ...home.user,
    encoding: 'utf8',
    timeout: START_MS,
  });
  if (control.status !== 0) throw new Error(`mosquitto_ctrl: ${control.stderr || control.error?.message}`);
  const file = join(home.path, 'mosquitto.conf');
  const service = await listening(home, (port) => {
    const lines = [
      `listener ${port} 127.0.0.1`,
      'per_listener_settings false',
      'allow_anonymous false',
      `plugin ${find('mosquitto_dynamic_security.so')}`,
      `plugin_opt_config_file ${accounts}`,
      'persistence false',
      'max_queued_messages 0',
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    return [binary, '-c', file];
  });
  const environment = {
    MQTT_URL: `mqtt://127.0.0.1:${service.port}`,
    MQTT_USERNAME: username,
    MQTT_PASSWORD: password,
  };
  return { environment, close: service.close };
}

/** Starts a server on a free port until somebody answers there; a port that was taken meanwhile: again. */
async function listening(home, commandFor) {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const [binary, ...args] = commandFor(port);
    const log = [];
    const child = spawn(binary, args, { ...home.user, cwd: home.path, stdio: ['ignore', 'pipe', 'pipe'] });
    processes.add(child);
    child.once('exit', () => processes.delete(child));
    child.once('error', (error) => log.push(error.message));
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (part) => log.splice(0, Math.max(0, log.push(String(part)) - 20)));
    }
    if (await answers(port, child)) return { port, close: () => stop(child) };
    await stop(child);
    if (attempt === 3) throw new Error(`${binary} did not start: ${log.join('')}`);
  }
}

async function answers(port, child) {
  const until = Date.now() + START_MS;
  while (Date.now() < until && child.exitCode === null && child.signalCode === null && child.pid) {
    const open = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return true;
    await sleep(50);
  }
  return false;
}

async function stop(child) {
  if (!child.pid || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  // To PostgreSQL: close the connections and stop now. The others take it as any end.
  child.kill('SIGINT');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(late);
}

function freePort() {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A folder that belongs to the user of the service, when we are root and there is such a user. */
function ownFolder(folder, name) {
  const path = join(folder, name);
  mkdirSync(path, { mode: 0o700 });
  if (process.getuid?.() !== 0) return { path, user: {} };
  const row = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([user]) => user === name);
  const user = row ? { uid: Number(row[2]), gid: Number(row[3]) } : { uid: 65_534, gid: 65_534 };
  chownSync(path, user.uid, user.gid);
  return { path, user };
}

/** The newest that is installed. Distributions keep it out of the path. */
function postgresFolder() {
  const versions = '/usr/lib/postgresql';
  const newest = (existsSync(versions) ? readdirSync(versions) : [])
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => join(versions, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'postgres')));
  return newest ?? join(find('postgres'), '..');
}

function find(name) {
  const places = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/usr/lib'];
  const libraries = readdirSync('/usr/lib').filter((entry) => entry.endsWith('-linux-gnu'));
  const found = [...places, ...libraries.map((entry) => join('/usr/lib', entry))]
    .map((place) => join(place, name))
    .find(isReadable);
  if (found === undefined) throw new Error(`There is no ${name} here. ${INSTALL}`);
  return found;
}

function isReadable(path) {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** `{ '-p': 1 }` as `-p 1`. */
function options(all) {
  return Object.entries(all).flatMap(([name, value]) => [name, String(value)]);
}

/** Letters and digits only: it stands in addresses and in SQL. */
function secret() {
  return randomBytes(16).toString('hex');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [command, ...args] = process.argv.slice(2);
  if (command === undefined) {
    console.error('usage: node scripts/services.mjs COMMAND ARGS');
    process.exit(2);
  }
  const services = await startServices();
  const child = spawn(command, args, { env: { ...process.env, ...services.environment }, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const code = await new Promise((resolve) => {
    child.once('error', (error) => resolve(console.error(error.message)));
    child.once('exit', resolve);
  });
  await services.close();
  process.exit(code ?? 1);
}
