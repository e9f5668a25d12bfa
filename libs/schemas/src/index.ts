export * from './problem.js';
export * from './protocol.js';
export * from './contract.js';
export * from './flow.js';
