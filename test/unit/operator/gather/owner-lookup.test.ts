import { beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeObject, ObjectMeta, ObjectReader } from '../../../../src/kube/ports.ts';
import { deployments, replicaSets, statefulSets, stickyWorkloads } from '../../../../src/kube/resources.ts';
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
  caches = createCaches({
    reader: cluster,
    clock,
    random: () => 0,
    logger: createMemoryLogger(),
    operatorNamespace: 'holdfast-system',
    observe: () => undefined,
  });
});

async function fillCaches(): Promise<void> {
  caches.start();
  await caches.synced;
  await settle();
}

type Found = Awaited<ReturnType<ReturnType<typeof createOwnerLookup>>>;
const nameOf = (found: Found): string => (typeof found === 'string' ? found : found.metadata.name);

const find = async ({ metadata }: KubeObject): Promise<string> =>
  nameOf(await createOwnerLookup({ caches, reader: cluster, clock })(metadata));
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
  const cases: [string, KubeObject, string][] = [
    ['belongs to the oldest StickyWorkload of its own namespace that claims its Deployment', ofCart, 'cart'],
    ['belongs to that of its StatefulSet, which controls it directly', byStatefulSet, 'db'],
    ['belongs to none without a controller', owned({ ownerReferences: [] }), 'NotSticky'],
    [
      'belongs to none if its ReplicaSet is deleted',
      owned({
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'gone', uid: 'g', controller: true }],
      }),
      'NotSticky',
    ],
    [
      'belongs to none if a Job created it',
      owned({ ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'cart', uid: 'j', controller: true }] }),
      'NotSticky',
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

