/**
 * `/objects/KEY?...`: where the links of the disk store lead. The signature in the link is the permission.
 *
 * Guarantee: a body is streamed to disk and never held in memory, and is refused at its first byte too many.
 */
import { Readable } from 'node:stream';
import { Failure } from '@millrace/schemas';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { DiskStore } from './disk.js';
import { readPermit } from './links.js';
import type { Range } from './store.js';

type Query = Record<string, string | undefined>;
type ObjectRequest = FastifyRequest<{ Params: { '*': string }; Querystring: Query }>;

export function addObjectRoutes(server: FastifyInstance, store: DiskStore, now: () => number): void {
  const permit = (request: ObjectRequest) =>
    readPermit(request.params['*'], request.query, request.method, store.secret, now());

  void server.register((scope, _options, done) => {
    // The bytes are ours to stream: no parser may collect them.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, parsed) => parsed(null, payload));

    scope.put('/objects/*', { bodyLimit: Number.MAX_SAFE_INTEGER }, async (request: ObjectRequest, reply) => {
      const { upload, part, size } = permit(request);
      if (upload === undefined || part === undefined || size === undefined) {
        throw new Failure('platform.link-refused', 'This link is for no upload.');
      }
      const length = Number(request.headers['content-length'] ?? Number.NaN);
      if (length !== size) {
        throw new Failure(
          'platform.invalid-request',
          `Send exactly ${size} bytes with their Content-Length.`,
        );
      }
      const body = (request.body as Readable | undefined) ?? Readable.from([]);
      const etag = await store.putPart(upload, part, body, size);
      return reply.status(200).header('etag', etag).send();
    });

    const read = async (request: ObjectRequest, reply: FastifyReply) => {
      const { key } = permit(request);
      const info = await store.head(key);
      if (!info) throw new Failure('platform.object-missing', 'This object is not there any more.');
      const range = rangeOf(request.headers.range, info.size);
      void reply
        .header('accept-ranges', 'bytes')
        .type('application/octet-stream')
        .header('cache-control', 'private');
      if (range === 'unsatisfiable')
        return reply.status(416).header('content-range', `bytes */${info.size}`).send();
      const length = range ? range.end - range.start + 1 : info.size;
      if (range)
        void reply.status(206).header('content-range', `bytes ${range.start}-${range.end}/${info.size}`);
      void reply.header('content-length', length);
      return reply.send(request.method === 'HEAD' ? undefined : await store.get(key, range));
    };
    scope.get('/objects/*', { exposeHeadRoute: false }, read);
    scope.head('/objects/*', read);
    done();
  });
}

/** One range of bytes (RFC 9110, 14.2); several, or another unit, count as none and get the whole. */
export function rangeOf(header: string | undefined, size: number): Range | undefined | 'unsatisfiable' {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const start = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = match[1] === '' || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  return start > end || start >= size ? 'unsatisfiable' : { start, end };
}
