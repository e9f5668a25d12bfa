export * from './desired.js';
export * from './target.js';
export * from './strategy.js';
export * from './selector.js';
export * from './waves.js';
export * from './deployment.js';
export * from './rollout.js';
export * from './merge.js';
