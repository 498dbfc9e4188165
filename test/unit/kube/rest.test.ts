import { describe, expect, test } from '@jest/globals';
import { collectionPath, listPath, objectPath } from '../../../src/kube/live/rest.ts';
import { deployments, gatewayClasses, pods } from '../../../src/kube/resources.ts';

describe('paths of the API', () => {
  test.each([
    { what: 'a list of the core group', path: listPath(pods), expected: '/api/v1/pods' },
    { what: 'a list of one namespace', path: listPath(pods, 'shop'), expected: '/api/v1/namespaces/shop/pods' },
    { what: 'a list of another group', path: listPath(deployments), expected: '/apis/apps/v1/deployments' },
    { what: 'the collection of a namespace', path: collectionPath(pods, 'a'), expected: '/api/v1/namespaces/a/pods' },
    {
      what: 'an object',
      path: objectPath(deployments, { namespace: 'a', name: 'b' }),
      expected: '/apis/apps/v1/namespaces/a/deployments/b',
    },
    {
      what: 'its status',
      path: objectPath(deployments, { namespace: 'a', name: 'b' }, 'status'),
      expected: '/apis/apps/v1/namespaces/a/deployments/b/status',
    },
    {
      what: 'a cluster-scoped object',
      path: objectPath(gatewayClasses, { name: 'c' }),
      expected: '/apis/gateway.networking.k8s.io/v1/gatewayclasses/c',
    },
    {
      what: 'a name with reserved characters',
      path: objectPath(pods, { namespace: 'a', name: '../x?y' }),
      expected: '/api/v1/namespaces/a/pods/..%2Fx%3Fy',
    },
  ])('$what: $expected', ({ path, expected }) => {
    expect(path).toBe(expected);
  });

  test.each(['', '.', '..'])('reject the name "%s", whose deletion would delete all objects', (name) => {
    expect(() => objectPath(pods, { namespace: 'a', name })).toThrow('needs a name');
    expect(() => objectPath(pods, { namespace: name, name: 'a' })).toThrow('needs a namespace');
  });

  test('reject a namespaced object without a namespace', () => {
    expect(() => objectPath(pods, { name: 'a' })).toThrow('needs a namespace');
  });
});
