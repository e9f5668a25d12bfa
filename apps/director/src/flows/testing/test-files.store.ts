/** All SQL about test files. */
import { Injectable } from '@nestjs/common';
import type { SqlTx } from '../../platform/database/database.js';
import type { Window } from '../../platform/http/page.js';

export interface TestFileRow {
  id: string;
  name: string;
  /** Bytes. */
  size: number;
  columns: string[];
  /** In the object store. */
  key: string;
  created_by: string;
  expires_at: Date;
}

interface Stored extends Omit<TestFileRow, 'size'> {
  size: string;
}

const columns = 'id, name, size, columns, key, created_by, expires_at';
const rowOf = (row: Stored): TestFileRow => ({ ...row, size: Number(row.size) });

@Injectable()
export class TestFilesStore {
  async page(tx: SqlTx, window: Window, now: Date): Promise<TestFileRow[]> {
    const rows = await tx.sql<Stored>(
      `SELECT ${columns} FROM test_files WHERE ready AND expires_at > $3 AND ($1::text IS NULL OR id < $1)
       ORDER BY id DESC LIMIT $2`,
      [window.after ?? null, window.take, now],
    );
    return rows.map(rowOf);
  }

  async find(tx: SqlTx, id: string, now: Date): Promise<TestFileRow | undefined> {
    const [row] = await tx.sql<Stored>(
      `SELECT ${columns} FROM test_files WHERE id = $1 AND ready AND expires_at > $2`,
      [id, now],
    );
    return row && rowOf(row);
  }

  /** Bytes of all that is there; whoever asks next waits for this transaction. */
  async used(tx: SqlTx): Promise<number> {
    await tx.sql('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`test-files:${tx.organization}`]);
    const [row] = await tx.sql<{ used: string }>('SELECT coalesce(sum(size), 0) AS used FROM test_files');
    return Number(row?.used ?? 0);
  }

  /** Takes its room before its bytes go to the object store. */
  async begin(tx: SqlTx, file: TestFileRow): Promise<void> {
    await tx.sql(
      `INSERT INTO test_files (id, name, size, columns, key, created_by, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [
        file.id,
        file.name,
        file.size,
        JSON.stringify(file.columns),
        file.key,
        file.created_by,
        file.expires_at,
      ],
    );
  }

  async complete(tx: SqlTx, id: string): Promise<void> {
    await tx.sql('UPDATE test_files SET ready = true WHERE id = $1', [id]);
  }

  /** Nobody gets it from now on, and the next sweep takes it when whoever calls this dies. */
  async end(tx: SqlTx, id: string, now: Date): Promise<TestFileRow | undefined> {
    const [row] = await tx.sql<Stored>(
      `UPDATE test_files SET ready = false, expires_at = $2 WHERE id = $1 AND ready AND expires_at > $2
       RETURNING ${columns}`,
      [id, now],
    );
    return row && rowOf(row);
  }

  async expired(tx: SqlTx, now: Date): Promise<TestFileRow[]> {
    const rows = await tx.sql<Stored>(
      `SELECT ${columns} FROM test_files WHERE expires_at <= $1 ORDER BY id LIMIT 1000`,
      [now],
    );
    return rows.map(rowOf);
  }

  async forget(tx: SqlTx, id: string): Promise<void> {
    await tx.sql('DELETE FROM test_files WHERE id = $1', [id]);
  }
}
