/** Golden tables among the fixtures: CSV with a header, numbers as they stand, empty cells as null. */
import { readFileSync } from 'node:fs';

export type GoldenRow = Record<string, number | string | null>;

const FIXTURES = new URL('../fixtures/', import.meta.url);

export function fixture(path: string): string {
  return new URL(path, FIXTURES).pathname;
}

export function readGolden(path: string): GoldenRow[] {
  const [head, ...lines] = readFileSync(fixture(path), 'utf8').trim().split(/\r?\n/);
  const names = head.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    return Object.fromEntries(
      names.map((name, i) => {
        const cell = cells[i] ?? '';
        return [name, cell === '' ? null : Number.isNaN(Number(cell)) ? cell : Number(cell)];
      }),
    );
  });
}

/** The largest |a - b| / max(|b|, floor) over pairs; a null must meet a null. */
export function worst(pairs: Iterable<readonly [unknown, unknown]>, floor = 1): number {
  let most = 0;
  for (const [got, wanted] of pairs) {
    if (typeof wanted !== 'number') {
      if ((got ?? null) !== wanted) return Infinity;
      continue;
    }
    if (typeof got !== 'number') return Infinity;
    most = Math.max(most, Math.abs(got - wanted) / Math.max(Math.abs(wanted), floor));
  }
  return most;
}
