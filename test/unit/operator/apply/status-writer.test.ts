import { beforeEach, describe, expect, test } from '@jest/globals';
import type { StickyWorkloadStatus } from '../../../../src/api/status.ts';
import type { StickyWorkload } from '../../../../src/api/stickyworkload.ts';
import { gateways, stickyWorkloads } from '../../../../src/kube/resources.ts';
import { createStatusWriter, type StatusWriter } from '../../../../src/operator/apply/status-writer.ts';
import { AppError } from '../../../../src/platform/errors.ts';
import { createManualClock, type ManualClock } from '../../../support/manual-clock.ts';
import { createTestCluster, type TestCluster } from '../../../support/cluster/test-cluster.ts';
import { stickyWorkload as kubeWorkload } from '../../../support/operator-objects.ts';
import { stickyWorkload } from '../../../support/world.ts';

let clock: ManualClock;
let cluster: TestCluster;
let writer: StatusWriter;

beforeEach(() => {
  clock = createManualClock();
  cluster = createTestCluster(clock);
  cluster.put(stickyWorkloads, kubeWorkload({ name: 'cart' }));
  writer = createStatusWriter({ writer: cluster, events: cluster, nowMs: () => clock.nowMs() });
});

const cart: StickyWorkload = stickyWorkload({ name: 'cart' });
const counted = (sessions: number, accepting = 1): StickyWorkloadStatus => ({
  acceptingReplicas: accepting,
  sessions: { confirmed: sessions, draining: 0 },
  endpoints: [{ pod: 'cart-a', uid: 'u', state: 'Accepting', sessions }],
});
const written = () =>
  cluster.writes().map(({ object }) => (object?.['status'] as StickyWorkloadStatus | undefined)?.sessions?.confirmed);

describe('a status writer', () => {
  test('writes the first status, and nothing while it is equal', async () => {
    expect(await writer.write(cart, counted(1))).toBeUndefined();
    expect(await writer.write(cart, counted(1))).toBeUndefined();
    expect(written()).toEqual([1]);
  });

  test('writes nothing if the observed status is equal', async () => {
    await writer.write({ ...cart, status: counted(1) }, counted(1));
    expect(written()).toEqual([]);
  });

  test('writes changed counts at most every two seconds, and returns the wait', async () => {
    await writer.write(cart, counted(1));
    await clock.advance(500);
    expect(await writer.write(cart, counted(2))).toEqual({ recheckAfterMs: 1500 });
    await clock.advance(1499);
    expect(await writer.write(cart, counted(3))).toEqual({ recheckAfterMs: 1 });
    await clock.advance(1);
    expect(await writer.write(cart, counted(4))).toBeUndefined();
    expect(written()).toEqual([1, 4]);
  });

  test('writes any other change at once, with the current counts', async () => {
    await writer.write(cart, counted(1));
    expect(await writer.write(cart, counted(2, 2))).toBeUndefined();
    expect(written()).toEqual([1, 2]);
  });

  test('writes nothing if the counts are back before the wait ends', async () => {
    await writer.write(cart, counted(1));
    await writer.write(cart, counted(2));
    await clock.advance(2000);
    expect(await writer.write(cart, counted(1))).toBeUndefined();
    expect(written()).toEqual([1]);
  });

  test('uses one wait for each StickyWorkload, and a new one for a later StickyWorkload of the same name', async () => {
    await writer.write(cart, counted(1));
    await writer.write({ ...cart, metadata: { ...cart.metadata, uid: 'another' } }, counted(2));
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
  await writer.write(cart, { endpoints });
  const [first] = cluster.writes();
  expect(first?.object?.['status']).toMatchObject({ endpoints: endpoints.slice(0, 50) });
  expect(writer.before(cart)?.endpoints).toEqual(endpoints);
  // An endpoint that is not listed does not change the written status, and is remembered from the start.
  const more = [
    ...endpoints,
    { pod: 'cart-60', uid: 'u60', state: 'Accepting' as const, since: '2026-01-01T00:05:00Z' },
  ];
  await writer.write(cart, { endpoints: more });
  expect(cluster.writes()).toHaveLength(1);
  expect(writer.before(cart)?.endpoints).toEqual(more);
});

test('a pod that begins to drain gets an event too', async () => {
  await writer.write(cart, { endpoints: [{ pod: 'cart-a', uid: 'u', state: 'Draining', reason: 'PodTerminating' }] });
  expect(
    cluster.events().map(({ reason, regarding }) => [reason, regarding.kind, regarding.name, regarding.uid]),
  ).toEqual([
    ['PodTerminating', 'StickyWorkload', 'cart', 'uid-cart'],
    ['PodTerminating', 'Pod', 'cart-a', 'u'],
  ]);
});

test('the last write is used before the cache has received it', async () => {
  expect(writer.before({ ...cart, status: counted(9) })).toEqual(counted(9));
  await writer.write(cart, counted(1));
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
  await expect(writer.write(cart, status)).rejects.toBe(unavailable);
  expect(cluster.events()).toEqual([]);
  await writer.write(cart, status);
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
  const write = (uid: string, status: object) =>
    writer.writeOther(gateways, { ...gateway, metadata: { ...gateway.metadata, uid } }, status);
  await write('g', { conditions: [] });
  await write('g', { conditions: [] });
  await write('g', { conditions: [], addresses: [] });
  await write('h', { conditions: [], addresses: [] });
  expect(cluster.writes()).toHaveLength(3);
});
