import { emptyDatabase, testDatabase, type TestDatabase } from '../../../../../test/kit/database.js';
import { migrate, readMigrations } from './migrate.js';

describe('the database', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await testDatabase();
  });
  afterAll(() => test.close());

  it('shows and takes rows of one organization only', async () => {
    const { database } = test;
    const [a, b] = [await test.organization(), await test.organization()];
    await database.global(
      `INSERT INTO users (id, email, name, password_hash) VALUES ('u1', 'u1@example.org', 'U', '-')`,
    );
    await database.within(a, async (tx) => {
      await tx.prisma.membership.create({ data: { userId: 'u1', role: 'admin' } });
      // Both faces see the same uncommitted row.
      expect(await tx.sql('SELECT user_id FROM memberships')).toEqual([{ user_id: 'u1' }]);
    });
    expect(await database.within(b, (tx) => tx.prisma.membership.count())).toBe(0);
    expect(await database.withinSql(b, (tx) => tx.sql('SELECT * FROM memberships'))).toEqual([]);
    expect(await database.global('SELECT * FROM memberships')).toEqual([]);
    await expect(
      database.within(b, (tx) =>
        tx.prisma.membership.create({ data: { organizationId: a, userId: 'u1', role: 'admin' } }),
      ),
    ).rejects.toThrow(/row-level security/);
    expect(await database.ofUser('u1', (sql) => sql('SELECT organization_id FROM memberships'))).toEqual([
      { organization_id: a },
    ]);
  });

  it('rolls back whole, and tells nobody about what did not happen', async () => {
    const organization = await test.organization();
    const told: string[] = [];
    for (const within of ['within', 'withinSql'] as const) {
      await expect(
        test.database[within](organization, async (tx) => {
          tx.afterCommit(() => told.push(within));
          await tx.sql(
            `INSERT INTO signing_keys (id, epoch, public_key, sealed_key) VALUES ('k', 1, 'p', 's')`,
          );
          throw new Error('no');
        }),
      ).rejects.toThrow('no');
      expect(await test.database.within(organization, (tx) => tx.prisma.signingKey.count())).toBe(0);
      await test.database[within](organization, async (tx) => {
        tx.afterCommit(() => told.push(`${within} done`));
        await tx.sql('SELECT 1');
      });
    }
    expect(told).toEqual(['within done', 'withinSql done']);
  });

  it('keeps organizations apart with many transactions at once', async () => {
    const organizations = await Promise.all(Array.from({ length: 20 }, () => test.organization()));
    await Promise.all(
      organizations.map((organization) =>
        test.database.within(organization, async (tx) => {
          await tx.prisma.signingKey.create({
            data: { id: `k-${organization}`, epoch: 1, publicKey: 'p', sealedKey: 's' },
          });
          const rows = await tx.sql<{ id: string }>('SELECT id FROM signing_keys');
          expect(rows).toEqual([{ id: `k-${organization}` }]);
        }),
      ),
    );
  });
});

describe('migrations', () => {
  it('are applied once, also when two start together, and are refused when a file was changed', async () => {
    const empty = await emptyDatabase();
    try {
      const both = await Promise.all([
        migrate(empty.ownerUrl, 'millrace_api'),
        migrate(empty.ownerUrl, 'millrace_api'),
      ]);
      const names = (await readMigrations()).map((migration) => migration.name);
      expect(both.flat()).toEqual(names);
      expect(await migrate(empty.ownerUrl, 'millrace_api')).toEqual([]);
      const changed = (await readMigrations()).map((migration, i) =>
        i === 0 ? { ...migration, checksum: 'other' } : migration,
      );
      await expect(migrate(empty.ownerUrl, 'millrace_api', changed)).rejects.toMatchObject({
        code: 'platform.schema-mismatch',
      });
    } finally {
      await empty.close();
    }
  });

  it('are there whole or not at all', async () => {
    const empty = await emptyDatabase();
    try {
      const broken = { name: '0002_broken', sql: 'CREATE TABLE half (id int);\nSELEC 1;', checksum: 'x' };
      const all = [...(await readMigrations()), broken];
      await expect(migrate(empty.ownerUrl, 'millrace_api', all)).rejects.toThrow(/0002_broken line 2/);
      const first = all.slice(0, -1);
      expect(await migrate(empty.ownerUrl, 'millrace_api', first)).toEqual([]);
    } finally {
      await empty.close();
    }
  });
});
