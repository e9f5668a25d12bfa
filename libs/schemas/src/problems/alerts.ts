import type { ProblemTable } from './table.js';

/** What can go wrong in the room `alerts`: each code has a page in docs/problems/. */
export const alerts = {
  'alerts.not-found': { kind: 'refusal', status: 404, title: 'There is no such alert' },
  'alerts.no-signal': { kind: 'refusal', status: 404, title: 'Nothing was kept of what the flow saw' },
  'alerts.illegal-move': {
    kind: 'refusal',
    status: 409,
    title: 'This cannot be done with an alert in its state',
  },
} as const satisfies ProblemTable;
