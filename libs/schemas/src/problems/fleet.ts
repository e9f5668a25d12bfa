import type { ProblemTable } from './table.js';

/** What can go wrong in the room `fleet`: each code has a page in docs/problems/. */
export const fleet = {} as const satisfies ProblemTable;
