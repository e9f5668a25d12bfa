import type { ProblemTable } from './table.js';

/** What can go wrong in the room `catalogue`: each code has a page in docs/problems/. */
export const catalogue = {
  'catalogue.digest-mismatch': {
    kind: 'refusal',
    status: 422,
    title: 'The bytes are not the ones that were signed',
  },
  'catalogue.invalid-digest': {
    kind: 'refusal',
    status: 400,
    title: 'A digest is not written as it must be',
  },
  'catalogue.pickle-not-allowed': {
    kind: 'refusal',
    status: 422,
    title: 'Files that can run code when opened are not allowed here',
  },
  'catalogue.not-a-model': { kind: 'refusal', status: 422, title: 'The file is not a model' },
  'catalogue.model-broken': { kind: 'refusal', status: 422, title: 'The file is damaged or cut off' },
  'catalogue.model-too-complex': {
    kind: 'refusal',
    status: 422,
    title: 'The file goes beyond a limit of what is read',
  },
  'catalogue.model-unsupported': {
    kind: 'refusal',
    status: 422,
    title: 'The runtime cannot run this model',
  },
  'catalogue.path-escapes': { kind: 'refusal', status: 422, title: 'A path leads out of its folder' },
} as const satisfies ProblemTable;
