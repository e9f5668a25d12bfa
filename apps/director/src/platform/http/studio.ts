/**
 * The studio's files, as they were built: `/` and every address that is no route of the API.
 *
 * Guarantee: files whose names carry their hash are kept by the browser for a year, the page itself is asked for
 * each time, so that a new version is there at the next load. The policy lets nothing run that did not come from
 * here. Without a build `/` leads to the API's own pages.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import sirv from 'sirv';
import type { S3Config } from '../config.js';

/** As it lies beside the director, built or not. */
export const STUDIO = fileURLToPath(new URL('../../../../studio/dist/site/', import.meta.url));

/** What the browser may reach: this director, and the object store where that is another service. */
export function contentSecurityPolicy(s3: S3Config | undefined): string {
  const endpoint = s3?.publicEndpoint ?? s3?.endpoint;
  const objectStore = s3 && (endpoint ? new URL(endpoint).origin : 'https://*.amazonaws.com');
  return [
    "default-src 'self'",
    "script-src 'self'",
    // Positions and sizes are set as styles of elements.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    `connect-src 'self'${objectStore === undefined ? '' : ` ${objectStore}`}`,
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

export function addStudio(server: FastifyInstance, policy: string, folder = STUDIO): void {
  if (!existsSync(join(folder, 'index.html'))) {
    server.get('/', (_request, reply) => reply.redirect('/v1/docs'));
    return;
  }
  const send = sirv(folder, {
    gzip: true,
    brotli: true,
    etag: true,
    // Addresses of pages exist only in the browser.
    single: true,
    ignores: [NO_PAGE],
    setHeaders(response, path) {
      const kept = path.startsWith('/assets/');
      response.setHeader('cache-control', kept ? 'public, max-age=31536000, immutable' : 'no-cache');
      response.setHeader('x-content-type-options', 'nosniff');
      if (path.includes('.')) return;
      response.setHeader('content-security-policy', policy);
      response.setHeader('referrer-policy', 'same-origin');
    },
  });
  // Only what the API does not know; the names of the files are read at the start, so that it answers at once.
  server.addHook('preHandler', (request, reply, done) => {
    let missing = true;
    if (request.is404 && mayBeFile(request)) {
      missing = false;
      send(request.raw, reply.raw, () => void (missing = true));
    }
    if (missing) done();
    else reply.hijack();
  });
}

const NO_PAGE = /^\/(?:v1|objects|mqtt|assets|metrics|livez|readyz)(?:[/?]|$)/;

/** A file is asked for by anybody, a page only by a browser. */
function mayBeFile({ method, url, headers }: FastifyRequest): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  return /^\/(?:assets\/|icon\.)/.test(url) || (headers.accept ?? '').includes('text/html');
}
