/** An earlier translation saves work and does not change the result. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Snapshot } from '../../../../src/core/snapshot/snapshot.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { keyRing, snapshotOf } from '../../../support/world.ts';

const world = (): Snapshot =>
  snapshotOf({
    workloads: [{ name: 'cart' }, { name: 'till' }],
    targets: [{ name: 'cart' }, { name: 'till' }],
    services: [{ name: 'cart' }, { name: 'till' }],
    pods: ['a', 'b'].flatMap((letter) => [
      { name: `cart-${letter}`, ip: '10.0.0.1' },
      { name: `till-${letter}`, of: 'Deployment/till', ip: '10.0.0.2' },
    ]),
    slices: [
      { name: 'cart-1', endpoints: [{ pod: 'cart-a' }, { pod: 'cart-b' }, { pod: 'stranger' }] },
      { name: 'till-1', service: 'till', endpoints: [{ pod: 'till-a' }] },
    ],
  });

const change = (snapshot: Snapshot, at: number): Snapshot => changes[at % changes.length]?.(snapshot) ?? snapshot;
/** Each changes one thing that the backend of cart is built from. */
const changes: ((snapshot: Snapshot) => Snapshot)[] = [
  (s) => ({
    ...s,
    pods: s.pods.map((pod) => (pod.name === 'cart-a' ? { ...pod, deletion: { killAtMs: 1, graceSeconds: 1 } } : pod)),
  }),
  (s) => ({ ...s, pods: s.pods.filter(({ name }) => name !== 'cart-b') }),
  (s) => ({
    ...s,
    pods: [
      ...s.pods,
      {
        ...(s.pods[0] ?? world().pods[0]),
        name: 'stranger',
        uid: 'uid-stranger',
        controller: { kind: 'Deployment', name: 'other' },
      } as Snapshot['pods'][number],
    ],
  }),
  (s) => ({
    ...s,
    slices: s.slices.map((slice) =>
      slice.name === 'cart-1'
        ? { ...slice, endpoints: slice.endpoints.map((one) => ({ ...one, serving: false })) }
        : slice,
    ),
  }),
  (s) => ({ ...s, slices: s.slices.filter(({ name }) => name !== 'cart-1') }),
  (s) => ({
    ...s,
    services: s.services.map((service) => (service.name === 'cart' ? { ...service, ownerUids: [] } : service)),
  }),
  (s) => ({
    ...s,
    keyRings: {
      ...s.keyRings,
      'shop/cart': { current: 2, keys: [...keyRing.keys, ...keyRing.keys.map(({ secret }) => ({ id: 2, secret }))] },
    },
  }),
  (s) => ({
    ...s,
    removedPods: { ...s.removedPods, 'shop/cart': [{ pod: 'cart-a', uid: 'uid-cart-a', atMs: 1 }] },
  }),
  (s) => ({
    ...s,
    workloads: s.workloads.map((one) => ({
      ...one,
      spec: { ...one.spec, loadBalancing: { policy: 'Random' as const, maxSessionsPerEndpoint: 3 } },
    })),
  }),
  (s) => ({
    ...s,
    workloads: s.workloads.map((one) => ({
      ...one,
      spec: { ...one.spec, service: { ...one.spec.service, targetPort: 9000 } },
    })),
  }),
];

test('after any changes the tables equal those of a translation from scratch', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: changes.length - 1 }), { maxLength: 6 }), (steps) => {
      let snapshot = world();
      let last = translate(snapshot);
      for (const step of steps) {
        snapshot = change(snapshot, step);
        last = translate(snapshot, last);
        expect(last.tables).toEqual(translate(snapshot).tables);
      }
    }),
  );
});

test('an unchanged backend stays the same object', () => {
  const before = translate(world());
  const snapshot = world();
  const first = translate(snapshot, before);
  const [touch] = changes;
  const second = translate(touch?.(snapshot) ?? snapshot, first);
  expect(second.backends['shop/till']).toBe(first.backends['shop/till']);
  expect(second.backends['shop/cart']).not.toBe(first.backends['shop/cart']);
});
