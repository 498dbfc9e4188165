/** kubectl drain of a node that carries pods of the app and a proxy. */
import { expect } from '@jest/globals';
import { kubectl, until } from '../../support/kubectl.ts';
import type { LiveObject } from '../../support/objects.ts';
import { appPods, proxyPods, untilReady } from '../../support/shop-cluster.ts';
import { targetOf } from '../world/proxies.ts';
import { inShop } from '../world/scene.ts';
import type { Scenario } from './scenario.ts';

export const onNode = (pods: readonly LiveObject[], node: string): LiveObject[] =>
  pods.filter(({ spec }) => spec?.['nodeName'] === node);

export const nodeDrained: Scenario = {
  title:
    'kubectl drain of a node with app pods and a proxy: no session lost, and WebSockets cut only where their proxy had to go',
  play: () =>
    inShop('e2e-node-drain', { replicas: 4 }, async (scene) => {
      const [staying] = onNode(await proxyPods(scene.namespace), 'node');
      const going = onNode(await appPods(scene.namespace), 'node-2').length;
      if (staying === undefined) throw new Error('no proxy on the first node');
      expect(going).toBeGreaterThan(0);
      expect(onNode(await proxyPods(scene.namespace), 'node-2')).toHaveLength(1);
      const throughBoth = scene.customers('node-drain', { reconnectMs: 5000, webSockets: 10, meanLifeMs: 10_000 });
      const throughStaying = scene.customers('node-drain: proxy that stays', {
        target: targetOf(staying),
        webSockets: 10,
      });
      await until(
        'customers on every pod',
        async () => new Set(throughBoth.sessionLog.sessions.map(({ pod }) => pod)).size === 4,
      );
      try {
        await kubectl('drain', 'node-2', '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=180s');
      } finally {
        await kubectl('uncordon', 'node-2');
      }
      const [both, stayed] = await Promise.all([scene.farewell(throughBoth), scene.farewell(throughStaying)]);
      expect(scene.pods.terminatingSinceMs.size).toBeGreaterThan(going);
      expect(stayed).toMatchObject({ losses: [], misplaced: 0, refusals: [], cut: {} });
      expect(both).toMatchObject({ losses: [], misplaced: 0 });
      expect(both.cut.Http ?? 0).toBe(0);
      await untilReady(scene.namespace, 4);
    }),
};
