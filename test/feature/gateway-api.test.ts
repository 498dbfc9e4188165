import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { customResourceDefinitions, gatewayClasses, gateways, httpRoutes } from '../../src/kube/resources.ts';
import type { KubeObject } from '../../src/kube/ports.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { AppError } from '../../src/platform/errors.ts';
import { routeDefinition } from '../support/operator-objects.ts';
import { createServingWorld, type OperatorWorld } from '../support/operator-world.ts';

let world: OperatorWorld;
let operator: Operator;
beforeEach(async () => {
  ({ world, operator } = await createServingWorld());
});
afterEach(() => world.stop());

const install = (generation: 'B' | 'C' | 'Absent') =>
  world.after(() => world.put(customResourceDefinitions, routeDefinition(generation)));

const unavailable = new AppError('KUBERNETES_UNAVAILABLE', 'LIST httproutes: no response', {
  source: 'kubernetes',
  retryable: true,
});
const foreignRoute: KubeObject = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { namespace: 'shop', name: 'cart' },
  spec: { hostnames: ['theirs.example'] },
};

const routeWrites = ['apply HTTPRoute shop/cart', 'apply GatewayClass holdfast', 'apply Gateway shop/holdfast'];
const statusWrites = [
  'apply status of GatewayClass holdfast',
  'apply status of Gateway shop/holdfast',
  'apply status of HTTPRoute shop/cart',
];

type Generation = { generation: 'B' | 'C' | 'Absent'; sentence: string; rule: object; reason: string };

const generations: Generation[] = [
  {
    generation: 'B',
    sentence: 'v1.1 to v1.6, experimental channel',
    rule: {
      sessionPersistence: { type: 'Cookie', sessionName: 'cart-session', cookieConfig: { lifetimeType: 'Session' } },
    },
    reason: 'Programmed',
  },
  {
    generation: 'C',
    sentence: 'v1.7, experimental channel',
    rule: {
      sessionPersistence: { type: 'Cookie', cookie: { name: 'cart-session', path: '/', lifetimeType: 'Session' } },
    },
    reason: 'Programmed',
  },
  { generation: 'Absent', sentence: 'standard channel', rule: {}, reason: 'SessionPersistenceFieldMissing' },
];

test.each(generations)(
  'Gateway API that is installed later ($sentence) gets its objects without a restart, with the fields of its version',
  async ({ generation, rule, reason }) => {
    const changes = await install(generation);
    expect(changes.writes.toSorted()).toEqual(
      [...routeWrites, ...statusWrites, 'apply status of StickyWorkload shop/cart'].toSorted(),
    );
    expect(changes.events).toEqual([`Normal ${reason} cart`]);
    expect(world.mustFind(httpRoutes, 'cart')['spec']).toEqual({
      parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'holdfast' }],
      rules: [
        { matches: [{ path: { type: 'PathPrefix', value: '/' } }], backendRefs: [{ name: 'cart', port: 80 }], ...rule },
      ],
    });
  },
);

test('GatewayClass, Gateway and HTTPRoute of Holdfast get their status', async () => {
  await install('B');
  expect(world.mustFind(gatewayClasses, 'holdfast')).toMatchObject({
    spec: { controllerName: 'holdfast.dev/gateway-controller' },
    status: {
      conditions: [
        { type: 'Accepted', status: 'True' },
        { type: 'SupportedVersion', status: 'False' },
      ],
    },
  });
  expect(world.mustFind(gateways, 'holdfast')).toMatchObject({
    spec: { gatewayClassName: 'holdfast' },
    status: {
      conditions: [
        { type: 'Accepted', status: 'True' },
        { type: 'Programmed', status: 'True' },
      ],
      listeners: [{ name: 'http', attachedRoutes: 1 }],
    },
  });
  expect(world.mustFind(httpRoutes, 'cart')['status']).toMatchObject({
    parents: [{ controllerName: 'holdfast.dev/gateway-controller' }],
  });
});

test('Gateway API objects that are up to date cause no write', async () => {
  await install('B');
  expect(await world.after(() => undefined)).toEqual({ writes: [], events: [] });
});

test('the HTTPRoute follows an upgrade of Gateway API to the other channel', async () => {
  await install('Absent');
  const changes = await install('C');
  expect(changes.writes.toSorted()).toEqual([
    'apply HTTPRoute shop/cart',
    'apply status of HTTPRoute shop/cart',
    'apply status of StickyWorkload shop/cart',
  ]);
  expect(changes.events).toEqual(['Normal Programmed cart']);
  expect(JSON.stringify(world.mustFind(httpRoutes, 'cart')['spec'])).toContain('"sessionPersistence"');
});

test('the proxy keeps serving when Gateway API is removed, the status reports it, and no removed kind is written', async () => {
  await install('B');
  const changes = await world.after(() => {
    for (const resource of [httpRoutes, gateways, gatewayClasses]) {
      for (const { metadata } of world.cluster.all(resource)) world.cluster.remove(resource, metadata);
    }
    world.cluster.remove(customResourceDefinitions, { name: 'httproutes.gateway.networking.k8s.io' });
  });
  expect(changes).toEqual({
    writes: ['apply status of StickyWorkload shop/cart'],
    events: ['Normal GatewayAPIMissing cart'],
  });
  expect(world.condition('cart', 'Ready')).toMatchObject({ status: 'True' });
});

test('Gateway API objects are created once their kinds are served, even some time after their definitions', async () => {
  world.cluster.fail({ verb: 'list', kind: 'HTTPRoute', error: unavailable, times: 3 });
  expect(await install('B')).toEqual({ writes: [], events: [] });
  await world.clock.advance(2000);
  expect(world.takeChanges().writes.toSorted()).toEqual(
    [...routeWrites, ...statusWrites, 'apply status of StickyWorkload shop/cart'].toSorted(),
  );
});

test('an HTTPRoute of another owner is never overwritten, even while routes cannot be listed yet', async () => {
  world.cluster.fail({ verb: 'list', kind: 'HTTPRoute', error: unavailable, times: 3 });
  world.put(httpRoutes, foreignRoute);
  world.put(customResourceDefinitions, routeDefinition('B'));
  await world.clock.advance(50);
  // Meanwhile the table stays current.
  expect(operator.translations.table('shop/holdfast')?.asOfMs).toBe(world.clock.nowMs());
  await world.clock.advance(10_000);
  expect(world.mustFind(httpRoutes, 'cart')['spec']).toEqual(foreignRoute['spec']);
  expect(world.condition('cart', 'Programmed')).toMatchObject({ status: 'False', reason: 'RouteConflict' });
});

test('an operator serves at once even if Gateway API is installed only in part', async () => {
  await world.stop();
  world.put(customResourceDefinitions, routeDefinition('C'));
  const error = new AppError('KUBERNETES_NOT_FOUND', 'LIST gatewayclasses: 404', {
    source: 'kubernetes',
    retryable: false,
  });
  world.cluster.fail({ verb: 'list', kind: 'GatewayClass', error, times: 1000 });
  const second = await world.start('operator-2');
  expect(second.notReady()).toEqual([]);
  expect(second.translations.table('shop/holdfast')?.table.backends).toHaveProperty(['shop/cart']);
  expect(world.condition('cart', 'Programmed')).toMatchObject({ status: 'True', reason: 'GatewayAPIMissing' });
});
