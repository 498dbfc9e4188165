import { beforeEach, describe, expect, test } from '@jest/globals';
import type { StickyWorkloadStatus } from '../../../../src/api/status.ts';
import type { StickyWorkload } from '../../../../src/api/stickyworkload.ts';
import { gateways, httpRoutes, stickyWorkloads } from '../../../../src/kube/resources.ts';
import { createStatusWriter, type StatusWriter } from '../../../../src/operator/apply/status-writer.ts';
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { AppError } from '../../../../src/platform/errors.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import { createTestCluster, type TestCluster } from '../../../support/cluster/test-cluster.ts';
import { stickyWorkload as kubeWorkload } from '../../../support/operator-objects.ts';
import { stickyWorkload } from '../../../support/world.ts';

let cluster: TestCluster;
let writer: StatusWriter;

beforeEach(() => {
  cluster = createTestCluster(createManualClock());
  cluster.put(stickyWorkloads, kubeWorkload({ name: 'cart' }));
  writer = createStatusWriter({ writer: cluster, events: cluster });
});

const cart: StickyWorkload = stickyWorkload({ name: 'cart' });
const counted = (sessions: number, accepting = 1): StickyWorkloadStatus => ({
  acceptingReplicas: accepting,
  sessions: { confirmed: sessions, draining: 0 },
  endpoints: [{ pod: 'cart-a', uid: 'u', state: 'Accepting', sessions }],
});
const written = () =>
  cluster.writes().map(({ object }) => (object?.['status'] as StickyWorkloadStatus | undefined)?.sessions?.confirmed);

const write = (workload: StickyWorkload, status: StickyWorkloadStatus, countsToo = true) =>
  writer.write(workload, status, { countsToo });

describe('a status writer', () => {
  test('writes the first status, and nothing while it is equal', async () => {
    expect(await write(cart, counted(1))).toBe('Written');
    expect(await write(cart, counted(1))).toBe('Unchanged');
    expect(written()).toEqual([1]);
  });

  test('writes nothing if the observed status is equal', async () => {
    await write({ ...cart, status: counted(1) }, counted(1));
    expect(written()).toEqual([]);
  });

  test('writes changed counts only when they are due', async () => {
    await write(cart, counted(1));
    expect(await write(cart, counted(2), false)).toBe('CountsDiffer');
    expect(await write(cart, counted(3), true)).toBe('Written');
    expect(written()).toEqual([1, 3]);
  });

  test('writes any other change at once, with the current counts', async () => {
    await write(cart, counted(1));
    expect(await write(cart, counted(2, 2), false)).toBe('Written');
    expect(written()).toEqual([1, 2]);
  });

  test('takes it that an object which is gone was deleted after it was cached, and emits no event', async () => {
    const gone = new AppError('KUBERNETES_NOT_FOUND', '404', { source: 'kubernetes', retryable: false });
    cluster.fail({ verb: 'apply', kind: 'StickyWorkload', error: gone, times: 1 });
    expect(await write(cart, counted(1))).toBe('Unchanged');
    cluster.fail({ verb: 'apply', kind: 'Gateway', error: gone, times: 1 });
    const edge = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name: 'edge' },
      observed: {},
    };
    await writer.writeOther(gateways, edge, { addresses: [] });
    expect(cluster.events()).toEqual([]);
    // One that is there again gets its status.
    expect(await write(cart, counted(1))).toBe('Written');
  });

  test('writes the first status of a later StickyWorkload of the same name', async () => {
    await write(cart, counted(1));
    await write({ ...cart, metadata: { ...cart.metadata, uid: 'another' } }, counted(2), false);
    expect(written()).toEqual([1, 2]);
  });
});

test('a status lists 50 endpoints, and the others are remembered, so that they keep their times', async () => {
  const endpoints = Array.from({ length: 60 }, (_, number) => ({
    pod: `cart-${number}`,
    uid: `u${number}`,
    state: 'Accepting' as const,
    since: '2026-01-01T00:00:00Z',
  }));
  await write(cart, { endpoints });
  const [first] = cluster.writes();
  expect(first?.object?.['status']).toMatchObject({ endpoints: endpoints.slice(0, 50) });
  expect(writer.before(cart)?.endpoints).toEqual(endpoints);
  // An endpoint that is not listed does not change the written status, and is remembered from the start.
  const more = [
    ...endpoints,
    { pod: 'cart-60', uid: 'u60', state: 'Accepting' as const, since: '2026-01-01T00:05:00Z' },
  ];
  await write(cart, { endpoints: more });
  expect(cluster.writes()).toHaveLength(1);
  expect(writer.before(cart)?.endpoints).toEqual(more);
});

test('a pod that begins to drain gets an event too', async () => {
  await write(cart, { endpoints: [{ pod: 'cart-a', uid: 'u', state: 'Draining', reason: 'PodTerminating' }] });
  expect(
    cluster.events().map(({ reason, regarding }) => [reason, regarding.kind, regarding.name, regarding.uid]),
  ).toEqual([
    ['PodTerminating', 'StickyWorkload', 'cart', 'uid-cart'],
    ['PodTerminating', 'Pod', 'cart-a', 'u'],
  ]);
});

test('the last write is used before the cache has received it', async () => {
  expect(writer.before({ ...cart, status: counted(9) })).toEqual(counted(9));
  await write(cart, counted(1));
  expect(writer.before({ ...cart, status: counted(9) })).toEqual(counted(1));
});

