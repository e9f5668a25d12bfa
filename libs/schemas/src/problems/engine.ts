import type { ProblemTable } from './table.js';

/** What can go wrong in the room `engine`: each code has a page in docs/problems/. */
export const engine = {
  'engine.module-failed': { kind: 'bug', status: 500, title: 'A module of the flow failed' },
  'engine.no-module': { kind: 'refusal', status: 404, title: 'The flow has no such module' },
} as const satisfies ProblemTable;
