import { afterAll, beforeAll, describe } from '@jest/globals';
import { connect, type Connection } from './api.ts';
import { semantics } from './cases/topics.ts';
import { startDevcluster, type Devcluster } from './devcluster.ts';
import { differences } from './differences.ts';
import { createNamespace, defineConformance } from './suite.ts';

describe('the API of the devcluster', () => {
  let devcluster: Devcluster;
  let api: Connection;

  beforeAll(async () => {
    devcluster = await startDevcluster();
    api = await createNamespace((namespace) => connect(devcluster.credentials, namespace));
  });
  afterAll(async () => {
    api.close();
    await devcluster.stop();
  });

  defineConformance(semantics, () => api, differences);
});
