/**
 * Sessions that a servlet container owns: Tomcat begins them on a page before the login, changes their ids at the login and deletes the
 * cookie at the logout. Visitors without a session come all the time, as robots and probes do.
 */
import { expect } from '@jest/globals';
import { fetchOnce } from '../../support/fetch-once.ts';
import { until } from '../../support/kubectl.ts';
import { getWorkload, scale, untilDraining, untilSettled } from '../../support/shop-cluster.ts';
import { podUses } from '../../../tools/demo/customers/session-log.ts';
import { drainsCompleteAtMs } from '../world/events.ts';
import { inShop, type Scene } from '../world/scene.ts';
import type { Scenario } from './scenario.ts';

const quietPeriodMs = 2000;
const options = {
  sample: 'manifests/samples/tomcat.yaml',
  spec: { drain: { quietPeriod: `${quietPeriodMs}ms`, timeout: '90s' } },
};

/** Visits without cookies until the end; resolves with their number and with the cookies that they got. */
function visitWithoutSession({ host }: Scene, ended: AbortSignal): Promise<{ visits: number; cookies: string[] }> {
  const cookies: string[] = [];
  const visitor = async () => {
    let visits = 0;
    for (; !ended.aborted; visits += 1) {
      const response = await fetchOnce(`http://${host}/`);
      cookies.push(...response.headers.getSetCookie());
      expect(response.status).toBe(200);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    return visits;
  };
  return Promise.all(Array.from({ length: 5 }, visitor)).then((each) => ({
    visits: each.reduce((sum, visits) => sum + visits, 0),
    cookies,
  }));
}

/** Confirmed ones and others. */
async function countSessions(namespace: string): Promise<number> {
  const sessions = (await getWorkload(namespace))?.status?.['sessions'];
  const { confirmed, unconfirmed } = sessions as { confirmed: number; unconfirmed: number };
  return confirmed + unconfirmed;
}

export const servletSessions: Scenario = {
  title:
    'JSESSIONID of Tomcat, 5 → 2: ids change at the login, sessions end at the logout, visitors without a session hold nothing, and each pod is released within 3 s + quiet period of its last session',
  skipped: process.env['HOLDFAST_SKIP_TOMCAT'] || undefined,
  play: () =>
    inShop('e2e-tomcat', options, async (scene) => {
      const { namespace, pods } = scene;
      const ended = new AbortController();
      const visitors = visitWithoutSession(scene, ended.signal);
      const load = scene.customers('tomcat-5-2', {
        webSockets: 0,
        eventStreams: 0,
        landingPage: '/browse',
        meanLifeMs: 4000,
      });
      await until('customers on every pod', async () => podUses(load.sessionLog).size === 5);
      await scale(namespace, 2);
      await untilDraining(namespace, 3);
      await untilSettled(namespace, 2);
      const uses = podUses(load.sessionLog);
      const afterLastSession = (atMs: ReadonlyMap<string, number>) =>
        [...atMs].map(([pod, ms]) => ms - (uses.get(pod)?.lastEndAtMs ?? Number.NaN));
      const goneAfterMs = afterLastSession(pods.goneAtMs);
      const releasedAfterMs = afterLastSession(await drainsCompleteAtMs(namespace, pods.goneAtMs.keys()));
      expect(await scene.farewell(load)).toMatchObject({ losses: [], misplaced: 0, refusals: [], cut: {} });
      ended.abort();
      const { visits, cookies } = await visitors;
      process.stdout.write(
        `${JSON.stringify({ run: 'tomcat-5-2: pods gone', afterLastSessionMs: goneAfterMs, releasedAfterMs, visits })}\n`,
      );
      expect(cookies).toEqual([]);
      expect(goneAfterMs).toHaveLength(3);
      expect(Math.min(...goneAfterMs)).toBeGreaterThanOrEqual(quietPeriodMs);
      expect(Math.max(...releasedAfterMs)).toBeLessThanOrEqual(quietPeriodMs + 3000);
      // Everybody has logged out, and the visitors never counted.
      await until('no session', async () => (await countSessions(namespace)) === 0);
    }),
};
