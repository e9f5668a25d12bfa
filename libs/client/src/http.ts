/**
 * One request to the director: JSON out, JSON in, problems as Failures.
 *
 * Guarantee: every attempt has a deadline; an outage is tried again with jitter and obeys Retry-After, and a
 * POST carries an Idempotency-Key, so trying it again does nothing twice. Changes that have no such key (PUT,
 * PATCH, DELETE) are only tried again when the director said that it did not begin. Safe in a browser.
 */
import { Failure } from '@millrace/schemas';
import type { z } from 'zod';
import { failureOf } from './problem.js';

export interface ClientOptions {
  /** Address of the director, such as `http://127.0.0.1:8080`. */
  url: string;
  /** A session's or an API token. */
  token?: string;
  /** Attempts in all; default 5, which bridges an outage of a few seconds. */
  attempts?: number;
  /** Of one attempt; default 30 s. */
  timeoutMs?: number;
  fetch?: typeof fetch;
  /** In [0, 1). */
  random?: () => number;
}

export interface Call {
  query?: object;
  body?: unknown;
  /** A body that is no JSON, with its media type. */
  text?: { content: string | Blob | Uint8Array<ArrayBuffer>; type: string };
  /** Of one attempt, where the client's own is too short. */
  timeoutMs?: number;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export interface Answer<T> {
  value: T;
  status: number;
  etag: string | undefined;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Http {
  readonly url: string;
  ask<T>(schema: z.ZodType<T>, method: Method, path: string, call?: Call): Promise<T>;
  /** With status and ETag. */
  answer<T>(schema: z.ZodType<T>, method: Method, path: string, call?: Call): Promise<Answer<T>>;
  /** For requests that are answered with nothing. */
  tell(method: Method, path: string, call?: Call): Promise<void>;
  /** An answer that has no end, so no deadline either: the signal ends it. Tried once. */
  stream(path: string, call: Call, method?: Method): Promise<Response>;
}

const ATTEMPTS = 5;
const TIMEOUT_MS = 30_000;
const FIRST_WAIT_MS = 250;
/** A director that asks for more patience than this is not waited for: the caller hears of it. */
const LONGEST_WAIT_MS = 15_000;

export function http(options: ClientOptions): Http {
  const url = options.url.replace(/\/+$/, '');
  const send = options.fetch ?? fetch;
  const random = options.random ?? Math.random;
  const deadline = (call: Call) => AbortSignal.timeout(call.timeoutMs ?? options.timeoutMs ?? TIMEOUT_MS);

  async function open(method: Method, path: string, call: Call, deadline?: AbortSignal): Promise<Response> {
    const { body, text, signal } = call;
    const content = text?.content ?? (body === undefined ? undefined : JSON.stringify(body));
    const ends = [signal, deadline].filter((end) => end !== undefined);
    let response: Response;
    try {
      response = await send(`${url}${path}${queryOf(call.query)}`, {
        method,
        body: content,
        signal: AbortSignal.any(ends),
        headers: {
          accept: 'application/json',
          ...(content !== undefined && { 'content-type': text?.type ?? 'application/json' }),
          ...(options.token && { authorization: `Bearer ${options.token}` }),
          ...call.headers,
        },
      });
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      throw new Failure('platform.unavailable', `${url} does not answer: ${reasonOf(cause)}.`, { cause });
    }
    if (!response.ok) throw await failureOf(response, url);
    return response;
  }

  async function persist<T>(method: Method, call: Call, attempt: (call: Call) => Promise<T>): Promise<T> {
    const keyed =
      method === 'POST' ? { ...call, headers: { 'idempotency-key': newKey(), ...call.headers } } : call;
    for (let tried = 1; ; tried++) {
      try {
        return await attempt(keyed);
      } catch (error) {
        if (tried >= (options.attempts ?? ATTEMPTS) || !isWorthTrying(error, method)) throw error;
        const wait = Math.max(random() * FIRST_WAIT_MS * 2 ** tried, (error.retryAfter ?? 0) * 1_000);
        if (wait > LONGEST_WAIT_MS) throw error;
        await pause(wait, call.signal);
      }
    }
  }

  function answer<T>(
    schema: z.ZodType<T>,
    method: Method,
    path: string,
    call: Call = {},
  ): Promise<Answer<T>> {
    return persist(method, call, async (keyed) => {
      const response = await open(method, path, keyed, deadline(keyed));
      const parsed = schema.safeParse(await bodyOf(response, url));
      if (!parsed.success) throw notUnderstood(`${method} ${path}`, url, parsed.error);
      const etag = response.headers.get('etag') ?? undefined;
      return { value: parsed.data, status: response.status, etag };
    });
  }

  return {
    url,
    stream: (path, call, method = 'GET') => open(method, path, call),
    answer,
    ask: async (schema, method, path, call) => (await answer(schema, method, path, call)).value,
    tell: (method, path, call = {}) =>
      persist(method, call, async (keyed) => {
        await (await open(method, path, keyed, deadline(keyed))).arrayBuffer();
      }),
  };
}

/** What the caller can't know without asking again: an outage, a limit of rate, a first request still at work. */
function isWorthTrying(error: unknown, method: Method): error is Failure {
  if (!(error instanceof Failure)) return false;
  if (error.code === 'platform.too-many-requests') return true;
  if (error.code === 'platform.idempotency-in-progress') return true;
  if (error.row.kind !== 'outage') return false;
  // Without an answer nobody knows whether it was done.
  return method === 'GET' || method === 'POST' || error.retryAfter !== undefined;
}

async function bodyOf(response: Response, url: string): Promise<unknown> {
  try {
    return await response.json();
  } catch (cause) {
    if (named(cause) === 'SyntaxError') throw notUnderstood('an answer', url, cause);
    throw new Failure('platform.unavailable', `${url} was cut off in its answer: ${reasonOf(cause)}.`, {
      cause,
    });
  }
}

function notUnderstood(what: string, url: string, cause: unknown): Failure {
  return new Failure(
    'platform.message-invalid',
    `${url} gave ${what} that this version does not understand. Is it a Millrace director, and of this version?`,
    { cause },
  );
}

/** `fetch failed` says nothing; its cause does. By shape, since an error may come from another realm. */
function reasonOf(error: unknown): string {
  if (named(error) === 'TimeoutError') return 'it took too long';
  const { message = String(error), cause } = (error ?? {}) as { message?: string; cause?: unknown };
  const { code, message: deeper } = (cause ?? {}) as { code?: unknown; message?: string };
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (code === 'ENOTFOUND') return 'there is no such host';
  return deeper || (typeof code === 'string' ? code : message);
}

function named(error: unknown): string | undefined {
  return (error as { name?: string } | undefined)?.name;
}

function queryOf(query: object | undefined): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== '');
  if (given.length === 0) return '';
  return `?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString()}`;
}

/** Not randomUUID, which browsers only have on secure pages. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}

/** Ends early, by an exception, when the signal does. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const end = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', end);
      resolve();
    }, ms);
    signal?.addEventListener('abort', end, { once: true });
  });
}
