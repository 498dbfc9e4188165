/**
 * A sidecar dies while it holds its pod, as by an OOM kill. The preStop call fails with it, and the kubelet sends SIGTERM to the app:
 * sessions are lost although no limit was reached. Only sessions of this pod are lost, and an event explains it.
 */
import { expect } from '@jest/globals';
import { killInPod } from '../../support/kill.ts';
import { until } from '../../support/kubectl.ts';
import { listObjects } from '../../support/objects.ts';
import { appPods, scale, untilSettled } from '../../support/shop-cluster.ts';
import { untilEvent } from '../world/events.ts';
import { sumMetric } from '../world/proxies.ts';
import { inShop } from '../world/scene.ts';
import { untilHeld } from '../world/sidecars.ts';
import type { Scenario } from './scenario.ts';

/** The response that reports a lost session starts a new one, which this load leaves to its idle timeout. */
const spec = { sessionPersistence: { idleTimeout: '10s' } };

export const sidecarKilled: Scenario = {
  title: 'a sidecar killed while it holds: the sessions of its pod are lost, no others, and an event reports it',
  play: () =>
    inShop('e2e-sidecar-killed', { replicas: 3, spec }, async (scene) => {
      const load = scene.customers('sidecar-killed', { meanLifeMs: 15_000 });
      await until(
        'customers on every pod',
        async () => new Set(load.sessionLog.sessions.map(({ pod }) => pod)).size === 3,
      );
      await scale(scene.namespace, 2);
      const [name = ''] = await until(
        'the pod terminating',
        async () => scene.pods.terminatingSinceMs.size === 1 && [...scene.pods.terminatingSinceMs.keys()],
      );
      await untilHeld(scene.namespace, name);
      const pod = (await appPods(scene.namespace)).find(({ metadata }) => metadata.name === name);
      expect(await killInPod(String(pod?.metadata.uid), 'sidecar')).toBe(1);
      const event = await untilEvent(scene.namespace, name, 'SidecarRestarted');
      await until('the pod gone', async () => scene.pods.goneAtMs.has(name), 60_000);
      await load.sendHome();
      const summary = await scene.farewell(load);
      process.stdout.write(`${JSON.stringify({ run: 'sidecar-killed: event', note: event.note })}\n`);
      expect(event.note).toMatch(/sidecar/);
      expect(
        await sumMetric(
          await listObjects('pods', 'holdfast-system'),
          'holdfast_drain_sessions_cut_total',
          `namespace="${scene.namespace}"`,
        ),
      ).toBeGreaterThan(0);
      expect(summary.lost).toBeGreaterThan(0);
      expect(new Set(load.sessionLog.sessions.flatMap(({ pod: of, loss }) => (loss ? [of] : [])))).toEqual(
        new Set([name]),
      );
      await untilSettled(scene.namespace, 2);
    }),
};
