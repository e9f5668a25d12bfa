/**
 * One director a data folder: whoever holds the lock in the embedded database may use the folder.
 * Guarantee: the lock ends with the connection, so that a killed director never leaves one behind.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '@millrace/schemas';
import { Client } from 'pg';

const LOCK = 4_642_197_001; // any number that only we use
/** The server notices at once that a process was killed; its connection may need a moment to wind up. */
const WAIT_MS = 5_000;

/** Returns how to let go. */
export async function claim(url: string, folder: string): Promise<() => Promise<void>> {
  const client = new Client({ connectionString: url, keepAlive: true });
  client.on('error', () => undefined);
  await client.connect();
  const until = Date.now() + WAIT_MS;
  for (;;) {
    const { rows } = await client.query<{ mine: boolean }>('SELECT pg_try_advisory_lock($1) AS mine', [LOCK]);
    if (rows[0]?.mine) return () => client.end();
    if (Date.now() > until) {
      await client.end();
      throw new Failure(
        'platform.data-in-use',
        `Another director uses ${folder}. Stop it, or choose another folder with MILLRACE_DATA.`,
      );
    }
    await sleep(100);
  }
}
