/** Invariants for every cluster state, whatever the two watches (pods, slices) have received so far. */
import { describe, expect, test } from '@jest/globals';
import type { Endpoint } from '../../../../src/wire/routing-table.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { fc } from '../../../support/fast-check.ts';
import { snapshotOf, type ShortWorld } from '../../../support/world.ts';

type World = Required<Pick<ShortWorld, 'pods' | 'slices'>>;

const podName = fc.constantFrom('cart-a', 'cart-b', 'cart-c', 'cart-d');

const pod = fc.record({
  name: podName,
  ip: fc.constantFrom('10.0.0.1', '10.0.0.2'),
  phase: fc.constantFrom(
    'Pending' as const,
    'Running' as const,
    'Succeeded' as const,
    'Failed' as const,
    'Unknown' as const,
  ),
  ready: fc.boolean(),
  of: fc.constantFrom('Deployment/cart', 'Deployment/cart', 'Deployment/other', 'none'),
});
const deletedPod = fc
  .tuple(pod, fc.boolean())
  .map(([one, deleted]) => (deleted ? { ...one, deletion: { killAtMs: 1, graceSeconds: 30 } } : one));
const sighting = fc.record({ pod: podName, ready: fc.boolean(), serving: fc.boolean(), terminating: fc.boolean() });
const slice = fc.record({
  name: fc.constantFrom('cart-1', 'cart-2'),
  port: fc.constantFrom(8080, 8081),
  endpoints: fc.array(sighting, { maxLength: 4 }),
});

const worlds: fc.Arbitrary<World> = fc.record({
  pods: fc.uniqueArray(deletedPod, { selector: ({ name }) => name, maxLength: 4 }),
  slices: fc.array(slice, { maxLength: 2 }),
});

function endpointsOf({ pods, slices }: World): Endpoint[] {
  const { tables } = translate(
    snapshotOf({
      workloads: [{ name: 'cart' }],
      targets: [{ name: 'cart' }],
      services: [{ name: 'cart' }],
      pods,
      slices,
    }),
  );
  return tables['shop/holdfast']?.backends['shop/cart']?.endpoints ?? [];
}

const copiesOf = ({ slices }: World, name: string) =>
  slices.flatMap(({ endpoints }) => endpoints).filter((copy) => copy.pod === name);

describe('in every cluster state', () => {
  test('no living pod of the target is missing, or its sessions would be lost', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const living = world.pods.filter(
          ({ of, phase }) => of === 'Deployment/cart' && phase !== 'Succeeded' && phase !== 'Failed',
        );
        const listed = new Set(endpointsOf(world).map(({ pod: name }) => name));
        expect(living.filter(({ name }) => !listed.has(name))).toEqual([]);
      }),
    );
  });

  test('a pod that terminates in one of the sources gets no new session, and an older copy does not revert that', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        for (const { pod: name, state } of endpointsOf(world)) {
          const deleted = world.pods.some((one) => one.name === name && one.deletion !== undefined);
          const terminating = copiesOf(world, name).some((copy) => copy.terminating);
          expect(state === 'Draining').toBe(deleted || terminating);
        }
      }),
    );
  });

  test('only pods that all slices report as serving get new sessions', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        for (const { pod: name } of endpointsOf(world).filter(({ state }) => state === 'Accepting')) {
          const copies = copiesOf(world, name);
          expect(copies.length).toBeGreaterThan(0);
          expect(copies.every(({ ready, serving }) => ready && serving)).toBe(true);
        }
      }),
    );
  });

  test('each pod is listed once, in order of UIDs, whatever the order of slices', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const endpoints = endpointsOf(world);
        const uids = endpoints.map(({ uid }) => uid);
        expect(uids).toEqual([...new Set(uids)].toSorted());
        const states = (listed: Endpoint[]) => listed.map(({ uid, state }) => ({ uid, state }));
        expect(states(endpointsOf({ ...world, slices: world.slices.toReversed() }))).toEqual(states(endpoints));
      }),
    );
  });

  test('a known pod of another controller is never listed', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const foreign = new Set(world.pods.filter(({ of }) => of !== 'Deployment/cart').map(({ name }) => name));
        expect(endpointsOf(world).filter(({ pod: name }) => foreign.has(name))).toEqual([]);
      }),
    );
  });
});

test('a slice says nothing about a pod of another namespace, whatever UID it names', () => {
  const backends = (pods: World['pods']) => {
    const { tables } = translate(
      snapshotOf({
        gateways: [{ name: 'web' }],
        workloads: [{ name: 'cart' }],
        targets: [{ name: 'cart' }],
        services: [{ name: 'cart' }, { name: 'plain', ownerUids: [] }],
        httpRoutes: [
          {
            name: 'r',
            spec: { parentRefs: [{ name: 'web' }], rules: [{ backendRefs: [{ name: 'plain', port: 80 }] }] },
          },
        ],
        pods,
        slices: [
          { name: 'cart-1', endpoints: [{ pod: 'victim' }] },
          { name: 'plain-1', service: 'plain', endpoints: [{ pod: 'victim' }, { address: '10.0.0.9' }] },
        ],
      }),
    );
    const uidsOf = (key: string, backend: string) =>
      tables[key]?.backends[backend]?.endpoints.map(({ uid }) => uid) ?? [];
    return [uidsOf('shop/holdfast', 'shop/cart'), uidsOf('shop/web', 'shop/plain:80')];
  };
  expect(backends([])).toEqual([['uid-victim'], ['10.0.0.9:8080', 'uid-victim']]);
  expect(backends([{ name: 'victim', namespace: 'bank', of: 'none' }])).toEqual([[], ['10.0.0.9:8080']]);
});
