import { describe, expect, test } from '@jest/globals';
import type { KubeObject, ObjectMeta } from '../../../../src/kube/ports.ts';
import { fingerprintOf, ownedOf, projectOwned } from '../../../../src/operator/gather/owned.ts';

const service = (
  metadata: Partial<ObjectMeta> = {},
  rest: object = { spec: { selector: { app: 'cart' } } },
): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'shop', name: 'cart', uid: 'u', resourceVersion: '1', labels: { a: '1' }, ...metadata },
  ...rest,
});
const owner = { apiVersion: 'holdfast.dev/v1alpha1', kind: 'StickyWorkload', name: 'cart', uid: 'o' };

describe('the owner of an object', () => {
  test.each<[string, Partial<ObjectMeta>, object]>([
    ['missing without owner references', {}, { ownerUids: [] }],
    ['that of each owner reference', { ownerReferences: [owner, { ...owner, uid: 'p' }] }, { ownerUids: ['o', 'p'] }],
    [
      'Holdfast by both labels',
      { labels: { 'app.kubernetes.io/managed-by': 'holdfast', 'app.kubernetes.io/component': 'workload' } },
      { ownerUids: [], component: 'workload' },
    ],
    [
      'not Holdfast by the component label of another tool',
      { labels: { 'app.kubernetes.io/managed-by': 'Helm', 'app.kubernetes.io/component': 'workload' } },
      { ownerUids: [] },
    ],
  ])('is %s', (_, metadata, owned) => {
    expect(ownedOf(service(metadata))).toEqual({ namespace: 'shop', name: 'cart', uid: 'u', ...owned });
  });

  test('is in an empty namespace for a cluster-scoped object', () => {
    expect(ownedOf({ apiVersion: 'v', kind: 'GatewayClass', metadata: { name: 'holdfast' } })).toEqual({
      namespace: '',
      name: 'holdfast',
      uid: '',
      ownerUids: [],
    });
  });
});

describe('the fingerprint', () => {
  const original = fingerprintOf(service());

  test.each<[string, KubeObject]>([
    ['another version of the same object', service({ resourceVersion: '2' })],
    ['its status', service({}, { spec: { selector: { app: 'cart' } }, status: { loadBalancer: {} } })],
    ['fields that the API server maintains', service({ generation: 9, creationTimestamp: '2026-01-01T00:00:00Z' })],
    [
      'the revision that the Deployment controller sets',
      service({ annotations: { 'deployment.kubernetes.io/revision': '4' } }),
    ],
  ])('is the same for %s', (_, object) => {
    expect(fingerprintOf(object)).toBe(original);
  });

  test.each<[string, KubeObject]>([
    ['the spec', service({}, { spec: { selector: { app: 'other' } } })],
    [
      'a field beside the spec',
      service({}, { spec: { selector: { app: 'cart' } }, automountServiceAccountToken: true }),
    ],
    ['labels', service({ labels: {} })],
    ['annotations', service({ annotations: { x: 'y' } })],
    ['owners', service({ ownerReferences: [owner] })],
    ['a deletion', service({ deletionTimestamp: '2026-01-01T00:00:00Z' })],
    ['its UID, which means another object of the same name', service({ uid: 'other' })],
  ])('changes with %s', (_, object) => {
    expect(fingerprintOf(object)).not.toBe(original);
  });

  test('replaces the object in the cache', () => {
    expect(projectOwned(service())).toEqual({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'shop', name: 'cart', uid: 'u', resourceVersion: '1' },
      owned: { namespace: 'shop', name: 'cart', uid: 'u', ownerUids: [] },
      fingerprint: original,
    });
  });
});
