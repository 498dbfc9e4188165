/**
 * A sidecar dies while it holds its pod, as by an OOM kill. With it breaks the preStop call, and the kubelet tells the app to stop:
 * the one way in which sessions are lost though nobody wanted it. It must cost this pod's sessions only, and be explained.
 */
import { expect } from '@jest/globals';
import { killInPod } from '../../support/kill.ts';
import { listObjects, until } from '../../support/kubectl.ts';
import { appPods, scale, untilSettled } from '../../support/shop-cluster.ts';
import { untilEvent } from '../world/events.ts';
import { sumMetric } from '../world/proxies.ts';
import { inShop } from '../world/scene.ts';
import { untilHeld } from '../world/sidecars.ts';
import type { Scenario } from './scenario.ts';

/** Whoever loses a session gets another with the answer that says so, and here leaves it to itself. */
const spec = { sessionPersistence: { idleTimeout: '10s' } };

export const sidecarKilled: Scenario = {
  title: 'a sidecar killed while it holds: the sessions of its pod are lost, no others, and an event says so',
  play: () =>
    inShop('e2e-sidecar-killed', { replicas: 3, spec }, async (scene) => {
      const load = scene.customers('sidecar-killed', { meanLifeMs: 15_000 });
      await until(
        'customers on every pod',
        async () => new Set(load.sessionLog.sessions.map(({ pod }) => pod)).size === 3,
      );
      await scale(scene.namespace, 2);
      const [name = ''] = await until(
        'the pod told to go',
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
