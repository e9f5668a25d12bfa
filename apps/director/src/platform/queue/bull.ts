/**
 * The queue on BullMQ: one queue, a handler a name. With Redis where there is one, else in PostgreSQL in a
 * schema of its own, which the owner of the tables migrates.
 */
import { createPostgresBackend, Queue as Jobs, runMigrations, withBackend, Worker, type Job } from 'bullmq';
import { Redis } from 'ioredis';
import { Failure } from '@millrace/schemas';
import { Client, Pool } from 'pg';
import type { Log } from '../log.js';
import { Queue, type Handler } from './queue.js';

const NAME = 'millrace';
const SCHEMA = 'bullmq';
const AT_ONCE = 10;
/** A Redis that starts beside us may take a while; one that is not there is told, not waited for. */
const STARTS_WITHIN_MS = 20_000;
const ENDS_WITHIN_MS = 10_000;
/** Three tries; then the tick is what finds the work. */
const perJob = {
  attempts: 3,
  backoff: { type: 'exponential', delay: 500 },
  removeOnComplete: true,
  removeOnFail: 100,
};

type Payload = Record<string, string>;
interface Backend {
  jobs: Jobs<Payload>;
  work(process: (job: Job<Payload>) => Promise<void>): Worker<Payload>;
  check(): Promise<unknown>;
  end(): Promise<void>;
}

export class BullQueue extends Queue {
  private readonly handlers = new Map<string, Handler>();
  private readonly ticks = new Map<string, number>();
  private worker?: Worker<Payload>;
  private closing = false;

  constructor(
    private readonly backend: Backend,
    private readonly log: Log,
  ) {
    super();
    backend.jobs.on('error', (error) => this.complain(error));
  }

  wake(name: string, payload: Payload, options: { delayMs?: number } = {}): void {
    if (this.closing) return;
    this.backend.jobs
      .add(name, payload, { ...perJob, ...(options.delayMs && { delay: options.delayMs }) })
      .catch((error: unknown) => this.complain(error, name));
  }

  on(name: string, handler: Handler): void {
    if (this.handlers.has(name)) throw new Error(`two handlers for the job ${name}`);
    this.handlers.set(name, handler);
  }

  every(name: string, everyMs: number): void {
    this.ticks.set(name, everyMs);
  }

  async start(withinMs = STARTS_WITHIN_MS): Promise<void> {
    if (!(await within(withinMs, this.backend.jobs.waitUntilReady()))) {
      throw new Failure(
        'platform.unavailable',
        `The job queue did not answer for ${withinMs / 1000} s. Start Redis, or correct REDIS_URL; without it ` +
          'the queue lies in PostgreSQL.',
      );
    }
    // What an older build ticked and this one does not must not go on for ever.
    for (const scheduler of await this.backend.jobs.getJobSchedulers()) {
      if (scheduler?.key && !this.ticks.has(scheduler.key))
        await this.backend.jobs.removeJobScheduler(scheduler.key);
    }
    for (const [name, every] of this.ticks) {
      await this.backend.jobs.upsertJobScheduler(
        name,
        { every },
        { name, data: {}, opts: { ...perJob, attempts: 1 } },
      );
    }
    this.worker = this.backend.work(async (job) => {
      const handler = this.handlers.get(job.name);
      if (handler) await handler(job.data);
      else this.log.warn({ job: job.name }, 'a wake-up without a handler');
    });
    this.worker.on('error', (error) => this.complain(error));
    this.worker.on('failed', (job, error) => this.complain(error, job?.name));
    await this.worker.waitUntilReady();
  }

  async check(): Promise<void> {
    await this.backend.check();
  }

  async close(): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    if (this.worker && !(await within(ENDS_WITHIN_MS, this.worker.close())))
      this.log.warn('a job did not end in time and is left');
    // A service that is away would be waited for.
    await within(ENDS_WITHIN_MS, this.backend.jobs.close());
    await this.backend.end();
  }

  private complain(error: unknown, job?: string): void {
    if (!this.closing) this.log.warn({ err: error, job }, 'the queue failed; ticks find what is left');
  }
}

/** Whether it ended in time; a failure is passed on. */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  return Promise.race([work.then(() => true), late]).finally(() => clearTimeout(timer));
}

export function redisQueue(url: string, log: Log, prefix?: string): BullQueue {
  const connect = () => {
    const redis = new Redis(url, { maxRetriesPerRequest: null });
    redis.on('error', (error: Error) => log.warn({ err: error }, 'Redis'));
    return redis;
  };
  // An undefined prefix would hide BullMQ's own.
  const named = prefix === undefined ? {} : { prefix };
  const shared = connect();
  const blocking = connect();
  return new BullQueue(
    {
      jobs: new Jobs<Payload>(NAME, { connection: shared, ...named }),
      work: (process) =>
        new Worker<Payload>(NAME, process, { connection: blocking, ...named, concurrency: AT_ONCE }),
      check: () => shared.ping(),
      end: async () => {
        shared.disconnect();
        blocking.disconnect();
      },
    },
    log,
  );
}

export function postgresQueue(url: string, log: Log): BullQueue {
  const { Queue: PostgresJobs, Worker: PostgresWorker } = withBackend(createPostgresBackend);
  // BullMQ leaves the schema to the connections of a pool that it is given.
  const pool = new Pool({ connectionString: url, max: 5, options: `-c search_path=${SCHEMA}` });
  pool.on('error', (error) => log.warn({ err: error }, 'the connection of the queue'));
  return new BullQueue(
    {
      jobs: new PostgresJobs<Payload>(NAME, { connection: pool }) as unknown as Jobs<Payload>,
      work: (process) =>
        new PostgresWorker<Payload>(NAME, process as never, {
          connection: pool,
          concurrency: AT_ONCE,
        }) as unknown as Worker<Payload>,
      check: () => pool.query('SELECT 1'),
      end: () => pool.end(),
    },
    log,
  );
}

/** By the owner of the tables, like every migration. */
export async function migrateQueue(ownerUrl: string, apiRole: string): Promise<void> {
  const client = new Client(ownerUrl);
  await client.connect();
  try {
    await runMigrations(client, SCHEMA);
    // BullMQ makes a sequence for a queue when its first job comes; our role may not, so it is made here.
    await client.query(`SET search_path TO ${SCHEMA}`);
    await client.query('SELECT next_job_id($1)', [NAME]);
    const role = client.escapeIdentifier(apiRole);
    await client.query(`
      GRANT USAGE ON SCHEMA ${SCHEMA} TO ${role};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${SCHEMA} TO ${role};
      GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${SCHEMA} TO ${role};
    `);
  } finally {
    await client.end();
  }
}
