import { describe, expect, test } from '@jest/globals';
import { podOf, proxyOf, type GatewayRef } from '../../../../src/operator/discovery/caller.ts';
import type { Identity } from '../../../../src/kube/ports.ts';

const identity = (username: string): Identity => ({ username, podName: 'pod-1', podUid: 'uid-1' });

const gatewayOf = ({ namespace, name }: GatewayRef) =>
  `${namespace}/${name}` === 'infra/web-holdfast' ? { namespace: 'infra', name: 'web' } : undefined;

describe('the identity of a caller', () => {
  test('of a proxy is the Gateway of its ServiceAccount, in its own namespace', () => {
    expect(proxyOf(identity('system:serviceaccount:infra:web-holdfast'), gatewayOf)).toEqual({
      pod: { namespace: 'infra', name: 'pod-1', uid: 'uid-1' },
      gateway: { namespace: 'infra', name: 'web' },
    });
  });

  test('of any pod is the pod itself', () => {
    expect(podOf(identity('system:serviceaccount:shop:default'))).toEqual({
      namespace: 'shop',
      name: 'pod-1',
      uid: 'uid-1',
    });
  });

  const refused: [string, () => unknown, RegExp][] = [
    [
      'of an app that requests a table',
      () => proxyOf(identity('system:serviceaccount:shop:cart'), gatewayOf),
      /shop\/cart does not belong to the proxy/,
    ],
    [
      'of a ServiceAccount that is named like a proxy of another namespace',
      () => proxyOf(identity('system:serviceaccount:shop:web-holdfast'), gatewayOf),
      /does not belong to the proxy/,
    ],
    ['of a person', () => podOf(identity('alice')), /does not belong to a ServiceAccount/],
    [
      'of a person named like a proxy',
      () => proxyOf(identity('web-holdfast'), gatewayOf),
      /does not belong to a ServiceAccount/,
    ],
    [
      'with more parts than a ServiceAccount',
      () => podOf(identity('system:serviceaccount:a:b:c')),
      /does not belong to a ServiceAccount/,
    ],
    [
      'of a token that is not bound to a pod',
      () => podOf({ username: 'system:serviceaccount:shop:cart' }),
      /not bound to a pod/,
    ],
  ];
  test.each(refused)('%s is rejected', (_, call, reason) => {
    expect(call).toThrow(reason);
    expect(call).toThrow(expect.objectContaining({ status: 403 }));
  });
});
