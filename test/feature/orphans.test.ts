/** `kubectl delete --cascade=orphan`, the usual way to change an immutable field: the pods run on, and the next controller adopts them. */
import { afterEach, expect, test } from '@jest/globals';
import type { Resource } from '../../src/kube/ports.ts';
import { deployments, pods, replicaSets, statefulSets } from '../../src/kube/resources.ts';
import { elsewhere, namespace, statefulPod, statefulSet } from '../support/operator-objects.ts';
import { createServingWorld, createStatefulWorld, type ServingWorld } from '../support/operator-world.ts';

let serving: ServingWorld;
afterEach(() => serving.world.stop());

const backend = () => serving.operator.translations.table('shop/holdfast')?.table.backends['shop/cart'];
const endpoints = () => backend()?.endpoints.map(({ pod, state }) => `${pod} ${state}`);

/** Deletes the owner, and the ownerReferences of its dependents. */
const orphan = (owner: Resource, dependents: Resource, ...names: string[]) =>
  serving.world.after(() => {
    serving.world.cluster.remove(owner, { namespace, name: 'cart' });
    for (const name of names) {
      serving.world.edit(dependents, name, ({ metadata, ...object }) => ({
        ...object,
        metadata: { ...metadata, ownerReferences: [] },
      }));
    }
  });
const removePod = (name: string) => serving.world.after(() => serving.world.cluster.remove(pods, { namespace, name }));

test('the pods of a Deployment keep their sessions without it', async () => {
  serving = await createServingWorld();
  await orphan(deployments, replicaSets, 'cart-1');
  expect(endpoints()).toEqual(['cart-a Accepting', 'cart-b Accepting']);
});

test('a pod of an older template keeps its port without the Deployment', async () => {
  serving = await createServingWorld();
  const ports = [
    { name: 'http', containerPort: 8081 },
    { name: 'metrics', containerPort: 9000 },
  ];
  serving.world.editSpec(pods, 'cart-a', { containers: [{ name: 'app', image: 'app:1', ports }] });
  await orphan(deployments, replicaSets, 'cart-1');
  expect(backend()?.endpoints.map(({ pod, port }) => `${pod} ${port}`)).toEqual(['cart-a 8081', 'cart-b 8080']);
});

test('the pods of a StatefulSet keep their sessions without it', async () => {
  serving = await createStatefulWorld();
  await orphan(statefulSets, pods, 'cart-0', 'cart-1');
  expect(endpoints()).toEqual(['cart-0 Accepting', 'cart-1 Accepting']);
});

test('the sessions of a pod that is missing meanwhile wait for the next StatefulSet, and are lost if that has no such pod', async () => {
  serving = await createStatefulWorld();
  await orphan(statefulSets, pods, 'cart-0', 'cart-1');
  await removePod('cart-1');
  expect(endpoints()).toEqual(['cart-0 Accepting', 'cart-1 Absent']);
  await serving.world.after(() => serving.world.put(statefulSets, statefulSet('cart', 1)));
  expect(endpoints()).toEqual(['cart-0 Accepting']);
});

test('a pod of another namespace is never found by its annotation', async () => {
  serving = await createStatefulWorld();
  await orphan(statefulSets, pods, 'cart-0', 'cart-1');
  const stranger = statefulPod('cart', 2);
  await serving.world.after(() =>
    serving.world.put(
      pods,
      elsewhere('other', { ...stranger, metadata: { ...stranger.metadata, ownerReferences: [] } }),
    ),
  );
  expect(endpoints()).toEqual(['cart-0 Accepting', 'cart-1 Accepting']);
});
