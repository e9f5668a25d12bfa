/**
 * Where Prisma finds the schema and the migrations. The director applies the migrations itself
 * (platform/database/migrate.ts) and records them so that `prisma migrate status` agrees.
 */
import { defineConfig } from 'prisma/config';

export default defineConfig({
  schema: 'prisma',
  migrations: { path: 'prisma/migrations' },
  ...(process.env.DATABASE_OWNER_URL && { datasource: { url: process.env.DATABASE_OWNER_URL } }),
});
