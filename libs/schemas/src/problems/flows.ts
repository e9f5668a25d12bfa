import type { ProblemTable } from './table.js';

/** What can go wrong in the room `flows`: each code has a page in docs/problems/. */
export const flows = {
  'flows.not-found': { kind: 'refusal', status: 404, title: 'There is no such flow' },
  'flows.version-not-found': { kind: 'refusal', status: 404, title: 'The flow has no such version' },
  'flows.no-draft': { kind: 'refusal', status: 404, title: 'Nothing was saved for this flow yet' },
  'flows.name-taken': { kind: 'refusal', status: 409, title: 'There is a flow of this name already' },
  'flows.in-use': { kind: 'refusal', status: 409, title: 'The flow is in use' },
  'flows.invalid': { kind: 'refusal', status: 422, title: 'The flow does not pass its checks' },
  'flows.cycle': { kind: 'refusal', status: 422, title: 'The wires of the flow form a cycle' },
  'flows.unreadable': { kind: 'refusal', status: 422, title: 'The flow cannot be read' },
  'flows.shape': {
    kind: 'refusal',
    status: 422,
    title: 'Something in the flow is not where or what it should be',
  },
  'flows.too-large': { kind: 'refusal', status: 413, title: 'The flow is larger than a flow may be' },
  'flows.module-id': { kind: 'refusal', status: 422, title: 'The id of a module is not allowed' },
  'flows.fragment': { kind: 'refusal', status: 422, title: 'What was pasted is no part of a flow' },
  'flows.type-unknown': { kind: 'refusal', status: 422, title: 'There is no module of this type' },
  'flows.setting-unknown': { kind: 'refusal', status: 422, title: 'The module has no such setting' },
  'flows.setting-missing': {
    kind: 'refusal',
    status: 422,
    title: 'A setting that the module needs is missing',
  },
  'flows.setting-invalid': {
    kind: 'refusal',
    status: 422,
    title: 'A setting has a value that is not allowed',
  },
  'flows.unwired': { kind: 'refusal', status: 422, title: 'A module is not wired' },
  'flows.wire': { kind: 'refusal', status: 422, title: 'A wire leads from or to where none can' },
  'flows.two-writers': { kind: 'refusal', status: 422, title: 'Two modules write the same file' },
  'flows.columns-unmet': {
    kind: 'refusal',
    status: 422,
    title: 'A module does not get the fields that it reads',
  },
  'flows.contract-unmet': {
    kind: 'refusal',
    status: 422,
    title: 'A model does not get what its contract asks for',
  },
  'flows.expression': { kind: 'refusal', status: 422, title: 'An expression is not valid' },
  'flows.parameter': {
    kind: 'refusal',
    status: 422,
    title: 'A parameter is unknown, missing or of the wrong type',
  },
  'flows.until': { kind: 'refusal', status: 422, title: 'There is no such place in the flow' },
  'flows.not-prepared': { kind: 'refusal', status: 422, title: 'The rows could not be prepared' },
  'flows.test-file-not-found': { kind: 'refusal', status: 404, title: 'There is no such test file' },
  'flows.test-file-unfit': {
    kind: 'refusal',
    status: 422,
    title: 'The file is neither CSV nor JSON lines',
  },
  'flows.test-file-too-large': {
    kind: 'refusal',
    status: 413,
    title: 'The file is larger than a test file may be',
  },
  'flows.test-files-full': {
    kind: 'refusal',
    status: 413,
    title: 'The test files of the organization take all the space that they may',
  },
  'flows.test-invalid': { kind: 'refusal', status: 422, title: 'The flow test is not valid' },
  'flows.test-input': {
    kind: 'refusal',
    status: 422,
    title: 'A source of the test run needs a file, or an input names no source',
  },
  'flows.resource': { kind: 'refusal', status: 422, title: 'A reference to a resource is not valid' },
} as const satisfies ProblemTable;
