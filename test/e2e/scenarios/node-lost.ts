/** A node loses power: no FIN, no RST, no response. The sessions of its pods are lost, and no others. */
import { expect } from '@jest/globals';
import { kubectl, until } from '../../support/kubectl.ts';
import { appPods, proxyPods, untilReady } from '../../support/shop-cluster.ts';
import { startComponent, stopComponent } from '../world/cluster-tools.ts';
import { sumMetric, targetOf } from '../world/proxies.ts';
import { inShop } from '../world/scene.ts';
import { onNode } from './node-drained.ts';
import type { Scenario } from './scenario.ts';

/** The response that reports a lost session starts a new one, which this load leaves to its idle timeout. */
const spec = { sessionPersistence: { idleTimeout: '20s' } };

type Outage = { beganAtMs: number; completeAtMs: number };

/** Whether a login was in flight when the node died: the app may have executed it, so the proxy must not send it to another pod. */
const isCutLogin = (what: string, atMs: number, { beganAtMs, completeAtMs }: Outage): boolean =>
  what.startsWith('POST /login: 502') && atMs >= beganAtMs && atMs < completeAtMs + 5000;

export const nodeLost: Scenario = {
  title:
    'a node dies: when its Lease has expired, the sessions of its own pods move to others and are counted as lost, no others are',
  play: () =>
    inShop('e2e-node-lost', { replicas: 4, spec }, async (scene) => {
      const [proxy] = onNode(await proxyPods(scene.namespace), 'node');
      const dead = new Set(onNode(await appPods(scene.namespace), 'node-2').map(({ metadata }) => metadata.name));
      if (proxy === undefined) throw new Error('no proxy on the first node');
      expect(dead.size).toBeGreaterThan(0);
      // As through a load balancer that checks its proxies' health.
      const load = scene.customers('node-lost', { target: targetOf(proxy), meanLifeMs: 15_000, patienceMs: 45_000 });
      await until('every customer there', async () => load.sessionLog.sessions.length >= 30);
      // The processes of the node stop one after another: the first of them before this returns.
      const beganAtMs = Date.now();
      await stopComponent('node-2');
      const diedAtMs = Date.now();
      const aliveThere = load.sessionLog.sessions.filter(
        ({ pod, endedAtMs }) => dead.has(pod) && endedAtMs === undefined,
      );
      try {
        await until(
          'the sessions of its pods over',
          async () => load.sessionLog.sessions.every(({ pod, endedAtMs }) => !dead.has(pod) || endedAtMs !== undefined),
          90_000,
        );
        const summary = await scene.farewell(load);
        const lossesAfterMs = load.sessionLog.sessions.flatMap(({ loss }) => (loss ? [loss.atMs - diedAtMs] : []));
        const counted = await sumMetric([proxy], 'holdfast_sessions_lost_total', 'NodeLost');
        process.stdout.write(
          `${JSON.stringify({ run: 'node-lost: figures', onDeadPods: aliveThere.length, slowestLossMs: Math.max(...lossesAfterMs), counted })}\n`,
        );
        expect(summary.lost).toBeGreaterThan(0);
        expect(load.sessionLog.sessions.filter(({ pod, loss }) => loss && !dead.has(pod))).toEqual([]);
        expect(
          summary.refusals.filter(({ what, atMs }) => !isCutLogin(what, atMs, { beganAtMs, completeAtMs: diedAtMs })),
        ).toEqual([]);
        // No login waits until the Lease has expired, which takes about 20 s.
        expect(summary.slowestLoginMs).toBeLessThan(10_000);
        expect(counted).toBeGreaterThan(0);
      } finally {
        await startComponent('node-2');
      }
      await kubectl('wait', '--for=condition=Ready', 'node/node-2', '--timeout=60s');
      // Deleted only when its pods run again: the next file finds a cluster in which nothing restarts.
      await untilReady(scene.namespace, 4);
    }),
};
