/**
 * Bodies of HTTP requests and answers to one batch each, for the sources that get them.
 *
 * Guarantee: a body gives its records and one counted reason for each that is none; a fault on which the flow is to
 * stop is kept, and thrown when `check` is called by the engine.
 */
import { Batch, Schema, type ModuleContext } from '@millrace/engine';
import { fieldsByName } from './csv/fields.js';
import { Payloads } from './mqtt/payloads.js';
import type { PayloadSettings } from './payload-settings.js';

export interface Taken {
  records: number;
  refused: number;
  /** Why the last one was refused. */
  problem?: string;
}

export class Bodies {
  private readonly schema = new Schema();
  private readonly errors = new Schema(['problem']);
  private readonly batch = new Batch(this.schema);
  private readonly payloads: Payloads;
  private refused = 0;
  private problem: string | undefined;
  private failure: unknown;

  constructor(
    private readonly context: Pick<ModuleContext, 'clock' | 'drop' | 'fault' | 'emit' | 'bytes'>,
    settings: PayloadSettings,
    /** How a person calls a body, such as `the answer of http://a/b`. */
    what: string,
  ) {
    for (const field of fieldsByName(settings.fields)?.values() ?? []) this.schema.index(field);
    this.payloads = new Payloads(
      this.schema,
      settings,
      (reason, detail) => this.refuse(reason, detail),
      (reason) => context.drop(reason),
      () => what,
    );
  }

  get schemas(): Schema[][] {
    return [[this.schema], [this.errors]];
  }

  /** Throws what a body brought about between two calls of the engine. */
  check(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  /** Sends the records of a body into the flow. `parts` are several payloads, such as lines. */
  take(parts: readonly Uint8Array[]): Taken {
    const { batch, context } = this;
    const at = context.clock.wall();
    this.refused = 0;
    this.problem = undefined;
    batch.reset();
    for (const part of parts) context.bytes(part.length);
    this.payloads.read(
      parts.map((payload) => ({ topic: '', payload, at })),
      batch,
    );
    batch.arrival = at;
    const records = batch.n;
    if (records > 0) context.emit(batch);
    return { records, refused: this.refused, ...(this.problem !== undefined && { problem: this.problem }) };
  }

  private refuse(reason: string, detail: string): void {
    const { context } = this;
    this.refused++;
    this.problem = detail;
    context.drop(reason);
    const error = new Batch(this.errors, 1);
    error.column(0).push(error.row(context.clock.wall()), detail);
    try {
      context.fault(detail, 1, error);
    } catch (thrown) {
      this.failure ??= thrown;
    }
  }
}

/** The lines of a body that hold something. */
export function linesOf(body: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const feed = body.indexOf(0x0a, at);
    const end = feed < 0 ? body.length : feed;
    const line = body.subarray(at, end);
    if (line.some((byte) => byte > 0x20)) lines.push(line);
    at = end + 1;
  }
  return lines;
}
