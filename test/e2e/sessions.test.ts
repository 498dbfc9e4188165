import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { describeWithCluster } from '../support/full-cluster.ts';
import { gatewayApiFolder } from '../support/api-world.ts';
import { killInPod } from '../support/kill.ts';
import { kubectl, until } from '../support/kubectl.ts';
import { untilNoneTerminates } from '../support/namespaces.ts';
import { conditionOf, getObject, listObjects } from '../support/objects.ts';
import { startLoad, type Load, type LoadOptions } from '../../tools/demo/customers/load.ts';
import { watchPods, type PodWatch } from '../support/pod-watch.ts';
import {
  closeShop,
  installHoldfast,
  loadOn,
  openShop,
  proxyAddress,
  report,
  scale,
  untilDraining,
  untilReady,
  untilSettled,
  type Shop,
} from '../support/shop-cluster.ts';
import { podUses, type SessionLog } from '../../tools/demo/customers/session-log.ts';
import { gatewayDeleted } from './scenarios/gateway-deleted.ts';
import { grpcCanary } from './scenarios/grpc-canary.ts';
import { drainsCompleteAtMs } from './world/events.ts';
import { describeNamespace, many, seed } from './world/scene.ts';

const quietPeriodMs = 5000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

type ScaleDown = { shop: Shop; run: string; options?: Partial<LoadOptions>; duringDrain?: () => Promise<void> };

