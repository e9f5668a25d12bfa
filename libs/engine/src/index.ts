export { Batch, BATCH_ROWS, type Gap } from './batch.js';
export { BAD, BOOLEAN, Column, NULL, NUMBER, TEXT, VECTOR, type FieldValue } from './column.js';
export { Seen, systemClock, VirtualClock, type Clock } from './clock.js';
export { Merge, type Reading } from './merge.js';
export * from './module.js';
export * from './record.js';
export { FlowRun, type FlowOptions, type Snapshot } from './run.js';
export { FlowSampler, type SamplerOptions } from './sampler.js';
export { MAX_FIELDS, Schema, type FieldRole } from './schema.js';