test('a failed status write is retried, and its events are emitted only after it succeeds', async () => {
  const condition = {
    type: 'Accepted',
    status: 'False' as const,
    reason: 'TargetNotFound',
    message: 'm',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  const status = { ...counted(1), conditions: [condition] };
  const unavailable = new AppError('KUBERNETES_UNAVAILABLE', 'unavailable', { source: 'kubernetes', retryable: true });
  cluster.fail({ verb: 'apply', error: unavailable });
  await expect(write(cart, status)).rejects.toBe(unavailable);
  expect(cluster.events()).toEqual([]);
  await write(cart, status);
  expect(written()).toEqual([1]);
  const regarding = {
    apiVersion: 'holdfast.dev/v1alpha1',
    kind: 'StickyWorkload',
    namespace: 'shop',
    name: 'cart',
    uid: 'uid-cart',
  };
  expect(cluster.events()).toEqual([
    { type: 'Warning', reason: 'TargetNotFound', action: 'Accept', note: 'm', regarding },
  ]);
});

test('the status of a Gateway is written once, and again when it changes or the Gateway is recreated', async () => {
  const gateway = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { namespace: 'shop', name: 'holdfast', uid: 'g' },
  };
  cluster.put(gateways, gateway);
  const writeStatus = (uid: string, status: object) =>
    writer.writeOther(gateways, { ...gateway, metadata: { ...gateway.metadata, uid }, observed: {} }, status);
  await writeStatus('g', { conditions: [] });
  await writeStatus('g', { conditions: [] });
  await writeStatus('g', { conditions: [], addresses: [] });
  await writeStatus('h', { conditions: [], addresses: [] });
  expect(cluster.writes()).toHaveLength(3);
});

describe('the status of an object that another client has changed', () => {
  const observed = (status: object | undefined, resourceVersion: string) => ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { namespace: 'shop', name: 'holdfast', uid: 'g', resourceVersion },
    observed: { ...(status && { status: status as Record<string, unknown> }) },
  });
  const ready = { conditions: [{ type: 'Programmed', status: 'True' }] };
  const foreign = { type: 'example.com/Audited', status: 'True' };

  beforeEach(async () => {
    cluster.put(gateways, { ...observed(undefined, ''), metadata: { namespace: 'shop', name: 'holdfast', uid: 'g' } });
    await writer.writeOther(gateways, observed(undefined, '1'), ready);
  });

  test.each<[string, object | undefined, string, number]>([
    ['is not written again while the cache has not the last write', undefined, '1', 1],
    ['is not written again while it is as it was written', ready, '2', 1],
    [
      'is not written again if only conditions of others were added',
      { conditions: [foreign, ...ready.conditions] },
      '2',
      1,
    ],
    ['is written again if a value is another', { conditions: [{ type: 'Programmed', status: 'False' }] }, '2', 2],
    ['is written again if it is lost', undefined, '2', 2],
  ])('%s', async (_name, status, version, writes) => {
    await writer.writeOther(gateways, observed(status, version), ready);
    expect(cluster.writes()).toHaveLength(writes);
  });

  test('is written after the start only if it differs', async () => {
    const restarted = createStatusWriter({ writer: cluster, events: cluster });
    await restarted.writeOther(gateways, observed(ready, '2'), ready);
    expect(cluster.writes()).toHaveLength(1);
    await restarted.writeOther(gateways, observed({ conditions: [...ready.conditions, foreign] }, '2'), ready);
    expect(cluster.writes()).toHaveLength(2);
  });

  test('is compared with what the API server kept of it', async () => {
    const dropping = createStatusWriter({
      writer: {
        apply: async (...write) => {
          const { status: _, ...kept } = await cluster.apply(...write);
          return kept;
        },
      },
      events: cluster,
    });
    await dropping.writeOther(gateways, observed(undefined, '1'), ready);
    const { length } = cluster.writes();
    await dropping.writeOther(gateways, observed(undefined, '3'), ready);
    expect(cluster.writes()).toHaveLength(length);
  });
});

describe('the status of a route, whose list of parents several controllers write', () => {
  const name = { namespace: 'shop', name: 'front' };
  const route: KubeObject = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { ...name, uid: 'r' },
  };
  const entry = (controllerName: string) => ({ controllerName, parentRef: { name: 'web' }, conditions: [] });
  const ours = { parents: [entry('holdfast.dev/gateway-controller')] };
  const both = { parents: [entry('example.com/other'), ...ours.parents] };
  const stored = async () => (await cluster.get(httpRoutes, name)) ?? route;
  const cached = async () => {
    const { apiVersion, kind, metadata, ...rest } = await stored();
    return { apiVersion, kind, metadata, observed: rest };
  };
  beforeEach(() => {
    cluster.put(httpRoutes, route);
  });

  test('is not written over an entry that another controller has added since', async () => {
    const before = await cached();
    cluster.put(httpRoutes, { ...route, status: { parents: [entry('example.com/other')] } });
    expect(await writer.writeShared(httpRoutes, before, ours)).toEqual({ recheckAfterMs: 1000 });
    expect((await stored())['status']).toEqual({ parents: [entry('example.com/other')] });
    expect(await writer.writeShared(httpRoutes, await cached(), both)).toBeUndefined();
    expect((await stored())['status']).toEqual(both);
  });

  test('is written again while the cache does not have the last write yet', async () => {
    const before = await cached();
    await writer.writeShared(httpRoutes, before, { parents: [] });
    expect(await writer.writeShared(httpRoutes, before, ours)).toBeUndefined();
    expect((await stored())['status']).toEqual(ours);
  });
});
