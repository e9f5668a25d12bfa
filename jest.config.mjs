// Jest 30 over native ES modules. Tests read the workspaces' sources, not their builds, so a unit test
// needs no build; suites that start real processes build first (scripts/test.mjs does).
const swc = {
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
  module: { type: 'es6' },
};
const base = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
  globalSetup: '<rootDir>/test/kit/run.mjs',
  globalTeardown: '<rootDir>/test/kit/run-end.mjs',
  moduleNameMapper: {
    '^@millrace/(schemas|flow|fleet|blobs|transport|client|engine|inference|modules|dataset)$':
      '<rootDir>/libs/$1/src/index.ts',
    '^@millrace/modules/(kinds|load)$': '<rootDir>/libs/modules/src/$1.ts',
    '^@millrace/(director|agent)$': '<rootDir>/apps/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  modulePathIgnorePatterns: ['/dist/'],
};
const project = (name, roots) => ({
  ...base,
  displayName: name,
  testMatch: roots.map((root) => `<rootDir>/${root}/**/*.test.ts`),
});
export default {
  // Each suite may be chosen alone: npm run jest -- --selectProjects unit
  projects: [
    project('unit', ['libs', 'apps']),
    project('guards', ['test/guards']),
    project('journeys', ['test/journeys']),
  ],
  testTimeout: 60_000,
};
