/**
 * What SQL would lead from a database to the Prisma models: `node scripts/drift.mjs URL [PRISMA_FOLDER]`.
 * Prints nothing when they agree. Good for writing a migration, and what the guard test runs.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';
import { Pool } from 'pg';

const [url, folder = join(dirname(fileURLToPath(import.meta.url)), '../prisma')] = process.argv.slice(2);
if (!url) {
  process.stderr.write('usage: node scripts/drift.mjs DATABASE_URL [PRISMA_FOLDER]\n');
  process.exit(2);
}

const paths = [
  'schema.prisma',
  ...readdirSync(join(folder, 'models')).map((name) => `models/${name}`),
].sort();
const files = paths.map((path) => ({
  path: join(folder, path),
  content: readFileSync(join(folder, path), 'utf8'),
}));

/**
 * PostgreSQL's catalogue uses its internal type "char" (18), which the adapter does not know. It is passed as
 * text (25) and named a character again in the answer. The engine asks one question after the other.
 */
let characters = [];
function readable(result) {
  characters = (result?.fields ?? []).map((field) => field.dataTypeID === 18);
  for (const field of result?.fields ?? []) if (field.dataTypeID === 18) field.dataTypeID = 25;
  return result;
}
class CataloguePool extends Pool {
  async query(...query) {
    return readable(await super.query(...query));
  }
}
class CatalogueAdapter extends PrismaPg {
  async connect() {
    const adapter = await super.connect();
    const queryRaw = adapter.queryRaw.bind(adapter);
    adapter.queryRaw = async (query) => {
      const answer = await queryRaw(query);
      const columnTypes = answer.columnTypes.map((type, i) =>
        characters[i] ? ColumnTypeEnum.Character : type,
      );
      return { ...answer, columnTypes };
    };
    return adapter;
  }
}

const wasm = readFileSync(
  join(
    dirname(createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm')),
    'schema_engine_bg.wasm',
  ),
);
// Where the engine leaves its last words.
globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (message) => process.stderr.write(`${message}\n`) };
const { instance } = await WebAssembly.instantiate(wasm, { './schema_engine_bg.js': bindings });
bindings.__wbg_set_wasm(instance.exports);
instance.exports.__wbindgen_start?.();

const pool = new CataloguePool({ connectionString: url, max: 2 });
const factory = bindMigrationAwareSqlAdapterFactory(new CatalogueAdapter(pool));
const engine = await bindings.SchemaEngine.new(
  { datamodels: files.map(({ path, content }) => [path, content]) },
  () => undefined,
  factory,
);
const answer = await engine.diff({
  from: { tag: 'schemaDatasource', files, configDir: folder },
  to: { tag: 'schemaDatamodel', files },
  script: true,
  shadowDatabaseUrl: null,
  exitCode: null,
  filters: { externalTables: [], externalEnums: [] },
});
const sql = (answer.stdout ?? '').trim();
if (sql !== '' && sql !== '-- This is an empty migration.') process.stdout.write(`${sql}\n`);
engine.free();
await pool.end();
