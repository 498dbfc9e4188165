/** A user has a Deployment, a Service and an HTTPRoute, and adds a StickyWorkload without changing any of them. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  customResourceDefinitions,
  deployments,
  endpointSlices,
  gateways,
  httpRoutes,
  referenceGrants,
  services,
} from '../../src/kube/resources.ts';
import type { Operator } from '../../src/operator/operator.ts';
import {
  cartService,
  elsewhere,
  frontRoute,
  gateway,
  grantDefinition,
  referenceGrant,
  routeDefinition,
  slice,
  stickyWorkload,
} from '../support/operator-objects.ts';
import { createOperatorWorld, type OperatorWorld } from '../support/operator-world.ts';
import { stickyWorkloads } from '../../src/kube/resources.ts';

let world: OperatorWorld;
let operator: Operator;

beforeEach(async () => {
  world = createOperatorWorld();
  world.put(customResourceDefinitions, routeDefinition('B'));
  world.put(gateways, elsewhere('shop', gateway('web')));
  world.putPods('cart', ['cart-a']);
  world.put(endpointSlices, slice('cart', ['cart-a']));
  world.put(services, cartService);
  world.put(httpRoutes, frontRoute);
  operator = await world.start();
  world.edit(deployments, 'web-holdfast', (object) => ({ ...object, status: { readyReplicas: 2 } }));
  await world.settle();
});
afterEach(() => world.stop());

const table = () => operator.translations.table('shop/web')?.table;
const add = (kind: 'None' | 'HTTPRoute') => world.putWorkload({ name: 'cart', spec: { route: { kind } } });

test('its sessions are kept from then on, and nothing of the user is written', async () => {
  expect(Object.keys(table()?.backends ?? {})).toEqual(['shop/cart:80']);
  const changes = await world.after(() => add('None'));
  expect(table()).toMatchObject({
    routes: [
      { persistence: { carrier: { type: 'Cookie' } }, backendRefs: [{ backend: 'shop/cart:80@shop/front/all' }] },
    ],
    backends: { 'shop/cart:80@shop/front/all': { sessions: {}, endpoints: [{ pod: 'cart-a', state: 'Accepting' }] } },
  });
  expect(changes.writes.filter((write) => / (Service|HTTPRoute|Gateway|Deployment) /.test(write))).toEqual([]);
  expect(world.condition('cart', 'Programmed')).toMatchObject({ status: 'True' });
  expect(world.condition('cart', 'Ready')).toMatchObject({ status: 'True' });
});

test('without the route, the status says that one is missing', async () => {
  await world.after(() => add('None'));
  await world.after(() => world.cluster.remove(httpRoutes, { namespace: 'shop', name: 'front' }));
  expect(world.condition('cart', 'Programmed')).toMatchObject({ status: 'False', reason: 'RouteMissing' });
});

test('without the last route, which was in another namespace, the status says that one is missing', async () => {
  const elsewhereRoute = {
    ...frontRoute,
    metadata: { ...frontRoute.metadata, namespace: 'front' },
    spec: {
      parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web', namespace: 'shop' }],
      rules: [{ backendRefs: [{ group: '', kind: 'Service', name: 'cart', namespace: 'shop', port: 80 }] }],
    },
  };
  await world.after(() => {
    world.cluster.remove(httpRoutes, { namespace: 'shop', name: 'front' });
    world.put(customResourceDefinitions, grantDefinition('v1beta1'));
    world.put(referenceGrants.v1beta1, referenceGrant('shop', 'front'));
    world.put(httpRoutes, elsewhereRoute);
    add('None');
  });
  expect(world.condition('cart', 'Programmed')).toMatchObject({ status: 'True' });
  await world.after(() => world.cluster.remove(httpRoutes, { namespace: 'front', name: 'front' }));
  expect(world.condition('cart', 'Programmed')).toMatchObject({ status: 'False', reason: 'RouteMissing' });
});

test('a later refusal of the StickyWorkload ends no session on the Service of its user', async () => {
  await world.after(() => add('None'));
  const before = table();
  const { spec } = stickyWorkload({ name: 'cart', spec: { route: { kind: 'None' }, replicas: 1 } });
  await world.after(() => world.editSpec(stickyWorkloads, 'cart', spec as object));
  expect(world.condition('cart', 'Accepted')).toMatchObject({ status: 'False' });
  expect(table()).toEqual(before);
  expect(Object.values(before?.backends ?? {})).toMatchObject([{ sessions: {} }]);
});

test('a StickyWorkload that had a route of its own loses it when it leaves routes to its users', async () => {
  await world.after(() => {
    world.cluster.remove(services, { namespace: 'shop', name: 'cart' });
    add('HTTPRoute');
  });
  expect(world.cluster.find(httpRoutes, { namespace: 'shop', name: 'cart' })).toBeDefined();
  const { spec } = stickyWorkload({ name: 'cart', spec: { route: { kind: 'None' } } });
  await world.after(() => world.editSpec(stickyWorkloads, 'cart', spec as object));
  expect(world.cluster.find(httpRoutes, { namespace: 'shop', name: 'cart' })).toBeUndefined();
});
