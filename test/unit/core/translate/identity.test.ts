import { describe, expect, test } from '@jest/globals';
import { translate } from '../../../../src/core/translate/translate.ts';
import { endpointId } from '../../../../src/core/session/token.ts';
import { snapshotOf, type ShortWorld } from '../../../support/world.ts';

type ShortPod = NonNullable<ShortWorld['pods']>[number];

const ofSet = { of: 'StatefulSet/cart' };
const idOf = (pod: string) => endpointId(`shop/${pod}`);

/** The backend of StatefulSet cart. */
function backendOf(replicas: number, pods: ShortPod[], more: ShortWorld = {}) {
  const { backends } = translate(
    snapshotOf({
      workloads: [{ name: 'cart', spec: { targetRef: { kind: 'StatefulSet', name: 'cart' } } }],
      targets: [{ name: 'cart', kind: 'StatefulSet', ordinals: { start: 0, replicas } }],
      services: [{ name: 'cart' }],
      slices: [
        {
          name: 'cart-1',
          endpoints: pods.filter(({ ip }) => ip).map(({ name, uid }) => ({ pod: name, podUid: uid ?? '' })),
        },
      ],
      pods: pods.map((pod) => ({ ...ofSet, ...pod })),
      ...more,
    }),
  );
  const backend = backends['shop/cart'];
  return {
    endpoints: backend?.endpoints.map(({ pod, id, state }) => ({ pod, id, state })),
    removed: backend?.removedEndpoints.map(({ id }) => id),
  };
}

describe('a pod of a StatefulSet', () => {
  test('is the same endpoint as the pod of its name before it', () => {
    const before = backendOf(1, [{ name: 'cart-0', uid: 'first', ip: '10.0.0.1' }]);
    const after = backendOf(1, [{ name: 'cart-0', uid: 'second', ip: '10.0.0.2' }], {
      removedPods: { 'shop/cart': [{ pod: 'cart-0', uid: 'first', atMs: 1 }] },
    });
    expect(before.endpoints).toEqual([{ pod: 'cart-0', id: idOf('cart-0'), state: 'Accepting' }]);
    expect(after.endpoints).toEqual(before.endpoints);
    expect(after.removed).toEqual([]);
  });

  test.each<[string, ShortPod[]]>([
    ['no pod', []],
    ['a pod without an address', [{ name: 'cart-0', uid: 'second', phase: 'Pending', ready: false }]],
    [
      'a pod whose app has exited',
      [
        {
          name: 'cart-0',
          uid: 'first',
          ip: '10.0.0.1',
          deletion: { killAtMs: 9, graceSeconds: 5 },
          exits: { app: 5 },
        },
      ],
    ],
  ])('is absent, not removed, while its name has %s', (_, pods) => {
    const backend = backendOf(1, pods, { removedPods: { 'shop/cart': [{ pod: 'cart-0', uid: 'old', atMs: 1 }] } });
    expect(backend).toEqual({ endpoints: [{ pod: 'cart-0', id: idOf('cart-0'), state: 'Absent' }], removed: [] });
  });

  test('is removed once the StatefulSet has fewer replicas', () => {
    const draining = { name: 'cart-1', uid: 'b', ip: '10.0.0.2', deletion: { killAtMs: 9, graceSeconds: 5 } };
    expect(backendOf(1, [{ name: 'cart-0', uid: 'a', ip: '10.0.0.1' }, draining]).endpoints).toMatchObject([
      { pod: 'cart-0', state: 'Accepting' },
      { pod: 'cart-1', state: 'Draining' },
    ]);
    const gone = backendOf(1, [{ name: 'cart-0', uid: 'a', ip: '10.0.0.1' }], {
      removedPods: { 'shop/cart': [{ pod: 'cart-1', uid: 'b', atMs: 1 }] },
    });
    expect(gone.removed).toEqual([idOf('cart-1')]);
    expect(gone.endpoints?.map(({ pod }) => pod)).toEqual(['cart-0']);
  });

  test('is a pod by its UID with endpointIdentity PodUID', () => {
    const spec = {
      targetRef: { kind: 'StatefulSet' as const, name: 'cart' },
      sessionPersistence: { endpointIdentity: 'PodUID' as const },
    };
    const backend = backendOf(2, [{ name: 'cart-0', uid: 'second', ip: '10.0.0.2' }], {
      workloads: [{ name: 'cart', spec }],
      removedPods: { 'shop/cart': [{ pod: 'cart-0', uid: 'first', atMs: 1 }] },
    });
    expect(backend).toEqual({
      endpoints: [{ pod: 'cart-0', id: endpointId('second'), state: 'Accepting' }],
      removed: [endpointId('first')],
    });
  });
});

test.each(['PodName', 'PodUID'] as const)(
  'a pod of a StatefulSet with %s has the id of the other identity too, for the tokens from before a change',
  (endpointIdentity) => {
    const { backends } = translate(
      snapshotOf({
        workloads: [
          {
            name: 'cart',
            spec: { targetRef: { kind: 'StatefulSet', name: 'cart' }, sessionPersistence: { endpointIdentity } },
          },
        ],
        targets: [{ name: 'cart', kind: 'StatefulSet', ordinals: { start: 0, replicas: 1 } }],
        pods: [{ ...ofSet, name: 'cart-0', uid: 'first', ip: '10.0.0.1' }],
      }),
    );
    const [endpoint] = backends['shop/cart']?.endpoints ?? [];
    const ids = [idOf('cart-0'), endpointId('first')];
    expect([endpoint?.id, endpoint?.alias]).toEqual(endpointIdentity === 'PodName' ? ids : ids.toReversed());
  },
);

test('a terminating pod whose app has exited is removed, although its sidecar keeps it', () => {
  const { backends } = translate(
    snapshotOf({
      workloads: [{ name: 'cart' }],
      targets: [{ name: 'cart' }],
      pods: [{ name: 'cart-a', ip: '10.0.0.1', deletion: { killAtMs: 9, graceSeconds: 5 }, exits: { app: 5 } }],
    }),
  );
  expect(backends['shop/cart']).toMatchObject({
    endpoints: [],
    removedEndpoints: [{ id: endpointId('uid-cart-a'), uid: 'uid-cart-a', atMs: 5 }],
  });
});
