import { afterEach, expect, test } from '@jest/globals';
import { deployments, gateways, services } from '../../src/kube/resources.ts';
import { createOperatorWorld, type OperatorWorld } from '../support/operator-world.ts';
import { deployment } from '../support/operator-objects.ts';

let world: OperatorWorld;
afterEach(() => world.stop());

const gateway = (namespace: string) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { namespace, name: 'web' },
  spec: { gatewayClassName: 'holdfast', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
});

test('an operator for some namespaces serves these, with objects that are added later, and neither reads nor writes others', async () => {
  world = createOperatorWorld({ namespaces: ['shop', 'infra'] });
  world.putWorkload({ name: 'cart' });
  world.put(deployments, { ...deployment('pay'), metadata: { ...deployment('pay').metadata, namespace: 'zoo' } });
  world.putWorkload({ name: 'pay', namespace: 'zoo' });
  const operator = await world.start();
  const later = await world.after(() => {
    world.putWorkload({ name: 'late', namespace: 'infra' });
    world.put(gateways, gateway('zoo'));
  });
  const { accepts, gateways: planned } = operator.translations.latest()?.translation ?? {};
  expect(Object.keys(accepts ?? {})).toEqual(['infra/late', 'shop/cart']);
  expect(Object.keys(planned ?? {})).toContain('shop/holdfast');
  expect(world.mustFind(services, 'cart')).toBeDefined();
  expect(later.writes.filter((write) => write.includes('zoo/'))).toEqual([]);
  expect(world.cluster.all(services).filter(({ metadata }) => metadata.namespace === 'zoo')).toEqual([]);
});
