export * from './problem.js';
export * from './protocol.js';
