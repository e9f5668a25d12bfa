import type { ProblemTable } from './table.js';

/** What can go wrong in the room `catalogue`: each code has a page in docs/problems/. */
export const catalogue = {
  'catalogue.not-found': { kind: 'refusal', status: 404, title: 'There is no such resource' },
  'catalogue.version-not-found': { kind: 'refusal', status: 404, title: 'The resource has no such version' },
  'catalogue.alias-not-found': { kind: 'refusal', status: 404, title: 'The resource has no such alias' },
  'catalogue.alias-invalid': { kind: 'refusal', status: 422, title: 'The name of an alias is not allowed' },
  'catalogue.alias-guarded': {
    kind: 'refusal',
    status: 409,
    title: 'The alias moves by an approved promotion alone',
  },
  'catalogue.upload-not-found': { kind: 'refusal', status: 404, title: 'There is no such upload' },
  'catalogue.upload-ended': { kind: 'refusal', status: 409, title: 'The upload has ended' },
  'catalogue.parts-missing': { kind: 'refusal', status: 409, title: 'Parts of the upload are missing' },
  'catalogue.name-taken': {
    kind: 'refusal',
    status: 409,
    title: 'There is a resource of this name already',
  },
  'catalogue.in-use': { kind: 'refusal', status: 409, title: 'The resource is in use' },
  'catalogue.not-ready': { kind: 'refusal', status: 409, title: 'The version cannot be used as it is' },
  'catalogue.quota-full': { kind: 'refusal', status: 413, title: 'The quota of the organization is full' },
  'catalogue.contract-mismatch': {
    kind: 'refusal',
    status: 422,
    title: 'The contract does not fit the file',
  },
  'catalogue.sealing-failed': {
    kind: 'outage',
    status: 503,
    title: 'The file could not be looked at',
  },
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
  'catalogue.contract-missing': {
    kind: 'refusal',
    status: 422,
    title: 'The model needs a contract that its file does not hold',
  },
  'catalogue.script-unfit': { kind: 'refusal', status: 422, title: 'The script cannot be taken as it is' },
  'catalogue.runtime-unfit': { kind: 'refusal', status: 422, title: 'The runtime cannot be taken as it is' },
  'catalogue.pieces-unknown': {
    kind: 'refusal',
    status: 422,
    title: 'The runtime names packages that the catalogue does not hold',
  },
  'catalogue.path-escapes': { kind: 'refusal', status: 422, title: 'A path leads out of its folder' },
} as const satisfies ProblemTable;
