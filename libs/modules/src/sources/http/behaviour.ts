/**
 * source.http: bodies of requests into the flow.
 *
 * Guarantee: 200 is said when the records have gone through the flow's own calls; nothing is taken while the flow
 * holds its sources back; a credential is compared in a time that does not tell how much of it was right.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Create, ModuleContext, Schema, Source } from '@millrace/engine';
import { Failure } from '@millrace/schemas';
import { authorizationOf } from '../../http/call.js';
import { Bodies, linesOf } from '../bodies.js';
import type { HttpSourceSettings } from './kind.js';

/** A request that has not come whole by then is given up, so that half ones do not pile up. */
const REQUEST_MS = 30_000;
/** Connections at a time. */
const MOST_CONNECTIONS = 256;
const RETRY_SECONDS = 1;
/** For the answers that are under way when the flow stops. */
const CLOSE_MS = 1000;

class HttpSource implements Source {
  private readonly bodies: Bodies;
  private readonly expected: Buffer | undefined;
  private server: Server | undefined;
  private stopped = false;

  constructor(private readonly context: ModuleContext<HttpSourceSettings>) {
    const { settings } = context;
    const { timestamp, fields, auth, path } = settings;
    this.bodies = new Bodies(context, { format: 'json', timestamp, fields }, `a request to ${path}`);
    this.expected = auth && digest(authorizationOf(auth));
  }

  bind(): Schema[][] {
    return this.bodies.schemas;
  }

  async start(): Promise<void> {
    const { id, settings, log } = this.context;
    const { host, port, path } = settings;
    const server = createServer(
      { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS },
      (request, response) => {
        void this.answer(request, response).catch(() => response.destroy());
      },
    );
    server.maxConnections = MOST_CONNECTIONS;
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) =>
        reject(
          new Failure(
            'engine.port-unusable',
            `${id} cannot listen on port ${port} of ${host}: ${error.message}. Choose another port or host.`,
            { cause: error },
          ),
        ),
      );
      server.listen(port, host, resolve);
    });
    const { port: given } = server.address() as AddressInfo;
    log.call(this.context, 'info', `listens on http://${host}:${given}${path}`);
  }

  tick(): void {
    this.bodies.check();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    const { server } = this;
    if (server === undefined || !server.listening) return;
    const timer = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
    });
    clearTimeout(timer);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { context } = this;
    const { path, maxBodyBytes } = context.settings;
    context.count('requests');
    const say = (status: number, body: object, headers: Record<string, string> = {}): void => {
      // What has not been read of a body is not worth reading.
      const ends = request.complete ? {} : { connection: 'close' };
      response.writeHead(status, { 'content-type': 'application/json', ...ends, ...headers });
      response.end(JSON.stringify(body));
    };
    if ((request.url ?? '').split('?', 1)[0] !== path) return say(404, { problem: `records go to ${path}` });
    if (request.method !== 'POST') return say(405, { problem: 'records come with POST' }, { allow: 'POST' });
    if (!this.mayAsk(request.headers.authorization)) {
      context.count('unauthorized');
      return say(
        401,
        { problem: 'the credential is missing or wrong' },
        { 'www-authenticate': 'Bearer, Basic' },
      );
    }
    const tooLarge = (): void => {
      context.count('too-large');
      say(413, { problem: `a body has at most ${maxBodyBytes} bytes` });
    };
    if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) return tooLarge();
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      length += (chunk as Buffer).length;
      if (length > maxBodyBytes) return tooLarge();
      chunks.push(chunk as Buffer);
    }
    if (this.stopped || !context.gate.open) {
      context.count('held-back');
      return say(503, { problem: 'the flow takes nothing now' }, { 'retry-after': String(RETRY_SECONDS) });
    }
    const body = Buffer.concat(chunks);
    const lines = /^application\/(x-)?(ndjson|jsonl)/.test(request.headers['content-type'] ?? '');
    const taken = this.bodies.take(lines ? linesOf(body) : [body]);
    say(taken.records === 0 && taken.refused > 0 ? 400 : 200, taken);
  }

  private mayAsk(authorization = ''): boolean {
    return this.expected === undefined || timingSafeEqual(digest(authorization), this.expected);
  }
}

/** Of equal length whatever was sent. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

export const create: Create<HttpSourceSettings> = (context) => new HttpSource(context);
