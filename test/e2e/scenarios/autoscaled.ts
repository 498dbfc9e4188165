/** A stock HorizontalPodAutoscaler on CPU, with metrics of the real metrics-server: up under load, and down with sessions on every pod. */
import { expect } from '@jest/globals';
import { until } from '../../support/kubectl.ts';
import { appPods, flip, untilReady, untilSettled } from '../../support/shop-cluster.ts';
import { inShop, many } from '../world/scene.ts';
import type { Scenario } from './scenario.ts';

const autoscaler = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'cart' },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart' },
    minReplicas: 2,
    maxReplicas: 5,
    metrics: [
      {
        type: 'ContainerResource',
        containerResource: { container: 'shop', name: 'cpu', target: { type: 'AverageValue', averageValue: '120m' } },
      },
    ],
    // The test need not wait for the five minutes that are the default.
    behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
  },
};

export const autoscaled: Scenario = {
  title: 'an HPA on CPU scales to 5 and back to 2 with 300 sessions: nothing lost, nothing misplaced',
  play: () =>
    inShop('e2e-hpa', { replicas: 2, objects: [autoscaler] }, async (scene) => {
      const { namespace, pods } = scene;
      const load = scene.customers('hpa-5-2', many);
      await Promise.all((await appPods(namespace)).map((pod) => flip(pod, '/burn?share=0.6')));
      await untilReady(namespace, 5);
      await until(
        'customers on every pod',
        async () => new Set(load.sessionLog.sessions.map(({ pod }) => pod)).size === 5,
      );
      await Promise.all((await appPods(namespace)).map((pod) => flip(pod, '/burn?share=0')));
      await until('three pods terminating', async () => pods.terminatingSinceMs.size === 3, 120_000);
      const summary = await scene.farewell(load);
      expect(summary).toMatchObject({ losses: [], misplaced: 0, refusals: [], cut: {} });
      expect(summary.lastNewSessionMs.median).toBeLessThan(300);
      await untilSettled(namespace, 2);
    }),
};
