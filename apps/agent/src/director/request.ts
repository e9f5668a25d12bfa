/**
 * One HTTP request with Node's own client, through the proxy of HTTPS_PROXY when there is one.
 *
 * The answer comes as soon as its head is here; its body is a stream that the caller reads or destroys. It
 * follows no redirects: a credential must not travel on.
 */
import { request as plain, type IncomingMessage } from 'node:http';
import { request as secure } from 'node:https';
import { proxyFor, TunnelAgent } from '@millrace/transport';

export interface HttpRequest {
  url: string | URL;
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** Also ends the body while it is read. */
  signal: AbortSignal;
}

export function openRequest({
  url,
  method = 'GET',
  headers,
  body,
  signal,
}: HttpRequest): Promise<IncomingMessage> {
  const target = new URL(url);
  const proxy = proxyFor(target.href, process.env);
  const send = target.protocol === 'https:' ? secure : plain;
  return new Promise((resolve, reject) => {
    const asked = send(
      target,
      {
        method,
        signal,
        headers: {
          ...headers,
          ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
        },
        ...(proxy === undefined ? {} : { agent: new TunnelAgent(proxy) }),
      },
      resolve,
    );
    asked.on('error', reject);
    asked.end(body);
  });
}
