import { beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeObject, ObjectMeta } from '../../../../src/kube/ports.ts';
import { replicaSets, stickyWorkloads } from '../../../../src/kube/resources.ts';
import { createCaches, type Caches } from '../../../../src/operator/gather/caches.ts';
import { createOwnerLookup } from '../../../../src/operator/gather/owner-lookup.ts';
import { AppError } from '../../../../src/platform/errors.ts';
import { createManualClock, settle, type ManualClock } from '../../../support/manual-clock.ts';
import { createTestCluster, type TestCluster } from '../../../support/cluster/test-cluster.ts';
import { createMemoryLogger } from '../../../support/memory-logger.ts';
import { pod, replicaSet, stickyWorkload } from '../../../support/operator-objects.ts';

let cluster: TestCluster;
let caches: Caches;
let clock: ManualClock;

beforeEach(() => {
  clock = createManualClock();
  cluster = createTestCluster(clock);
  caches = createCaches({ reader: cluster, clock, random: () => 0, logger: createMemoryLogger() });
});

async function fillCaches(): Promise<void> {
  caches.start();
  await caches.synced;
  await settle();
}

const find = async ({ metadata }: KubeObject): Promise<string | undefined> =>
  (await createOwnerLookup({ caches, reader: cluster, clock })(metadata))?.metadata.name;
const ofCart = pod({ name: 'x', of: 'cart-1', app: 'cart' });
const owned = (metadata: Partial<ObjectMeta>): KubeObject => ({
  ...ofCart,
  metadata: { ...ofCart.metadata, ...metadata },
});
const byStatefulSet = owned({
  ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 's', controller: true }],
});

function putWorld(): void {
  cluster.put(replicaSets, replicaSet('cart-1', 'cart'));
  cluster.put(
    stickyWorkloads,
    stickyWorkload({
      name: 'younger',
      createdAt: '2026-01-02T00:00:00Z',
      spec: { targetRef: { kind: 'Deployment', name: 'cart' } },
    }),
  );
  cluster.put(stickyWorkloads, stickyWorkload({ name: 'cart', createdAt: '2026-01-01T00:00:00Z' }));
  cluster.put(
    stickyWorkloads,
    stickyWorkload({
      name: 'elsewhere',
      namespace: 'other',
      createdAt: '2020-01-01T00:00:00Z',
      spec: { targetRef: { kind: 'Deployment', name: 'cart' } },
    }),
  );
  cluster.put(
    stickyWorkloads,
    stickyWorkload({ name: 'db', spec: { targetRef: { kind: 'StatefulSet', name: 'db' } } }),
  );
}

describe('a created pod', () => {
  const cases: [string, KubeObject, string | undefined][] = [
    ['belongs to the oldest StickyWorkload of its own namespace that claims its Deployment', ofCart, 'cart'],
    ['belongs to that of its StatefulSet, which controls it directly', byStatefulSet, 'db'],
    ['belongs to none without a controller', owned({ ownerReferences: [] }), undefined],
    [
      'belongs to none if its ReplicaSet is deleted',
      owned({
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'gone', uid: 'g', controller: true }],
      }),
      undefined,
    ],
    [
      'belongs to none if a Job created it',
      owned({ ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'cart', uid: 'j', controller: true }] }),
      undefined,
    ],
  ];

  test.each(cases)('%s', async (_, created, name) => {
    putWorld();
    await fillCaches();
    expect(await find(created)).toBe(name);
  });

  test.each(cases)('%s, even with empty caches', async (_, created, name) => {
    await fillCaches();
    cluster.endWatches();
    await settle();
    putWorld();
    expect(caches.list('workloads')).toEqual([]);
    expect(await find(created)).toBe(name);
  });
});

test('cached objects are not read from the API server, because every pod creation waits for the lookup', async () => {
  putWorld();
  await fillCaches();
  const unreachable = new AppError('KUBERNETES_UNAVAILABLE', 'unavailable', { source: 'kubernetes', retryable: true });
  cluster.fail({ verb: 'get', error: unreachable });
  cluster.fail({ verb: 'list', error: unreachable });
  expect(await find(ofCart)).toBe('cart');
});

test('a failed read of the API server is an error, not a missing StickyWorkload', async () => {
  await fillCaches();
  cluster.fail({
    verb: 'get',
    kind: 'ReplicaSet',
    error: new AppError('KUBERNETES_UNAVAILABLE', 'unavailable', { source: 'kubernetes', retryable: true }),
  });
  await expect(find(ofCart)).rejects.toThrow('unavailable');
});

describe('a labelled pod that is created before its StickyWorkload', () => {
  const labelled = owned({ labels: { 'holdfast.dev/inject': 'true' } });

  beforeEach(async () => {
    cluster.put(replicaSets, replicaSet('cart-1', 'cart'));
    await fillCaches();
  });

  test('waits until it exists', async () => {
    const found = find(labelled);
    await clock.advance(3000);
    cluster.put(stickyWorkloads, stickyWorkload({ name: 'cart' }));
    await settle();
    expect(await found).toBe('cart');
  });

  test('waits for seven seconds at most', async () => {
    const found = find(labelled);
    await settle();
    await clock.advance(7000);
    expect(await found).toBeUndefined();
  });

  test('does not wait without the label', async () => {
    expect(await find(ofCart)).toBeUndefined();
  });

  test('does not wait if twenty others do: each occupies the API server', async () => {
    const lookUp = createOwnerLookup({ caches, reader: cluster, clock });
    const waiting = Array.from({ length: 20 }, () => lookUp(labelled.metadata));
    await settle();
    expect(await lookUp(labelled.metadata)).toBeUndefined();
    cluster.put(stickyWorkloads, stickyWorkload({ name: 'cart' }));
    await settle();
    expect(new Set((await Promise.all(waiting)).map((claim) => claim?.metadata.name))).toEqual(new Set(['cart']));
  });
});
