/**
 * The tables as they really are after all migrations: nothing that belongs to an organization is without
 * row-level security, and Prisma's models say the same as the migrations.
 */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { testDatabase, type TestDatabase } from '../kit/database.js';

/** What belongs to nobody. A new name here needs a reason. */
const globalTables = ['_prisma_migrations', 'organizations', 'users'];

let test: TestDatabase;
let owner: Client;
beforeAll(async () => {
  test = await testDatabase();
  owner = new Client(test.ownerUrl);
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  await test.close();
});

interface Table {
  name: string;
  forced: boolean;
  tenant: boolean;
  policies: string[];
}

async function tables(): Promise<Table[]> {
  const found = await owner.query<Table>(`
    SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS forced,
      EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'organization_id' AND a.attnotnull) AS tenant,
      ARRAY(SELECT pg_get_expr(p.polqual, c.oid) || ' / ' || coalesce(pg_get_expr(p.polwithcheck, c.oid), '-')
            FROM pg_policy p WHERE p.polrelid = c.oid) AS policies
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1`);
  return found.rows;
}

/** What is wrong with the tables, a sentence each. */
function leaks(all: Table[]): string[] {
  const own = 'organization_id = millrace_organization()';
  return all
    .filter(({ name }) => !globalTables.includes(name))
    .flatMap(({ name, forced, tenant, policies }) => [
      ...(tenant ? [] : [`${name} has no organization_id`]),
      ...(forced ? [] : [`${name} does not force row-level security`]),
      ...(policies.includes(`(${own}) / (${own})`) ? [] : [`${name} has no policy for its organization`]),
    ]);
}

it('Every tenant table has forced row-level security', async () => {
  expect(leaks(await tables())).toEqual([]);
});

it('a new table without a policy fails the build', async () => {
  await owner.query('CREATE TABLE forgotten (id text)');
  try {
    expect(leaks(await tables())).toEqual([
      'forgotten has no organization_id',
      'forgotten does not force row-level security',
      'forgotten has no policy for its organization',
    ]);
  } finally {
    await owner.query('DROP TABLE forgotten');
  }
});

it("the API's database role owns nothing and cannot bypass row-level security", async () => {
  const role = new URL(test.apiUrl).username;
  const { rows } = await owner.query(
    'SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = $1',
    [role],
  );
  expect(rows).toEqual([{ rolsuper: false, rolbypassrls: false, rolcreaterole: false, rolcreatedb: false }]);
  const owned = await owner.query(
    `SELECT relname FROM pg_class WHERE relowner = $1::regrole UNION ALL
     SELECT proname FROM pg_proc WHERE proowner = $1::regrole UNION ALL
     SELECT nspname FROM pg_namespace WHERE nspowner = $1::regrole UNION ALL
     SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid WHERE m.member = $1::regrole`,
    [role],
  );
  expect(owned.rows).toEqual([]);
  const table = async (sql: string) => test.database.global(sql);
  await expect(table('CREATE TABLE mine (id text)')).rejects.toThrow(/permission denied/);
  await expect(table('ALTER TABLE memberships DISABLE ROW LEVEL SECURITY')).rejects.toThrow(/must be owner/);
  await expect(table('DROP POLICY tenant ON memberships')).rejects.toThrow(/must be owner/);
  await expect(table('TRUNCATE memberships')).rejects.toThrow(/permission denied/);
});

it('no row of another organization is seen in any table, and none without an organization', async () => {
  const organization = await test.organization();
  for (const { name, tenant } of await tables()) {
    if (!tenant) continue;
    expect(await test.database.global(`SELECT 1 FROM "${name}"`)).toEqual([]);
    const strange = test.database.withinSql(organization, (tx) =>
      tx.sql(`SELECT 1 FROM "${name}" WHERE organization_id <> $1`, [organization]),
    );
    expect(await strange).toEqual([]);
  }
});

it('the migrations make what the Prisma models say', async () => {
  expect(await drift(models)).toBe('');
});

it('a difference between migrations and models is found', async () => {
  const copy = await mkdtemp(join(tmpdir(), 'millrace-models-'));
  try {
    await cp(models, copy, { recursive: true });
    const access = join(copy, 'models/access.prisma');
    const text = await readFile(access, 'utf8');
    await writeFile(access, text.replace('passwordHash String ', 'passwordHash String?'));
    expect(await drift(copy)).toContain('password_hash');
  } finally {
    await rm(copy, { recursive: true });
  }
});

const models = fileURLToPath(new URL('../../prisma', import.meta.url));

/** In a process of its own: Jest's loader knows no WebAssembly. */
async function drift(folder: string): Promise<string> {
  const script = fileURLToPath(new URL('../../scripts/drift.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, test.ownerUrl, folder], {
    timeout: 60_000,
  });
  return stdout.trim();
}
