import { describe, expect, test } from '@jest/globals';
import { createLedger } from '../../../../src/core/count/ledger.ts';
import type { EndpointReport } from '../../../../src/wire/messages.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import type { TranslationStore } from '../../../../src/operator/translation/translation-store.ts';
import type { Pod } from '../../../../src/core/snapshot/snapshot.ts';
import type { ClusterState } from '../../../../src/operator/gather/cluster-state.ts';
import { createSessionSources } from '../../../../src/operator/drain/session-sources.ts';
import { snapshotOf, stickyWorkload, wholePod, type ShortWorld } from '../../../support/world.ts';

const nowMs = 1_000_000;
const proxies = ['p', 'q'].map((name) => ({ name, gateway: 'holdfast', of: 'Deployment/holdfast-holdfast' }));
const cart = { namespace: 'shop', name: 'cart-a', uid: 'uid-cart-a' };

const ending = { name: 'shop', labels: {}, isTerminating: true };

type Known = {
  clusterState?: ShortWorld;
  /** The annotation that injection set on the pod; absent: no cache has the pod. */
  workload?: string;
  claimed?: boolean;
  targetPort?: number;
  pod?: Pick<Pod, 'exits' | 'ports'>;
  /** By name of the proxy. */
  reports?: Record<string, Partial<EndpointReport> & { drains?: boolean }>;
};

/** The sources that the sidecar of cart-a receives. */
function ask({ clusterState, workload, claimed = true, targetPort, pod, reports = {} }: Known) {
  const snapshot = clusterState && snapshotOf(clusterState);
  const translations = { latest: () => snapshot && { snapshot, translation: translate(snapshot) } } as Pick<
    TranslationStore,
    'latest'
  > as TranslationStore;
  const directory: ClusterState = {
    snapshot: () => snapshotOf({}),
    pod: () => (workload === undefined ? undefined : { ...wholePod({ name: 'cart-a', ...pod }), workload }),
    workload: () =>
      claimed ? stickyWorkload({ name: 'cart', ...(targetPort && { spec: { service: { targetPort } } }) }) : undefined,
    concerns: () => true,
    hasSuccessor: () => false,
  };
  const ledger = createLedger();
  for (const [proxy, { drains = true, ...endpoint }] of Object.entries(reports)) {
    const endpoints: EndpointReport[] = [{ uid: cart.uid, sessions: 0, expiresAtMs: nowMs + 1000, ...endpoint }];
    const draining = new Set(drains ? [cart.uid] : []);
    ledger.record(`uid-${proxy}`, { startedAtMs: 1, sequence: 1, endpoints, draining }, nowMs);
  }
  return createSessionSources({ clusterState: directory, translations, ledger, claimed: { hasReported: () => true } })(
    cart,
    nowMs,
  );
}

const unknown = (reason: string) => [{ type: 'Proxy', known: false, reason }];
const known = (sessions: number) => [{ type: 'Proxy', known: true, sessions }];

test.each<[string, Known, object]>([
  [
    'are unknown before the first translation',
    { workload: 'cart' },
    unknown('this operator replica has not read the cluster yet'),
  ],
  [
    'are unknown for a pod that no cache has',
    { clusterState: { pods: proxies } },
    unknown('this operator replica does not know the pod yet'),
  ],
  [
    'are unknown while no proxy runs, because its counts are lost',
    { clusterState: {}, workload: 'cart' },
    unknown('no proxy of Gateway shop/holdfast is running'),
  ],
  [
    'are zero if the StickyWorkload and its proxy are deleted, whatever the proxy counted last',
    { clusterState: {}, workload: 'cart', claimed: false, reports: { p: { sessions: 2 } } },
    known(0),
  ],
  [
    'are zero if the last proxy has no successor because the namespace is being deleted',
    { clusterState: { namespaces: [ending] }, workload: 'cart', reports: { p: { sessions: 2 } } },
    known(0),
  ],
  [
    'are those of a proxy that still runs while the namespace is being deleted',
    { clusterState: { namespaces: [ending], pods: proxies }, workload: 'cart', reports: { p: { sessions: 2 }, q: {} } },
    known(2),
  ],
  [
    'are those of a proxy that still runs without the StickyWorkload',
    { clusterState: { pods: proxies }, workload: 'cart', claimed: false, reports: { p: { sessions: 1 }, q: {} } },
    known(1),
  ],
  [
    'are the sum of all proxies',
    { clusterState: { pods: proxies }, workload: 'cart', reports: { p: { sessions: 2 }, q: { sessions: 3 } } },
    known(5),
  ],
  [
    'are unknown while one proxy does not report',
    { clusterState: { pods: proxies }, workload: 'cart', reports: { p: {} } },
    unknown('proxy pod uid-q has not reported'),
  ],
  [
    'are unknown while one proxy may still start sessions',
    { clusterState: { pods: proxies }, workload: 'cart', reports: { p: {}, q: { drains: false } } },
    unknown('proxy pod uid-q has not confirmed that this pod is draining'),
  ],
])('the session counts of a pod %s', (_, facts, sources) => {
  expect(ask(facts)).toEqual(sources);
});

