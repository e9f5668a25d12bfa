/** sink.http: records as JSON through a backlog to a server. */
import path from 'node:path';
import {
  eachRecord,
  gapRecord,
  JsonWriter,
  type Batch,
  type Behaviour,
  type Create,
  type ModuleContext,
} from '@millrace/engine';
import { Backlog } from '../buffer/backlog.js';
import { keepDeadLetter } from './dead-letters.js';
import type { HttpSinkSettings } from './kind.js';
import { Poster } from './poster.js';

/** How long a replayed file that ends waits for a server that takes nothing. */
const PATIENCE_MS = 5000;
/** The same of a live flow: a swap of versions waits for it, and what is left lies on disk. */
const LIVE_PATIENCE_MS = 1000;
/** For the answer to the last request. */
const CLOSE_MS = 1000;

class HttpSink implements Behaviour {
  private readonly json = new JsonWriter();
  private readonly backlog: Backlog;
  private readonly poster: Poster;
  private began = false;
  private told: string | null = null;
  /** A flow that ends drains twice: what was waited for in vain is not waited for again. */
  private gaveUp = false;
  private failure: unknown;

  constructor(private readonly context: ModuleContext<HttpSinkSettings>) {
    const { settings, host, id, clock } = context;
    const dead = path.join(host.workFolder, `dead-${id}.jsonl`);
    const now = () => clock.wall();
    this.poster = new Poster(settings, {
      refused: async (payload, status, answer) => {
        try {
          await keepDeadLetter(dead, { at: now(), status, answer }, payload);
        } catch (error) {
          context.log('error', `a refused record cannot be written to ${dead}: ${String(error)}`);
        }
        this.fault(`the server refused a record with ${status}: ${answer}`, 1);
      },
      count: (what) => context.count(what),
      bytes: (n) => context.bytes(n),
      away: (reason) => this.tell(reason),
      now,
      random: Math.random,
    });
    this.backlog = new Backlog(path.join(host.workFolder, `buffer-${id}`), settings.buffer, {
      send: (payload) => this.poster.send(payload),
      count: (what, n) => context.count(what, n),
      drop: (reason, n) => context.drop(reason, n),
      queued: (n) => context.queued(n),
      fault: (detail, n) => this.fault(detail, n),
      now,
    });
  }

  /** At once: a flow that takes over from its old version has rows to send in a moment. */
  async resume(): Promise<void> {
    this.begin();
  }

  process(batch: Batch): void {
    if (this.failure !== undefined) throw this.failure;
    this.begin();
    this.gaveUp = false;
    this.json.begin(batch);
    eachRecord(
      batch,
      (row) => this.backlog.offer(Buffer.from(this.json.row(row))),
      (gap) => this.backlog.offer(Buffer.from(JSON.stringify(gapRecord(gap)))),
    );
  }

  /** Also without new records, what an earlier run left is sent. */
  tick(): void {
    if (this.failure !== undefined) throw this.failure;
    this.begin();
  }

  async drain(): Promise<void> {
    this.begin();
    const patience = this.context.live ? LIVE_PATIENCE_MS : PATIENCE_MS;
    await this.backlog.drain(this.gaveUp ? 0 : patience);
    if (this.backlog.size > 0 && !this.gaveUp) {
      this.context.log('warn', `${this.backlog.size} records wait on disk until the flow runs again`);
    }
    this.gaveUp = this.backlog.size > 0;
    if (this.failure !== undefined) throw this.failure;
  }

  sync(): Promise<void> {
    return this.backlog.flush();
  }

  async close(): Promise<void> {
    this.backlog.online(false);
    await this.poster.close(CLOSE_MS);
    await this.backlog.close();
  }

  private begin(): void {
    if (this.began) return;
    this.began = true;
    void this.backlog
      .open()
      .catch((error: unknown) => this.fault(`the buffer cannot be opened: ${String(error)}`, 0));
    this.backlog.online(true);
  }

  /** Once when it begins, once when the reason changes, and once when it is over. */
  private tell(reason: string | null): void {
    if (reason === this.told) return;
    if (reason === null) this.context.log('info', 'the server takes records again');
    else this.context.log('warn', `${reason} It is tried again; records wait on disk meanwhile.`);
    this.told = reason;
  }

  /** Comes between two calls of the engine: a flow that is to stop does so at the next. */
  private fault(detail: string, n: number): void {
    try {
      this.context.fault(detail, n);
    } catch (error) {
      this.failure ??= error;
    }
  }
}

export const create: Create<HttpSinkSettings> = (context) => new HttpSink(context);
