export * from './digest.js';
export * from './parts.js';
export {
  codeOf,
  freeBytes,
  isFull,
  makeFolder,
  noSpace,
  readJson,
  syncFolder,
  writeAtomically,
  type Files,
} from './files.js';
export type { Pulled, Source } from './pull.js';
export * from './folder.js';
