import { beforeEach, expect, test } from '@jest/globals';
import { parseKeyRing } from '../../../../src/core/keys/key-ring-secret.ts';
import { secrets } from '../../../../src/kube/resources.ts';
import { createKeyRing } from '../../../../src/operator/keys/key-ring.ts';
import { AppError } from '../../../../src/platform/errors.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import { createTestCluster, type TestCluster } from '../../../support/cluster/test-cluster.ts';
import { stickyWorkload } from '../../../support/world.ts';

let cluster: TestCluster;
beforeEach(() => {
  cluster = createTestCluster(createManualClock());
});

const cart = stickyWorkload({ name: 'cart' });
const stored = (name: string) => cluster.find(secrets, { namespace: 'shop', name: `${name}-session-keys` });
const secretOf = (name: string): string | undefined => {
  const parsed = parseKeyRing((stored(name)?.['data'] ?? {}) as Record<string, string>);
  return parsed.kind === 'ring' ? parsed.ring.keys[0]?.secret : undefined;
};

test('a created key ring is readable, has one key of 32 bytes and is owned by its StickyWorkload', async () => {
  expect(await createKeyRing(cluster, cart)).toBe('Created');
  expect(Buffer.from(secretOf('cart') ?? '', 'base64')).toHaveLength(32);
  expect(stored('cart')?.metadata.ownerReferences).toEqual([
    { apiVersion: 'holdfast.dev/v1alpha1', kind: 'StickyWorkload', name: 'cart', uid: 'uid-cart', controller: true },
  ]);
});

test('no two StickyWorkloads get the same key', async () => {
  await createKeyRing(cluster, cart);
  await createKeyRing(cluster, stickyWorkload({ name: 'chat' }));
  expect(secretOf('cart')).not.toBe(secretOf('chat'));
});

test('an existing key ring Secret is not changed, whatever its content', async () => {
  cluster.put(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: 'shop', name: 'cart-session-keys' },
    data: { current: 'damaged' },
  });
  const before = stored('cart');
  expect(await createKeyRing(cluster, cart)).toBe('Exists');
  expect(stored('cart')).toEqual(before);
});

test('any other failure to create a key ring is thrown, so that it is retried', async () => {
  const unavailable = new AppError('KUBERNETES_UNAVAILABLE', 'unavailable', { source: 'kubernetes', retryable: true });
  cluster.fail({ verb: 'create', error: unavailable });
  await expect(createKeyRing(cluster, cart)).rejects.toBe(unavailable);
  expect(stored('cart')).toBeUndefined();
});
