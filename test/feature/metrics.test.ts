import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { metrics } from '../../src/api/metrics.ts';
import {
  customResourceDefinitions,
  deployments,
  endpointSlices,
  httpRoutes,
  mutatingWebhookConfigurations,
  pods,
  replicaSets,
  services,
  stickyWorkloads,
} from '../../src/kube/resources.ts';
import { createOperatorAdmin } from '../../src/operator/admin/app.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { listenAdmin, type AdminServer } from '../../src/platform/admin.ts';
import {
  deployment,
  elsewhere,
  namespace,
  pod,
  proxyPod,
  replicaSet,
  routeDefinition,
  slice,
  stickyWorkload,
} from '../support/operator-objects.ts';
import type { OperatorWorld } from '../support/operator-world.ts';
import { createReportedWorld, type ReportedWorld } from '../support/reporting-proxy.ts';
import type { TlsClient } from '../support/tls-client.ts';

let world: OperatorWorld;
let operator: Operator;
let client: TlsClient;
let report: ReportedWorld['report'];
const admins: AdminServer[] = [];

beforeEach(async () => {
  ({ world, operator, client, report } = await createReportedWorld());
});
afterEach(async () => {
  await Promise.all(admins.splice(0).map((admin) => admin.close()));
  await world.stop();
});

