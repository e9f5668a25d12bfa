/**
 * Requests to the director, and what became of them.
 *
 * Guarantee: every request has a deadline and a largest answer; whatever goes wrong is a Failure that says
 * whether asking again may help (`outage`) and when the director wants to be asked again. No answer of the
 * director, 401 and 404 included, is acted on here: what runs goes on.
 */
import type { IncomingMessage } from 'node:http';
import { Failure, Problem, problems, type ProblemCode } from '@millrace/schemas';
import type { z } from 'zod';
import { openRequest } from './request.js';

/** Desired states are the largest answers; a document is at most a few MiB. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
const DEADLINE_MS = 30_000;

export interface Ask {
  url: string;
  method?: 'GET' | 'POST';
  body?: unknown;
  bearer?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  deadlineMs?: number;
}

export interface Answer {
  status: number;
  etag: string | null;
  body: unknown;
}

/** 304 is an answer; every other status that is not 2xx is a Failure. */
export async function ask({
  url,
  method = 'GET',
  body,
  bearer,
  headers,
  signal,
  deadlineMs,
}: Ask): Promise<Answer> {
  const deadline = AbortSignal.timeout(deadlineMs ?? DEADLINE_MS);
  let response: IncomingMessage;
  let text: string;
  try {
    response = await openRequest({
      url,
      method,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
    });
    text = await readLimited(response, url);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (error instanceof Failure) throw error;
    const why = deadline.aborted ? 'it took too long' : sentence(error);
    throw new Failure(
      'platform.unavailable',
      `${method} ${url} did not succeed: ${why}. It is tried again; what runs goes on.`,
      {
        cause: error,
      },
    );
  }
  const status = response.statusCode ?? 0;
  const etag = response.headers.etag ?? null;
  if (status === 304) return { status, etag, body: undefined };
  const parsed = parseJson(text);
  if (status < 200 || status > 299) throw refusal(method, url, response, parsed);
  return { status, etag, body: parsed };
}

/** The answer's body by its schema; one that does not fit comes from something that is no director. */
export function expectBody<S extends z.ZodType>(schema: S, answer: Answer, url: string): z.infer<S> {
  const result = schema.safeParse(answer.body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new Failure(
    'platform.message-invalid',
    `The answer of ${url} is not what a director answers (${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}). ` +
      'Look at the address, and whether a proxy stands in between.',
  );
}

async function readLimited(response: IncomingMessage, url: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) {
      throw new Failure(
        'platform.body-too-large',
        `The answer of ${url} is larger than ${MAX_BODY_BYTES} bytes.`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

function refusal(method: string, url: string, response: IncomingMessage, body: unknown): Failure {
  const problem = Problem.safeParse(body);
  const known =
    problem.success && problem.data.code in problems ? (problem.data.code as ProblemCode) : undefined;
  return new Failure(
    known ?? codeOfStatus(response.statusCode ?? 0),
    `${method} ${url} was answered with ${response.statusCode}` +
      (problem.success ? `: ${problem.data.detail ?? problem.data.title}` : '.'),
    { retryAfter: retryAfter(response) ?? (problem.success ? problem.data.retryAfter : undefined) },
  );
}

function codeOfStatus(status: number): ProblemCode {
  if (status === 401) return 'access.unauthenticated';
  if (status === 403) return 'access.forbidden';
  if (status === 404) return 'platform.not-found';
  if (status === 429) return 'platform.too-many-requests';
  return status >= 500 ? 'platform.unavailable' : 'platform.invalid-request';
}

/** Seconds, from `Retry-After` as seconds or as a date. */
function retryAfter(response: IncomingMessage): number | undefined {
  const header = response.headers['retry-after'];
  if (header === undefined) return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - Date.now()) / 1000);
}

const sentence = (error: unknown) => (error instanceof Error ? error.message || error.name : String(error));
