/** Nodes that were there before their standing was kept: the migration makes it from what they said and should run. */
import { Client } from 'pg';
import { emptyDatabase } from '../../../../test/kit/database.js';
import { migrate, readMigrations } from '../platform/database/migrate.js';

it('an upgrade knows what nodes run, of every organization', async () => {
  const { ownerUrl, apiUrl, close } = await emptyDatabase();
  const client = new Client(ownerUrl);
  try {
    const role = new URL(apiUrl).username;
    const all = await readMigrations();
    const before = all.slice(
      0,
      all.findIndex(({ name }) => name === '0023_standing'),
    );
    await migrate(ownerUrl, role, before);
    await client.connect();
    for (const organization of ['a', 'b']) {
      await client.query('INSERT INTO organizations (id, name) VALUES ($1, $1)', [organization]);
      await client.query(`SELECT set_config('millrace.organization', $1, false)`, [organization]);
      const flows = [
        { flow: 'same', runningDigest: 'd', runningVersion: 2, desiredDigest: 'd', reason: null },
        {
          flow: 'left',
          runningDigest: 'e',
          runningVersion: 1,
          desiredDigest: null,
          reason: { code: 'STOPPED' },
        },
      ];
      await client.query(
        `INSERT INTO nodes (id, name, signing_key, credential_hash, flows) VALUES ('n', 'n', '', '', $1)`,
        [JSON.stringify(flows)],
      );
      const desired = [
        { flow: 'same', version: 2, digest: 'd', document: { text: '\0\\u0000\ud800' } },
        { flow: 'new', version: 1, digest: 'f' },
      ];
      await client.query(
        `INSERT INTO desired_states (node_id, epoch, sequence, digest, flows_digest, payload, issued_at, expires_at)
         VALUES ('n', 1, 1, '', '', $1, now(), now())`,
        [JSON.stringify({ flows: desired })],
      );
    }
    await migrate(ownerUrl, role, all);
    for (const organization of ['a', 'b']) {
      await client.query(`SELECT set_config('millrace.organization', $1, false)`, [organization]);
      const { rows } = await client.query(
        `SELECT organization_id AS o, flow, desired_digest, desired_version, running_digest, running_version, reason
         FROM node_flows ORDER BY flow`,
      );
      expect(rows.map((row: Record<string, unknown>) => Object.values(row))).toEqual([
        [organization, 'left', null, null, 'e', 1, 'STOPPED'],
        [organization, 'new', 'f', 1, null, null, null],
        [organization, 'same', 'd', 2, 'd', 2, null],
      ]);
    }
  } finally {
    await client.end();
    await close();
  }
});
