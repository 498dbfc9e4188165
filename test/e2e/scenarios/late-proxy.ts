/**
 * Two proxies, one of which receives every update a second later: a relay between it and the operators delays them.
 * Each request uses a connection of its own, so that requests for pods that it believes to be unready, or not yet draining, reach
 * it all the time.
 */
import { expect } from '@jest/globals';
import { until } from '../../support/kubectl.ts';
import { conditionOf, getObject, type LiveObject } from '../../support/objects.ts';
import { proxyPods, scale, untilReady, untilSettled } from '../../support/shop-cluster.ts';
import { delayOperators } from '../world/late-relay.ts';
import { inShop } from '../world/scene.ts';
import type { Scenario } from './scenario.ts';

const lateByMs = 1000;

export const lateProxy: Scenario = {
  title: 'two proxies that receive every change a second apart: no session on a healthy pod is lost',
  play: () =>
    inShop('e2e-late-proxy', { replicas: 2 }, async (scene) => {
      const { namespace } = scene;
      const [late] = await proxyPods(namespace);
      if (late === undefined) throw new Error('no proxy');
      const before = restartsOf(late);
      const relay = await delayOperators(late, lateByMs);
      try {
        // On a busy machine the killed process still lives for a second, and is Ready.
        await until('the late proxy ready again', async () => {
          const pod = await getObject('pod', late.metadata.name, namespace);
          return restartsOf(pod) > before && conditionOf(pod, 'Ready')?.status === 'True' && relay.connections() > 0;
        });
        const load = scene.customers('late-proxy', { freshConnections: true });
        await until(
          'customers on both pods',
          async () => new Set(load.sessionLog.sessions.map(({ pod }) => pod)).size === 2,
        );
        await scale(namespace, 4);
        await untilReady(namespace, 4);
        await until(
          'customers on the new pods',
          async () => new Set(load.sessionLog.sessions.map(({ pod }) => pod)).size === 4,
        );
        await scale(namespace, 2);
        await until('two pods gone', async () => scene.pods.goneAtMs.size === 2, 120_000);
        const summary = await scene.farewell(load);
        // Else nothing was late: a stream of tables from each operator still comes through the relay.
        expect(relay.connections()).toBeGreaterThanOrEqual(2);
        expect(summary).toMatchObject({ losses: [], refusals: [] });
        // The late proxy cannot know: a second late, and the seconds that everybody has on a busy machine. Customers come until the drain is over.
        expect(summary.lastNewSessionMs.most).toBeLessThan(lateByMs + 5000);
        await untilSettled(namespace, 2);
      } finally {
        await relay.close();
      }
    }),
};

/** Of the proxy's container. The kubelet reports a restart together with the readiness that it ends. */
function restartsOf(pod: LiveObject | undefined): number {
  const containers = (pod?.status?.['containerStatuses'] ?? []) as { restartCount: number }[];
  return containers.reduce((sum, { restartCount }) => sum + restartCount, 0);
}
