import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { dashboardRows } from '../../scripts/generate/dashboard.ts';
import { describeWithCluster } from '../support/full-cluster.ts';
import { kubectl, until } from '../support/kubectl.ts';
import { listObjects } from '../support/objects.ts';
import { startLoad, type Load } from '../../tools/demo/customers/load.ts';
import { startPrometheus, whyNoPrometheus, type Prometheus } from '../support/prometheus.ts';
import { appPods, closeShop, installHoldfast, loadOn, openShop, scale, untilSettled } from '../support/shop-cluster.ts';

const namespace = 'e2e-monitoring';
const missing = whyNoPrometheus();
const testWithPrometheus = missing === undefined ? test : test.skip;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describeWithCluster('Monitoring on a real cluster', () => {
  let prometheus: Prometheus | undefined;
  let load: Load | undefined;

  beforeAll(installHoldfast, 180_000);
  afterEach(async () => {
    await load?.sendHome();
  });
  afterAll(() => prometheus?.stop());

  testWithPrometheus(
    `every query of the dashboard gives data on a Prometheus that scraped a scale-down${missing === undefined ? '' : ` [skipped, because ${missing}]`}`,
    async () => {
      const scraping = (prometheus = await startPrometheus(19_090));
      const shop = await openShop(namespace, {
        spec: { drain: { timeout: '60s', quietPeriod: '2s', shutdownMargin: '2s' } },
      });
      const fromMs = Date.now();
      const watchPods = setInterval(() => {
        Promise.all([listObjects('pods', namespace), listObjects('pods', 'holdfast-system')])
          .then(([own, operator]) => scraping.update([...own, ...operator]))
          // The next look sees what this one did not.
          .catch(() => undefined);
      }, 1000);
      load = startLoad({ ...loadOn(shop, 'monitoring', 7), sessions: 40, webSockets: 10 });
      await until('all three parts scraped', async () => {
        const up = await scraping.upByJob();
        return up['holdfast-operator'] === 2 && up['holdfast-proxy'] === 2 && up['holdfast-sidecar'] === 5;
      });
      await pause(5000);
      await scale(namespace, 2);
      await untilSettled(namespace, 2);
      // A pod with sessions is deleted without a drain: its sessions are lost.
      const [victim] = await appPods(namespace);
      await kubectl('-n', namespace, 'delete', 'pod', String(victim?.metadata.name), '--force', '--grace-period=0');
      await until(
        'a loss counted',
        async () => (await scraping.queryRange('sum(holdfast_sessions_lost_total) > 0', fromMs, Date.now())).length > 0,
      );
      await load.sendHome();
      clearInterval(watchPods);
      const empty = [];
      for (const { title, queries } of dashboardRows.flatMap(({ panels }) => panels)) {
        for (const { expr } of queries) {
          const asked = expr.replaceAll(/"\$(namespace|workload)"/g, '".*"');
          const series = await scraping.queryRange(asked, fromMs, Date.now());
          const points = series.flatMap(({ values }) => values).filter(([, value]) => value !== 'NaN');
          if (points.length === 0) empty.push({ title, expr });
        }
      }
      expect(empty).toEqual([]);
      await until(
        'the alert firing',
        async () =>
          (
            await scraping.queryRange(
              'ALERTS{alertstate="firing",alertname="HoldfastSessionsLost"}',
              fromMs,
              Date.now(),
            )
          ).length > 0,
      );
      await untilSettled(namespace, 2);
      await closeShop(namespace);
    },
    300_000,
  );
});
