import type { ProblemTable } from './table.js';

/** What can go wrong in the room `deployments`: each code has a page in docs/problems/. */
export const deployments = {
  'deployments.not-found': { kind: 'refusal', status: 404, title: 'There is no such deployment' },
  'deployments.nothing-published': {
    kind: 'refusal',
    status: 404,
    title: 'There is no such published flow version',
  },
  'deployments.assignment-unknown': { kind: 'refusal', status: 404, title: 'There is no such assignment' },
  'deployments.illegal-move': {
    kind: 'refusal',
    status: 409,
    title: 'This cannot be done with a deployment in its state',
  },
  'deployments.not-succeeded': {
    kind: 'refusal',
    status: 409,
    title: 'A deployment that was waited for did not succeed',
  },
  'deployments.parameters': {
    kind: 'refusal',
    status: 422,
    title: 'The parameters do not fit the flow',
  },
  'deployments.promotion-not-found': { kind: 'refusal', status: 404, title: 'There is no such promotion' },
  'deployments.promotion-refused': {
    kind: 'refusal',
    status: 422,
    title: 'A flow that follows the alias cannot be brought along',
  },
  'deployments.promotion-illegal-move': {
    kind: 'refusal',
    status: 409,
    title: 'This cannot be done with a promotion as it stands',
  },
  'deployments.promotion-own': {
    kind: 'refusal',
    status: 403,
    title: 'Nobody approves what they asked for themselves',
  },
  'deployments.download-refused': {
    kind: 'refusal',
    status: 403,
    title: 'The node is not to have these bytes',
  },
} as const satisfies ProblemTable;
