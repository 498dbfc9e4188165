import { afterAll, beforeAll, describe } from '@jest/globals';
import { connect, type Connection } from './api.ts';
import { startDevcluster, type Devcluster } from './devcluster.ts';
import { lifecycleDifferences } from './differences.ts';
import { lifecycle } from './lifecycle/topics.ts';
import { createNamespace, defineConformance } from './suite.ts';

describe('the controllers of the devcluster', () => {
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

  defineConformance(lifecycle, () => api, lifecycleDifferences);
});
