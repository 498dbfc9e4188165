/** All proxies are replaced under their customers, one by one, as an upgrade of Holdfast does it. */
import { expect } from '@jest/globals';
import { kubectl, until } from '../../support/kubectl.ts';
import { proxyPods, report, untilSettled } from '../../support/shop-cluster.ts';
import { inShop } from '../world/scene.ts';
import type { Scenario } from './scenario.ts';

const proxies = 'deployment/holdfast-holdfast';

export const proxiesReplaced: Scenario = {
  title:
    'a rolling update of the proxies: no session lost, no request fails, and WebSockets move only when their proxy terminates',
  play: () =>
    inShop('e2e-proxies-rolled', { replicas: 2 }, async (scene) => {
      const { namespace } = scene;
      const before = new Set((await proxyPods(namespace)).map(({ metadata }) => metadata.uid));
      const load = scene.customers('proxies-replaced', { reconnectMs: 5000, meanLifeMs: 120_000, webSockets: 10 });
      await until('every customer there', async () => load.sessionLog.sessions.length >= 30);
      await kubectl('-n', namespace, 'rollout', 'restart', proxies);
      await kubectl('-n', namespace, 'rollout', 'status', proxies, '--timeout=120s');
      await until(
        'the old proxies gone',
        async () => (await proxyPods(namespace)).every(({ metadata }) => !before.has(metadata.uid)),
        120_000,
      );
      const summary = report(await load.sendHome(), scene.pods.terminatingSinceMs);
      expect(summary).toMatchObject({ losses: [], misplaced: 0, refusals: [] });
      expect(summary.cut.Http ?? 0).toBe(0);
      // Each of the two proxies had its WebSockets, and each of those moved once with its proxy, and perhaps again with the next.
      const cuts = load.sessionLog.sessions
        .filter(({ type }) => type === 'WebSocket')
        .map((session) => session.cuts.length);
      expect(Math.max(...cuts)).toBeGreaterThan(0);
      expect(Math.max(...cuts)).toBeLessThanOrEqual(2);
      await untilSettled(namespace, 2);
    }),
};
