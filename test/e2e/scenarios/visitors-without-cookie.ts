/**
 * A thousand visitors without a cookie jar (crawlers, monitors, scripts), beside customers: what they leave behind counts only until the
 * confirm timeout. The customers are on one pod, which a scale-down keeps because of them, and the visitors on three others.
 */
import { expect } from '@jest/globals';
import { fetchOnce } from '../../support/fetch-once.ts';
import { until } from '../../support/kubectl.ts';
import { getWorkload, report, scale, untilReady, untilSettled } from '../../support/shop-cluster.ts';
import { drainsCompleteAtMs } from '../world/events.ts';
import { inShop } from '../world/scene.ts';
import type { Scenario } from './scenario.ts';

const confirmTimeoutMs = 10_000;
const quietPeriodMs = 2000;
const visitors = 1000;
const customers = 100;

const spec = {
  sessionPersistence: { idleTimeout: '10m', confirmTimeout: '10s' },
  drain: { timeout: '120s', quietPeriod: '2s' },
  // Each proxy sends a visitor to each of these pods far more often than this.
  loadBalancing: { maxSessionsPerEndpoint: customers + 20 },
};

type Totals = { confirmed: number; unconfirmed: number; draining: number };

/** Sends the requests, some at a time. Returns their status codes. */
async function visit(host: string, requests: number): Promise<number[]> {
  const codes: number[] = [];
  const worker = async () => {
    while (codes.length < requests) codes.push((await fetchOnce(`http://${host}/`)).status);
  };
  await Promise.all(Array.from({ length: 10 }, worker));
  return codes;
}

export const visitorsWithoutCookie: Scenario = {
  title:
    'a thousand visitors without a cookie: their pods are gone soon after the confirm timeout, and 100 customers lose nothing',
  play: () =>
    inShop('e2e-visitors', { replicas: 1, spec }, async (scene) => {
      const { namespace, host, pods } = scene;
      const load = scene.customers('visitors-without-cookie', {
        sessions: customers,
        webSockets: 10,
        eventStreams: 4,
        meanLifeMs: 600_000,
        // One that ends early has no successor, who would get another pod.
        customersPerPlace: 1,
        thinkTimeMs: 2000,
        arrivalsPerSecond: 20,
      });
      await until('every customer there', async () => load.sessionLog.sessions.length >= customers);
      await scale(namespace, 4);
      await untilReady(namespace, 4);
      const firstVisitMs = Date.now();
      const codes = await visit(host, visitors);
      const lastVisitMs = Date.now();
      expect(codes.filter((code) => code !== 200)).toEqual([]);
      // On a slow machine the first of them no longer count when the last arrive.
      const totals = await until('visitors in the status', async () => {
        const sessions = (await getWorkload(namespace))?.status?.['sessions'] as Totals | undefined;
        return sessions !== undefined && sessions.unconfirmed >= visitors / 5 ? sessions : undefined;
      });
      // Some customers have left already; one who came through both proxies counts at each.
      expect(totals.confirmed).toBeGreaterThanOrEqual(customers / 2);
      expect(totals.confirmed).toBeLessThanOrEqual(2 * customers);
      await scale(namespace, 1);
      await until('three pods gone', async () => pods.goneAtMs.size === 3, 60_000);
      const goneAfterMs = [...pods.goneAtMs.values()].map((goneMs) => goneMs - lastVisitMs);
      const released = await drainsCompleteAtMs(namespace, pods.goneAtMs.keys());
      const releasedAfterMs = [...released.values()].map((atMs) => atMs - lastVisitMs);
      process.stdout.write(
        `${JSON.stringify({ run: 'visitors: pods gone', visitedForMs: lastVisitMs - firstVisitMs, afterLastVisitMs: goneAfterMs, releasedAfterMs, totals })}\n`,
      );
      // Before another confirm timeout has passed, and long before the limit of the drain and the idle timeout.
      expect(Math.max(...releasedAfterMs)).toBeLessThan(2 * confirmTimeoutMs + quietPeriodMs);
      const summary = report(await load.sendHome(), pods.terminatingSinceMs);
      expect(summary).toMatchObject({ losses: [], misplaced: 0, refusals: [], cut: {} });
      await untilSettled(namespace, 1);
    }),
};
