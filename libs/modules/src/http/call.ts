/**
 * One HTTP request with a deadline.
 *
 * Guarantee: it resolves with an answer or rejects with a sentence within `timeoutMs`; of an answer's body at most
 * `maxBytes` are read. It follows no redirect when it sends something, so that a credential goes nowhere else.
 */
import { Failure } from '@millrace/schemas';
import type { RequestSettings } from './settings.js';

export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  body?: string;
  contentType?: string;
  headers?: Record<string, string>;
  timeoutMs: number;
  /** Of the answer. */
  maxBytes: number;
  /** Ends it early. */
  signal?: AbortSignal;
}

export interface Answer {
  status: number;
  headers: Headers;
  body: Buffer;
}

export async function call({ url, headers, auth }: RequestSettings, order: Call): Promise<Answer> {
  const deadline = AbortSignal.timeout(order.timeoutMs);
  const signal = order.signal === undefined ? deadline : AbortSignal.any([deadline, order.signal]);
  try {
    const response = await fetch(url, {
      method: order.method,
      body: order.body,
      redirect: order.method === 'GET' ? 'follow' : 'manual',
      signal,
      headers: {
        ...(order.contentType === undefined ? {} : { 'content-type': order.contentType }),
        ...(auth === undefined ? {} : { authorization: authorizationOf(auth) }),
        ...order.headers,
        ...headers,
      },
    });
    return {
      status: response.status,
      headers: response.headers,
      body: await bodyOf(response, order.maxBytes),
    };
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(
      'engine.http-unanswered',
      `${withoutQuery(url)} ${why(error, deadline, order.timeoutMs)}`,
      {
        cause: error,
      },
    );
  }
}

export function authorizationOf({
  token,
  username = '',
  password = '',
}: NonNullable<RequestSettings['auth']>) {
  if (token !== undefined) return `Bearer ${token}`;
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** Milliseconds that an answer asks to wait; undefined when it says nothing that can be read. */
export function retryAfterMs(headers: Headers, now: number): number | undefined {
  const said = headers.get('retry-after')?.trim();
  if (said === undefined || said === '') return undefined;
  const seconds = Number(said);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(said) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

/** An address as it may stand in a log: a query often holds a key. */
export const withoutQuery = (url: string): string => url.replace(/[?#].*$/, '').replace(/\/\/[^/@]*@/, '//');

async function bodyOf(response: Response, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += (chunk as Uint8Array).length;
    if (length > maxBytes) {
      throw new Failure(
        'engine.http-too-large',
        `${withoutQuery(response.url)} answered with more than ${maxBytes} bytes: raise maxBodyBytes, or ask for less.`,
      );
    }
    chunks.push(chunk as Uint8Array);
  }
  return Buffer.concat(chunks);
}

function why(error: unknown, deadline: AbortSignal, timeoutMs: number): string {
  if (deadline.aborted) return `did not answer within ${timeoutMs} ms.`;
  const inner = (error as { cause?: unknown }).cause ?? error;
  const { code, message } = inner as { code?: string; message?: string };
  return `cannot be reached: ${message === undefined || message === '' ? (code ?? String(inner)) : message}.`;
}
