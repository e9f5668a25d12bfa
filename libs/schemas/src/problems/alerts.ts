import type { ProblemTable } from './table.js';

/** What can go wrong in the room `alerts`: each code has a page in docs/problems/. */
export const alerts = {} as const satisfies ProblemTable;
