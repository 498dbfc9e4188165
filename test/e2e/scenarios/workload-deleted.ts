/** The StickyWorkload is deleted while pods drain: they complete their drain, and none of its objects remains. */
import { expect } from '@jest/globals';
import { kubectl, until } from '../../support/kubectl.ts';
import { getWorkload, scale, untilDraining } from '../../support/shop-cluster.ts';
import { report } from '../../support/shop-cluster.ts';
import { inShop } from '../world/scene.ts';
import type { Scenario } from './scenario.ts';

export const workloadDeleted: Scenario = {
  title: 'StickyWorkload deleted while pods drain: their sessions end by themselves, and no finalizer remains',
  play: () =>
    inShop('e2e-deleted', { replicas: 3 }, async ({ namespace, pods, customers }) => {
      const load = customers('workload-deleted', { meanLifeMs: 10_000 });
      await until(
        'customers on every pod',
        async () => new Set(load.sessionLog.sessions.map(({ pod }) => pod)).size === 3,
      );
      await scale(namespace, 1);
      await untilDraining(namespace, 2);
      const lastCustomers = load.stop();
      await kubectl('-n', namespace, 'delete', 'stickyworkload', 'cart', '--wait=false');
      const sessionLog = await lastCustomers;
      await until('both pods gone', async () => pods.goneAtMs.size === 2, 120_000);
      await until('the StickyWorkload gone', async () => (await getWorkload(namespace)) === undefined, 30_000);
      report(sessionLog, pods.terminatingSinceMs);
      const onDrainingPods = sessionLog.sessions.filter(({ pod }) => pods.terminatingSinceMs.has(pod));
      expect(onDrainingPods.length).toBeGreaterThan(5);
      // Those on the pod that stays lose their proxy with the StickyWorkload: that is what deleting it means.
      expect(onDrainingPods.flatMap(({ loss }) => loss ?? [])).toEqual([]);
    }),
};
