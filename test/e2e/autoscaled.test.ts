/** The scenario that needs CPU: an autoscaler acts on what its pods really use. */
import { beforeAll, expect, test } from '@jest/globals';
import { describeWithCluster } from '../support/full-cluster.ts';
import { installHoldfast } from '../support/shop-cluster.ts';
import { autoscaled } from './scenarios/autoscaled.ts';

describeWithCluster('Autoscaling', () => {
  beforeAll(installHoldfast, 180_000);

  test.each([autoscaled])(
    '$title',
    async ({ play }) => {
      expect(await play()).toBeUndefined();
    },
    420_000,
  );
});
