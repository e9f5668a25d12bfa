export * from './canonical.js';
export { checkFlow, type CheckOptions } from './check/check.js';
export { parseSettings } from './check/settings.js';
export * from './columns.js';
export * from './diff.js';
export {
  addModule,
  connect,
  disconnect,
  freeId,
  removeModules,
  renameModule,
  setModule,
  setPosition,
  setPositions,
  setSetting,
  setSettings,
  type Position,
} from './edit.js';
export * from './expression/index.js';
export { accepts, acceptsAll, fieldAt, optionFor } from './form/field.js';
export type { FieldOf, FormField, FormShape, NumberLimits, Scalar } from './form/field.js';
export { formOf, plainFormOf } from './form/form.js';
export * from './flow-test.js';
export * from './fragment.js';
export * from './graph.js';
export * from './kind.js';
export * from './merge.js';
export { didYouMean, nearest } from './nearest.js';
export * from './parameters.js';
export * from './pointer.js';
export { readFlow, readFlowValue, type FlowReading } from './read.js';
export { FLOW_LIMITS, withLines, type LineOf } from './text.js';
export * from './references.js';
export * from './requirements.js';
export { rewriteFlow } from './rewrite/rewrite.js';
export type { Finding } from './sentences.js';
export * from './wiring.js';
