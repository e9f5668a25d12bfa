import type { ProblemTable } from './table.js';

/** What can go wrong in the room `platform`: each code has a page in docs/problems/. */
export const platform = {
  'platform.bug': { kind: 'bug', status: 500, title: 'Something went wrong inside Millrace' },
  'platform.invalid-request': { kind: 'refusal', status: 400, title: 'The request is not valid' },
  'platform.not-found': { kind: 'refusal', status: 404, title: 'There is nothing here' },
  'platform.body-too-large': { kind: 'refusal', status: 413, title: 'The body is larger than allowed' },
  'platform.schema-mismatch': { kind: 'refusal', status: 503, title: 'The database does not fit this build' },
  'platform.too-many-requests': { kind: 'refusal', status: 429, title: 'Too many requests' },
  'platform.idempotency-mismatch': {
    kind: 'refusal',
    status: 422,
    title: 'The same Idempotency-Key came with another request',
  },
  'platform.idempotency-in-progress': {
    kind: 'refusal',
    status: 409,
    title: 'The first request with this Idempotency-Key is still at work',
  },
  'platform.answer-lost': {
    kind: 'refusal',
    status: 409,
    title: 'The change was made, but its answer was lost',
  },
  'platform.precondition-required': { kind: 'refusal', status: 428, title: 'The change needs If-Match' },
  'platform.precondition-failed': {
    kind: 'refusal',
    status: 412,
    title: 'Somebody else changed this in the meantime',
  },
  'platform.method-not-allowed': { kind: 'refusal', status: 405, title: 'This cannot be done here' },
  'platform.unsupported-media-type': {
    kind: 'refusal',
    status: 415,
    title: 'The body is not in a form that is understood',
  },
  'platform.data-in-use': { kind: 'refusal', status: 409, title: 'Another director uses this data folder' },
  'platform.configuration': { kind: 'refusal', status: 500, title: 'The configuration is not valid' },
  'platform.object-missing': {
    kind: 'refusal',
    status: 404,
    title: 'The object store has nothing under this key',
  },
  'platform.link-refused': { kind: 'refusal', status: 403, title: 'The link is not valid, or has ended' },
  'platform.already-running': {
    kind: 'refusal',
    status: 409,
    title: 'Another Millrace works in this data folder',
  },
  'platform.unavailable': { kind: 'outage', status: 503, title: 'A service that is needed does not answer' },
  'platform.no-space': { kind: 'outage', status: 507, title: 'The disk or the quota is full' },
  'platform.unreadable-file': {
    kind: 'refusal',
    status: 500,
    title: 'A file of Millrace was changed or damaged from outside',
  },
  'platform.download-cut': { kind: 'outage', status: 503, title: 'A download stopped before its end' },
  'platform.download-too-slow': {
    kind: 'outage',
    status: 504,
    title: 'A download was too slow and was given up',
  },
  'platform.broker-unavailable': { kind: 'outage', status: 503, title: "The MQTT broker can't be reached" },
  'platform.broker-refused': { kind: 'refusal', status: 403, title: 'The MQTT broker refuses this client' },
  'platform.broker-busy': {
    kind: 'outage',
    status: 503,
    title: 'More messages wait for the MQTT broker than are allowed',
  },
  'platform.message-invalid': {
    kind: 'refusal',
    status: 422,
    title: 'A message is not what its channel carries',
  },
  'platform.message-too-large': { kind: 'refusal', status: 413, title: 'A message is larger than allowed' },
} as const satisfies ProblemTable;
