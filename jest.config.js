const swc = {
  swcrc: false,
  sourceMaps: 'inline',
  module: { type: 'es6' },
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
  },
};

export default {
  testEnvironment: 'node',
  // A busy machine is no failure: what must be quick is measured in bench/, not here.
  testTimeout: 30_000,
  // Most suites wait for a hub, a database or a browser most of the time.
  maxWorkers: 2,
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testRegex: '\\.(spec|db-spec|e2e-spec)\\.ts$',
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/web/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
};
