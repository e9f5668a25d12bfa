/**
 * The audit log: one entry a change, in the transaction of the change, each carrying the hash of the one
 * before.
 *
 * Guarantee: a change without its entry is not committed, nor an entry without its change; changing, dropping
 * or inserting an entry afterwards breaks the chain from there on. The api role may only add.
 */
import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { canonicalBytes } from '@millrace/fleet';
import type { AuditEntry, AuditQuery, Page } from '@millrace/schemas';
import { Clock } from '../platform/clock.js';
import { Database, type SqlTx } from '../platform/database/database.js';
import { markCommitted } from '../platform/http/idempotency.js';
import { pageFrom, windowOfNumbers } from '../platform/http/page.js';
import type { Caller } from '../platform/http/request.js';

export interface Change {
  /** `room.what`, such as `flows.publish`. */
  action: string;
  /** What was changed: `flow:pump-watch`. */
  subject: string;
  /** What a person will ask later. No secrets. */
  details?: Record<string, unknown>;
}

export const firstPrevious = '0'.repeat(64);

@Injectable()
export class Audit {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Notes a change. The entry is written when the use case is done, just before the commit, so that the chain
   * is locked for a moment only and always after the rows of the use case.
   */
  record(tx: SqlTx, by: Caller, change: Change): void {
    tx.beforeCommit(() => this.append(tx, by, change));
  }

  /** Newest first. */
  list(organization: string, query: AuditQuery): Promise<Page<AuditEntry>> {
    const window = windowOfNumbers(query, Number.MAX_SAFE_INTEGER);
    const values: unknown[] = [window.after ?? '9223372036854775807', window.take];
    const chosen = (['actor', 'action', 'subject'] as const).flatMap((column) => {
      const text = query[column];
      if (text === undefined) return [];
      const isPattern = text.includes('*');
      values.push(isPattern ? patternOf(text) : text);
      return [` AND ${column} ${isPattern ? 'LIKE' : '='} $${values.length}`];
    });
    return this.database.withinSql(organization, async (tx) => {
      const rows = await tx.sql<Row>(
        `SELECT * FROM audit_entries WHERE sequence < $1${chosen.join('')} ORDER BY sequence DESC LIMIT $2`,
        values,
      );
      return pageFrom(rows, window, (row) => row.sequence, entryOf);
    });
  }

  /** The sequence of the first entry that does not fit the one before, or null. Reads in pages of 1,000. */
  async firstBroken(organization: string): Promise<number | null> {
    let previous = firstPrevious;
    let sequence = 0;
    for (;;) {
      const rows = await this.database.withinSql(organization, (tx) =>
        tx.sql<Row>('SELECT * FROM audit_entries WHERE sequence > $1 ORDER BY sequence LIMIT 1000', [
          sequence,
        ]),
      );
      if (rows.length === 0) return null;
      for (const row of rows) {
        const entry = entryOf(row);
        sequence += 1;
        if (entry.sequence !== sequence || entry.previous !== previous || entry.hash !== hashOfEntry(entry)) {
          return sequence;
        }
        previous = entry.hash;
      }
    }
  }

  private async append(tx: SqlTx, by: Caller, change: Change): Promise<void> {
    await markCommitted(tx, by);
    await tx.sql('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`audit:${tx.organization}`]);
    const [last] = await tx.sql<{ sequence: string; hash: string }>(
      'SELECT sequence, hash FROM audit_entries ORDER BY sequence DESC LIMIT 1',
    );
    const entry = {
      sequence: Number(last?.sequence ?? 0) + 1,
      at: new Date(this.clock.now()).toISOString(),
      actor: by.actor,
      action: change.action,
      subject: change.subject,
      // As it will be read back: without what JSON cannot hold.
      details: JSON.parse(JSON.stringify(change.details ?? {})) as Record<string, unknown>,
      requestId: by.requestId ?? null,
      previous: last?.hash ?? firstPrevious,
    };
    await tx.sql(
      `INSERT INTO audit_entries (sequence, at, actor, action, subject, details, request_id, previous, hash)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        entry.sequence,
        entry.at,
        entry.actor,
        entry.action,
        entry.subject,
        JSON.stringify(entry.details),
        entry.requestId,
        entry.previous,
        hashOfEntry(entry),
      ],
    );
  }
}

/** For LIKE: `*` stands for any text, all else for itself. */
const patternOf = (text: string): string => text.replaceAll(/[\\%_]/g, '\\$&').replaceAll('*', '%');

/** SHA-256 over the canonical JSON of everything but the hash itself. */
export function hashOfEntry(entry: Omit<AuditEntry, 'hash'> & { hash?: string }): string {
  const { hash: _, ...hashed } = entry;
  return createHash('sha256').update(canonicalBytes(hashed)).digest('hex');
}

interface Row {
  sequence: string;
  at: Date;
  actor: string;
  action: string;
  subject: string;
  details: Record<string, unknown>;
  request_id: string | null;
  previous: string;
  hash: string;
}

function entryOf(row: Row): AuditEntry {
  return {
    sequence: Number(row.sequence),
    at: row.at.toISOString(),
    actor: row.actor,
    action: row.action,
    subject: row.subject,
    details: row.details,
    requestId: row.request_id,
    previous: row.previous,
    hash: row.hash,
  };
}
