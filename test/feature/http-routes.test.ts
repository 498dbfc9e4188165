/** HTTPRoutes of users to plain Services, without any StickyWorkload for them. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { customResourceDefinitions, endpointSlices, gateways, httpRoutes, services } from '../../src/kube/resources.ts';
import type { KubeObject } from '../../src/kube/ports.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { elsewhere, gateway, routeDefinition, slice } from '../support/operator-objects.ts';
import { createServingWorld, type OperatorWorld } from '../support/operator-world.ts';

let world: OperatorWorld;
let operator: Operator;
beforeEach(async () => {
  ({ world, operator } = await createServingWorld());
  world.put(customResourceDefinitions, routeDefinition('B'));
  world.put(gateways, elsewhere('shop', gateway('web')));
  await world.settle();
});
afterEach(() => world.stop());

const parentRef = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' };
const route = (rules: object[], generation = 1): KubeObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { namespace: 'shop', name: 'plain', uid: 'uid-of-plain', generation },
  spec: { parentRefs: [parentRef], rules },
});
const toPlain = { backendRefs: [{ group: '', kind: 'Service', name: 'plain', port: 80, weight: 1 }] };
const service: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'shop', name: 'plain', uid: 'uid-of-service' },
  spec: { ports: [{ name: 'http', port: 80 }] },
};

type Condition = { type: string; status: string; reason: string; observedGeneration: number };
const conditions = (): string[] => {
  const { parents } = world.mustFind(httpRoutes, 'plain')['status'] as { parents: { conditions: Condition[] }[] };
  return parents.flatMap((entry) =>
    entry.conditions.map(({ type, status, reason, observedGeneration }) =>
      [type, status, reason, observedGeneration].join(' '),
    ),
  );
};
const table = () => operator.translations.table('shop/web')?.table;

test('a route gets its status and its place in the table, and its Gateway counts it', async () => {
  const changes = await world.after(() => {
    world.put(services, service);
    world.put(endpointSlices, slice('plain', ['plain-a']));
    world.put(httpRoutes, route([toPlain]));
  });
  expect(changes.writes).toEqual(expect.arrayContaining(['apply status of HTTPRoute shop/plain']));
  expect(conditions()).toEqual(['Accepted True Accepted 1', 'ResolvedRefs True ResolvedRefs 1']);
  expect(world.mustFind(gateways, 'web')['status']).toMatchObject({ listeners: [{ attachedRoutes: 1 }] });
  expect(table()).toMatchObject({
    routes: [{ name: 'shop/plain#0.0', backendRefs: [{ backend: 'shop/plain:80', weight: 1 }] }],
    backends: { 'shop/plain:80': { endpoints: [{ pod: 'plain-a', port: 8080, state: 'Accepting' }] } },
  });
  expect(await world.after(() => undefined)).toEqual({ writes: [], events: [] });
});

test('a route whose Service is created later is resolved then', async () => {
  await world.after(() => world.put(httpRoutes, route([toPlain])));
  expect(conditions()).toEqual(['Accepted True Accepted 1', 'ResolvedRefs False BackendNotFound 1']);
  expect(table()?.routes).toMatchObject([{ backendRefs: [{ weight: 1 }] }]);
  await world.after(() => world.put(services, service));
  expect(conditions()).toEqual(['Accepted True Accepted 1', 'ResolvedRefs True ResolvedRefs 1']);
});

test('a change to a field that is not supported takes the route out of service', async () => {
  await world.after(() => {
    world.put(services, service);
    world.put(httpRoutes, route([toPlain]));
  });
  await world.after(() => world.put(httpRoutes, route([{ ...toPlain, filters: [{ type: 'ExtensionRef' }] }], 2)));
  expect(conditions()).toEqual(['Accepted False UnsupportedValue 2', 'ResolvedRefs True ResolvedRefs 2']);
  expect(table()?.routes).toEqual([]);
  expect(world.mustFind(gateways, 'web')['status']).toMatchObject({ listeners: [{ attachedRoutes: 0 }] });
});

test('a route that leaves for another controller loses the entry of Holdfast, and keeps that of the other', async () => {
  await world.after(() => world.put(httpRoutes, route([toPlain])));
  const theirs = { parentRef: { name: 'theirs' }, controllerName: 'example.com/theirs', conditions: [] };
  await world.after(() => {
    world.edit(httpRoutes, 'plain', (object) => ({
      ...object,
      metadata: { ...object.metadata, generation: 2 },
      spec: { parentRefs: [{ ...parentRef, name: 'theirs' }], rules: [toPlain] },
      status: { parents: [theirs, ...(object['status'] as { parents: object[] }).parents] },
    }));
  });
  expect(world.mustFind(httpRoutes, 'plain')['status']).toEqual({ parents: [theirs] });
});

test('a rule with sessionPersistence keeps sessions with keys that are derived, without a Secret', async () => {
  const persistent = { ...toPlain, name: 'all', sessionPersistence: { sessionName: 'mine' } };
  const changes = await world.after(() => {
    world.put(services, service);
    world.put(endpointSlices, slice('plain', ['plain-a']));
    world.put(httpRoutes, route([persistent]));
  });
  expect(changes.writes.filter((write) => write.includes('Secret'))).toEqual([]);
  expect(table()).toMatchObject({
    routes: [{ persistence: { carrier: { name: 'mine' } } }],
    backends: { 'shop/plain:80@shop/plain/all': { sessions: { keyRing: { current: 1 } } } },
  });
});
