/** Scenarios with faults that affect the whole cluster: one after another. */
import { beforeAll, expect, test } from '@jest/globals';
import { describeWithCluster } from '../support/full-cluster.ts';
import { installHoldfast } from '../support/shop-cluster.ts';
import { apiServerAway } from './scenarios/api-server-away.ts';
import { nodeDrained } from './scenarios/node-drained.ts';
import { nodeLost } from './scenarios/node-lost.ts';
import { operatorsAway } from './scenarios/operators-away.ts';

describeWithCluster('One after another', () => {
  beforeAll(installHoldfast, 180_000);

  test.each([operatorsAway, apiServerAway, nodeDrained, nodeLost])(
    '$title',
    async ({ play }) => {
      expect(await play()).toBeUndefined();
    },
    420_000,
  );
});
