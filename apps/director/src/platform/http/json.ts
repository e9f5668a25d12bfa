/**
 * JSON bodies, with limits that the parser itself does not have: depth, number of values, `__proto__`.
 * Guarantee: what gets through can be walked by recursive code.
 */
import { Failure } from '@millrace/schemas';
import type { FastifyInstance } from 'fastify';

const DEPTH_AT_MOST = 64;
const VALUES_AT_MOST = 1_000_000;

export function addJsonParser(server: FastifyInstance, bodyLimit: number): void {
  server.removeContentTypeParser(['application/json', 'text/plain']);
  server.addContentTypeParser(
    ['application/json', 'application/merge-patch+json'],
    { parseAs: 'string', bodyLimit },
    (_request, body, done) => {
      try {
        done(null, body === '' ? undefined : parseJson(body as string));
      } catch (error) {
        done(error as Error);
      }
    },
  );
}

export function parseJson(text: string): unknown {
  assertShallow(text);
  let value: unknown;
  try {
    value = JSON.parse(text, (key, inner: unknown) => {
      if (key === '__proto__') throw new Failure('platform.invalid-request', 'The body has a key __proto__.');
      return inner;
    });
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(
      'platform.invalid-request',
      `The body is not JSON: ${(error as Error).message.slice(0, 200)}`,
    );
  }
  return value;
}

/** One pass over the text, before anything recursive sees it. */
function assertShallow(text: string): void {
  let depth = 0;
  let values = 1;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (quoted) {
      if (c === 92) i += 1;
      else if (c === 34) quoted = false;
    } else if (c === 34) quoted = true;
    else if (c === 44) values += 1;
    else if (c === 91 || c === 123) {
      values += 1;
      if (++depth > DEPTH_AT_MOST) {
        throw new Failure(
          'platform.invalid-request',
          `The body is nested deeper than ${DEPTH_AT_MOST} levels.`,
        );
      }
    } else if (c === 93 || c === 125) depth -= 1;
  }
  if (values > VALUES_AT_MOST) {
    throw new Failure('platform.invalid-request', `The body holds more than ${VALUES_AT_MOST} values.`);
  }
}
