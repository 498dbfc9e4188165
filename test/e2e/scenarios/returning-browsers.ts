/**
 * Half of the customers close the page without logging out and log in again later, with all the cookies they have. Their token
 * names a pod that may be draining: a login starts a new session, and must not hold that pod.
 */
import { expect } from '@jest/globals';
import { until } from '../../support/kubectl.ts';
import { scale, untilSettled } from '../../support/shop-cluster.ts';
import { inShop } from '../world/scene.ts';
import type { Scenario } from './scenario.ts';

const spec = {
  sessionPersistence: {
    idleTimeout: '5s',
    newSessionOn: [{ method: 'POST', path: { type: 'Exact', value: '/login' } }],
  },
  drain: { timeout: '60s' },
};

export const returningBrowsers: Scenario = {
  title:
    'returning browsers, with newSessionOn for the login: nothing misplaced, and draining pods empty before their limit',
  play: () =>
    inShop('e2e-returning', { replicas: 4, spec }, async (scene) => {
      const load = scene.customers('returning-browsers', { returning: 0.5, meanLifeMs: 3000 });
      await until(
        'customers on every pod',
        async () => new Set(load.sessionLog.sessions.map(({ pod }) => pod)).size === 4,
      );
      await scale(scene.namespace, 2);
      await until('two pods terminating', async () => scene.pods.terminatingSinceMs.size === 2);
      // Customers keep coming back all the time.
      await until('both gone', async () => scene.pods.goneAtMs.size === 2, 120_000);
      const heldMs = [...scene.pods.goneAtMs].map(
        ([pod, goneMs]) => goneMs - (scene.pods.terminatingSinceMs.get(pod) ?? Number.NaN),
      );
      process.stdout.write(`${JSON.stringify({ run: 'returning-browsers: pods gone', afterMs: heldMs })}\n`);
      expect(await scene.farewell(load)).toMatchObject({ losses: [], misplaced: 0, refusals: [] });
      expect(Math.max(...heldMs)).toBeLessThan(45_000);
      await untilSettled(scene.namespace, 2);
    }),
};
