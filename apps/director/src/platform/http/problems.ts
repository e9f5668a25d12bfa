/**
 * Every error as RFC 9457 problem+json: the code, a sentence, where it is wrong, the id of the request.
 *
 * Guarantee: a Failure keeps its words; anything else says nothing of the inside and is logged with its stack.
 */
import { HttpException, Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { Failure, problems, type Problem, type ProblemCode, type ProblemPlace } from '@millrace/schemas';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '../log.js';

@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly log: Log) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendProblem(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>(), this.log);
  }
}

/** A body that is too large is read away up to this; beyond it the line is cut after the answer. */
const READ_AWAY_BYTES = 64 * 1024 * 1024;

export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Log): void {
  const failure = asFailure(error);
  const { row } = failure;
  if (row.kind === 'bug')
    log.error({ err: failure.cause ?? failure, request: request.id, url: request.url }, 'a bug');
  else if (row.kind === 'outage') log.warn({ err: failure, request: request.id }, failure.message);
  // After the head has been sent there is nothing left to say but to cut the line.
  if (reply.sent || reply.raw.headersSent) {
    reply.raw.destroy();
    return;
  }
  if (failure.retryAfter !== undefined) void reply.header('retry-after', Math.ceil(failure.retryAfter));
  if (row.status === 401) void reply.header('www-authenticate', 'Bearer');
  // Closing at once would break the line under a client that still sends, and it would never read the answer.
  // What is left of the body is read and thrown away, unless it is much.
  if (row.status === 413 && Number(request.headers['content-length']) <= READ_AWAY_BYTES)
    void reply.removeHeader('connection');
  void reply
    .status(row.status)
    .header('content-type', 'application/problem+json')
    .header('x-request-id', request.id)
    .send(JSON.stringify(problemOf(failure, request)));
}

export function problemOf(failure: Failure, request: FastifyRequest): Problem {
  return {
    type: `urn:millrace:problem:${failure.code}`,
    title: failure.row.title,
    status: failure.row.status,
    ...(failure.row.kind !== 'bug' && { detail: failure.message }),
    instance: request.url.split('?')[0],
    code: failure.code,
    ...(failure.errors.length > 0 && { errors: failure.errors }),
    requestId: request.id,
    ...(failure.retryAfter !== undefined && { retryAfter: failure.retryAfter }),
    ...(failure.current !== undefined && { current: failure.current }),
  };
}

/** What zod and other Standard Schemas complain about, with JSON pointers. At most 100 places are told. */
export function invalidRequest(issues: readonly StandardSchemaV1.Issue[]): Failure {
  const errors: ProblemPlace[] = issues.slice(0, 100).map((issue) => ({
    pointer: pointerOf(issue.path ?? []),
    detail: issue.message,
  }));
  const first = errors[0];
  const where = first?.pointer ? ` at ${first.pointer}` : '';
  return new Failure(
    'platform.invalid-request',
    `The request is not valid${where}: ${first?.detail ?? 'no reason given'}`,
    {
      errors,
    },
  );
}

function pointerOf(path: readonly (PropertyKey | StandardSchemaV1.PathSegment)[]): string {
  return path
    .map((part) => String(typeof part === 'object' ? part.key : part))
    .map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}

function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const status = statusOf(error);
  const code = status === undefined ? undefined : codes[status];
  if (code && problems[code].kind !== 'bug')
    return new Failure(code, sentences[status as number] ?? messageOf(error));
  if (isUnstorableText(error)) {
    return new Failure(
      'platform.invalid-request',
      'A text of the request holds a NUL character. Leave it out.',
    );
  }
  if (isOutage(error)) {
    return new Failure('platform.unavailable', 'A service that is needed does not answer. Try again.', {
      retryAfter: 5,
      cause: error,
    });
  }
  return new Failure('platform.bug', 'a bug', { cause: error });
}

/** PostgreSQL keeps no NUL, neither in a text (22021) nor in JSON (22P05). */
const isUnstorableText = (error: unknown): boolean => {
  const told = error as { code?: string; meta?: FromPrisma } | null;
  return [told?.code, told?.meta?.driverAdapterError?.cause?.code].some(
    (code) => code === '22021' || code === '22P05',
  );
};

/** Prisma keeps PostgreSQL's own code here, and puts one of its own in front. */
interface FromPrisma {
  driverAdapterError?: { cause?: { code?: string } };
}

const codes: Record<number, ProblemCode> = {
  400: 'platform.invalid-request',
  404: 'platform.not-found',
  405: 'platform.method-not-allowed',
  413: 'platform.body-too-large',
  414: 'platform.invalid-request',
  415: 'platform.unsupported-media-type',
  429: 'platform.too-many-requests',
  431: 'platform.invalid-request',
};

const sentences: Record<number, string> = {
  404: 'There is no such route. GET /v1/openapi.json lists all of them.',
  413: 'The body is larger than MILLRACE_MAX_BODY_BYTES allows. Models and scripts are uploaded in parts.',
  415: 'Send the body as application/json.',
};

/** Of Nest's own exceptions and Fastify's. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const { code, statusCode } = error as { code?: string; statusCode?: number };
  if (code?.startsWith('FST_')) return statusCode;
  // Fastify's JSON parser and the URL decoder throw plain SyntaxErrors with a status.
  return error instanceof SyntaxError || error instanceof URIError
    ? 400
    : statusCode === 400
      ? 400
      : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 300) : 'The request is not valid.';
}

/** The database or the queue is away: network errors, PostgreSQL's classes 08 and 57, a pool that waited too long. */
function isOutage(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const { code } = at as { code?: unknown };
    if (typeof code === 'string' && /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|08...$|57P|53300)/.test(code))
      return true;
    if (/timeout exceeded when trying to connect|Connection terminated/i.test(at.message)) return true;
  }
  return false;
}
