import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { KubeObject } from '../../src/kube/ports.ts';
import { deployments, nodes, pods } from '../../src/kube/resources.ts';
import { createServingWorld, type OperatorWorld } from '../support/operator-world.ts';

let world: OperatorWorld;

const node = (name: string, labels: Record<string, string>, heartbeat = 0): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels },
  spec: {},
  status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: `2026-01-01T00:00:0${heartbeat}Z` }] },
});

beforeEach(async () => {
  ({ world } = await createServingWorld());
  for (const name of ['cart-a', 'cart-b']) world.editSpec(pods, name, { nodeName: 'node-1' });
  world.put(nodes, node('node-1', {}));
  await world.settle();
  world.takeChanges();
});
afterEach(() => world.stop());

test('the effective drain limit is the drain timeout by default', () => {
  expect(world.status('cart').effectiveDrainLimit).toEqual({ duration: '1h', limitedBy: 'drain.timeout' });
});

test('a spot node shortens the effective drain limit, in the status and in one event', async () => {
  const changes = await world.after(() => world.put(nodes, node('node-1', { 'karpenter.sh/capacity-type': 'spot' })));
  expect(changes).toEqual({
    writes: ['apply status of StickyWorkload shop/cart'],
    events: ['Warning DrainLimited cart'],
  });
  expect(world.status('cart').effectiveDrainLimit).toEqual({ duration: '2m', limitedBy: 'SpotNode node-1' });
  expect(world.condition('cart', 'Draining')?.message).toContain('SpotNode node-1');
  expect(await world.after(() => world.editSpec(pods, 'cart-a', { priority: 1 }))).toEqual({ writes: [], events: [] });
});

test('the grace period of a Cluster Autoscaler limits drains', async () => {
  const container = {
    name: 'ca',
    image: 'registry.k8s.io/autoscaling/cluster-autoscaler:v1.33.0',
    command: ['./cluster-autoscaler'],
  };
  await world.after(() =>
    world.put(deployments, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { namespace: 'kube-system', name: 'cluster-autoscaler' },
      spec: { template: { spec: { containers: [container] } } },
    }),
  );
  expect(world.status('cart').effectiveDrainLimit).toEqual({
    duration: '9m30s',
    limitedBy: 'ClusterAutoscaler kube-system/cluster-autoscaler',
  });
});

test('a heartbeat of a node causes no write and no translation', async () => {
  const before = world.clock.pending();
  world.put(nodes, node('node-1', {}, 5));
  await world.clock.advance(1);
  // A translation would be due 10 ms later.
  expect(world.clock.pending()).toBe(before);
});
