/**
 * Idempotency-Key on every POST: the same key with the same request gets the same answer again for 24 hours.
 *
 * Guarantee: a retried POST acts once. The key is claimed before the use case begins, and marked in the very
 * transaction of its change (`markCommitted`, called by the audit log, which every change goes through). So it is
 * known whether a request that failed, or was cut off with the process, has changed anything.
 */
import { Readable } from 'node:stream';
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Failure } from '@millrace/schemas';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { Clock } from '../clock.js';
import { Database, type SqlTx } from '../database/database.js';
import { hashOf } from '../id.js';
import { STREAMS } from './answers.js';
import type { Caller } from './request.js';

export const KEPT_MS = 24 * 3_600_000;
/** After this nobody is at work on a request any more; longer than any transaction may take. */
const GIVEN_UP_MS = 120_000;

export async function markCommitted(tx: SqlTx, by: Caller): Promise<void> {
  if (by.idempotencyKey === undefined) return;
  await tx.sql('UPDATE idempotency_keys SET committed = true WHERE actor = $1 AND key = $2', [
    by.actor,
    by.idempotencyKey,
  ]);
}

/** Of what makes two requests the same. A body that is streamed is known by the length that was announced. */
export const fingerprintOf = (method: string, url: string, body: unknown, length?: string): string =>
  hashOf(`${method}\n${url}\n${body instanceof Readable ? (length ?? '') : JSON.stringify(body ?? null)}`);

@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const key = request.headers['idempotency-key'];
    if (request.method !== 'POST' || key === undefined || !request.caller) return next.handle();
    if (Reflect.getMetadata(STREAMS, context.getHandler())) return next.handle();
    return from(this.once(request.caller, key, request, http.getResponse<FastifyReply>(), next));
  }

  private async once(
    caller: Caller,
    key: string | string[],
    request: FastifyRequest,
    reply: FastifyReply,
    next: CallHandler,
  ): Promise<unknown> {
    if (typeof key !== 'string' || key === '' || key.length > 255) {
      throw new Failure('platform.invalid-request', 'Idempotency-Key must have 1 to 255 characters.');
    }
    const fingerprint = fingerprintOf(
      request.method,
      request.url,
      request.body,
      request.headers['content-length'],
    );
    const before = await this.claim(caller, key, fingerprint);
    if (before) return replay(before, fingerprint, reply);
    caller.idempotencyKey = key;
    try {
      const body: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
      await this.keep(caller, key, reply, body);
      return body;
    } catch (error) {
      await this.giveBack(caller, key);
      throw error;
    }
  }

  private claim(caller: Caller, key: string, fingerprint: string): Promise<Kept | undefined> {
    const now = new Date(this.clock.now());
    return this.database.withinSql(caller.organization, async (tx) => {
      await tx.sql(
        `DELETE FROM idempotency_keys WHERE actor = $1 AND key = $2
         AND (created_at < $3 OR (created_at < $4 AND status IS NULL AND NOT committed))`,
        [caller.actor, key, new Date(now.getTime() - KEPT_MS), new Date(now.getTime() - GIVEN_UP_MS)],
      );
      const claimed = await tx.sql(
        `INSERT INTO idempotency_keys (actor, key, fingerprint, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING RETURNING key`,
        [caller.actor, key, fingerprint, now],
      );
      if (claimed.length > 0) return undefined;
      const kept = await tx.sql<Kept>(
        'SELECT fingerprint, committed, status, body, headers FROM idempotency_keys WHERE actor = $1 AND key = $2',
        [caller.actor, key],
      );
      return kept[0] ?? { fingerprint, committed: false, status: null, body: null, headers: null };
    });
  }

  private async keep(caller: Caller, key: string, reply: FastifyReply, body: unknown): Promise<void> {
    const etag = reply.getHeader('etag');
    const location = reply.getHeader('location');
    await this.database.withinSql(caller.organization, (tx) =>
      tx.sql(
        'UPDATE idempotency_keys SET status = $3, body = $4, headers = $5 WHERE actor = $1 AND key = $2',
        [
          caller.actor,
          key,
          reply.statusCode,
          body === undefined ? null : JSON.stringify(body),
          JSON.stringify({ ...(etag && { etag }), ...(location && { location }) }),
        ],
      ),
    );
  }

  private async giveBack(caller: Caller, key: string): Promise<void> {
    await this.database.withinSql(caller.organization, (tx) =>
      tx.sql(
        'DELETE FROM idempotency_keys WHERE actor = $1 AND key = $2 AND status IS NULL AND NOT committed',
        [caller.actor, key],
      ),
    );
  }
}

interface Kept {
  fingerprint: string;
  committed: boolean;
  status: number | null;
  body: string | null;
  headers: Record<string, string> | null;
}

function replay(kept: Kept, fingerprint: string, reply: FastifyReply): unknown {
  if (kept.fingerprint !== fingerprint) {
    throw new Failure(
      'platform.idempotency-mismatch',
      'This Idempotency-Key came before with another request. Use a new key for a new request.',
    );
  }
  if (kept.status === null && kept.committed) {
    throw new Failure(
      'platform.answer-lost',
      'The change of this Idempotency-Key was made, but its answer was lost. Read what there is now.',
    );
  }
  if (kept.status === null) {
    throw new Failure(
      'platform.idempotency-in-progress',
      'The first request with this Idempotency-Key has not answered yet. Ask again in a moment.',
      { retryAfter: 1 },
    );
  }
  void reply
    .status(kept.status)
    .header('idempotency-replayed', 'true')
    .headers(kept.headers ?? {});
  return kept.body === null ? undefined : (JSON.parse(kept.body) as unknown);
}
