import { describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { headOf, parseReview, renderReview } from '../../../../src/operator/injection/review.ts';

const podKind = { group: '', version: 'v1', kind: 'Pod' };

describe('reading an AdmissionReview', () => {
  test('adds the namespace of the request to the pod, which has none yet', () => {
    const { pod } = parseReview({
      request: {
        uid: 'u',
        kind: podKind,
        namespace: 'shop',
        object: { metadata: { generateName: 'cart-' }, spec: {} },
      },
    });
    expect(pod?.metadata).toEqual({ name: '', generateName: 'cart-', namespace: 'shop' });
  });

  const others: [string, object][] = [
    ['another kind', { kind: { group: 'apps', version: 'v1', kind: 'Deployment' }, namespace: 'shop', object: {} }],
    ['no object, as on DELETE', { kind: podKind, namespace: 'shop', object: null }],
    ['no namespace', { kind: podKind, object: {} }],
  ];
  test.each(others)('returns no pod for %s', (_, request) => {
    expect(parseReview({ request: { uid: 'u', ...request } })).toEqual({ uid: 'u' });
  });

  test.each([[null], [{}], [{ request: {} }], ['text'], [[]]])('rejects %j', (body) => {
    expect(() => parseReview(body)).toThrow(/not an AdmissionReview/);
  });
});

describe('what is kept of a pod while its StickyWorkload is looked up', () => {
  const metadata = { namespace: 'shop', name: '', generateName: 'cart-' };
  const pod = (more: object) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    spec: { large: true },
    metadata: { ...metadata, ...more },
  });
  const controller = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'cart-1', uid: 'r', controller: true };

  test('is its name, its controller and the label of injection', () => {
    const labels = { app: 'cart', 'holdfast.dev/inject': 'true' };
    const ownerReferences = [
      { ...controller, name: 'other', controller: false },
      { ...controller, more: {} },
    ];
    expect(headOf(pod({ labels, ownerReferences, annotations: { a: 'b' } }))).toEqual({
      ...metadata,
      labels: { 'holdfast.dev/inject': 'true' },
      ownerReferences: [controller],
    });
  });

  test('is never a whole object that someone sends in place of a string', () => {
    const odd = pod({ name: {}, labels: { 'holdfast.dev/inject': {} }, ownerReferences: {} }) as unknown as KubeObject;
    expect(headOf(odd)).toEqual({ ...metadata, labels: { 'holdfast.dev/inject': '' } });
  });
});

test('no more warnings are sent than the API server passes on', () => {
  const { response } = renderReview('u', { warnings: Array.from({ length: 1000 }, String) }) as {
    response: { warnings: string[] };
  };
  expect(response.warnings).toHaveLength(16);
});

test('a warning is truncated at the length at which the API server truncates', () => {
  expect(renderReview('u', { warnings: ['w'.repeat(1000)] })).toMatchObject({
    response: { allowed: true, warnings: ['w'.repeat(256)] },
  });
});
