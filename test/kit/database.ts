/**
 * A real Postgres for every test: one server a run, one migrated template, a clone of it a test in 0.1 s.
 *
 * With DATABASE_URL and DATABASE_OWNER_URL set it is that server (the owner needs CREATEDB); else an embedded
 * one, started when the first test asks and stopped when the run ends (test/kit/run.mjs).
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { Database } from '../../apps/director/src/platform/database/database.js';
import { migrate, readMigrations } from '../../apps/director/src/platform/database/migrate.js';
import { migrateQueue } from '../../apps/director/src/platform/queue/bull.js';
import { startPostgres } from '../../apps/director/src/platform/embedded/postgres.js';

export interface TestDatabase {
  /** As the director works: owns nothing. */
  database: Database;
  apiUrl: string;
  ownerUrl: string;
  /** A new organization in it, by id. */
  organization(name?: string): Promise<string>;
  close(): Promise<void>;
}

interface Server {
  /** May create databases. */
  makerUrl: string;
  ownerUrl: string;
  apiUrl: string;
  template: string;
}

export async function testDatabase(): Promise<TestDatabase> {
  const server = await testServer();
  const name = `test_${randomBytes(8).toString('hex')}`;
  await asMaker(server, (client) => create(client, server, name, server.template));
  const apiUrl = named(server.apiUrl, name);
  const database = new Database({ url: apiUrl, connections: 8 });
  return {
    database,
    apiUrl,
    ownerUrl: named(server.ownerUrl, name),
    organization: async (organization = `o${randomBytes(6).toString('hex')}`) => {
      await database.global('INSERT INTO organizations (id, name) VALUES ($1, $1)', [organization]);
      return organization;
    },
    close: async () => {
      await database.close();
      await asMaker(server, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

/** An empty database without migrations, for tests of the migrations themselves. */
export async function emptyDatabase(): Promise<{ ownerUrl: string; apiUrl: string; close(): Promise<void> }> {
  const server = await testServer();
  const name = `empty_${randomBytes(8).toString('hex')}`;
  await asMaker(server, (client) => create(client, server, name));
  return {
    ownerUrl: named(server.ownerUrl, name),
    apiUrl: named(server.apiUrl, name),
    close: async () => {
      await asMaker(server, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

/** Folder of this test run; the run's end removes it (test/kit/run.mjs). */
export function runFolder(): string {
  return process.env.MILLRACE_TEST_RUN ?? join(tmpdir(), `millrace-test-${process.pid}`);
}

/** The run's server with its template, made by whoever asks first; the others wait. */
async function testServer(): Promise<Server> {
  const known = join(runFolder(), 'server.json');
  const lock = join(runFolder(), 'server.lock');
  await mkdir(runFolder(), { recursive: true });
  const until = Date.now() + 120_000; // the first of all may have to make the cluster on a busy machine
  for (;;) {
    const text = await readFile(known, 'utf8').catch(() => undefined);
    if (text) return JSON.parse(text) as Server;
    const mine = await mkdir(lock).then(
      () => true,
      () => false,
    );
    if (mine) break;
    if (Date.now() > until) throw new Error(`nobody made the test server within 2 minutes (${lock})`);
    await sleep(50);
  }
  try {
    const server = await makeServer();
    await makeTemplate(server);
    await writeFile(`${known}.new`, JSON.stringify(server), { mode: 0o600 });
    await rename(`${known}.new`, known);
    return server;
  } finally {
    await rmdir(lock);
  }
}

async function makeServer(): Promise<Server> {
  const sums = (await readMigrations()).map((migration) => migration.checksum).join();
  const template = `template_${createHash('sha256').update(sums).digest('hex').slice(0, 12)}`;
  const { DATABASE_URL: apiUrl, DATABASE_OWNER_URL: ownerUrl } = process.env;
  if (apiUrl && ownerUrl) return { makerUrl: ownerUrl, ownerUrl, apiUrl, template };
  const postgres = await startPostgres({
    folder: join(runFolder(), 'postgres'),
    // Nothing here outlives the run, so nothing has to reach the disk.
    settings: ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=200'],
  });
  return {
    makerUrl: postgres.superUrl,
    ownerUrl: postgres.ownerUrl,
    apiUrl: postgres.apiUrl,
    template,
  };
}

async function makeTemplate(server: Server): Promise<void> {
  await asMaker(server, async (client) => {
    const there = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [server.template]);
    if (there.rowCount) return;
    const beside = `${server.template}_new`;
    await client.query(`DROP DATABASE IF EXISTS ${beside} WITH (FORCE)`);
    await create(client, server, beside);
    await migrate(named(server.ownerUrl, beside), new URL(server.apiUrl).username);
    await migrateQueue(named(server.ownerUrl, beside), new URL(server.apiUrl).username);
    await client.query(`ALTER DATABASE ${beside} RENAME TO ${server.template}`);
  });
}

async function create(client: Client, server: Server, name: string, template = 'template0'): Promise<void> {
  const owner = client.escapeIdentifier(new URL(server.ownerUrl).username);
  await client.query(`CREATE DATABASE ${name} OWNER ${owner} TEMPLATE ${template}`);
}

async function asMaker<T>(server: Server, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(named(server.makerUrl, 'postgres'));
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function named(url: string, name: string): string {
  const parsed = new URL(url);
  parsed.pathname = `/${name}`;
  return parsed.href;
}
