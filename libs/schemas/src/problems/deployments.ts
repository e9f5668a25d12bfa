import type { ProblemTable } from './table.js';

/** What can go wrong in the room `deployments`: each code has a page in docs/problems/. */
export const deployments = {} as const satisfies ProblemTable;
