/** What leaves, or changes in one namespace, is seen in the statuses of another without a further event there. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeObject, Resource } from '../../src/kube/ports.ts';
import * as resources from '../../src/kube/resources.ts';
import { gateway, listenerSetDefinition, routeDefinition } from '../support/operator-objects.ts';
import { createOperatorWorld, type OperatorWorld } from '../support/operator-world.ts';

const { customResourceDefinitions, deployments, gateways, httpRoutes, listenerSets, services } = resources;

let world: OperatorWorld;
beforeEach(async () => {
  world = createOperatorWorld();
  world.put(customResourceDefinitions, routeDefinition('C'), listenerSetDefinition);
  await world.start();
  await world.after(() => world.put(gateways, web));
});
afterEach(() => world.stop());

const bare = gateway('web');
const web = { ...bare, spec: { ...(bare['spec'] as object), allowedListeners: { namespaces: { from: 'All' } } } };

const inInfra = (resource: Resource, name: string) => world.cluster.find(resource, { namespace: 'infra', name });

const runProxy = () =>
  world.after(() => {
    const found = inInfra(deployments, 'web-holdfast');
    if (found) world.put(deployments, { ...found, status: { readyReplicas: 2 } });
  });

type Status = { attachedListenerSets: number; listeners: { attachedRoutes: number }[] };
const statusOfWeb = () => inInfra(gateways, 'web')?.['status'] as Status;
const attached = () => statusOfWeb().listeners.map(({ attachedRoutes }) => attachedRoutes);

/** Older than every StickyWorkload. */
const route = (namespace: string, spec: object = {}, generation = 1): KubeObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { namespace, name: 'r', uid: `uid-of-r`, generation, creationTimestamp: '2025-01-01T00:00:00Z' },
  spec: {
    parentRefs: [{ name: 'web', namespace: 'infra' }],
    hostnames: ['a.example'],
    rules: [{ backendRefs: [] }],
    ...spec,
  },
});

describe('the only HTTPRoute of a namespace', () => {
  beforeEach(async () => {
    await world.after(() => world.put(httpRoutes, route('front')));
    expect(attached()).toEqual([1]);
  });

  test('is no longer counted by a Gateway of another namespace once it is deleted', async () => {
    await world.after(() => world.cluster.remove(httpRoutes, { namespace: 'front', name: 'r' }));
    expect(attached()).toEqual([0]);
  });

  test('is no longer counted once it refers to another Gateway', async () => {
    const moved = route('front', { parentRefs: [{ name: 'other', namespace: 'elsewhere' }] }, 2);
    await world.after(() => world.put(httpRoutes, moved));
    expect(attached()).toEqual([0]);
  });

  test('changes the status of that Gateway only', async () => {
    await world.after(() => world.put(gateways, gateway('quiet')));
    const { writes } = await world.after(() => world.cluster.remove(httpRoutes, { namespace: 'front', name: 'r' }));
    expect(writes).toEqual(['apply status of Gateway infra/web']);
  });
});

test('a StickyWorkload reports the older route of a third namespace that has its requests, until that is deleted', async () => {
  const parentRefs = [{ name: 'web', namespace: 'infra' }];
  await world.after(() =>
    world.putWorkload({ name: 'cart', spec: { route: { hostnames: ['a.example'], parentRefs } } }),
  );
  await runProxy();
  expect(world.condition('cart', 'Programmed')).toMatchObject({ status: 'True' });
  await world.after(() => world.put(httpRoutes, route('front')));
  expect(world.condition('cart', 'Programmed')).toMatchObject({ status: 'False', reason: 'RouteShadowed' });
  await world.after(() => world.cluster.remove(httpRoutes, { namespace: 'front', name: 'r' }));
  expect(world.condition('cart', 'Programmed')).toMatchObject({ status: 'True' });
});

test('a StickyWorkload without a route of its own is programmed when proxies of another namespace are ready', async () => {
  await world.after(() => {
    world.putPods('cart', ['cart-a']);
    world.put(services, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'shop', name: 'cart', uid: 'uid-of-service' },
      spec: { ports: [{ name: 'http', port: 80, targetPort: 8080 }], selector: { app: 'cart' } },
    });
    world.put(httpRoutes, route('shop', { rules: [{ backendRefs: [{ name: 'cart', port: 80 }] }] }));
    world.putWorkload({ name: 'cart', spec: { route: { kind: 'None' } } });
  });
  expect(world.condition('cart', 'Programmed')).toMatchObject({ status: 'False', reason: 'ProxyNotReady' });
  await runProxy();
  expect(world.condition('cart', 'Programmed')).toMatchObject({ status: 'True' });
});

test('a deleted ListenerSet of another namespace is not counted, and the Service loses its port', async () => {
  await world.after(() =>
    world.put(listenerSets, {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'ListenerSet',
      metadata: { namespace: 'shop', name: 'team', uid: 'uid-of-set', generation: 1 },
      spec: {
        parentRef: { name: 'web', namespace: 'infra' },
        listeners: [{ name: 'mine', port: 8081, protocol: 'HTTP', hostname: 'b.example' }],
      },
    }),
  );
  const seen = () => {
    const spec = inInfra(services, 'web-holdfast')?.['spec'] as { ports: { port: number }[] } | undefined;
    return { sets: statusOfWeb().attachedListenerSets, ports: spec?.ports.map(({ port }) => port) };
  };
  expect(seen()).toEqual({ sets: 1, ports: [80, 8081] });
  await world.after(() => world.cluster.remove(listenerSets, { namespace: 'shop', name: 'team' }));
  expect(seen()).toEqual({ sets: 0, ports: [80] });
});
