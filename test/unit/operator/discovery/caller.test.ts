import { describe, expect, test } from '@jest/globals';
import { podOf, proxyOf } from '../../../../src/operator/discovery/caller.ts';
import type { Identity } from '../../../../src/kube/ports.ts';

const identity = (username: string): Identity => ({ username, podName: 'pod-1', podUid: 'uid-1' });

describe('who is asking', () => {
  test('a proxy gets the Gateway whose ServiceAccount it runs as, in its own namespace', () => {
    expect(proxyOf(identity('system:serviceaccount:infra:web-holdfast'))).toEqual({
      pod: { namespace: 'infra', name: 'pod-1', uid: 'uid-1' },
      gateway: { namespace: 'infra', name: 'web' },
    });
  });

  test('any pod may ask about itself', () => {
    expect(podOf(identity('system:serviceaccount:shop:default'))).toEqual({
      namespace: 'shop',
      name: 'pod-1',
      uid: 'uid-1',
    });
  });

  const refused: [string, () => unknown, RegExp][] = [
    [
      'an app that asks for a table',
      () => proxyOf(identity('system:serviceaccount:shop:cart')),
      /shop\/cart is no proxy's/,
    ],
    [
      'a name that is only the suffix',
      () => proxyOf(identity('system:serviceaccount:shop:-holdfast')),
      /is no proxy's/,
    ],
    ['a person', () => podOf(identity('alice')), /does not belong to a ServiceAccount/],
    [
      'a person who calls herself a proxy',
      () => proxyOf(identity('web-holdfast')),
      /does not belong to a ServiceAccount/,
    ],
    [
      'a name with more parts than a ServiceAccount has',
      () => podOf(identity('system:serviceaccount:a:b:c')),
      /does not belong to a ServiceAccount/,
    ],
    [
      'a token that is bound to no pod',
      () => podOf({ username: 'system:serviceaccount:shop:cart' }),
      /not bound to a pod/,
    ],
  ];
  test.each(refused)('%s is refused', (_, call, why) => {
    expect(call).toThrow(why);
    expect(call).toThrow(expect.objectContaining({ status: 403 }));
  });
});
