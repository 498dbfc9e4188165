import { afterEach, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../../../src/kube/ports.ts';
import {
  customResourceDefinitions,
  deployments,
  namespaces,
  secrets,
  serviceAccounts,
} from '../../../../../src/kube/resources.ts';
import { configMaps } from '../../../cluster-api.ts';
import type { World } from './world.ts';
import { deployment, startWorld } from './world.ts';

let world: World;
afterEach(() => world.stop());

describe('garbage collection', () => {
  const uidOf = (resource: Resource, name: string) => world.find(resource, name)?.metadata.uid ?? '';
  const ownedBy = (resource: Resource, name: string, extra: object = {}) => {
    return { apiVersion: 'v1', kind: resource.kind, name, uid: uidOf(resource, name), ...extra };
  };
  const addSecret = (name: string, metadata: object = {}) =>
    world.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'shop', ...metadata } });
  const left = () => world.all(secrets).map(({ metadata }) => metadata.name);

  test('an owner of a kind that is not served counts as existing', async () => {
    world = await startWorld();
    const reference = { apiVersion: 'example.org/v1', kind: 'Shop', name: 'shop', uid: 'shop' };
    await addSecret('child', { ownerReferences: [reference] });
    expect(left()).toEqual(['child']);
  });

  test('custom objects are owners as soon as their kind is served', async () => {
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
});

describe('namespaces', () => {
  test('a namespace has a ServiceAccount and the root certificate, which are created again when they are deleted', async () => {
    world = await startWorld();
    await world.remove(serviceAccounts, 'default');
    await world.remove(configMaps, 'kube-root-ca.crt');
    expect(world.find(serviceAccounts, 'default')).toBeDefined();
    expect(world.find(configMaps, 'kube-root-ca.crt')).toMatchObject({ data: { 'ca.crt': 'PEM' } });
  });

  test('a namespace is deleted after its content: pods after their grace period, objects after their finalizers', async () => {
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
});