/** Scrapes a replica, without the metrics of the process. */
async function scrape(of = operator): Promise<string[]> {
  const admin = await listenAdmin(
    createOperatorAdmin(of, world.clock, { uncaughtException: 0, unhandledRejection: 0 }),
    0,
  );
  admins.push(admin);
  const page = await (await fetch(`http://127.0.0.1:${admin.port}/metrics`)).text();
  return page.split('\n').filter((line) => /^(# TYPE )?holdfast_/.test(line));
}

/** The series of these metrics. */
const series = (lines: string[], ...names: string[]): string[] =>
  lines.filter((line) => names.some((name) => line.startsWith(`${name}{`) || line.startsWith(`${name} `)));

test('the metrics page exports exactly the metrics listed for the operator', async () => {
  const lines = await scrape();
  const shown = lines.flatMap((line) => /^# TYPE (\S+) (\S+)$/.exec(line)?.slice(1).join(' ') ?? []);
  const catalogued = Object.entries(metrics).flatMap(([name, { part, type }]) =>
    part === 'operator' ? [`${name} ${type}`] : [],
  );
  expect(shown.toSorted()).toEqual(catalogued.toSorted());
});

describe('StickyWorkloads', () => {
  test('export their current figures', async () => {
    await report({ 'cart-a': 3, 'cart-b': 4 });
    expect(
      series(
        await scrape(),
        'holdfast_operator_leader',
        'holdfast_workload_sessions',
        'holdfast_workload_endpoints',
        'holdfast_workload_ready',
        'holdfast_workload_pods_not_injected',
      ),
    ).toEqual([
      'holdfast_operator_leader 1',
      'holdfast_workload_sessions{namespace="shop",workload="cart",state="Pending"} 0',
      'holdfast_workload_sessions{namespace="shop",workload="cart",state="Accepting"} 7',
      'holdfast_workload_sessions{namespace="shop",workload="cart",state="Draining"} 0',
      'holdfast_workload_endpoints{namespace="shop",workload="cart",state="Pending"} 0',
      'holdfast_workload_endpoints{namespace="shop",workload="cart",state="Accepting"} 2',
      'holdfast_workload_endpoints{namespace="shop",workload="cart",state="Draining"} 0',
      'holdfast_workload_ready{namespace="shop",workload="cart"} 1',
      'holdfast_workload_pods_not_injected{namespace="shop",workload="cart"} 0',
    ]);
  });

  test('export no sum with an unknown part, because unknown is not zero', async () => {
    await report({ 'cart-a': 3 });
    expect(series(await scrape(), 'holdfast_workload_sessions')).toEqual([
      'holdfast_workload_sessions{namespace="shop",workload="cart",state="Pending"} 0',
      'holdfast_workload_sessions{namespace="shop",workload="cart",state="Draining"} 0',
    ]);
  });

  test('are not exported by a replica that is not the leader', async () => {
    const follower = await world.start('operator-2');
    const lines = await scrape(follower);
    expect(series(lines, 'holdfast_operator_leader')).toEqual(['holdfast_operator_leader 0']);
    expect(lines.filter((line) => /^holdfast_(workload|draining)_/.test(line))).toEqual([]);
  });
});

test('the metrics of a drain show its remaining sessions, its deadline and its end', async () => {
  world.terminate('cart-a');
  await world.settle();
  await report({ 'cart-a': 3 }, 'Draining');
  const deadline = Date.parse(world.status('cart').endpoints?.[0]?.deadline ?? '') / 1000;
  const cartA = '{namespace="shop",workload="cart",pod="cart-a"}';
  expect(
    series(await scrape(), 'holdfast_draining_pod_sessions', 'holdfast_draining_pod_deadline_timestamp_seconds'),
  ).toEqual([
    `holdfast_draining_pod_sessions${cartA} 3`,
    `holdfast_draining_pod_deadline_timestamp_seconds${cartA} ${deadline}`,
  ]);

  const summary = {
    reason: 'DrainDeadline',
    sessionsAtStart: 3,
    sessionsCut: 2,
    tookMs: 90_000,
    message: 'released with 2 sessions',
  };
  await client.call('POST', '/v1/drained', { token: 'sidecar', body: JSON.stringify(summary) });
  world.cluster.remove(pods, { namespace, name: 'cart-a' });
  await world.settle();
  const lines = await scrape();
  const how = '{namespace="shop",workload="cart",reason="DrainDeadline"}';
  expect(
    series(
      lines,
      'holdfast_drains_total',
      'holdfast_drain_sessions_cut_total',
      'holdfast_drain_duration_seconds_sum',
      'holdfast_draining_pod_sessions',
    ),
  ).toEqual([
    `holdfast_drains_total${how} 1`,
    `holdfast_drain_sessions_cut_total${how} 2`,
    'holdfast_drain_duration_seconds_sum{reason="DrainDeadline"} 90',
  ]);
});

test('the sessions of a pod that disappeared are counted as cut', async () => {
  await report({ 'cart-a': 3, 'cart-b': 4 });
  world.cluster.remove(pods, { namespace, name: 'cart-a' });
  await world.settle();
  const how = '{namespace="shop",workload="cart",reason="DrainBroken"}';
  expect(series(await scrape(), 'holdfast_drains_total', 'holdfast_drain_sessions_cut_total')).toEqual([
    `holdfast_drains_total${how} 1`,
    `holdfast_drain_sessions_cut_total${how} 3`,
  ]);
});

test('the drains of a deleted StickyWorkload are exported for ten more minutes, unless it is created again', async () => {
  await report({ 'cart-a': 3, 'cart-b': 4 });
  world.cluster.remove(pods, { namespace, name: 'cart-a' });
  await world.settle();
  const drains = async () =>
    series(await scrape(), 'holdfast_drains_total', 'holdfast_drain_sessions_cut_total').length;
  const remove = () => world.cluster.remove(stickyWorkloads, { namespace, name: 'cart' });
  remove();
  await world.clock.advance(300_000);
  world.putWorkload({ name: 'cart' });
  await world.clock.advance(300_000);
  expect(await drains()).toBe(2);
  remove();
  await world.clock.advance(599_999);
  expect(await drains()).toBe(2);
  await world.clock.advance(1);
  expect(await drains()).toBe(0);
});

test('reports and writes are counted by outcome', async () => {
  await report({ 'cart-a': 3, 'cart-b': 4 });
  await report({ 'cart-a': 2, 'cart-b': 4 }, 'Accepting', 1);
  const lines = await scrape();
  expect(series(lines, 'holdfast_operator_reports_total')).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/result="Accepted"} 1$/),
      expect.stringMatching(/result="Stale"} 1$/),
    ]),
  );
  expect(series(lines, 'holdfast_operator_kube_writes_total')).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/verb="create",kind="Secret",result="ok"} 2$/),
      expect.stringMatching(/verb="apply",kind="Deployment",result="ok"} 1$/),
    ]),
  );
});