describeWithCluster('Sessions on a real cluster', () => {
  let watch: PodWatch | undefined;
  let load: Load | undefined;

  beforeAll(installHoldfast, 180_000);
  // After a test that failed its customers are still there.
  afterEach(async () => {
    await load?.sendHome();
    await watch?.stop();
  });

  /** Scales 5 to 2 under load, with an action in the middle of the drain; resolves once only two pods are left. */
  async function scaleDown({
    shop,
    run,
    options,
    duringDrain,
  }: ScaleDown): Promise<{ sessionLog: SessionLog; pods: PodWatch }> {
    const pods = (watch = await watchPods(shop.namespace));
    load = startLoad({ ...loadOn(shop, run, seed), ...options });
    await pause(6000);
    await scale(shop.namespace, 2);
    await untilDraining(shop.namespace, 3);
    await duringDrain?.();
    await untilSettled(shop.namespace, 2);
    const sessionLog = await load.stop();
    await pods.stop();
    if (sessionLog.sessions.some(({ loss }) => loss !== undefined)) await describeNamespace(shop.namespace);
    return { sessionLog, pods };
  }

  /** Each terminated pod was removed after its last session, and released soon. */
  async function expectPodsGoneInTime(
    { namespace }: Shop,
    sessionLog: SessionLog,
    { goneAtMs }: PodWatch,
  ): Promise<void> {
    const uses = podUses(sessionLog);
    const afterLastSession = (atMs: ReadonlyMap<string, number>) =>
      [...atMs].map(([pod, ms]) => ms - (uses.get(pod)?.lastEndAtMs ?? Number.NaN));
    const goneAfterMs = afterLastSession(goneAtMs);
    const releasedAfterMs = afterLastSession(await drainsCompleteAtMs(namespace, goneAtMs.keys()));
    process.stdout.write(
      `${JSON.stringify({ run: `${sessionLog.run}: pods gone`, afterLastSessionMs: goneAfterMs, releasedAfterMs })}\n`,
    );
    expect(Math.min(...goneAfterMs)).toBeGreaterThanOrEqual(quietPeriodMs);
    expect(Math.max(...releasedAfterMs)).toBeLessThanOrEqual(quietPeriodMs + 3000);
  }

  test('5 → 2 by kubectl scale with 300 sessions, without Gateway API: nothing lost, nothing misplaced, pods gone soon after their last session', async () => {
    const shop = await openShop('e2e-scale');
    const workload = await getObject('stickyworkload', 'cart', shop.namespace);
    expect(conditionOf(workload, 'Programmed')).toMatchObject({ status: 'True', reason: 'GatewayAPIMissing' });
    // READY, ACCEPTING, DRAINING, SESSIONS
    expect(await kubectl('-n', shop.namespace, 'get', 'sw', '--no-headers')).toMatch(/^cart +True +5 +0 +0 +/);
    const { sessionLog, pods } = await scaleDown({ shop, run: 'scale-5-2', options: many });
    const summary = report(sessionLog, pods.terminatingSinceMs);
    expect(summary).toMatchObject({ losses: [], misplaced: 0, refusals: [], cut: {} });
    expect(summary.lastNewSessionMs.median).toBeLessThan(300);
    expect(sessionLog.sessions.length).toBeGreaterThan(500);
    expect(pods.goneAtMs.size).toBe(3);
    await expectPodsGoneInTime(shop, sessionLog, pods);
    await untilReady(shop.namespace, 2);
    await closeShop(shop.namespace);
  }, 240_000);

  test('Gateway API installed later: route and Gateway follow, without a restart', async () => {
    await kubectl('apply', '--server-side', '-f', gatewayApiFolder('experimental'));
    const shop = await openShop('e2e-leader');
    await until('the route accepted', async () => {
      const route = await getObject('httproute', 'cart', shop.namespace);
      return JSON.stringify(route?.status ?? {}).includes('"reason":"Accepted"');
    });
    await until(
      'all in place',
      async () =>
        conditionOf(await getObject('stickyworkload', 'cart', shop.namespace), 'Programmed')?.reason === 'Programmed',
    );
  }, 180_000);

  test("the operator's leader is killed in the middle of the drain: nothing lost, and the pods still go", async () => {
    const shop = { namespace: 'e2e-leader', host: await proxyAddress('e2e-leader') };
    const { sessionLog, pods } = await scaleDown({ shop, run: 'leader-killed', duringDrain: killLeader });
    expect(report(sessionLog, pods.terminatingSinceMs)).toMatchObject({ losses: [], misplaced: 0 });
    expect(pods.goneAtMs.size).toBe(3);
  }, 240_000);

  test('StickyWorkload deleted: nothing is left of it', async () => {
    const namespace = 'e2e-leader';
    await kubectl('-n', namespace, 'delete', 'stickyworkload', 'cart');
    await kubectl('-n', namespace, 'delete', 'deployment', 'cart');
    for (const resource of [
      'services',
      'deployments',
      'serviceaccounts',
      'poddisruptionbudgets',
      'secrets',
      'httproutes',
      'gateways',
      'pods',
    ]) {
      await until(
        `no ${resource}`,
        async () =>
          (
            await listObjects(
              resource,
              namespace,
              resource === 'pods' ? undefined : 'app.kubernetes.io/managed-by=holdfast',
            )
          ).length === 0,
        120_000,
      );
    }
    const webhooks = await kubectl(
      'get',
      'mutatingwebhookconfiguration',
      'holdfast',
      '-o',
      'jsonpath={.webhooks[*].name}',
    );
    expect(webhooks).not.toContain(namespace);
    await closeShop(namespace);
  }, 180_000);

  // Here, where Gateway API is installed.
  test.each([gatewayDeleted, grpcCanary])(
    '$title',
    async ({ play }) => {
      expect(await play()).toBeUndefined();
    },
    300_000,
  );

  test('nothing is left at the end', async () => {
    // That of the last sample is still being deleted.
    await untilNoneTerminates();
    expect((await kubectl('get', 'stickyworkloads', '-A', '--ignore-not-found')).trim()).toBe('');
    expect(
      (
        await kubectl(
          'get',
          'services,deployments,secrets',
          '-A',
          '-l',
          'app.kubernetes.io/managed-by=holdfast',
          '-o',
          'name',
        )
      ).trim(),
    ).toBe('secret/holdfast-ca\nsecret/holdfast-session-keys');
    const webhooks = await kubectl(
      'get',
      'mutatingwebhookconfiguration',
      'holdfast',
      '-o',
      'jsonpath={.webhooks[*].name}',
    );
    expect(webhooks).toBe('labelled.holdfast.dev');
  });
});

async function killLeader(): Promise<void> {
  const lease = await getObject('lease', 'holdfast-operator', 'holdfast-system');
  const leader = String(lease?.spec?.['holderIdentity']).split('_')[0];
  const pod = await getObject('pod', String(leader), 'holdfast-system');
  expect(await killInPod(String(pod?.metadata.uid), 'operator')).toBeGreaterThan(0);
}
