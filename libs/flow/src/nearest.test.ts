import * as fc from 'fast-check';
import { didYouMean, nearest } from './index.js';

/** The same by the book: the whole table, for every word. */
function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (__, j) => (i === 0 ? j : j === 0 ? i : 0)),
  );
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      const ways = [at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)];
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) ways.push(at(i - 2, j - 2) + 1);
      (rows[i] as number[])[j] = Math.min(...ways);
    }
  return at(a.length, b.length);
}

test('the nearest word, as the whole table gives it', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '_'), minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(word, fc.array(word, { maxLength: 8 }), (wanted, known) => {
      const scored = known
        .map((candidate) => [candidate, distance(wanted, candidate)] as const)
        .filter(
          ([candidate, score]) =>
            score <= Math.max(1, Math.floor(Math.max(wanted.length, candidate.length) / 3)),
        );
      const least = Math.min(...scored.map(([, score]) => score));
      expect(nearest(wanted, known)).toBe(scored.find(([, score]) => score === least)?.[0]);
    }),
    { numRuns: 2_000 },
  );
});

test('a sentence about it', () => {
  expect(didYouMean('presure', ['flow', 'Pressure'])).toBe(' Did you mean "Pressure"?');
  expect(didYouMean('xyz', ['flow'])).toBe('');
  expect(nearest('a'.repeat(65), ['a'.repeat(65)])).toBeUndefined();
});
