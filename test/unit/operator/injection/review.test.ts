import { describe, expect, test } from '@jest/globals';
import { parseReview, renderReview } from '../../../../src/operator/injection/review.ts';

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

test('a warning is truncated at the length at which the API server truncates', () => {
  expect(renderReview('u', { warnings: ['w'.repeat(1000)] })).toMatchObject({
    response: { allowed: true, warnings: ['w'.repeat(256)] },
  });
});
