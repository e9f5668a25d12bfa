/**
 * Thousands of nodes in an installation, written straight into its database: nobody enrols 5,000 agents for a list.
 *
 * Guarantee: they look as enrolled ones that were heard of; no agent stands behind them, so those that are written
 * as online count as such only for as long as the director hears nothing of them.
 */
import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Installation } from './millrace.js';

export interface ManyNodes {
  count: number;
  /** Each so-manieth is on line 1, 2, ... of so many. */
  lines: number;
}

/** `press-00001` and on, with the label `line`; offline, last seen an hour ago. */
export async function writeNodes(it: Installation, { count, lines }: ManyNodes): Promise<void> {
  const client = new Client(await ownerUrl(it));
  await client.connect();
  try {
    await client.query('BEGIN');
    const [{ id }] = (await client.query<{ id: string }>('SELECT id FROM organizations LIMIT 1')).rows as [
      { id: string },
    ];
    await client.query("SELECT set_config('millrace.organization', $1, true)", [id]);
    await client.query(
      `INSERT INTO nodes (id, name, labels, signing_key, credential_hash, facts, seen_at)
       SELECT '00many' || lpad(n::text, 20, '0'), 'press-' || lpad(n::text, 5, '0'),
              jsonb_build_object('line', (n % $2)::text), '', 'none-' || n, NULL, now() - interval '1 hour'
       FROM generate_series(1, $1::int) AS n`,
      [count, lines],
    );
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}

/** Of the machine where the environment names one; else of the embedded server, which keeps its own beside the data. */
async function ownerUrl(it: Installation): Promise<string> {
  const { DATABASE_OWNER_URL: given } = process.env;
  if (given) return given;
  const wanted = join(it.data, 'postgres');
  const folder = await readlink(join(wanted, 'elsewhere')).catch(() => wanted);
  const access = JSON.parse(await readFile(join(folder, 'access.json'), 'utf8')) as {
    port: number;
    superPassword: string;
  };
  return `postgresql://postgres:${access.superPassword}@127.0.0.1:${access.port}/millrace`;
}
