// Five projects, by what they need: `fast` and `streams` need nothing, `api` a kube-apiserver, `e2e` a whole cluster, `gateway` one with the images and CRDs
// of the conformance suite (npm run test:gateway).
const base = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  // A build's package.json has our name, too.
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2024', parser: { syntax: 'typescript' }, experimental: { keepImportAttributes: true } },
        module: { type: 'es6' },
      },
    ],
  },
};

// Loading the Kubernetes client first avoids a require cycle in Jest between it (ESM) and @dot-i (CommonJS).
const withClient = { ...base, setupFiles: ['<rootDir>/test/support/load-client.ts'] };

export default {
  // A worker has nothing left to do a few milliseconds after its last test, but on a machine that has much to do the process takes longer than
  // half a second to free its memory, and Jest would report a leak that no file has.
  workerGracefulExitTimeout: 10_000,
  projects: [
    {
      ...base,
      displayName: 'fast',
      testMatch: [
        '<rootDir>/test/{unit,golden,feature,integration,fuzz}/**/*.test.ts',
        '<rootDir>/tools/*/test/{unit,integration}/**/*.test.ts',
        '<rootDir>/tools/devcluster/test/conformance/devcluster*.test.ts',
      ],
    },
    {
      // The request path once more, on the other sockets.
      ...base,
      displayName: 'streams',
      globals: { holdfastSockets: 'Streams' },
      testMatch: ['<rootDir>/test/integration/dataplane/{http1,tls}/**/*.test.ts'],
    },
    {
      ...withClient,
      displayName: 'api',
      testMatch: ['<rootDir>/test/api/**/*.test.ts', '<rootDir>/tools/devcluster/test/conformance/api-server*.test.ts'],
    },
    { ...withClient, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.test.ts'] },
    { ...withClient, displayName: 'gateway', testMatch: ['<rootDir>/test/conformance/**/*.test.ts'] },
  ],
};
