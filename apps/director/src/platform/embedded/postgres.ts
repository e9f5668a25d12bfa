/**
 * The embedded PostgreSQL: real binaries from an npm package, on loopback, with passwords.
 *
 * Guarantee: after `startPostgres` a server for this folder answers, whoever started it: one that a killed
 * parent left running is adopted. It outlives a kill -9 of its parent and ends with `stop()`.
 * It makes no tables; the director migrates it like any other database.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, openSync, closeSync } from 'node:fs';
import { chown, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '@millrace/schemas';
import { Client } from 'pg';
import { readIfThere, writeWhole } from './files.js';
import { findPlace, type Place } from './place.js';

export interface EmbeddedPostgres {
  /** Owns the tables and migrates them. */
  ownerUrl: string;
  /** Owns nothing; what the director works with. */
  apiUrl: string;
  /** Superuser, for the test kit that clones databases. */
  superUrl: string;
  port: number;
  /** True when it was already running. */
  adopted: boolean;
  stop(): Promise<void>;
}

interface Memory {
  port: number;
  superPassword: string;
  ownerPassword: string;
  apiPassword: string;
}

const STARTS_WITHIN_MS = 60_000; // initdb takes 1 s and a start 0.1 s; crash recovery after a kill takes longer
const STOPS_WITHIN_MS = 20_000; // a fast shutdown writes one checkpoint
const database = 'millrace';

/** `settings` are extra server settings, such as `fsync=off` for tests that throw the data away. */
export async function startPostgres(options: {
  folder: string;
  settings?: string[];
}): Promise<EmbeddedPostgres> {
  const place = await findPlace(options.folder);
  const memory = await remember(place);
  const data = join(place.folder, 'data');
  if (!existsSync(data)) await initialise(place, data, memory);

  const adopted = await adopt(data, memory);
  if (!adopted) await launch(place, data, memory, options.settings ?? []);
  await ensureRoles(memory);
  return {
    ownerUrl: url('millrace_owner', memory.ownerPassword, memory.port),
    apiUrl: url('millrace_api', memory.apiPassword, memory.port),
    superUrl: url('postgres', memory.superPassword, memory.port),
    port: memory.port,
    adopted,
    stop: () => stop(data),
  };
}

function url(user: string, password: string, port: number, name = database): string {
  return `postgresql://${user}:${password}@127.0.0.1:${port}/${name}`;
}

/** Passwords and port, made once and kept in a file that only we can read. */
async function remember(place: Place): Promise<Memory> {
  const path = join(place.folder, 'access.json');
  const kept = await readIfThere(path);
  if (kept) return JSON.parse(kept) as Memory;
  const password = () => randomBytes(24).toString('base64url');
  const memory = {
    port: 0,
    superPassword: password(),
    ownerPassword: password(),
    apiPassword: password(),
  };
  await writeWhole(path, JSON.stringify(memory));
  return memory;
}

