import { afterEach, expect, test } from '@jest/globals';
import { leases, nodes, pods } from '../../src/kube/resources.ts';
import { formatTime } from '../../src/core/names/format.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { createServingWorld, type OperatorWorld } from '../support/operator-world.ts';

let world: OperatorWorld;
afterEach(() => world.stop());

/** As the kubelet of a node does every ten seconds. */
const renew = (...names: string[]) => {
  world.put(
    leases,
    ...names.map((name) => ({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace: 'kube-node-lease', name },
      spec: { holderIdentity: name, renewTime: formatTime(world.clock.nowMs()) },
    })),
  );
};

async function keepRenewing(seconds: number, ...names: string[]): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 5) {
    renew(...names);
    await world.clock.advance(5000);
  }
}

const lostEndpoints = (operator: Operator) =>
  (operator.translations.table('shop/holdfast')?.table.backends['shop/cart']?.endpoints ?? [])
    .filter(({ nodeLost }) => nodeLost)
    .map(({ pod }) => pod);

async function serve(): Promise<Operator> {
  const serving = await createServingWorld();
  world = serving.world;
  for (const [pod, node] of [
    ['cart-a', 'node-1'],
    ['cart-b', 'node-2'],
  ] as const) {
    world.put(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: node } });
    world.editSpec(pods, pod, { nodeName: node });
  }
  await keepRenewing(10, 'node-1', 'node-2');
  return serving.operator;
}

test('the pods of a node that stops renewing its Lease are marked within 27 s, and no longer once it is back', async () => {
  const operator = await serve();
  await keepRenewing(20, 'node-1');
  expect(lostEndpoints(operator)).toEqual([]);
  await keepRenewing(10, 'node-1');
  expect(lostEndpoints(operator)).toEqual(['cart-b']);
  world.takeChanges();
  renew('node-2');
  await world.settle();
  expect(lostEndpoints(operator)).toEqual([]);
});

test('a renewal is no reason to write or translate', async () => {
  const operator = await serve();
  world.takeChanges();
  let translations = 0;
  operator.translations.onTranslated(() => (translations += 1));
  await keepRenewing(60, 'node-1', 'node-2');
  expect(translations).toBe(0);
  expect(world.takeChanges()).toEqual({ writes: [], events: [] });
});

test('no node is lost while no Lease is renewed at all, as when the API server is unavailable', async () => {
  const operator = await serve();
  await world.clock.advance(120_000);
  expect(lostEndpoints(operator)).toEqual([]);
});

test('the pods of a node that is not ready are marked', async () => {
  const operator = await serve();
  const report = (status: string) =>
    world.after(() =>
      world.edit(nodes, 'node-2', (node) => ({ ...node, status: { conditions: [{ type: 'Ready', status }] } })),
    );
  await report('Unknown');
  expect(lostEndpoints(operator)).toEqual(['cart-b']);
  await report('True');
  expect(lostEndpoints(operator)).toEqual([]);
});

test('the pods of a node that is deleted with its Lease are marked, until a node of its name joins', async () => {
  const operator = await serve();
  const node = world.mustFind(nodes, 'node-2');
  await world.after(() => {
    world.cluster.remove(nodes, { name: 'node-2' });
    world.cluster.remove(leases, { namespace: 'kube-node-lease', name: 'node-2' });
  });
  expect(lostEndpoints(operator)).toEqual(['cart-b']);
  await keepRenewing(60, 'node-1');
  expect(lostEndpoints(operator)).toEqual(['cart-b']);
  await world.after(() => world.put(nodes, node));
  expect(lostEndpoints(operator)).toEqual([]);
});

test('a pod on a node that the operator has not seen yet is not marked', async () => {
  const operator = await serve();
  await world.after(() => world.editSpec(pods, 'cart-b', { nodeName: 'node-3' }));
  expect(lostEndpoints(operator)).toEqual([]);
});
