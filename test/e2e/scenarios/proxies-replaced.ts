/** All proxies are replaced under their customers, as an upgrade of Holdfast does it: each old one stays for its open streams, and no longer. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { createShopClient } from '../../../tools/demo/customers/shop-client.ts';
import { kubectl, until } from '../../support/kubectl.ts';
import type { LiveObject } from '../../support/objects.ts';
import { proxyPods, untilSettled, type Shop } from '../../support/shop-cluster.ts';
import { sumMetric } from '../world/proxies.ts';
import { inShop } from '../world/scene.ts';
import type { Scenario } from './scenario.ts';

const proxies = 'deployment/holdfast-holdfast';
const webSockets = 50;
const longestMs = 60_000;
/**
 * A proxy sends FIN to its clients for half a second after its last stream, hands over its sessions, and exits. One that waited for anything else
 * would stay for its drain timeout, an hour.
 */
const exitsWithinMs = 15_000;

/** Talks over one WebSocket, which is never opened again, and closes it after a time. */
async function talk({ host }: Shop, forMs: number, opened: () => void): Promise<void> {
  const client = createShopClient({ host, port: 80 });
  try {
    await client.login();
    const socket = await client.openWebSocket();
    opened();
    for (const endMs = Date.now() + forMs; Date.now() < endMs; await delay(500)) await socket.ping();
    await socket.bye();
    await client.logout();
  } finally {
    client.close();
  }
}

/** Watches the process of a proxy until it does not respond. Returns how long it lived after its last stream. */
async function afterLastStreamMs(proxy: LiveObject): Promise<number> {
  let lastSeenMs = Date.now();
  for (;;) {
    const open = await sumMetric([proxy], 'holdfast_http_upgrades_open').catch(() => undefined);
    if (open === undefined) return Date.now() - lastSeenMs;
    if (open > 0) lastSeenMs = Date.now();
    await delay(100);
  }
}

export const proxiesReplaced: Scenario = {
  title:
    'a rolling update of the proxies: no session lost, no request fails, no WebSocket is cut, and each proxy exits after its last one',
  play: () =>
    inShop('e2e-proxies-rolled', { replicas: 2 }, async (scene) => {
      const { namespace } = scene;
      const before = await proxyPods(namespace);
      const load = scene.customers('proxies-replaced', { webSockets: 0, eventStreams: 0, reconnectMs: 5000 });
      let open = 0;
      const talks = Array.from({ length: webSockets }, (_, index) =>
        talk(scene, longestMs * (0.5 + (0.5 * index) / webSockets), () => (open += 1)),
      );
      const talked = Promise.all(talks);
      talked.catch(() => undefined);
      await until('every WebSocket open', async () => open === webSockets);
      const lifetimes = before.map(afterLastStreamMs);
      await kubectl('-n', namespace, 'rollout', 'restart', proxies);
      await talked;
      const exits = await Promise.all(lifetimes);
      const summary = await scene.farewell(load);
      process.stdout.write(`${JSON.stringify({ run: 'proxies-replaced: figures', afterLastStreamMs: exits })}\n`);
      expect(summary).toMatchObject({ losses: [], misplaced: 0, refusals: [] });
      expect(summary.cut.Http ?? 0).toBe(0);
      expect(exits).toHaveLength(2);
      expect(Math.max(...exits)).toBeLessThan(exitsWithinMs);
      await untilSettled(namespace, 2);
    }),
};
