/** A StickyWorkload whose route is a GRPCRoute, and becomes another one. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { StickyWorkloadSpec } from '../../src/api/spec.ts';
import {
  customResourceDefinitions,
  gateways,
  grpcRoutes,
  httpRoutes,
  stickyWorkloads,
} from '../../src/kube/resources.ts';
import type { Operator } from '../../src/operator/operator.ts';
import {
  elsewhere,
  gateway,
  grpcRouteDefinition,
  routeDefinition,
  stickyWorkload,
} from '../support/operator-objects.ts';
import { createOperatorWorld, type OperatorWorld } from '../support/operator-world.ts';

let world: OperatorWorld;
let operator: Operator;

const specOf = (kind: StickyWorkloadSpec['route']['kind']) => ({
  service: { appProtocol: 'grpc' as const },
  route: { kind, ...(kind !== 'None' && { parentRefs: [{ name: 'web' }] }) },
});

beforeEach(async () => {
  world = createOperatorWorld();
  world.put(customResourceDefinitions, routeDefinition('C'), grpcRouteDefinition);
  world.put(gateways, elsewhere('shop', gateway('web')));
  world.putPods('cart', ['cart-a']);
  operator = await world.start();
  await world.after(() => world.putWorkload({ name: 'cart', spec: specOf('GRPCRoute') }));
});
afterEach(() => world.stop());

const cart = { namespace: 'shop', name: 'cart' };
const routes = () => operator.translations.table('shop/web')?.table.routes;
const change = (kind: StickyWorkloadSpec['route']['kind']) =>
  world.after(() =>
    world.editSpec(stickyWorkloads, 'cart', stickyWorkload({ name: 'cart', spec: specOf(kind) }).spec as object),
  );

test('the GRPCRoute is created with its sessions and gets a status, and is served once', () => {
  expect(world.mustFind(grpcRoutes, 'cart')).toMatchObject({
    spec: {
      parentRefs: [{ name: 'web' }],
      rules: [{ matches: [{}], backendRefs: [{ name: 'cart', port: 80 }], sessionPersistence: { type: 'Cookie' } }],
    },
    status: { parents: [{ conditions: [{ type: 'Accepted', status: 'True' }, { status: 'True' }] }] },
  });
  expect(world.cluster.find(httpRoutes, cart)).toBeUndefined();
  expect(routes()).toMatchObject([{ name: 'shop/cart#0', protocol: 'HTTP2', backendRefs: [{ backend: 'shop/cart' }] }]);
});

test('one that is deleted is created again', async () => {
  await world.after(() => world.cluster.delete(grpcRoutes, cart));
  expect(world.cluster.find(grpcRoutes, cart)).toBeDefined();
});

test('another kind replaces it, and its sessions continue', async () => {
  const persistence = routes()?.[0]?.persistence;
  await change('HTTPRoute');
  expect(world.cluster.find(grpcRoutes, cart)).toBeUndefined();
  expect(world.cluster.find(httpRoutes, cart)).toBeDefined();
  expect(routes()).toEqual([
    expect.objectContaining({ persistence, backendRefs: [{ backend: 'shop/cart', weight: 1 }] }),
  ]);
  expect(routes()?.[0]).not.toHaveProperty('protocol');
  await change('GRPCRoute');
  expect(world.cluster.find(httpRoutes, cart)).toBeUndefined();
  expect(world.cluster.find(grpcRoutes, cart)).toBeDefined();
});

test('it is deleted once routes are left to users', async () => {
  await change('None');
  expect(world.cluster.find(grpcRoutes, cart)).toBeUndefined();
  expect(routes()).toEqual([]);
});
