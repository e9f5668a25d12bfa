import type { ProblemTable } from './table.js';

/** What can go wrong in the room `access`: each code has a page in docs/problems/. */
export const access = {
  'access.unauthenticated': { kind: 'refusal', status: 401, title: 'Who you are could not be established' },
  'access.forbidden': { kind: 'refusal', status: 403, title: 'You may not do this' },
} as const satisfies ProblemTable;
