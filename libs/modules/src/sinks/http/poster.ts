/**
 * Records into requests: what waits goes together, one request at a time.
 *
 * Guarantee: of every record that is handed over the promise settles: it resolves when the server has answered 2xx,
 * rejects with `Refused` when the server will never take it, and with `Away` otherwise. After `Away` everything that
 * waits here goes back to its owner, so that the order stays.
 */
import { call, retryAfterMs, withoutQuery, type Answer } from '../../http/call.js';
import { Away, Refused } from '../buffer/backlog.js';
import type { HttpSinkSettings } from './kind.js';

export interface PosterOutlet {
  /** Keeps a record that the server refused. */
  refused(payload: Buffer, status: number, answer: string): Promise<void>;
  count(what: 'requests' | 'retries'): void;
  bytes(n: number): void;
  /** The server does not take anything, or does again (null). */
  away(reason: string | null): void;
  now(): number;
  random(): number;
}

interface Waiting {
  payload: Buffer;
  resolve(): void;
  reject(error: Error): void;
}

/** Without a word of the server: a second at first, doubled, a minute at most. */
const RETRY_MS = 1000;
const RETRY_MOST_MS = 60_000;
/** A server that says "tomorrow" is asked again after an hour. */
const ASKED_MOST_MS = 3_600_000;
/** Of an answer, for the log and the refused records. */
const ANSWER_BYTES = 64 * 1024;
const TOLD = 500;
/** They are about who asks, or where, and not about what was sent. */
const ABOUT_THE_SENDER = [401, 403, 407, 408, 425, 429];

export class Poster {
  private waiting: Waiting[] = [];
  private timer: NodeJS.Timeout | undefined;
  private busy: Promise<void> | undefined;
  private failures = 0;
  private readonly stop = new AbortController();

  constructor(
    private readonly settings: HttpSinkSettings,
    private readonly outlet: PosterOutlet,
  ) {}

  send(payload: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ payload, resolve, reject });
      this.arm();
    });
  }

  /** Lets the request that is under way end, for a while; what waits goes back. */
  async close(deadlineMs: number): Promise<void> {
    this.giveBack(new Away('the flow stops', RETRY_MS));
    if (this.busy === undefined) return;
    const timer = setTimeout(() => this.stop.abort(), deadlineMs);
    await this.busy;
    clearTimeout(timer);
  }

  private arm(): void {
    if (this.busy !== undefined || this.waiting.length === 0) return;
    const { maxRecords, waitMs } = this.settings.batch;
    if (this.waiting.length >= maxRecords) this.flush();
    // Also without a wait: the records of one batch of the flow come one by one, and belong together.
    else this.timer ??= setTimeout(() => this.flush(), waitMs);
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.busy !== undefined || this.waiting.length === 0) return;
    this.busy = this.deliver(this.waiting.splice(0, this.fitting()))
      .catch((error: Error) => this.giveBack(error))
      .finally(() => {
        this.busy = undefined;
        this.arm();
      });
  }

  /** How many of those that wait fit a request; at least one. */
  private fitting(): number {
    const { maxRecords, maxBytes } = this.settings.batch;
    const most = this.settings.format === 'single' ? 1 : Math.min(maxRecords, this.waiting.length);
    let bytes = 2;
    let n = 0;
    while (n < most && (n === 0 || bytes + this.waiting[n].payload.length < maxBytes)) {
      bytes += this.waiting[n++].payload.length + 1;
    }
    return n;
  }

  private giveBack(error: Error): void {
    for (const { reject } of this.waiting.splice(0)) reject(error);
  }

  /** Settles each of the records, and throws when the server is away. */
  private async deliver(records: Waiting[]): Promise<void> {
    const answer = await this.post(records);
    const { status } = answer;
    if (status >= 200 && status < 300) {
      this.failures = 0;
      this.outlet.away(null);
      for (const { resolve } of records) resolve();
      return;
    }
    const said = answer.body.toString('utf8').slice(0, TOLD);
    const detail = `${withoutQuery(this.settings.url)} answered ${status}${said === '' ? '.' : `: ${said}`}`;
    if (status < 400 || status >= 500 || ABOUT_THE_SENDER.includes(status)) {
      return this.wait(records, detail, retryAfterMs(answer.headers, this.outlet.now()));
    }
    if (records.length > 1) {
      const half = records.length >> 1;
      const rest = records.slice(half);
      try {
        await this.deliver(records.slice(0, half));
      } catch (error) {
        for (const { reject } of rest) reject(error as Error);
        throw error;
      }
      return this.deliver(rest);
    }
    this.failures = 0;
    await this.outlet.refused(records[0].payload, status, said);
    records[0].reject(new Refused(detail, 'refused'));
  }

  private async post(records: Waiting[]): Promise<Answer> {
    const { format, method, timeoutMs } = this.settings;
    const texts = records.map(({ payload }) => payload.toString('utf8'));
    const body =
      format === 'array' ? `[${texts.join(',')}]` : format === 'lines' ? `${texts.join('\n')}\n` : texts[0];
    const contentType = format === 'lines' ? 'application/x-ndjson' : 'application/json';
    this.outlet.count('requests');
    const order = { method, body, contentType, timeoutMs, maxBytes: ANSWER_BYTES, signal: this.stop.signal };
    try {
      const answer = await call(this.settings, order);
      this.outlet.bytes(Buffer.byteLength(body));
      return answer;
    } catch (error) {
      return this.wait(records, error instanceof Error ? error.message : String(error), undefined);
    }
  }

  private wait(records: Waiting[], detail: string, askedMs: number | undefined): never {
    this.outlet.count('retries');
    this.outlet.away(detail);
    const usual = Math.min(RETRY_MOST_MS, RETRY_MS * 2 ** this.failures++);
    // A tenth more or less, so that a thousand nodes do not come back at once.
    const retryMs =
      askedMs === undefined ? usual * (0.9 + 0.2 * this.outlet.random()) : Math.min(askedMs, ASKED_MOST_MS);
    const error = new Away(detail, retryMs);
    for (const { reject } of records) reject(error);
    throw error;
  }
}