/** Into a folder beside and then renamed, so that a kill in the middle leaves nothing half made. */
async function initialise(place: Place, data: string, memory: Memory): Promise<void> {
  const beside = `${data}.new`;
  const secret = join(place.folder, 'initial-password');
  await rm(beside, { recursive: true, force: true });
  await writeFile(secret, memory.superPassword, { mode: 0o600 });
  if (place.user) await chown(secret, place.user.uid, place.user.gid);
  try {
    const args = ['-D', beside, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${secret}`];
    await run(place, 'initdb', [...args, '-E', 'UTF8', '--locale=C', '--no-instructions']);
  } finally {
    await rm(secret, { force: true });
  }
  await rename(beside, data);
}

function run(place: Place, program: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(place.native, 'bin', program), args, {
      ...place.user,
      cwd: place.folder,
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: STARTS_WITHIN_MS,
    });
    let said = '';
    const hear = (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000));
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Failure('platform.unavailable', `${program} of PostgreSQL failed: ${said.trim()}`));
    });
  });
}

/** Our own variables (PG*, locale) must not change the server. */
function environment(): NodeJS.ProcessEnv {
  const { PATH, TMPDIR } = process.env;
  return { PATH, ...(TMPDIR && { TMPDIR }), LC_ALL: 'C', TZ: 'UTC' };
}

/** True when a server already runs on this folder. Waits for one that is just starting, stopping or recovering. */
async function adopt(data: string, memory: Memory): Promise<boolean> {
  const until = Date.now() + STARTS_WITHIN_MS;
  for (;;) {
    const running = await postmaster(data);
    if (!running) return false;
    if (await answers(running.port, memory)) {
      memory.port = running.port;
      return true;
    }
    if (Date.now() > until) {
      throw new Failure(
        'platform.unavailable',
        `Process ${running.pid} holds ${data} and does not answer on port ${running.port}. End it, or remove ${data}/postmaster.pid if it is no PostgreSQL.`,
      );
    }
    await sleep(100);
  }
}

/** The server that postmaster.pid names, when its process lives and is a PostgreSQL. */
async function postmaster(data: string): Promise<{ pid: number; port: number } | undefined> {
  const lines = ((await readIfThere(join(data, 'postmaster.pid'))) ?? '').split('\n');
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 1 || !alive(pid)) return undefined;
  // A number is given again after a reboot: look at what it is, where the system tells.
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => 'postgres');
  return command.includes('postgres') ? { pid, port: Number(lines[3]) } : undefined;
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function answers(port: number, memory: Memory): Promise<boolean> {
  const client = new Client({
    connectionString: url('postgres', memory.superPassword, port, 'postgres'),
    connectionTimeoutMillis: 2_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Starts the server; a port that was taken or a lock that is stale for a moment is tried again. */
async function launch(place: Place, data: string, memory: Memory, settings: string[]): Promise<void> {
  const until = Date.now() + STARTS_WITHIN_MS;
  const log = join(place.folder, 'postgres.log');
  for (;;) {
    if (memory.port === 0 || !(await portIsFree(memory.port))) memory.port = await freePort();
    const ended = start(place, data, memory.port, settings, log);
    for (;;) {
      if (await answers(memory.port, memory)) {
        await writeWhole(join(place.folder, 'access.json'), JSON.stringify(memory));
        return;
      }
      if (ended()) break;
      if (Date.now() > until) break;
      await sleep(50);
    }
    if (Date.now() > until) {
      const said = (await readIfThere(log))?.trim().split('\n').slice(-5).join(' | ');
      throw new Failure('platform.unavailable', `The embedded PostgreSQL does not start (${log}): ${said}`);
    }
    await sleep(200);
  }
}

/** Detached and writing to a file: neither Ctrl-C in our terminal nor our death reaches it. */
function start(place: Place, data: string, port: number, settings: string[], log: string): () => boolean {
  const all = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', ...settings];
  const output = openSync(log, 'w', 0o600);
  const child = spawn(
    join(place.native, 'bin', 'postgres'),
    ['-D', data, ...all.flatMap((setting) => ['-c', setting])],
    {
      ...place.user,
      cwd: place.folder,
      env: environment(),
      detached: true,
      stdio: ['ignore', output, output],
    },
  );
  closeSync(output);
  let ended = false;
  child.on('error', () => (ended = true));
  child.on('exit', () => (ended = true));
  child.unref();
  return () => ended;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer().once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/** The owner migrates, the api role owns nothing: the same split as on a real server. */
async function ensureRoles(memory: Memory): Promise<void> {
  const client = new Client(url('postgres', memory.superPassword, memory.port, 'postgres'));
  await client.connect();
  try {
    for (const [role, password] of [
      ['millrace_owner', memory.ownerPassword],
      ['millrace_api', memory.apiPassword],
    ] as const) {
      const known = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
      if (known.rowCount === 0) {
        const options = 'LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE';
        await client.query(`CREATE ROLE ${role} ${options} PASSWORD ${client.escapeLiteral(password)}`);
      }
    }
    const known = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (known.rowCount === 0) await client.query(`CREATE DATABASE ${database} OWNER millrace_owner`);
  } finally {
    await client.end();
  }
}

async function stop(data: string): Promise<void> {
  const running = await postmaster(data);
  if (!running) return;
  // SIGINT is PostgreSQL's fast shutdown, SIGQUIT the immediate one, from which it recovers at the next start.
  for (const [signal, patience] of [
    ['SIGINT', STOPS_WITHIN_MS],
    ['SIGQUIT', 5_000],
  ] as const) {
    if (!alive(running.pid)) return;
    process.kill(running.pid, signal);
    const until = Date.now() + patience;
    while (alive(running.pid) && Date.now() < until) await sleep(20);
  }
}
