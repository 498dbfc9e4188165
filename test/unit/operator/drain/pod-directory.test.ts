import { expect, test } from '@jest/globals';
import type { KubeObject } from '../../../../src/kube/ports.ts';
import type { ClusterState } from '../../../../src/operator/gather/cluster-state.ts';
import { createPodDirectory } from '../../../../src/operator/drain/pod-directory.ts';

const ref = { namespace: 'shop', name: 'cart-a', uid: 'u' };
const podOf = (metadata: object, conditions: object[] = []): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'shop', name: 'cart-a', uid: 'u', ...metadata },
  status: { conditions },
});
const deleted = { deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 };
const killAtMs = Date.UTC(2026, 0, 1, 0, 0, 30);
const disruption = (status: string) => ({ type: 'DisruptionTarget', status, reason: 'EvictionByEvictionAPI' });

// The pod is not in the cache: only the API server is read.
const liveOf = (pod: KubeObject | undefined) =>
  createPodDirectory({ pod: () => undefined } as unknown as ClusterState, { get: () => Promise.resolve(pod) }).live(
    ref,
  );

test.each([
  ['is not being deleted', podOf({}), { kind: 'Alive' }],
  ['is about to be evicted, which is not yet a deletion', podOf({}, [disruption('True')]), { kind: 'Alive' }],
  ['was deleted', podOf(deleted), { kind: 'Terminating', killAtMs }],
  [
    'was evicted, with the reason',
    podOf(deleted, [disruption('True')]),
    { kind: 'Terminating', killAtMs, disruption: 'EvictionByEvictionAPI' },
  ],
  [
    'was deleted after an eviction that did not happen',
    podOf(deleted, [disruption('False')]),
    { kind: 'Terminating', killAtMs },
  ],
  ['is deleted, and another pod has its name', podOf({ uid: 'other' }), { kind: 'Gone' }],
  ['is deleted', undefined, { kind: 'Gone' }],
])('the API server reports that a pod %s', async (_, pod, life) => {
  expect(await liveOf(pod)).toEqual(life);
});
