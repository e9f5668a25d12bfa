/**
 * Generates the Prisma client when a schema file or Prisma's version changed since the last time.
 *
 * PRISMA_SCHEMA_ENGINE_BINARY is set for this one command: generating needs no schema engine, and without it
 * Prisma would try to download one.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const output = join(root, 'apps/director/src/platform/database/generated');
const stampFile = join(output, '.stamp');

const models = readdirSync(join(root, 'prisma/models'))
  .filter((name) => name.endsWith('.prisma'))
  .sort()
  .map((name) => join(root, 'prisma/models', name));
const hash = createHash('sha256').update(require('prisma/package.json').version);
for (const file of [join(root, 'prisma/schema.prisma'), ...models]) {
  hash.update(`\0${file.slice(root.length)}\0`).update(readFileSync(file));
}
const stamp = hash.digest('hex');

if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) {
  const prisma = join(dirname(require.resolve('prisma/package.json')), 'build/index.js');
  const run = spawnSync(process.execPath, [prisma, 'generate', '--no-hints'], {
    cwd: root,
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true', PRISMA_HIDE_UPDATE_MESSAGE: '1' },
    encoding: 'utf8',
    timeout: 120_000,
  });
  if (run.status !== 0) {
    process.stderr.write(`${run.stdout}${run.stderr}\n`);
    process.exit(run.status ?? 1);
  }
  writeFileSync(stampFile, stamp);
}
