import type { ProblemTable } from './table.js';

/** What can go wrong in the room `engine`: each code has a page in docs/problems/. */
export const engine = {} as const satisfies ProblemTable;
