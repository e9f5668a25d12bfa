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

/**
 * The largest |a - b| / max(|b|, floor) over pairs; a null must meet a null. `digits` is how many significant
 * digits a table was printed with: what rounding may have taken off b is no difference.
 */
export function worst(pairs: Iterable<readonly [unknown, unknown]>, floor = 1, digits = 17): number {
  let most = 0;
  for (const [got, wanted] of pairs) {
    if (typeof wanted !== 'number') {
      if ((got ?? null) !== wanted) return Infinity;
      continue;
    }
    if (typeof got !== 'number') return Infinity;
    const beyond = Math.abs(got - wanted) - roundingOf(wanted, digits);
    most = Math.max(most, beyond / Math.max(Math.abs(wanted), floor));
  }
  return most;
}

/** Half a unit of the last of so many digits. */
function roundingOf(value: number, digits: number): number {
  return value === 0 ? 0 : 0.5 * 10 ** (Math.floor(Math.log10(Math.abs(value))) + 1 - digits);
}
