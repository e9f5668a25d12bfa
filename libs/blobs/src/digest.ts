/**
 * Digests: the name of a blob is the SHA-256 of its bytes, written `sha256:<64 hex>`.
 *
 * Guarantee: nothing that passed `verifier` or `verifyingStream` differs from what was signed in a single
 * bit, and never more bytes than the signed size are let through. Nothing here touches a disk.
 */
import { Failure } from '@millrace/schemas';
import { createHash } from 'node:crypto';
import { Transform, type Readable } from 'node:stream';

export type Digest = `sha256:${string}`;

const form = /^sha256:[0-9a-f]{64}$/;

export function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && form.test(value);
}

/** Also what keeps a digest that came over a wire from becoming a path such as `../../etc`. */
export function parseDigest(value: string): Digest {
  if (isDigest(value)) return value;
  throw new Failure(
    'catalogue.invalid-digest',
    `"${value.slice(0, 100)}" is no digest. A digest is "sha256:" and 64 lower-case hexadecimal digits.`,
  );
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Reads a stream to its end. More than `maxBytes` destroys the source and is `platform.body-too-large`. */
export async function hashStream(
  source: Readable,
  options: { maxBytes?: number; onProgress?: (doneBytes: number) => void } = {},
): Promise<{ digest: Digest; size: number }> {
  const limit = options.maxBytes ?? Number.POSITIVE_INFINITY;
  const hash = createHash('sha256');
  let size = 0;
  // Leaving the loop by an exception destroys the source.
  for await (const chunk of source) {
    const bytes = chunk as Uint8Array;
    size += bytes.length;
    if (size > limit) {
      throw new Failure(
        'platform.body-too-large',
        `The content is longer than the ${limit} bytes allowed here. Send less, or ask for a higher limit.`,
      );
    }
    hash.update(bytes);
    options.onProgress?.(size);
  }
  return { digest: `sha256:${hash.digest('hex')}`, size };
}

export interface Verifier {
  /** Bytes taken so far. */
  readonly bytes: number;
  /** Throws as soon as there are more bytes than the signed size; the chunk must then not be used. */
  take(chunk: Uint8Array): void;
  /** Throws unless exactly the signed bytes were taken. */
  finish(): void;
}

/** Checks bytes, as they pass, against the digest and size that were signed. */
export function verifier(digest: Digest, size: number): Verifier {
  const hash = createHash('sha256');
  let bytes = 0;
  return {
    get bytes() {
      return bytes;
    },
    take(chunk) {
      if (bytes + chunk.length > size) {
        throw new Failure(
          'catalogue.digest-mismatch',
          `More bytes came than the ${size} that were signed for ${digest}: something was appended, or the ` +
            'source does not end. Nothing of it was kept; upload the resource again or check its store.',
        );
      }
      bytes += chunk.length;
      hash.update(chunk);
    },
    finish() {
      if (bytes !== size) {
        throw new Failure(
          'catalogue.digest-mismatch',
          `Only ${bytes} of the ${size} bytes signed for ${digest} came: the content was cut short.`,
        );
      }
      const found = `sha256:${hash.digest('hex')}`;
      if (found !== digest) {
        throw new Failure(
          'catalogue.digest-mismatch',
          `The bytes are not the ones that were signed: expected ${digest}, found ${found}. The content was ` +
            'changed or swapped on its way or in the store. It was not used; upload the resource again.',
        );
      }
    },
  };
}

/**
 * A Transform that lets the signed bytes through and nothing else. Whatever reads from it must treat what it
 * got as unproven until the stream has ended without an error.
 */
export function verifyingStream(digest: Digest, size: number): Transform & { readonly bytes: number } {
  const check = verifier(digest, size);
  const stream = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      try {
        check.take(chunk);
        done(null, chunk);
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done) {
      try {
        check.finish();
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
  return Object.defineProperty(stream, 'bytes', { get: () => check.bytes }) as Transform & {
    readonly bytes: number;
  };
}
