export { behaviours } from './behaviours.js';
export { kinds } from './kinds.js';