test('the sessions of a pod behind several Gateways are added up, and are unknown if one Gateway has no running proxy', () => {
  const onTwo: ShortWorld = {
    workloads: [
      { name: 'cart', spec: { route: { parentRefs: [{ name: 'web' }, { name: 'edge' }] } } },
      { name: 'chat', spec: { route: { parentRefs: [{ name: 'web' }, { name: 'edge' }] } } },
    ],
    targets: [{ name: 'cart' }, { name: 'chat' }],
    gateways: [{ name: 'web' }, { name: 'edge' }],
  };
  const proxyOf = (name: string, gateway: string) => ({
    name,
    gateway,
    of: `Deployment/${gateway}-holdfast`,
  });
  expect(
    ask({ clusterState: { ...onTwo, pods: [proxyOf('p', 'web')] }, workload: 'cart', reports: { p: {} } }),
  ).toEqual(unknown('no proxy of Gateway shop/edge is running'));
  const both = { ...onTwo, pods: [proxyOf('p', 'web'), proxyOf('q', 'edge')] };
  expect(ask({ clusterState: both, workload: 'cart', reports: { p: { sessions: 1 } } })).toEqual(
    unknown('proxy pod uid-q has not reported'),
  );
  expect(ask({ clusterState: both, workload: 'cart', reports: { p: { sessions: 1 }, q: { sessions: 2 } } })).toEqual(
    known(3),
  );
});

describe('the sessions of a pod behind a Gateway that is deleted', () => {
  const onTwo = { workloads: [{ name: 'cart', spec: { route: { parentRefs: [{ name: 'web' }, { name: 'edge' }] } } }] };
  const world: ShortWorld = { ...onTwo, targets: [{ name: 'cart' }], gateways: [{ name: 'web' }] };
  const [web, edge] = ['web', 'edge'].map((gateway) => ({
    name: gateway,
    gateway,
    of: `Deployment/${gateway}-holdfast`,
  }));
  const pods = [web, edge].flatMap((one) => one ?? []);

  test('are those of its proxies too, until these are gone', () => {
    const both = { ...world, pods };
    expect(ask({ clusterState: both, workload: 'cart', reports: { web: {}, edge: { sessions: 2 } } })).toEqual(
      known(2),
    );
    expect(ask({ clusterState: both, workload: 'cart', reports: { web: {} } })).toEqual(
      unknown('proxy pod uid-edge has not reported'),
    );
    expect(ask({ clusterState: both, workload: 'cart', reports: { web: {}, edge: { drains: false } } })).toEqual(
      unknown('proxy pod uid-edge has not confirmed that this pod is draining'),
    );
  });

  test('are then those that it counted last, until they would have ended, and never unknown for want of a successor', () => {
    const reports = { edge: { sessions: 2 } };
    const none = { ...world, gateways: [] };
    expect(ask({ clusterState: none, workload: 'cart', reports })).toEqual(known(2));
    expect(
      ask({ clusterState: none, workload: 'cart', reports: { edge: { sessions: 2, expiresAtMs: nowMs } } }),
    ).toEqual(known(0));
  });
});

test('a pod that the route of another StickyWorkload uses is counted by the proxies of that Gateway too', () => {
  const canary: ShortWorld = {
    workloads: [
      { name: 'cart' },
      { name: 'front', spec: { route: { parentRefs: [{ name: 'web' }], backends: [{ name: 'cart', weight: 1 }] } } },
    ],
    targets: [{ name: 'cart' }, { name: 'front' }],
    gateways: [{ name: 'web' }],
  };
  expect(ask({ clusterState: { ...canary, pods: proxies }, workload: 'cart', reports: { p: {}, q: {} } })).toEqual(
    unknown('no proxy of Gateway shop/web is running'),
  );
});

describe('the session counts of a pod whose template had another port, which is now the number of its exporter', () => {
  const older: Known = {
    clusterState: { pods: proxies, targets: [{ name: 'cart', containerPorts: [{ name: 'http', port: 9191 }] }] },
    targetPort: 9191,
    workload: 'cart',
    reports: { p: { sessions: 2 }, q: {} },
  };
  const ports = [
    { port: 8080, name: 'http', container: 'app' },
    { port: 9191, name: 'metrics', container: 'exporter' },
  ];

  test('are those of the proxies after the exit of the exporter', () => {
    expect(ask({ ...older, pod: { ports, exits: { exporter: 7 } } })).toEqual(known(2));
  });

  test('are zero after the exit of the app', () => {
    expect(ask({ ...older, pod: { ports, exits: { app: 7 } } })).toEqual(known(0));
  });
});
