import type { ProblemTable } from './table.js';

/** What can go wrong in the room `fleet`: each code has a page in docs/problems/. */
export const fleet = {
  'fleet.node-unknown': { kind: 'refusal', status: 404, title: 'There is no such node' },
  'fleet.flow-unknown': { kind: 'refusal', status: 404, title: 'The node has no such flow' },
  'fleet.group-unknown': { kind: 'refusal', status: 404, title: 'There is no such group' },
  'fleet.join-token-invalid': {
    kind: 'refusal',
    status: 401,
    title: 'The join token does not let a node in',
  },
  'fleet.key-invalid': { kind: 'refusal', status: 422, title: 'The signing key of the node is not valid' },
  'fleet.signature-invalid': {
    kind: 'refusal',
    status: 403,
    title: 'A report is not signed by the node that it is about',
  },
  'fleet.name-taken': { kind: 'refusal', status: 409, title: 'The name is taken' },
  'fleet.selector-invalid': { kind: 'refusal', status: 422, title: 'The selector cannot be read' },
  'fleet.group-kind': {
    kind: 'refusal',
    status: 422,
    title: 'A group has members or a selector, not both',
  },
  'fleet.group-in-use': { kind: 'refusal', status: 409, title: 'The group is in use' },
  'fleet.already-enrolled': { kind: 'refusal', status: 409, title: 'This folder holds a node already' },
  'fleet.not-enrolled': { kind: 'refusal', status: 409, title: 'This node has not joined a director yet' },
  'fleet.agent-running': { kind: 'refusal', status: 409, title: 'Another agent works in this data folder' },
  'fleet.path-refused': { kind: 'refusal', status: 403, title: 'A flow may not touch this path' },
  'fleet.flow-silent': { kind: 'outage', status: 504, title: 'The process of a flow does not answer' },
  'fleet.node-offline': { kind: 'refusal', status: 409, title: 'The node is not there to be asked' },
  'fleet.node-silent': { kind: 'outage', status: 504, title: 'The node did not answer' },
  'fleet.command-refused': { kind: 'refusal', status: 409, title: 'The node says that it cannot do that' },
  'fleet.too-many-watchers': { kind: 'refusal', status: 429, title: 'Too many live views are open' },
  'fleet.flow-ended': { kind: 'outage', status: 503, title: 'The process of a flow has ended' },
} as const satisfies ProblemTable;