describe('the work of the operator', () => {
  /** Returns how much each of these series grew. */
  async function growth(act: () => Promise<void>, ...names: string[]): Promise<Record<string, number>> {
    const read = async () => new Map((await scrape()).map((line) => line.split(' ') as [string, string]));
    const before = await read();
    await act();
    const after = await read();
    return Object.fromEntries(
      names.map((name) => [name, Number(after.get(name) ?? 0) - Number(before.get(name) ?? 0)]),
    );
  }
  const translations = 'holdfast_operator_translations_total';
  const reconciles = 'holdfast_operator_reconciles_total{kind="StickyWorkload"}';

  test('is no translation for the status of an unrelated pod', async () => {
    const unchanged = 'holdfast_operator_watch_events_total{kind="Pod",result="Unchanged"}';
    world.put(pods, {
      ...proxyPod('unrelated'),
      metadata: { namespace: 'other', name: 'unrelated', uid: 'uid-other' },
    });
    await world.settle();
    const grown = await growth(
      async () => {
        const pod = world.cluster.find(pods, { namespace: 'other', name: 'unrelated' });
        if (!pod) throw new Error('no pod');
        const status = pod['status'] as { conditions?: object[] };
        const conditions = [...(status.conditions ?? []), { type: 'Initialized', status: 'True' }];
        world.put(pods, { ...pod, status: { ...status, conditions } });
        await world.settle();
      },
      unchanged,
      translations,
    );
    expect(grown).toEqual({ [unchanged]: 1, [translations]: 0 });
  });

  /** What the controllers and the kubelet write of a pod from its creation to its end. `step`: called after each. */
  async function runPod(of: string, step: () => Promise<void>): Promise<void> {
    const { status: _status, ...created } = elsewhere(of, pod({ name: 'job-1', of: 'job', app: 'job' }));
    const versions = [
      created,
      { ...created, status: { phase: 'Pending', podIP: '10.9.0.1' } },
      { ...created, status: { phase: 'Running', podIP: '10.9.0.1' } },
      {
        ...created,
        status: { phase: 'Running', podIP: '10.9.0.1', conditions: [{ type: 'Ready', status: 'True' }] },
      },
      { ...created, status: { phase: 'Succeeded', podIP: '10.9.0.1' } },
    ];
    for (const version of versions) {
      world.put(pods, version);
      await step();
    }
    world.cluster.remove(pods, created.metadata);
    await step();
  }

  test.each(['other', namespace])(
    'is no translation for an unrelated pod of namespace %s in its whole life',
    async (of) => {
      world.put(deployments, elsewhere(of, deployment('job')));
      await world.settle();
      const act = async () => {
        world.put(replicaSets, elsewhere(of, replicaSet('job', 'job')));
        await runPod(of, world.settle);
      };
      expect(await growth(act, translations)).toEqual({ [translations]: 0 });
    },
  );

  test('is no translation for the EndpointSlice of a Service until a route leads to it, and loses none then', async () => {
    const metadata = { namespace, name: 'web', uid: 'uid-of-web', generation: 1 };
    world.put(customResourceDefinitions, routeDefinition('B'));
    world.put(services, { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ name: 'http', port: 80 }] } });
    await world.settle();
    const change = (...names: string[]) => {
      world.put(endpointSlices, slice('web', names));
      return world.settle();
    };
    expect(await growth(() => change('web-a'), translations)).toEqual({ [translations]: 0 });
    world.put(httpRoutes, {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata,
      spec: { parentRefs: [{ name: 'holdfast' }], rules: [{ backendRefs: [{ name: 'web', port: 80 }] }] },
    });
    await world.settle();
    expect(endpointsOf('web:80')).toEqual(['web-a']);
    expect(await growth(() => change('web-a', 'web-b'), translations)).toEqual({ [translations]: 1 });
    expect(endpointsOf('web:80')).toEqual(['web-a', 'web-b']);
  });

  const endpointsOf = (workload: string) =>
    operator.translations.table('shop/holdfast')?.table.backends[`shop/${workload}`]?.endpoints.map((one) => one.pod);

  test('loses no pod that was created before its ReplicaSet is known, or before its StickyWorkload', async () => {
    world.put(deployments, deployment('till'));
    world.put(pods, pod({ name: 'till-a', of: 'till-1', app: 'till' }));
    await world.settle();
    world.put(replicaSets, replicaSet('till-1', 'till'));
    await world.settle();
    world.put(stickyWorkloads, stickyWorkload({ name: 'till' }));
    await world.settle();
    expect(endpointsOf('till')).toEqual(['till-a']);

    world.put(pods, pod({ name: 'till-b', of: 'till-2', app: 'till' }));
    await world.settle();
    expect(endpointsOf('till')).toEqual(['till-a']);
    world.put(replicaSets, replicaSet('till-2', 'till'));
    await world.settle();
    expect(endpointsOf('till')).toEqual(['till-a', 'till-b']);
  });

  test('follows a pod by its injection when its chain of controllers is deleted', async () => {
    world.cluster.remove(replicaSets, { namespace, name: 'cart-1' });
    world.cluster.remove(deployments, { namespace, name: 'cart' });
    await world.settle();
    world.terminate('cart-a');
    await world.settle();
    const { endpoints = [] } = operator.translations.table('shop/holdfast')?.table.backends['shop/cart'] ?? {};
    expect(endpoints.map((one) => `${one.pod} ${one.state}`)).toEqual(['cart-a Draining', 'cart-b Accepting']);
  });

  test('is a write of the webhook configuration when StickyWorkloads or the configuration change, and not when pods do', async () => {
    const ofWebhooks = 'holdfast_operator_reconciles_total{kind="MutatingWebhookConfiguration"}';
    expect(await growth(() => writeStatus('cart-a', 'Ready', 'False'), ofWebhooks)).toEqual({ [ofWebhooks]: 0 });
    const create = () => {
      world.put(stickyWorkloads, stickyWorkload({ name: 'till' }));
      return world.settle();
    };
    // Its own write is a change too.
    expect(await growth(create, ofWebhooks)).toEqual({ [ofWebhooks]: 2 });
    const edit = () => {
      world.edit(mutatingWebhookConfigurations, 'holdfast', (object) => ({ ...object, webhooks: [] }));
      return world.settle();
    };
    await growth(edit, ofWebhooks);
    const { webhooks } = world.mustFind(mutatingWebhookConfigurations, 'holdfast') as { webhooks?: object[] };
    expect(webhooks?.length).toBeGreaterThan(0);
  });

  /** As the kubelet does it. */
  async function writeStatus(pod: string, type: string, status: string): Promise<void> {
    const found = world.cluster.find(pods, { namespace, name: pod });
    if (!found) throw new Error('no pod');
    const before = found['status'] as { conditions?: { type: string }[] };
    const conditions = [...(before.conditions ?? []).filter((one) => one.type !== type), { type, status }];
    world.put(pods, { ...found, status: { ...before, conditions } });
    await world.settle();
  }

  test('is no translation for the status of a pod of a StickyWorkload, unless it changes what is read of it', async () => {
    const act = () => writeStatus('cart-a', 'Initialized', 'True');
    expect(await growth(act, translations, reconciles)).toEqual({ [translations]: 0, [reconciles]: 0 });
    const change = () => writeStatus('cart-a', 'Ready', 'False');
    expect(await growth(change, translations)).toEqual({ [translations]: 1 });
  });

  test('is a reconcile of its own StickyWorkload for a changed pod, and of no other object of the namespace', async () => {
    world.put(deployments, deployment('till'));
    world.put(stickyWorkloads, stickyWorkload({ name: 'till' }));
    await world.settle();
    const others = ['Gateway', 'HTTPRoute', 'GatewayClass'].map(
      (kind) => `holdfast_operator_reconciles_total{kind="${kind}"}`,
    );
    const grown = await growth(() => writeStatus('cart-a', 'Ready', 'False'), reconciles, ...others);
    expect(grown).toEqual({ [reconciles]: 1, ...Object.fromEntries(others.map((name) => [name, 0])) });
  });

  test('is a reconcile of its own HTTPRoute for a changed route, and of no other route of the namespace', async () => {
    const routeTo = (name: string, hostname: string) => ({
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { namespace, name, uid: `uid-of-${name}`, generation: 1 },
      spec: { parentRefs: [{ name: 'elsewhere' }], hostnames: [hostname], rules: [{}] },
    });
    world.put(customResourceDefinitions, routeDefinition('B'));
    for (const name of ['a', 'b', 'c']) world.put(httpRoutes, routeTo(name, `${name}.example`));
    await world.settle();
    const ofRoutes = 'holdfast_operator_reconciles_total{kind="HTTPRoute"}';
    const change = () => {
      world.put(httpRoutes, routeTo('b', 'other.example'));
      return world.settle();
    };
    expect(await growth(change, ofRoutes)).toEqual({ [ofRoutes]: 1 });
  });

  test('is neither a reconcile nor a translation for session counts, whose status it writes', async () => {
    await report({ 'cart-a': 1, 'cart-b': 4 });
    // By then the deletion costs match the counts.
    await world.clock.advance(60_000);
    const writes = 'holdfast_operator_kube_writes_total{verb="apply",kind="StickyWorkload",result="ok"}';
    const grown = await growth(
      async () => {
        await report({ 'cart-a': 2, 'cart-b': 4 });
        await world.clock.advance(5000);
      },
      writes,
      reconciles,
      translations,
    );
    expect(grown).toEqual({ [writes]: 1, [reconciles]: 0, [translations]: 0 });
  });
});
