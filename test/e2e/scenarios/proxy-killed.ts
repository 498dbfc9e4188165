/** A proxy is killed: its connections break, and the other proxy reads the same tokens. */
import { expect } from '@jest/globals';
import { killInPod } from '../../support/kill.ts';
import { until } from '../../support/kubectl.ts';
import { proxyPods, scale, untilSettled } from '../../support/shop-cluster.ts';
import { sumMetric } from '../world/proxies.ts';
import { inShop } from '../world/scene.ts';
import type { Scenario } from './scenario.ts';

/** The last counts of the killed proxy stay valid until those sessions would have ended: at most this long. */
const idleTimeout = '8s';

export const proxyKilled: Scenario = {
  title:
    'a proxy killed: sessions continue through the other, and its counts hold no pod for longer than their sessions could last',
  play: () =>
    inShop('e2e-proxy-killed', { replicas: 2, spec: { sessionPersistence: { idleTimeout } } }, async (scene) => {
      const load = scene.customers('proxy-killed', { reconnectMs: 5000, meanLifeMs: 8000 });
      await until(
        'customers on both pods',
        async () => new Set(load.sessionLog.sessions.map(({ pod }) => pod)).size === 2,
      );
      const [proxy] = await proxyPods(scene.namespace);
      if (!proxy) throw new Error('there is no proxy to kill');
      // Which proxy a WebSocket comes through is chance. With two of them, one is still open at the kill.
      await until(
        'WebSockets through the proxy',
        async () => (await sumMetric([proxy], 'holdfast_http_upgrades_open')) >= 2,
      );
      const killedAtMs = Date.now();
      expect(await killInPod(proxy.metadata.uid, 'proxy')).toBe(1);
      await until('cut customers', async () => load.sessionLog.sessions.some(({ cuts }) => cuts.length > 0));
      await until(
        'as many customers again',
        async () => load.sessionLog.sessions.filter(({ startedAtMs }) => startedAtMs > killedAtMs).length > 30,
      );
      await scale(scene.namespace, 1);
      const summary = await scene.farewell(load);
      expect(summary).toMatchObject({ losses: [], misplaced: 0 });
      expect(summary.cut.WebSocket).toBeGreaterThan(0);
      await untilSettled(scene.namespace, 1);
    }),
};
