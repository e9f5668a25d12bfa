import type { ProblemTable } from './table.js';

/** What can go wrong in the room `platform`: each code has a page in docs/problems/. */
export const platform = {
  'platform.bug': { kind: 'bug', status: 500, title: 'Something went wrong inside Millrace' },
  'platform.invalid-request': { kind: 'refusal', status: 400, title: 'The request is not valid' },
  'platform.not-found': { kind: 'refusal', status: 404, title: 'There is nothing here' },
  'platform.body-too-large': { kind: 'refusal', status: 413, title: 'The body is larger than allowed' },
  'platform.unavailable': { kind: 'outage', status: 503, title: 'A service that is needed does not answer' },
} as const satisfies ProblemTable;
