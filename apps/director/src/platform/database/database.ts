/**
 * The one door to the tables: a unit of work is a transaction in the name of one organization.
 *
 * Guarantee: inside `within(organization, ...)` row-level security shows and takes rows of that organization
 * alone; the setting ends with the transaction. There is no way to look across organizations: every
 * credential names its organization, and what must visit all of them goes through them one by one.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { PrismaPg } from '@prisma/adapter-pg';
import { Pool, type PoolClient } from 'pg';
import { PrismaClient, type Prisma } from './generated/client.js';

/** What a store method works in. Both faces see the same transaction. */
export interface Tx extends SqlTx {
  prisma: Prisma.TransactionClient;
}

/** The same without Prisma, for hot reads and batch writes: about three times the rate. */
export interface SqlTx {
  organization: string;
  sql<Row extends object = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Runs when the work is done, inside the transaction: the last word before the commit. */
  beforeCommit(action: () => Promise<void>): void;
  /** Runs after the commit and never without one: live events, waking a job. */
  afterCommit(action: () => void): void;
}

export interface DatabaseOptions {
  url: string;
  /** Connections at most; a request waits for one. */
  connections?: number;
  onError?: (error: Error) => void;
}

const WAITS_FOR_CONNECTION_MS = 10_000;
const TRANSACTION_AT_MOST_MS = 30_000;

export class Database {
  readonly pool: Pool;
  private readonly prisma: PrismaClient;

  constructor(options: DatabaseOptions) {
    this.pool = new NotingPool({
      connectionString: options.url,
      max: options.connections ?? 20,
      connectionTimeoutMillis: WAITS_FOR_CONNECTION_MS,
      // No answer may take for ever, and a transaction that its process forgot lets go of its locks.
      statement_timeout: TRANSACTION_AT_MOST_MS,
      idle_in_transaction_session_timeout: TRANSACTION_AT_MOST_MS,
    });
    this.pool.on('error', (error) => options.onError?.(error));
    this.prisma = new PrismaClient({ adapter: new PrismaPg(this.pool) });
  }

  /** A transaction in the name of `organization`. Whatever `work` throws rolls it back. */
  async within<T>(organization: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    const slot: Slot = {};
    const turns: Turns = { before: [], after: [] };
    const result = await connecting.run(slot, () =>
      this.prisma.$transaction(
        async (prisma) => {
          const client = slot.client;
          if (!client) throw new Error('the transaction began without a connection of the pool');
          await setScope(client, 'millrace.organization', organization);
          return finished(turns, await work({ ...sqlTx(client, organization, turns), prisma }));
        },
        { maxWait: WAITS_FOR_CONNECTION_MS, timeout: TRANSACTION_AT_MOST_MS },
      ),
    );
    for (const action of turns.after) action();
    return result;
  }

  /** The same without Prisma. */
  withinSql<T>(organization: string, work: (tx: SqlTx) => Promise<T>): Promise<T> {
    return this.transaction('millrace.organization', organization, (client, turns) =>
      work(sqlTx(client, organization, turns)),
    );
  }

  /** Only for signing in: the memberships of one user, before the organization is known. */
  ofUser<T>(user: string, work: (sql: SqlTx['sql']) => Promise<T>): Promise<T> {
    return this.transaction('millrace.user', user, (client) =>
      work(sqlTx(client, '', { before: [], after: [] }).sql),
    );
  }

  /** Global tables only (organizations, users): tenant tables show no row here. */
  async global<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row>(text, values)).rows;
  }

  /** For ticks: every organization, oldest first. */
  async organizations(): Promise<string[]> {
    const rows = await this.global<{ id: string }>('SELECT id FROM organizations ORDER BY id');
    return rows.map((row) => row.id);
  }

  async close(): Promise<void> {
    await this.prisma.$disconnect();
    await this.pool.end();
  }

  private async transaction<T>(
    setting: Setting,
    value: string,
    work: (client: PoolClient, turns: Turns) => Promise<T>,
  ): Promise<T> {
    const client = await this.pool.connect();
    const turns: Turns = { before: [], after: [] };
    let broken = false;
    let result: T;
    try {
      await client.query('BEGIN');
      await setScope(client, setting, value);
      result = await finished(turns, await work(client, turns));
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK').catch(() => (broken = true));
      throw error;
    } finally {
      client.release(broken);
    }
    for (const action of turns.after) action();
    return result;
  }
}

type Setting = 'millrace.organization' | 'millrace.user';

async function setScope(client: PoolClient, setting: Setting, value: string): Promise<void> {
  if (value === '') throw new Error(`a transaction needs its ${setting}`);
  await client.query('SELECT set_config($1, $2, true)', [setting, value]);
}

/** What waits for the end of a unit of work. */
interface Turns {
  before: (() => Promise<void>)[];
  after: (() => void)[];
}

async function finished<T>(turns: Turns, result: T): Promise<T> {
  for (const action of turns.before) await action();
  return result;
}

function sqlTx(client: PoolClient, organization: string, turns: Turns): SqlTx {
  return {
    organization,
    sql: async <Row extends object>(text: string, values: unknown[] = []) =>
      (await client.query<Row>(text, values)).rows,
    beforeCommit: (action) => void turns.before.push(action),
    afterCommit: (action) => void turns.after.push(action),
  };
}

interface Slot {
  client?: PoolClient;
}

/**
 * Prisma takes the connection of a transaction from the pool by itself and does not show it. The pool notes
 * whom it gave it to, so that plain SQL can go through the same connection. Nothing else may read this.
 */
const connecting = new AsyncLocalStorage<Slot>();

class NotingPool extends Pool {
  override connect(): Promise<PoolClient>;
  override connect(
    callback: (
      error: Error | undefined,
      client: PoolClient | undefined,
      done: (release?: Error | boolean) => void,
    ) => void,
  ): void;
  override connect(
    callback?: (
      error: Error | undefined,
      client: PoolClient | undefined,
      done: (release?: Error | boolean) => void,
    ) => void,
  ): Promise<PoolClient> | void {
    if (callback) return super.connect(callback);
    const slot = connecting.getStore();
    return super.connect().then((client) => {
      if (slot && !slot.client) slot.client = client;
      return client;
    });
  }
}
