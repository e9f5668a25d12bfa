import type { ProblemTable } from './table.js';

/** What can go wrong in the room `engine`: each code has a page in docs/problems/. */
export const engine = {
  'engine.module-failed': { kind: 'bug', status: 500, title: 'A module of the flow failed' },
  'engine.no-module': { kind: 'refusal', status: 404, title: 'The flow has no such module' },
  'engine.model-load': { kind: 'refusal', status: 422, title: 'The runtime could not load the model' },
  'engine.model-input': { kind: 'refusal', status: 422, title: 'The model was given the wrong tensors' },
  'engine.model-run': { kind: 'refusal', status: 422, title: 'The model failed on a batch' },
  'engine.model-timeout': { kind: 'outage', status: 503, title: 'The model took too long' },
  'engine.model-busy': { kind: 'outage', status: 503, title: 'The model has too much in flight' },
  'engine.model-stopped': { kind: 'outage', status: 503, title: 'The model does not run any more' },
  'engine.worker-protocol': {
    kind: 'outage',
    status: 503,
    title: 'A worker does not keep to its protocol',
  },
  'engine.runtime-missing': {
    kind: 'refusal',
    status: 422,
    title: 'This machine lacks what a model or script runs in',
  },
  'engine.build-failed': { kind: 'refusal', status: 422, title: 'A runtime could not be built' },
  'engine.build-unreachable': {
    kind: 'outage',
    status: 503,
    title: 'Packages of a runtime could not be fetched',
  },
  'engine.sandbox-missing': { kind: 'refusal', status: 422, title: 'This machine has no sandbox' },
  'engine.contract-mismatch': {
    kind: 'refusal',
    status: 422,
    title: 'The model and the module do not fit together',
  },
  'engine.golden-mismatch': {
    kind: 'refusal',
    status: 422,
    title: 'The model gives other answers here than its contract has',
  },
  'engine.file-unreadable': { kind: 'refusal', status: 422, title: 'A file of the flow cannot be read' },
  'engine.file-unfit': { kind: 'refusal', status: 422, title: 'A file is not what the settings say of it' },
  'engine.parameters-missing': {
    kind: 'refusal',
    status: 422,
    title: 'A module lacks parameters that it needs',
  },
  'engine.file-unwritable': { kind: 'outage', status: 503, title: 'A file of the flow cannot be written' },
  'engine.http-unanswered': {
    kind: 'outage',
    status: 503,
    title: 'A server that the flow asks did not answer',
  },
  'engine.http-too-large': { kind: 'refusal', status: 422, title: 'An answer is larger than the flow takes' },
  'engine.port-unusable': { kind: 'refusal', status: 409, title: 'The flow cannot listen on its port' },
} as const satisfies ProblemTable;
