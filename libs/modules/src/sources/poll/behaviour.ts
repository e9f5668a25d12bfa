/** source.poll: answers of a server into the flow, one request at a time. */
import type { Create, ModuleContext, Schema, Source } from '@millrace/engine';
import { call, retryAfterMs, withoutQuery, type Answer } from '../../http/call.js';
import { startBeat } from '../beat.js';
import { Bodies, linesOf } from '../bodies.js';
import type { PollSettings } from './kind.js';

const TOLD = 200;

class Poll implements Source {
  private readonly bodies: Bodies;
  private readonly name: string;
  private readonly ending = new AbortController();
  private readonly ended = new Promise<void>((resolve) => {
    this.ending.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  private stopBeat: (() => void) | undefined;
  private asking: Promise<void> | undefined;
  /** What the server wants to hear, to say that nothing changed. */
  private known: Record<string, string> = {};
  private waitUntil = -Infinity;
  private told: string | null = null;

  constructor(private readonly context: ModuleContext<PollSettings>) {
    const { timestamp, fields, url } = context.settings;
    this.name = withoutQuery(url);
    this.bodies = new Bodies(context, { format: 'json', timestamp, fields }, `the answer of ${this.name}`);
  }

  bind(): Schema[][] {
    return this.bodies.schemas;
  }

  async start(): Promise<void> {
    const { settings, clock } = this.context;
    this.stopBeat = startBeat(settings, clock, (_t, missed) => this.beat(missed));
  }

  tick(): void {
    this.bodies.check();
  }

  async stop(): Promise<void> {
    this.stopBeat?.();
    this.ending.abort();
    await this.asking;
  }

  private beat(missed: number): void {
    const { context } = this;
    if (missed > 0) context.count('missed', missed);
    if (this.asking !== undefined || !context.gate.open || context.clock.monotonic() < this.waitUntil) {
      context.count('missed');
      return;
    }
    this.asking = this.ask()
      .catch((error: unknown) => this.failed(error instanceof Error ? error.message : String(error)))
      .finally(() => (this.asking = undefined));
  }

  private async ask(): Promise<void> {
    const { context } = this;
    const { settings } = context;
    context.count('polls');
    const answer = await call(settings, {
      method: 'GET',
      headers: { accept: 'application/json, application/x-ndjson', ...this.known },
      timeoutMs: settings.timeoutMs,
      maxBytes: settings.maxBodyBytes,
      signal: this.ending.signal,
    });
    const { status, headers } = answer;
    if (status === 304) {
      context.count('unchanged');
      return this.tell(null);
    }
    if (status < 200 || status > 299) {
      const retryMs = retryAfterMs(headers, context.clock.wall());
      if (retryMs !== undefined) this.waitUntil = context.clock.monotonic() + retryMs;
      const said = answer.body.toString('utf8').slice(0, TOLD);
      return this.failed(`${this.name} answered ${status}${said === '' ? '.' : `: ${said}`}`);
    }
    this.tell(null);
    // The flow may have begun to hold back, or to stop, while the answer was on its way. Stopping opens the gate
    // only after this source has ended.
    while (!context.gate.open && !this.ending.signal.aborted) {
      await Promise.race([context.gate.wait(), this.ended]);
    }
    if (this.ending.signal.aborted) return;
    this.known = validatorsOf(answer);
    const lines = /^application\/(x-)?(ndjson|jsonl)/.test(headers.get('content-type') ?? '');
    this.bodies.take(lines ? linesOf(answer.body) : [answer.body]);
  }

  private failed(reason: string): void {
    if (this.ending.signal.aborted) return;
    this.context.count('failed');
    this.tell(reason);
  }

  private tell(reason: string | null): void {
    if (reason === this.told) return;
    if (reason === null) this.context.log('info', `${this.name} answers again`);
    else this.context.log('warn', `${reason} It is asked again.`);
    this.told = reason;
  }
}

function validatorsOf({ headers }: Answer): Record<string, string> {
  const etag = headers.get('etag');
  if (etag !== null) return { 'if-none-match': etag };
  const modified = headers.get('last-modified');
  return modified === null ? {} : { 'if-modified-since': modified };
}

export const create: Create<PollSettings> = (context) => new Poll(context);
