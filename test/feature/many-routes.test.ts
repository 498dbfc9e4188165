/** A thousand HTTPRoutes on one Gateway. */
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
  world.put(services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'shop', name: 'plain', uid: 'uid-of-service' },
    spec: { ports: [{ name: 'http', port: 80 }] },
  });
  world.put(endpointSlices, slice('plain', ['plain-a']));
  await world.settle();
});
afterEach(() => world.stop());

const routeTo = (name: string, path: string): KubeObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { namespace: 'shop', name, uid: `uid-of-${name}`, generation: 1 },
  spec: {
    parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' }],
    rules: [
      {
        matches: [{ path: { type: 'PathPrefix', value: path } }],
        backendRefs: [{ group: '', kind: 'Service', name: 'plain', port: 80, weight: 1 }],
      },
    ],
  },
});

const names = Array.from({ length: 1000 }, (_, index) => `route-${index}`);

const isAccepted = (name: string): boolean => {
  const { parents } = world.mustFind(httpRoutes, name)['status'] as {
    parents: { conditions: { type: string; status: string }[] }[];
  };
  return parents.every(({ conditions }) => conditions.every(({ status }) => status === 'True'));
};

test('all are accepted, counted and in the table, and one more writes no status of another', async () => {
  const first = await world.after(() => {
    for (const name of names) world.put(httpRoutes, routeTo(name, `/${name}`));
  });
  expect(names.filter((name) => !isAccepted(name))).toEqual([]);
  expect(world.mustFind(gateways, 'web')['status']).toMatchObject({ listeners: [{ attachedRoutes: 1000 }] });
  expect(operator.translations.table('shop/web')?.table.routes).toHaveLength(1000);
  const written = first.writes.filter((write) => write.startsWith('apply status of HTTPRoute'));
  expect(written.toSorted()).toEqual(names.map((name) => `apply status of HTTPRoute shop/${name}`).toSorted());
  const later = await world.after(() => {
    world.put(httpRoutes, routeTo('late', '/late'));
  });
  expect(later.writes.toSorted()).toEqual(['apply status of Gateway shop/web', 'apply status of HTTPRoute shop/late']);
  expect(await world.after(() => undefined)).toEqual({ writes: [], events: [] });
});

test('one that cannot be translated is reported, and does not delay the others', async () => {
  const broken = routeTo('broken', '/broken');
  const changes = await world.after(() => {
    world.put(httpRoutes, { ...broken, spec: { ...(broken['spec'] as object), rules: [{ matches: 5 }] } });
    world.put(httpRoutes, routeTo('good', '/good'));
  });
  expect(isAccepted('good')).toBe(true);
  expect(operator.translations.table('shop/web')?.table.routes).toHaveLength(1);
  expect(changes.events).toContain('Warning TranslationFailed broken');
});
