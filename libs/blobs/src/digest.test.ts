import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { digestOf, hashStream, isDigest, parseDigest, verifyingStream } from './digest.js';

const content = Buffer.from('what was signed, byte for byte'.repeat(100));
const digest = digestOf(content);

async function through(chunks: Iterable<Uint8Array>, size = content.length): Promise<Buffer> {
  const stream = verifyingStream(digest, size);
  const passed: Uint8Array[] = [];
  await pipeline(Readable.from(chunks), stream, async (source) => {
    for await (const chunk of source) passed.push(chunk as Uint8Array);
  });
  expect(stream.bytes).toBe(size);
  return Buffer.concat(passed);
}

const mismatch = { code: 'catalogue.digest-mismatch' };

describe('digest', () => {
  test('is the SHA-256 that everybody computes', () => {
    expect(digestOf(Buffer.from('abc'))).toBe(
      'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  test('is checked in its form, so that it can never be a path', () => {
    expect(isDigest(digest)).toBe(true);
    for (const wrong of ['', 'sha256:', `${digest}/../x`, digest.toUpperCase(), `sha512:${'0'.repeat(64)}`]) {
      expect(() => parseDigest(wrong)).toThrow(expect.objectContaining({ code: 'catalogue.invalid-digest' }));
    }
  });

  test('of a stream stops at the most bytes allowed and closes the source', async () => {
    expect(await hashStream(Readable.from([content]))).toEqual({ digest, size: content.length });
    const endless = Readable.from(
      (function* () {
        for (;;) yield content;
      })(),
    );
    await expect(hashStream(endless, { maxBytes: 10_000 })).rejects.toMatchObject({
      code: 'platform.body-too-large',
    });
    expect(endless.destroyed).toBe(true);
  });
});

describe('a verifying stream', () => {
  test('lets the signed bytes through however they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: content.length }), { maxLength: 20 }),
        async (cuts) => {
          const edges = [0, ...cuts.sort((a, b) => a - b), content.length];
          const chunks = edges.slice(1).map((end, index) => content.subarray(edges[index], end));
          expect((await through(chunks)).equals(content)).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('refuses a bit flipped anywhere', async () => {
    for (let bit = 0; bit < content.length * 8; bit += 97) {
      const wrong = Buffer.from(content);
      wrong[bit >> 3] = wrong[bit >> 3]! ^ (1 << (bit & 7));
      await expect(through([wrong])).rejects.toMatchObject(mismatch);
    }
  });

  test('refuses what is truncated, appended or swapped', async () => {
    const half = content.length / 2;
    await expect(through([content.subarray(0, -1)])).rejects.toMatchObject(mismatch);
    await expect(through([])).rejects.toMatchObject(mismatch);
    await expect(through([content, Buffer.from([0])])).rejects.toMatchObject(mismatch);
    const other = Buffer.concat([content.subarray(half + 1), content.subarray(0, half + 1)]);
    await expect(through([other])).rejects.toMatchObject(mismatch);
  });

  test('stops an endless source at the signed size', async () => {
    let served = 0;
    const endless = (function* () {
      for (;;) {
        served += 1;
        yield content;
      }
    })();
    await expect(through(endless)).rejects.toMatchObject(mismatch);
    // The stream's own buffering reads a little ahead; endless it is not.
    expect(served).toBeLessThan(100);
  });
});
