import type { ProblemTable } from './table.js';

/** What can go wrong in the room `catalogue`: each code has a page in docs/problems/. */
export const catalogue = {} as const satisfies ProblemTable;
