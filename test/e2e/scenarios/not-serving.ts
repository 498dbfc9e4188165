/**
 * An app that fails its readiness probe as soon as it terminates, as many do by design: its EndpointSlice then has
 * `serving: false`, and most proxies send it no more requests. It still responds, and its sessions still exist.
 */
import { expect } from '@jest/globals';
import { until } from '../../support/kubectl.ts';
import { listObjects } from '../../support/objects.ts';
import { appPods, flip, scale, untilSettled } from '../../support/shop-cluster.ts';
import { inShop } from '../world/scene.ts';
import type { Scenario } from './scenario.ts';

type Slice = { endpoints?: { conditions?: { serving?: boolean; terminating?: boolean } }[] };

async function countNotServing(namespace: string): Promise<number> {
  const slices = (await listObjects(
    'endpointslices',
    namespace,
    'kubernetes.io/service-name=cart',
  )) as unknown as Slice[];
  const endpoints = slices.flatMap((slice) => slice.endpoints ?? []);
  return endpoints.filter(({ conditions }) => conditions?.terminating === true && conditions.serving === false).length;
}

export const notServing: Scenario = {
  title: 'apps that fail their readiness as soon as they terminate: nothing lost',
  play: () =>
    inShop('e2e-not-serving', { replicas: 3 }, async (scene) => {
      const load = scene.customers('not-serving', { meanLifeMs: 12_000 });
      await until(
        'customers on every pod',
        async () => new Set(load.sessionLog.sessions.map(({ pod }) => pod)).size === 3,
      );
      await scale(scene.namespace, 1);
      await until('two pods terminating', async () => scene.pods.terminatingSinceMs.size === 2);
      const going = (await appPods(scene.namespace)).filter(({ metadata }) =>
        scene.pods.terminatingSinceMs.has(metadata.name),
      );
      await Promise.all(going.map((pod) => flip(pod, '/not-ready')));
      await until(
        'both not serving while they drain',
        async () => (await countNotServing(scene.namespace)) === 2,
        30_000,
      );
      const sinceMs = Date.now();
      await until('both gone', async () => scene.pods.goneAtMs.size === 2, 120_000);
      const summary = await scene.farewell(load);
      expect(summary).toMatchObject({ losses: [], misplaced: 0, cut: {} });
      // Else it would prove nothing: sessions were still there to be lost.
      const stayed = load.sessionLog.sessions.filter(
        ({ pod, endedAtMs }) => scene.pods.terminatingSinceMs.has(pod) && (endedAtMs ?? 0) > sinceMs,
      );
      expect(stayed.length).toBeGreaterThan(0);
      await untilSettled(scene.namespace, 1);
    }),
};