describe('many pods that are created at once', () => {
  beforeEach(async () => {
    cluster.put(replicaSets, replicaSet('cart-1', 'cart'));
    await fillCaches();
    cluster.endWatches();
    await settle();
  });

  /** Lists begin at once and end when the test says so, with what there was when they began. */
  function createSlowReader() {
    const lists: (() => void)[] = [];
    const reader: ObjectReader = {
      ...cluster,
      async list(...args) {
        const result = await cluster.list(...args);
        await new Promise<void>((resolve) => lists.push(resolve));
        return result;
      },
    };
    return { lists, lookUp: createOwnerLookup({ caches, reader, clock }) };
  }

  test('cost the API server one list, and one for those that came after it had begun', async () => {
    const { lists, lookUp } = createSlowReader();
    const first = lookUp(ofCart.metadata);
    await settle();
    cluster.put(stickyWorkloads, stickyWorkload({ name: 'cart' }));
    const others = Array.from({ length: 100 }, () => lookUp(ofCart.metadata));
    await settle();
    expect(lists).toHaveLength(1);
    lists[0]?.();
    expect(await first).toBe('NotSticky');
    await settle();
    expect(lists).toHaveLength(2);
    lists[1]?.();
    expect(new Set((await Promise.all(others)).map(nameOf))).toEqual(new Set(['cart']));
  });

  test('do not all wait for a list that has no response', async () => {
    const { lists, lookUp } = createSlowReader();
    void lookUp(ofCart.metadata);
    await settle();
    const other = lookUp(ofCart.metadata);
    await clock.advance(1000);
    expect(lists).toHaveLength(2);
    lists[1]?.();
    expect(await other).toBe('NotSticky');
  });

  test('are looked up again after a list that failed', async () => {
    const lookUp = createOwnerLookup({ caches, reader: cluster, clock });
    const unavailable = new AppError('KUBERNETES_UNAVAILABLE', 'unavailable', {
      source: 'kubernetes',
      retryable: true,
    });
    cluster.fail({ verb: 'list', error: unavailable });
    cluster.put(stickyWorkloads, stickyWorkload({ name: 'cart' }));
    const results = await Promise.allSettled([lookUp(ofCart.metadata), lookUp(ofCart.metadata)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(nameOf(await lookUp(ofCart.metadata))).toBe('cart');
  });
});

describe('a labelled pod that is created before its StickyWorkload', () => {
  const inject = { 'holdfast.dev/inject': 'true' };
  const labelled = owned({ labels: inject });

  function labelledPod(name: string, inNamespace = 'shop'): ObjectMeta {
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name, uid: 's', controller: true }];
    return owned({ namespace: inNamespace, labels: inject, ownerReferences }).metadata;
  }

  /** `template`: the labels of its pods. */
  function putTarget(kind: 'Deployment' | 'StatefulSet', metadata: ObjectMeta, template: object = inject): void {
    const spec = { template: { metadata: { labels: template } } };
    const resource = kind === 'Deployment' ? deployments : statefulSets;
    cluster.put(resource, { apiVersion: 'apps/v1', kind, metadata, spec });
  }

  beforeEach(async () => {
    cluster.put(replicaSets, replicaSet('cart-1', 'cart'));
    putTarget('Deployment', { namespace: 'shop', name: 'cart' });
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
    expect(await found).toBe('NotSticky');
  });

  test('does not wait without the label', async () => {
    expect(await find(ofCart)).toBe('NotSticky');
  });

  test('does not wait for an owner that does not exist, or does not label its pods: anyone can send such a pod', async () => {
    putTarget('StatefulSet', { namespace: 'shop', name: 'plain' }, { app: 'plain' });
    const lookUp = createOwnerLookup({ caches, reader: cluster, clock });
    expect(await lookUp(labelledPod('invented'))).toBe('NotSticky');
    expect(await lookUp(labelledPod('plain'))).toBe('NotSticky');
  });

  test('waits together with the others of its Deployment, however many', async () => {
    const lookUp = createOwnerLookup({ caches, reader: cluster, clock });
    const waiting = Array.from({ length: 200 }, () => lookUp(labelled.metadata));
    await settle();
    cluster.put(stickyWorkloads, stickyWorkload({ name: 'cart' }));
    await settle();
    expect(new Set((await Promise.all(waiting)).map(nameOf))).toEqual(new Set(['cart']));
  });

  test('does not wait if twenty others of its namespace do, which keeps no other namespace from waiting', async () => {
    const lookUp = createOwnerLookup({ caches, reader: cluster, clock });
    const names = Array.from({ length: 21 }, (_, index) => `db-${index}`);
    for (const name of names) putTarget('StatefulSet', { namespace: 'shop', name });
    putTarget('StatefulSet', { namespace: 'other', name: 'db' });
    const waiting = names.slice(0, 20).map((name) => lookUp(labelledPod(name)));
    await settle();
    expect(await lookUp(labelledPod('db-20'))).toBe('TooManyWaiting');
    const elsewhere = lookUp(labelledPod('db', 'other'));
    await settle();
    const spec = { targetRef: { kind: 'StatefulSet', name: 'db' } } as const;
    cluster.put(stickyWorkloads, stickyWorkload({ name: 'db', namespace: 'other', spec }));
    await settle();
    expect(nameOf(await elsewhere)).toBe('db');
    await clock.advance(7000);
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['NotSticky']));
  });

  test('does not wait if a hundred Deployments and StatefulSets of the cluster do: each occupies the API server', async () => {
    const lookUp = createOwnerLookup({ caches, reader: cluster, clock });
    for (let index = 0; index < 100; index += 1) {
      const [name, inNamespace] = [`db-${index}`, `team-${index % 10}`];
      putTarget('StatefulSet', { namespace: inNamespace, name });
      void lookUp(labelledPod(name, inNamespace));
    }
    await settle();
    expect(await lookUp(labelled.metadata)).toBe('TooManyWaiting');
  });
});

describe('an operator for some namespaces', () => {
  const reads: string[] = [];
  const reader: ObjectReader = {
    get: (resource, ref) => {
      reads.push(`get ${resource.kind} ${ref.namespace}`);
      return cluster.get(resource, ref);
    },
    list: (resource, options) => {
      reads.push(`list ${resource.kind} ${options?.namespace}`);
      return cluster.list(resource, options);
    },
    watch: (resource, version, options) => cluster.watch(resource, version, options),
  };
  beforeEach(() => {
    reads.length = 0;
  });
  const findIn = async (namespaces: string[]): Promise<string> =>
    nameOf(await createOwnerLookup({ caches, reader, clock, namespaces })(ofCart.metadata));

  test('reads what its cache lacks in the namespace of the pod only, as a Role permits', async () => {
    putWorld();
    expect(await findIn(['shop'])).toBe('cart');
    expect(reads).toEqual(['get ReplicaSet shop', 'list StickyWorkload shop']);
  });

  test('reads nothing for a pod of another namespace', async () => {
    putWorld();
    expect(await findIn(['infra'])).toBe('NotSticky');
    expect(reads).toEqual([]);
  });
});
