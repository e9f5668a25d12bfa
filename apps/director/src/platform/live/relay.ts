/**
 * Live events between the processes of one director, over PostgreSQL's LISTEN and NOTIFY: what the jobs
 * process does is seen by those who follow at an HTTP process.
 *
 * A view, like the events themselves: what is lost while a connection is down is not sent again. An event
 * that is too large for a notification travels without its data, and who follows asks for the subject.
 */
import { randomUUID } from 'node:crypto';
import { Client, type Pool } from 'pg';
import type { Log } from '../log.js';
import type { Live, LiveMessage } from './live.js';

const CHANNEL = 'millrace_live';
/** PostgreSQL takes 8,000 bytes, and some of them are ours. */
const MOST_BYTES = 7_500;
const RECONNECT_MS = 1_000;

interface Note {
  from: string;
  organization: string;
  message: LiveMessage;
}

export class LiveRelay {
  private readonly self = randomUUID();
  private client: Client | undefined;
  private closed = false;
  private retry: NodeJS.Timeout | undefined;

  constructor(
    private readonly url: string,
    private readonly pool: Pool,
    private readonly live: Live,
    private readonly log: Log,
  ) {}

  async start(): Promise<void> {
    this.live.relay = (organization, message) => this.send(organization, message);
    await this.listen();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    this.live.relay = undefined;
    await this.client?.end();
  }

  private send(organization: string, message: LiveMessage): void {
    let text = JSON.stringify({ from: this.self, organization, message } satisfies Note);
    if (Buffer.byteLength(text) > MOST_BYTES) {
      const { type, subject } = message;
      text = JSON.stringify({ from: this.self, organization, message: { type, subject, data: null } });
    }
    this.pool.query('SELECT pg_notify($1, $2)', [CHANNEL, text]).catch((error: unknown) => {
      this.log.warn({ err: error }, 'a live event did not reach the other processes');
    });
  }

  private async listen(): Promise<void> {
    const client = new Client({ connectionString: this.url });
    client.on('notification', ({ payload }) => {
      const { from, organization, message } = JSON.parse(payload!) as Note;
      if (from !== this.self) this.live.deliver(organization, message);
    });
    client.on('error', (error) => this.again(error));
    await client.connect();
    await client.query(`LISTEN ${CHANNEL}`);
    this.client = client;
  }

  private again(error: Error): void {
    if (this.closed || this.retry !== undefined) return;
    this.log.warn({ err: error }, 'live events of other processes are not heard; connecting again');
    this.retry = setTimeout(() => void this.listenAgain(), RECONNECT_MS);
  }

  private async listenAgain(): Promise<void> {
    this.retry = undefined;
    try {
      await this.listen();
    } catch (error) {
      this.again(error as Error);
    }
  }
}
