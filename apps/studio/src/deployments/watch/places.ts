/** Where the dots of a lane lie: stages side by side, in each the dots in rows from the left. Pixels; pure. */
import type { Target } from '@millrace/schemas';
import { STAGES, stageOf } from '../words.js';

/** Nodes wait and end; between they only pass through. */
const SHARES = [2.8, 0.95, 0.95, 0.95, 0.95, 1.05, 3];
const PAD = 4;
const LEAST_ROWS = 1;

export interface Stage {
  left: number;
  width: number;
}

export function stagesOf(width: number): Stage[] {
  const all = SHARES.reduce((sum, share) => sum + share, 0);
  let left = 0;
  return STAGES.map((_, index) => {
    const stage = { left: Math.round(left), width: Math.floor((SHARES[index]! / all) * width) };
    left += (SHARES[index]! / all) * width;
    return stage;
  });
}

/** `size`: of a dot with the room around it. */
export function placesOf(
  targets: readonly Pick<Target, 'progress' | 'outcome'>[],
  stages: readonly Stage[],
  size: number,
): { places: { x: number; y: number }[]; height: number } {
  const lying = stages.map(() => 0);
  const places = targets.map((target) => {
    const at = stageOf(target);
    const { left, width } = stages[at]!;
    const inRow = Math.max(1, Math.floor((width - 2 * PAD) / size));
    const index = lying[at]!++;
    return { x: left + PAD + (index % inRow) * size, y: Math.floor(index / inRow) * size + PAD };
  });
  const lowest = Math.max(0, ...places.map(({ y }) => y - PAD));
  return { places, height: Math.max(LEAST_ROWS * size, lowest + size) + 2 * PAD };
}
