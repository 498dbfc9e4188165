/** A host of a listener is for HTTPRoutes or for GRPCRoutes: the older route has it, until it is deleted. */
import { afterEach, expect, test } from '@jest/globals';
import type { KubeObject, Resource } from '../../src/kube/ports.ts';
import { customResourceDefinitions, gateways, grpcRoutes, httpRoutes } from '../../src/kube/resources.ts';
import { elsewhere, gateway, grpcRouteDefinition, routeDefinition } from '../support/operator-objects.ts';
import { createServingWorld } from '../support/operator-world.ts';

const { world, operator } = await createServingWorld();
afterEach(() => world.stop());

const parentRefs = [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' }];

const route = ({ group, version, kind }: Resource, name: string, creationTimestamp: string): KubeObject => ({
  apiVersion: `${group}/${version}`,
  kind,
  metadata: { namespace: 'shop', name, uid: `uid-of-${name}`, generation: 1, creationTimestamp },
  spec: { parentRefs, rules: [{}] },
});

test('a GRPCRoute with the host of an older HTTPRoute is refused, and served once that is deleted', async () => {
  world.put(customResourceDefinitions, routeDefinition('B'));
  world.put(gateways, elsewhere('shop', gateway('web')));
  await world.after(() => world.put(customResourceDefinitions, grpcRouteDefinition));
  await world.after(() => {
    world.put(httpRoutes, route(httpRoutes, 'pages', '2026-01-01T00:00:00Z'));
    world.put(grpcRoutes, route(grpcRoutes, 'calls', '2026-01-02T00:00:00Z'));
  });
  const status = () => world.mustFind(grpcRoutes, 'calls')['status'] as object;
  expect(status()).toMatchObject({
    parents: [{ conditions: [{ type: 'Accepted', status: 'False', reason: 'HostnameConflict' }, {}] }],
  });
  await world.after(() => world.cluster.delete(httpRoutes, { namespace: 'shop', name: 'pages' }));
  expect(status()).toMatchObject({ parents: [{ conditions: [{ type: 'Accepted', status: 'True' }, {}] }] });
  expect(operator.translations.table('shop/web')?.table.routes).toMatchObject([{ protocol: 'HTTP2' }]);
});
