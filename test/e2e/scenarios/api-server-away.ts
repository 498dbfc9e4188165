/** The API server is down for a minute in the middle of a drain: the last-known-good configuration stays in use, and sessions continue. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { until } from '../../support/kubectl.ts';
import { scale, untilDraining, untilSettled } from '../../support/shop-cluster.ts';
import { startComponent, stopComponent } from '../world/cluster-tools.ts';
import { inShop } from '../world/scene.ts';
import type { Scenario } from './scenario.ts';

const awayMs = 60_000;

export const apiServerAway: Scenario = {
  title: 'the API server down for a minute in the middle of drains: nothing lost',
  play: () =>
    inShop('e2e-api-away', { replicas: 4 }, async (scene) => {
      const load = scene.customers('api-server-away', { meanLifeMs: 15_000 });
      await until(
        'customers on every pod',
        async () => new Set(load.sessionLog.sessions.map(({ pod }) => pod)).size === 4,
      );
      await scale(scene.namespace, 2);
      await untilDraining(scene.namespace, 2);
      await stopComponent('kube-apiserver');
      try {
        await delay(awayMs);
      } finally {
        await startComponent('kube-apiserver');
      }
      expect(await scene.farewell(load)).toMatchObject({ losses: [], misplaced: 0 });
      await untilSettled(scene.namespace, 2);
    }),
};
