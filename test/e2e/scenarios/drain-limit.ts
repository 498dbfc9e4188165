/** A session that never ends is cut at the limit, not before, and the app has its whole shutdown margin. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { until } from '../../support/kubectl.ts';
import { createShopClient } from '../../../tools/demo/customers/shop-client.ts';
import { scale } from '../../support/shop-cluster.ts';
import { untilEvent } from '../world/events.ts';
import { eventIn, logUntilExit } from '../world/logs.ts';
import { inShop } from '../world/scene.ts';
import type { Scenario } from './scenario.ts';

const limit = { timeoutMs: 12_000, quietPeriodMs: 6000, shutdownMarginMs: 8000, reserveMs: 5000 };
const drain = { timeout: '12s', quietPeriod: '6s', shutdownMargin: '8s' };

export const drainLimit: Scenario = {
  title: 'a session that never ends is cut at the limit, not before, and the app has its whole shutdown margin',
  play: () =>
    inShop('e2e-limit', { replicas: 1, spec: { drain } }, async ({ namespace, host, pods }) => {
      const client = createShopClient({ host, port: 80 });
      const pod = await client.login();
      const socket = await client.openWebSocket();
      const talking = (async () => {
        for (;;) {
          await socket.ping();
          await delay(200);
        }
      })().catch(() => Date.now());
      const logs = Promise.all([
        logUntilExit(namespace, pod, 'shop'),
        logUntilExit(namespace, pod, 'holdfast-sidecar'),
      ]);
      await scale(namespace, 0);
      const deletedAtMs = await until('the deletion', async () => pods.terminatingSinceMs.get(pod));
      await until('the pod gone', async () => pods.goneAtMs.get(pod), 60_000);
      const cutAtMs = await talking;
      client.close();
      const [appLog, sidecarLog] = await logs;
      const sigterm = eventIn(appLog, 'Terminating');
      const held = eventIn(sidecarLog, 'HoldStarted');
      const released = eventIn(sidecarLog, 'Released');
      const sigtermAtMs = Date.parse(sigterm.time);
      const heldAtMs = Date.parse(held.time);
      const figures = {
        heldForMs: released.tookMs,
        sigtermAfterMs: sigtermAtMs - heldAtMs,
        cutAfterMs: cutAtMs - heldAtMs,
      };
      process.stdout.write(`${JSON.stringify({ run: 'drain-limit', ...figures })}\n`);
      expect(released.reason).toBe('DrainDeadline');
      // Twice, where login and WebSocket came through different proxies (docs/design/0003).
      expect([1, 2]).toContain(released.sessionsCut);
      expect(released.tookMs).toBeGreaterThanOrEqual(limit.timeoutMs);
      // Without the quiet period.
      expect(released.tookMs).toBeLessThanOrEqual(limit.timeoutMs + 5000);
      // By the time stamps in the logs: all containers share a clock. The watch of the test learns of the deletion at another time.
      expect(sigtermAtMs).toBeGreaterThanOrEqual(Date.parse(released.time));
      expect(figures.sigtermAfterMs).toBeGreaterThanOrEqual(limit.timeoutMs);
      // Until then the WebSocket was open at both ends.
      expect(sigterm.webSockets).toBe(1);
      expect(cutAtMs).toBeGreaterThanOrEqual(sigtermAtMs);
      const graceEndMs = deletedAtMs + limit.timeoutMs + limit.quietPeriodMs + limit.shutdownMarginMs + limit.reserveMs;
      expect(graceEndMs - sigtermAtMs).toBeGreaterThanOrEqual(limit.shutdownMarginMs);
      expect(await untilEvent(namespace, pod, 'DrainDeadline')).toBeDefined();
    }),
};
