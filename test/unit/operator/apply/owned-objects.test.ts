import { beforeEach, expect, test } from '@jest/globals';
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { services } from '../../../../src/kube/resources.ts';
import { createOwnedObjects, type OwnedObjects } from '../../../../src/operator/apply/owned-objects.ts';
import { fingerprintOf } from '../../../../src/operator/gather/owned.ts';
import { AppError } from '../../../../src/platform/errors.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import { createTestCluster, type TestCluster } from '../../../support/cluster/test-cluster.ts';

let cluster: TestCluster;
let owned: OwnedObjects;
/** The object in the cache, while it is behind. */
let cached: KubeObject | undefined | 'current';

beforeEach(() => {
  cluster = createTestCluster(createManualClock());
  cached = 'current';
  owned = createOwnedObjects(cluster, (resource, ref) => {
    const object = cached === 'current' ? cluster.find(resource, ref) : cached;
    return object && fingerprintOf(object);
  });
});

const service = (port: number): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'shop', name: 'cart' },
  spec: { ports: [{ port: 80, targetPort: port }] },
});
const targetPorts = () => (live()['spec'] as { ports: { targetPort: number }[] }).ports.map((port) => port.targetPort);
const writes = () => cluster.writes().length;
const live = () => {
  const found = cluster.find(services, { namespace: 'shop', name: 'cart' });
  if (!found) throw new Error('no Service');
  return found;
};

test('an owned object is applied once, and not again while it does not change', async () => {
  await owned.ensure(services, service(80));
  await owned.ensure(services, service(80));
  expect(writes()).toBe(1);
});

test('an owned object is applied after every start, because earlier changes are unknown', async () => {
  await owned.ensure(services, service(80));
  await createOwnedObjects(cluster, (resource, ref) => {
    const object = cluster.find(resource, ref);
    return object && fingerprintOf(object);
  }).ensure(services, service(80));
  expect(writes()).toBe(2);
});

test.each<[string, () => unknown]>([
  ['has another desired state', () => undefined],
  ['was edited', () => cluster.put(services, { ...live(), spec: service(1)['spec'] })],
  ['was deleted', () => cluster.remove(services, { namespace: 'shop', name: 'cart' })],
  [
    'was replaced by one of the same name',
    () => cluster.put(services, { ...live(), metadata: { ...live().metadata, uid: 'other' } }),
  ],
])('an owned object is applied again when it %s', async (_, happen) => {
  await owned.ensure(services, service(80));
  happen();
  await owned.ensure(services, service(90));
  expect(writes()).toBe(2);
  expect(targetPorts()).toEqual([90]);
});

test('an owned object is applied again while the cache is behind, because the cache may lack an edit', async () => {
  await owned.ensure(services, service(80));
  cached = undefined;
  await owned.ensure(services, service(80));
  expect(cluster.writes().map(({ changed }) => changed)).toEqual([true, false]);
});

test('a failed write is not recorded as applied', async () => {
  const refusal = new AppError('KUBERNETES_INVALID', 'no', { source: 'kubernetes', retryable: false });
  cluster.fail({ verb: 'apply', error: refusal });
  await expect(owned.ensure(services, service(80))).rejects.toBe(refusal);
  await owned.ensure(services, service(80));
  expect(writes()).toBe(1);
});
