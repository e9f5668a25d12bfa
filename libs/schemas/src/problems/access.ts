import type { ProblemTable } from './table.js';

/** What can go wrong in the room `access`: each code has a page in docs/problems/. */
export const access = {
  'access.unauthenticated': { kind: 'refusal', status: 401, title: 'Who you are could not be established' },
  'access.forbidden': { kind: 'refusal', status: 403, title: 'You may not do this' },
  'access.outside-groups': {
    kind: 'refusal',
    status: 403,
    title: 'This goes beyond the groups that you are limited to',
  },
  'access.email-taken': { kind: 'refusal', status: 409, title: 'Another user has this email address' },
  'access.last-admin': { kind: 'refusal', status: 409, title: 'An organization needs an admin' },
  'access.no-signing-key': { kind: 'bug', status: 500, title: 'The organization has no signing key' },
  'access.master-key': { kind: 'bug', status: 500, title: 'The master key does not fit the database' },
} as const satisfies ProblemTable;
