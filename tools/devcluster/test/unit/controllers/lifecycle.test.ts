import { afterEach, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../../../src/kube/ports.ts';
import {
  customResourceDefinitions,
  deployments,
  namespaces,
  podDisruptionBudgets,
  pods,
  secrets,
  serviceAccounts,
} from '../../../../../src/kube/resources.ts';
import { configMaps } from '../../../controllers/kinds.ts';
import type { DisruptionBudget, Namespace } from '../../../controllers/objects.ts';
import { formatTime } from '../../../controllers/objects.ts';
import type { World } from './world.ts';
import { deployment, startWorld } from './world.ts';

let world: World;
afterEach(() => world.stop());

describe('PodDisruptionBudget', () => {
  const budget = (spec: object) => ({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
  });
  const status = () => (world.find(podDisruptionBudgets, 'web') as DisruptionBudget).status;

  const rows = [
    {
      title: 'a minimum',
      spec: { minAvailable: 3 },
      replicas: 5,
      expected: { disruptionsAllowed: 2, currentHealthy: 5, desiredHealthy: 3, expectedPods: 5 },
    },
    {
      title: 'a percentage that must stay is rounded up',
      spec: { minAvailable: '50%' },
      replicas: 3,
      expected: { disruptionsAllowed: 1, desiredHealthy: 2 },
    },
    {
      title: 'a maximum',
      spec: { maxUnavailable: 1 },
      replicas: 3,
      expected: { disruptionsAllowed: 1, desiredHealthy: 2, expectedPods: 3 },
    },
    {
      title: 'a percentage that may go is rounded up',
      spec: { maxUnavailable: '34%' },
      replicas: 3,
      expected: { disruptionsAllowed: 2, desiredHealthy: 1 },
    },
    {
      title: 'more than there are',
      spec: { minAvailable: 9 },
      replicas: 3,
      expected: { disruptionsAllowed: 0, desiredHealthy: 9, expectedPods: 3 },
    },
    {
      title: 'no pods',
      spec: { maxUnavailable: 1 },
      replicas: 0,
      expected: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
    },
  ];
  test.each(rows)('$title', async ({ spec, replicas, expected }) => {
    world = await startWorld();
    await world.create(podDisruptionBudgets, budget(spec));
    await world.create(deployments, deployment(replicas));
    await world.makeReady();
    expect(status()).toMatchObject(expected);
    const allowed = expected.disruptionsAllowed > 0;
    expect(status()?.conditions).toMatchObject([
      {
        type: 'DisruptionAllowed',
        status: allowed ? 'True' : 'False',
        reason: allowed ? 'SufficientPods' : 'InsufficientPods',
        message: '',
      },
    ]);
  });

  test('pods that are ending are not healthy, although they may be ready', async () => {
    world = await startWorld();
    await world.create(deployments, deployment(3));
    await world.makeReady();
    await world.create(podDisruptionBudgets, budget({ minAvailable: 2 }));
    expect(status()).toMatchObject({ disruptionsAllowed: 1, currentHealthy: 3 });
    await world.remove(pods, world.pods()[0]?.metadata.name ?? '');
    expect(status()).toMatchObject({ disruptionsAllowed: 0, currentHealthy: 2 });
  });

  test('a granted eviction counts until its pod ends, or for two minutes', async () => {
    world = await startWorld();
    await world.create(deployments, deployment(3));
    await world.makeReady();
    await world.create(podDisruptionBudgets, budget({ minAvailable: 2 }));
    const disruptedPods = { [world.pods()[0]?.metadata.name ?? '']: formatTime(world.clock.nowMs()) };
    await world.api.patch(
      podDisruptionBudgets,
      { namespace: 'shop', name: 'web' },
      { status: { disruptedPods } },
      'status',
    );
    await world.settle();
    expect(status()).toMatchObject({ disruptionsAllowed: 0, currentHealthy: 2, disruptedPods });
    await world.clock.advance(120_000);
    expect(status()).toMatchObject({ disruptionsAllowed: 1, currentHealthy: 3 });
    expect(status()).not.toHaveProperty('disruptedPods');
  });
});

describe('garbage collection', () => {
  const uidOf = (resource: Resource, name: string) => world.find(resource, name)?.metadata.uid ?? '';
  const ownedBy = (resource: Resource, name: string, extra: object = {}) => {
    return { apiVersion: 'v1', kind: resource.kind, name, uid: uidOf(resource, name), ...extra };
  };
  const addSecret = (name: string, metadata: object = {}) =>
    world.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'shop', ...metadata } });
  const left = () => world.all(secrets).map(({ metadata }) => metadata.name);

  test('an owner of a kind that is not served is not taken for gone', async () => {
    world = await startWorld();
    const reference = { apiVersion: 'example.org/v1', kind: 'Shop', name: 'shop', uid: 'shop' };
    await addSecret('child', { ownerReferences: [reference] });
    expect(left()).toEqual(['child']);
  });

  test('kinds of a CustomResourceDefinition take part from when they are served', async () => {
    world = await startWorld();
    const shops = { group: 'example.org', version: 'v1', kind: 'Shop', plural: 'shops', namespaced: true };
    const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } };
    const spec = {
      group: 'example.org',
      scope: 'Namespaced',
      names: { kind: 'Shop', plural: 'shops' },
      versions: [version],
    };
    await world.create(customResourceDefinitions, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'shops.example.org' },
      spec,
    });
    await world.create(shops, {
      apiVersion: 'example.org/v1',
      kind: 'Shop',
      metadata: { name: 'shop', namespace: 'shop' },
    });
    await addSecret('child', { ownerReferences: [{ ...ownedBy(shops, 'shop'), apiVersion: 'example.org/v1' }] });
    expect(left()).toEqual(['child']);
    await world.remove(shops, 'shop');
    expect(left()).toEqual([]);
  });

  test('an owner that does not block goes before what it owned', async () => {
    world = await startWorld();
    await addSecret('owner');
    await addSecret('child', {
      ownerReferences: [ownedBy(secrets, 'owner', { blockOwnerDeletion: false })],
      finalizers: ['example.org/wait'],
    });
    await world.remove(secrets, 'owner', 'Foreground');
    expect(left()).toEqual(['child']);
    expect(world.find(secrets, 'child')?.metadata.deletionTimestamp).toBeDefined();
  });
});

