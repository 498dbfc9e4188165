import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { KubeObject, Resource } from '../../src/kube/ports.ts';
import {
  customResourceDefinitions,
  deployments,
  gatewayClasses,
  gateways,
  httpRoutes,
  podDisruptionBudgets,
  serviceAccounts,
  services,
} from '../../src/kube/resources.ts';
import { namespace, routeDefinition } from '../support/operator-objects.ts';
import { createOperatorWorld, type OperatorWorld } from '../support/operator-world.ts';

let world: OperatorWorld;
beforeEach(() => {
  world = createOperatorWorld();
});
afterEach(() => world.stop());

const foreign = ({ group, version, kind }: Resource, name: string): KubeObject => ({
  apiVersion: group === '' ? version : `${group}/${version}`,
  kind,
  metadata: { namespace, name, labels: { app: 'theirs' } },
  spec: { theirs: true },
});

/** All writes for `cart` without conflicts. The GatewayClass exists before any StickyWorkload. */
const allWrites = [
  'apply MutatingWebhookConfiguration holdfast',
  'apply Service shop/cart',
  'apply HTTPRoute shop/cart',
  'apply ServiceAccount shop/holdfast-holdfast',
  'apply Deployment shop/holdfast-holdfast',
  'apply Service shop/holdfast-holdfast',
  'apply PodDisruptionBudget shop/holdfast-holdfast',
  'apply Gateway shop/holdfast',
  'apply status of Gateway shop/holdfast',
  'apply status of HTTPRoute shop/cart',
  'apply status of StickyWorkload shop/cart',
];

type Case = { resource: Resource; name: string; reason: string; wayOut: string; withheld: string[] };

const inTheWay: Case[] = [
  {
    resource: services,
    name: 'cart',
    reason: 'ServiceConflict',
    wayOut: 'create the StickyWorkload under another name',
    withheld: ['apply Service shop/cart'],
  },
  {
    resource: httpRoutes,
    name: 'cart',
    reason: 'RouteConflict',
    wayOut: 'create the StickyWorkload under another name',
    withheld: ['apply HTTPRoute shop/cart', 'apply status of HTTPRoute shop/cart'],
  },
  {
    resource: gateways,
    name: 'holdfast',
    reason: 'GatewayConflict',
    wayOut: 'the proxy of Gateway holdfast needs this name',
    withheld: ['apply Gateway shop/holdfast', 'apply status of Gateway shop/holdfast'],
  },
  ...[serviceAccounts, deployments, services, podDisruptionBudgets].map((resource) => ({
    resource,
    name: 'holdfast-holdfast',
    reason: 'GatewayConflict',
    wayOut: 'the proxy of Gateway holdfast needs this name',
    withheld: [`apply ${resource.kind} shop/holdfast-holdfast`],
  })),
];

const sentence = ({ resource, name }: Case): string => `${resource.kind} ${name}`;

test.each(inTheWay.map((row) => [sentence(row), row] as const))(
  '%s of another owner is not changed; every other object is applied, and the status has instructions',
  async (_, row) => {
    const { resource, name, reason, wayOut, withheld } = row;
    await world.start();
    world.put(customResourceDefinitions, routeDefinition('B'));
    world.put(resource, foreign(resource, name));
    const before = world.mustFind(resource, name);
    const changes = await world.after(() => world.putWorkload({ name: 'cart' }));
    expect(changes.writes.toSorted()).toEqual(allWrites.filter((write) => !withheld.includes(write)).toSorted());
    expect(changes.events).toEqual(['Normal Accepted cart', `Warning ${reason} cart`]);
    expect(world.mustFind(resource, name)).toEqual(before);
    const condition = world.condition('cart', 'Programmed');
    expect(condition).toMatchObject({ status: 'False', reason });
    expect(condition?.message).toContain(
      `${resource.kind} shop/${name} exists and is not managed by Holdfast; it was left unchanged. Delete or rename it`,
    );
    expect(condition?.message).toContain(wayOut);
  },
);

test('the conflict with an ExternalName Service reports that it has no pods', async () => {
  await world.start();
  world.put(services, { ...foreign(services, 'cart'), spec: { type: 'ExternalName', externalName: 'cart.example' } });
  await world.after(() => world.putWorkload({ name: 'cart' }));
  expect(world.condition('cart', 'Programmed')).toMatchObject({ status: 'False', reason: 'ServiceConflict' });
  expect(world.condition('cart', 'Programmed')?.message).toContain('Service shop/cart (type ExternalName) exists');
});

test('a GatewayClass of the same name of another controller is not changed, and the status reports it', async () => {
  await world.start();
  const theirs = {
    ...foreign(gatewayClasses, 'holdfast'),
    metadata: { name: 'holdfast' },
    spec: { controllerName: 'example.com/theirs' },
  };
  world.put(gatewayClasses, theirs);
  world.put(customResourceDefinitions, routeDefinition('B'));
  const changes = await world.after(() => world.putWorkload({ name: 'cart' }));
  expect(changes.events).toEqual(['Normal Accepted cart', 'Warning GatewayConflict cart']);
  expect(world.mustFind(gatewayClasses, 'holdfast')['spec']).toEqual(theirs.spec);
  expect(world.condition('cart', 'Programmed')?.message).toContain(
    'GatewayClass holdfast belongs to example.com/theirs',
  );
});

test('an owned object is created as soon as the conflicting one is deleted', async () => {
  await world.start();
  world.put(services, foreign(services, 'cart'));
  await world.after(() => world.putWorkload({ name: 'cart' }));
  const changes = await world.after(() => world.cluster.remove(services, { namespace, name: 'cart' }));
  expect(changes).toEqual({
    writes: ['apply Service shop/cart', 'apply status of StickyWorkload shop/cart'],
    events: ['Normal ProxyNotReady cart'],
  });
});

test('a foreign Service that replaces a deleted owned one is not changed, and its EndpointSlices provide no endpoints', async () => {
  world.putWorkload({ name: 'cart' });
  world.putPods('cart', ['cart-a']);
  const operator = await world.start();
  const changes = await world.after(() => {
    world.cluster.remove(services, { namespace, name: 'cart' });
    world.put(services, foreign(services, 'cart'));
  });
  expect(changes).toEqual({
    writes: ['apply status of StickyWorkload shop/cart'],
    events: ['Warning ServiceConflict cart'],
  });
  expect(operator.translations.table('shop/holdfast')?.table.backends['shop/cart']?.endpoints).toMatchObject([
    { pod: 'cart-a', state: 'Pending' },
  ]);
});
