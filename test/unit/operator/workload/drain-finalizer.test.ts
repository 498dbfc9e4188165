import { expect, test } from '@jest/globals';
import type { StickyWorkload } from '../../../../src/api/stickyworkload.ts';
import { stickyWorkloads } from '../../../../src/kube/resources.ts';
import { keepFinalizer } from '../../../../src/operator/workload/drain-finalizer.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import { createTestCluster } from '../../../support/cluster/test-cluster.ts';
import { stickyWorkload } from '../../../support/world.ts';

const hold = { kind: 'hold' as const, untilMs: 1, pods: ['cart-a'] };
const cart = stickyWorkload({ name: 'cart' });
const withMeta = (metadata: Partial<StickyWorkload['metadata']>): StickyWorkload => ({
  ...cart,
  metadata: { ...cart.metadata, ...metadata },
});

const createCluster = () => createTestCluster(createManualClock());

test('a deleted StickyWorkload that is still in the cache is not recreated', async () => {
  const cluster = createCluster();
  await expect(keepFinalizer(cart, hold, cluster)).rejects.toMatchObject({ code: 'KUBERNETES_CONFLICT' });
  expect(cluster.all(stickyWorkloads)).toEqual([]);
});

test('a later StickyWorkload of the same name gets no finalizer of the earlier one', async () => {
  const cluster = createCluster();
  cluster.put(stickyWorkloads, { ...withMeta({ uid: 'another' }) });
  await expect(keepFinalizer(cart, hold, cluster)).rejects.toMatchObject({ code: 'KUBERNETES_CONFLICT' });
  expect(cluster.all(stickyWorkloads)[0]?.metadata.finalizers).toBeUndefined();
});

test('finalizers and labels of other clients are kept', async () => {
  const cluster = createCluster();
  cluster.put(stickyWorkloads, { ...withMeta({ finalizers: ['example.com/theirs'], labels: { a: 'b' } }) });
  await keepFinalizer(cart, hold, cluster);
  expect(cluster.all(stickyWorkloads)[0]?.metadata).toMatchObject({
    finalizers: ['example.com/theirs', 'holdfast.dev/drain'],
    labels: { a: 'b' },
  });
  await keepFinalizer(
    withMeta({ finalizers: ['example.com/theirs', 'holdfast.dev/drain'] }),
    { kind: 'release' },
    cluster,
  );
  expect(cluster.all(stickyWorkloads)[0]?.metadata).toMatchObject({
    finalizers: ['example.com/theirs'],
    labels: { a: 'b' },
  });
});

test.each<[string, StickyWorkload, 'hold' | 'release']>([
  ['exists and is needed', withMeta({ finalizers: ['holdfast.dev/drain'] }), 'hold'],
  ['neither exists nor is needed', cart, 'release'],
  [
    'is needed on an object that is already being deleted',
    withMeta({ deletionTimestamp: '2026-01-01T00:00:00Z' }),
    'hold',
  ],
])('no write happens if the finalizer %s', async (_, workload, kind) => {
  const cluster = createCluster();
  cluster.put(stickyWorkloads, { ...workload });
  await keepFinalizer(workload, kind === 'hold' ? hold : { kind }, cluster);
  expect(cluster.writes()).toEqual([]);
});
