/** Kinds that a cluster may lack: GRPCRoute and XBackendTrafficPolicy are watched while their definitions are installed. */
import { afterEach, expect, test } from '@jest/globals';
import {
  customResourceDefinitions,
  gateways,
  grpcRoutes,
  httpRoutes,
  services,
  trafficPolicies,
} from '../../src/kube/resources.ts';
import type { KubeObject, Resource } from '../../src/kube/ports.ts';
import {
  elsewhere,
  gateway,
  grpcRouteDefinition,
  routeDefinition,
  trafficPolicyDefinition,
} from '../support/operator-objects.ts';
import { createServingWorld } from '../support/operator-world.ts';

const { world, operator } = await createServingWorld();
afterEach(() => world.stop());

const object = ({ group, version, kind }: Resource, name: string, spec: object): KubeObject => ({
  apiVersion: `${group}/${version}`,
  kind,
  metadata: { namespace: 'shop', name, uid: `uid-of-${name}`, generation: 1 },
  spec,
});
const parentRefs = [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' }];
const backendRefs = [{ group: '', kind: 'Service', name: 'plain', port: 80 }];

test('their statuses are written once they are installed, and a policy applies', async () => {
  world.put(customResourceDefinitions, routeDefinition('B'));
  world.put(gateways, elsewhere('shop', gateway('web')));
  world.put(services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'shop', name: 'plain', uid: 'uid-of-plain' },
    spec: { ports: [{ port: 80 }] },
  });
  const web = { parentRefs, hostnames: ['web.example'], rules: [{ backendRefs }] };
  await world.after(() => world.put(httpRoutes, object(httpRoutes, 'route', web)));
  await world.after(() => world.put(customResourceDefinitions, grpcRouteDefinition, trafficPolicyDefinition));
  await world.after(() => {
    const calls = {
      parentRefs,
      hostnames: ['calls.example'],
      rules: [{ matches: [{ method: { service: 'a.B' } }], backendRefs }],
    };
    world.put(grpcRoutes, object(grpcRoutes, 'calls', calls));
    world.put(
      trafficPolicies,
      object(trafficPolicies, 'policy', {
        targetRefs: [{ group: '', kind: 'Service', name: 'plain' }],
        sessionPersistence: { sessionName: 'of-the-policy' },
      }),
    );
  });
  expect(world.mustFind(grpcRoutes, 'calls')['status']).toMatchObject({
    parents: [{ conditions: [{ type: 'Accepted', status: 'True', reason: 'Accepted' }, { status: 'True' }] }],
  });
  expect(world.mustFind(trafficPolicies, 'policy')['status']).toMatchObject({
    ancestors: [{ conditions: [{ type: 'Accepted', status: 'True', reason: 'Accepted' }] }],
  });
  expect(operator.translations.table('shop/web')?.table.routes).toMatchObject([
    {
      hostnames: ['calls.example'],
      match: { rpc: { service: 'a.B' } },
      protocol: 'HTTP2',
      persistence: { carrier: { name: 'of-the-policy' } },
    },
    { hostnames: ['web.example'], persistence: { carrier: { name: 'of-the-policy' } } },
  ]);
});
