import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { planParts } from './parts.js';

const MiB = 1024 * 1024;

describe('the parts of an upload', () => {
  test('of 200 MB are 13, of nothing one, of a byte one', () => {
    expect(planParts(200 * MiB)).toHaveLength(13);
    expect(planParts(0)).toEqual([{ number: 1, offset: 0, length: 0 }]);
    expect(planParts(1)).toEqual([{ number: 1, offset: 0, length: 1 }]);
    expect(planParts(16 * MiB)).toHaveLength(1);
    expect(planParts(16 * MiB + 1)).toHaveLength(2);
  });

  test('cover the content once and in order, and S3 takes them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 * MiB * MiB }), (size) => {
        const parts = planParts(size);
        expect(parts.length).toBeLessThanOrEqual(10_000);
        let end = 0;
        for (const [index, part] of parts.entries()) {
          if (part.number !== index + 1 || part.offset !== end || part.length < 1) throw new Error('a gap');
          if (index < parts.length - 1 && part.length < 5 * MiB)
            throw new Error('S3 takes no part under 5 MiB');
          end += part.length;
        }
        expect(end).toBe(size);
      }),
      { numRuns: 200, examples: [[5 * MiB * MiB], [160_000 * MiB], [160_000 * MiB + 1]] },
    );
  });

  test('are refused for sizes that no upload has', () => {
    expect(() => planParts(-1)).toThrow('whole bytes');
    expect(() => planParts(1.5)).toThrow('whole bytes');
    expect(() => planParts(5 * MiB * MiB + 1)).toThrow(
      expect.objectContaining({ code: 'platform.body-too-large' }),
    );
  });
});
