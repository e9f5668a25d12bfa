import type { ProblemTable } from './table.js';

/** What can go wrong in the room `flows`: each code has a page in docs/problems/. */
export const flows = {
  'flows.invalid': { kind: 'refusal', status: 422, title: 'The flow does not pass its checks' },
  'flows.cycle': { kind: 'refusal', status: 422, title: 'The wires of the flow form a cycle' },
} as const satisfies ProblemTable;
