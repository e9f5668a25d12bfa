/**
 * Applies prisma/migrations as plain SQL: in order, each in a transaction, under an advisory lock, and records
 * them in `_prisma_migrations` with their SHA-256, so that the stock `prisma migrate status` agrees.
 *
 * Guarantee: a migration is there whole or not at all, and two directors that start together apply it once.
 * A file that changed after it was applied, or a database that is newer than this build, is refused.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from '@millrace/schemas';
import { Client, DatabaseError, type Pool } from 'pg';

export interface Migration {
  name: string;
  sql: string;
  checksum: string;
}

/** prisma/migrations of this checkout; the same depth from src and from dist. */
export const migrationsFolder = fileURLToPath(new URL('../../../../../prisma/migrations', import.meta.url));

export async function readMigrations(folder = migrationsFolder): Promise<Migration[]> {
  // Git keeps no empty folders, but leaves them behind: one without a file is no migration.
  const names = (await readdir(folder)).filter((name) => existsSync(join(folder, name, 'migration.sql')));
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(join(folder, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/** Brings the database up to date and lets `apiRole` work in it. Returns the names that were applied now. */
export async function migrate(
  ownerUrl: string,
  apiRole: string,
  migrations?: Migration[],
): Promise<string[]> {
  const wanted = migrations ?? (await readMigrations());
  const client = new Client(ownerUrl);
  await client.connect();
  try {
    // The number is that of Prisma's own lock, so that the stock tool waits for us and we for it.
    await client.query('SELECT pg_advisory_lock(72707369)');
    await client.query(ledger);
    const rows = await client.query<{ migration_name: string; checksum: string }>(
      'SELECT migration_name, checksum FROM _prisma_migrations WHERE rolled_back_at IS NULL AND finished_at IS NOT NULL',
    );
    const applied = new Map(rows.rows.map((row) => [row.migration_name, row.checksum]));
    const missing = pending(wanted, applied);
    for (const migration of missing) await apply(client, migration);
    await grant(client, apiRole);
    return missing.map((migration) => migration.name);
  } finally {
    await client.end();
  }
}

/** For a director without the owner's credential: fails with the way out when something is to be applied. */
export async function assertMigrated(pool: Pool): Promise<void> {
  const there = await pool.query<{ there: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS there`,
  );
  const rows = there.rows[0]?.there
    ? await pool.query<{ migration_name: string; checksum: string }>(
        'SELECT migration_name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL',
      )
    : { rows: [] };
  const missing = pending(
    await readMigrations(),
    new Map(rows.rows.map((row) => [row.migration_name, row.checksum])),
  );
  if (missing.length > 0) {
    throw new Failure(
      'platform.schema-mismatch',
      `The database lacks ${missing.length} migrations, from ${missing[0]?.name}. Set DATABASE_OWNER_URL to the role that owns the tables and start again.`,
    );
  }
}

function pending(wanted: Migration[], applied: Map<string, string>): Migration[] {
  const known = new Map(wanted.map((migration) => [migration.name, migration]));
  for (const [name, checksum] of applied) {
    const migration = known.get(name);
    if (!migration || migration.checksum !== checksum) {
      const what = migration ? `the file of migration ${name} was changed` : `it has migration ${name}`;
      throw new Failure(
        'platform.schema-mismatch',
        `The database does not fit this build: ${what}. Use the build that made it, or a newer one.`,
      );
    }
  }
  return wanted.filter((migration) => !applied.has(migration.name));
}

async function apply(client: Client, migration: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(migration.sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), clock_timestamp(), 1)`,
      [randomUUID(), migration.checksum, migration.name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    const place = error instanceof DatabaseError && error.position ? lineOf(migration, error.position) : '';
    throw new Error(`migration ${migration.name}${place}: ${(error as Error).message}`, { cause: error });
  }
}

function lineOf(migration: Migration, position: string): string {
  return ` line ${migration.sql.slice(0, Number(position)).split('\n').length}`;
}

/** The api role may work with rows, and nothing else; an audit entry, once written, stays. */
async function grant(client: Client, apiRole: string): Promise<void> {
  const role = client.escapeIdentifier(apiRole);
  await client.query(`
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    GRANT USAGE ON SCHEMA public TO ${role};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role};
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${role};
    REVOKE INSERT, UPDATE, DELETE ON _prisma_migrations FROM ${role};
    REVOKE UPDATE, DELETE ON audit_entries FROM ${role};
  `);
}

/** As Prisma itself creates it. */
const ledger = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
  )`;
