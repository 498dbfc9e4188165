import { beforeEach, expect, test } from '@jest/globals';
import { parseKeyRing } from '../../../../src/core/keys/key-ring-secret.ts';
import { secrets } from '../../../../src/kube/resources.ts';
import { createMasterKeys } from '../../../../src/operator/keys/key-ring.ts';
import { AppError } from '../../../../src/platform/errors.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import { createTestCluster, type TestCluster } from '../../../support/cluster/test-cluster.ts';

let cluster: TestCluster;
beforeEach(() => {
  cluster = createTestCluster(createManualClock());
});

const namespace = 'holdfast-system';
const stored = () => cluster.find(secrets, { namespace, name: 'holdfast-session-keys' });
const masterKey = (): string | undefined => {
  const parsed = parseKeyRing((stored()?.['data'] ?? {}) as Record<string, string>);
  return parsed.kind === 'ring' ? parsed.ring.keys[0]?.secret : undefined;
};

test('created master keys are readable: one key of 32 bytes', async () => {
  expect(await createMasterKeys(cluster, namespace)).toBe('Created');
  expect(Buffer.from(masterKey() ?? '', 'base64')).toHaveLength(32);
});

test('no two installations get the same key', async () => {
  await createMasterKeys(cluster, namespace);
  const first = masterKey();
  cluster = createTestCluster(createManualClock());
  await createMasterKeys(cluster, namespace);
  expect(masterKey()).not.toBe(first);
});

test('an existing Secret is not changed, whatever its content', async () => {
  cluster.put(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace, name: 'holdfast-session-keys' },
    data: { current: 'damaged' },
  });
  const before = stored();
  expect(await createMasterKeys(cluster, namespace)).toBe('Exists');
  expect(stored()).toEqual(before);
});

test('any other failure to create master keys is thrown, so that it is retried', async () => {
  const unavailable = new AppError('KUBERNETES_UNAVAILABLE', 'unavailable', { source: 'kubernetes', retryable: true });
  cluster.fail({ verb: 'create', error: unavailable });
  await expect(createMasterKeys(cluster, namespace)).rejects.toBe(unavailable);
  expect(stored()).toBeUndefined();
});
