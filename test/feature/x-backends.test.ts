/** XBackends are read while a definition is installed that can select pods. */
import { afterEach, expect, test } from '@jest/globals';
import { customResourceDefinitions, gateways, httpRoutes, pods, xBackends } from '../../src/kube/resources.ts';
import type { KubeObject } from '../../src/kube/ports.ts';
import { elsewhere, gateway, routeDefinition, xBackendDefinition } from '../support/operator-objects.ts';
import { createServingWorld } from '../support/operator-world.ts';

const { world, operator } = await createServingWorld();
afterEach(() => world.stop());

const group = 'gateway.networking.x-k8s.io';
const backend: KubeObject = {
  apiVersion: `${group}/v1alpha1`,
  kind: 'XBackend',
  metadata: { namespace: 'shop', name: 'selected', uid: 'uid-of-selected', generation: 1 },
  spec: {
    type: 'EndpointSelector',
    endpointSelector: { matchLabels: { app: 'plain' } },
    port: { number: 3000 },
    sessionPersistence: { type: 'Cookie', cookie: { name: 'of-the-backend' } },
  },
};
const route: KubeObject = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { namespace: 'shop', name: 'route', uid: 'uid-of-route', generation: 1 },
  spec: {
    parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' }],
    rules: [{ name: 'all', backendRefs: [{ group, kind: 'XBackend', name: 'selected' }] }],
  },
};
const pod = (ready: 'True' | 'False'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'shop', name: 'plain-a', uid: 'uid-of-plain-a', labels: { app: 'plain' } },
  status: { phase: 'Running', podIP: '10.0.0.9', conditions: [{ type: 'Ready', status: ready }] },
});

const table = () => operator.translations.table('shop/web')?.table;
const resolvedRefs = (status: string, reason: string) => ({
  parents: [{ conditions: [{ type: 'Accepted' }, { type: 'ResolvedRefs', status, reason }] }],
});

test('a route to one is served with its sessions, and its pods are followed', async () => {
  world.put(customResourceDefinitions, routeDefinition('C'));
  world.put(gateways, elsewhere('shop', gateway('web')));
  world.put(pods, pod('False'));
  await world.after(() => world.put(httpRoutes, route));
  // As v1.6 has it: an external host name.
  await world.after(() => {
    world.put(customResourceDefinitions, xBackendDefinition({ externalHostname: {} }));
    world.put(xBackends, backend);
  });
  expect(world.mustFind(httpRoutes, 'route')['status']).toMatchObject(resolvedRefs('False', 'InvalidKind'));
  expect(world.mustFind(xBackends, 'selected')['status']).toBeUndefined();

  await world.after(() =>
    world.put(customResourceDefinitions, xBackendDefinition({ externalHostname: {}, endpointSelector: {} })),
  );
  expect(world.mustFind(httpRoutes, 'route')['status']).toMatchObject(resolvedRefs('True', 'ResolvedRefs'));
  expect(world.mustFind(xBackends, 'selected')['status']).toMatchObject({
    ancestors: [{ ancestorRef: { name: 'web' }, conditions: [{ type: 'Accepted', status: 'True' }] }],
  });
  const key = 'shop/XBackend.selected:3000@shop/route/all';
  expect(table()).toMatchObject({
    routes: [{ persistence: { carrier: { name: 'of-the-backend' } }, backendRefs: [{ backend: key }] }],
    backends: { [key]: { sessions: {}, endpoints: [{ address: '10.0.0.9', port: 3000, state: 'Pending' }] } },
  });

  await world.after(() => world.put(pods, pod('True')));
  expect(table()?.backends[key]?.endpoints).toMatchObject([{ pod: 'plain-a', state: 'Accepting' }]);
  await world.after(() => world.cluster.remove(pods, { namespace: 'shop', name: 'plain-a' }));
  expect(table()?.backends[key]?.endpoints).toEqual([]);

  await world.after(() =>
    world.cluster.remove(customResourceDefinitions, { name: 'xbackends.gateway.networking.x-k8s.io' }),
  );
  expect(world.mustFind(httpRoutes, 'route')['status']).toMatchObject(resolvedRefs('False', 'InvalidKind'));
});