describe('a namespace', () => {
  const conditions = () => (world.api.get(namespaces, { name: 'shop' }) as Namespace).status?.conditions;

  test('has a ServiceAccount and the root certificate, again when they are deleted', async () => {
    world = await startWorld();
    await world.remove(serviceAccounts, 'default');
    await world.remove(configMaps, 'kube-root-ca.crt');
    expect(world.find(serviceAccounts, 'default')).toBeDefined();
    expect(world.find(configMaps, 'kube-root-ca.crt')).toMatchObject({ data: { 'ca.crt': 'PEM' } });
  });

  test('ends when its content has: pods with their grace, objects with their finalizers', async () => {
    world = await startWorld();
    await world.create(deployments, deployment(2));
    await world.makeReady();
    await world.create(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'kept', namespace: 'shop', finalizers: ['example.org/wait'] },
    });
    await world.api.delete(namespaces, { name: 'shop' });
    await world.settle();
    expect(world.pods()).toHaveLength(2);
    expect(world.find(serviceAccounts, 'default')).toBeUndefined();
    await world.finish();
    expect(world.pods()).toEqual([]);
    expect(world.api.get(namespaces, { name: 'shop' })).toBeDefined();
    await world.patch(secrets, 'kept', { metadata: { finalizers: [] } });
    expect(world.api.get(namespaces, { name: 'shop' })).toBeUndefined();
  });

  test('that ends tells what it waits for', async () => {
    world = await startWorld();
    await world.create(deployments, deployment(2));
    await world.makeReady();
    for (const name of ['a', 'b']) {
      await world.create(secrets, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name, namespace: 'shop', finalizers: ['example.org/wait'] },
      });
    }
    await world.api.delete(namespaces, { name: 'shop' });
    await world.settle();
    const ok = { status: 'False' };
    expect(conditions()).toMatchObject([
      { type: 'NamespaceDeletionDiscoveryFailure', ...ok, reason: 'ResourcesDiscovered' },
      { type: 'NamespaceDeletionGroupVersionParsingFailure', ...ok, reason: 'ParsedGroupVersions' },
      { type: 'NamespaceDeletionContentFailure', ...ok, reason: 'ContentDeleted' },
      {
        type: 'NamespaceContentRemaining',
        status: 'True',
        reason: 'SomeResourcesRemain',
        message: 'Some resources are remaining: pods. has 2 resource instances, secrets. has 2 resource instances',
      },
      {
        type: 'NamespaceFinalizersRemaining',
        status: 'True',
        reason: 'SomeFinalizersRemain',
        message: 'Some content in the namespace has finalizers remaining: example.org/wait in 2 resource instances',
      },
    ]);
    for (const name of ['a', 'b']) await world.patch(secrets, name, { metadata: { finalizers: [] } });
    expect(conditions()?.slice(3)).toMatchObject([
      { type: 'NamespaceContentRemaining', message: 'Some resources are remaining: pods. has 2 resource instances' },
      { type: 'NamespaceFinalizersRemaining', ...ok, reason: 'ContentHasNoFinalizers' },
    ]);
  });
});
