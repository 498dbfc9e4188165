/** Deletion of dependents, and of the content of namespaces. */
import { expect } from '@jest/globals';
import type { Body, Fields } from '../body.ts';
import { uniqueName, type ConformanceApi } from '../api.ts';
import { done, type Case } from '../case.ts';
import { configMap, configMaps } from '../objects.ts';
import { owners, untilGone, untilObject } from './world.ts';

const create = (api: ConformanceApi, metadata: Fields = {}): Promise<Body> =>
  done(api.post(configMaps(api), configMap({ name: uniqueName('map'), ...metadata })));

const reference = ({ metadata: { name, uid } }: Body, more: Fields = {}): Fields => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name,
  uid,
  ...more,
});

const dependents: Case[] = [
  {
    title: 'an object is deleted with its only owner',
    run: async (api) => {
      const owner = await create(api);
      const dependent = await create(api, { ownerReferences: [reference(owner)] });
      await done(api.delete(configMaps(api, owner.metadata.name)));
      await untilGone(api, configMaps(api, dependent.metadata.name));
      expect((await api.get(configMaps(api, dependent.metadata.name))).status).toBe(404);
    },
  },
  {
    title: 'an object stays while one of its owners exists, without the reference to the other',
    run: async (api) => {
      const [left, right] = [await create(api), await create(api)];
      const dependent = await create(api, { ownerReferences: [reference(left), reference(right)] });
      await done(api.delete(configMaps(api, left.metadata.name)));
      const kept = await untilObject(
        api,
        configMaps(api, dependent.metadata.name),
        (object) => owners(object).length === 1,
      );
      expect(owners(kept)).toMatchObject([{ uid: right.metadata.uid }]);
    },
  },
  {
    title: 'an object whose owner never existed is deleted',
    run: async (api) => {
      const { metadata } = await create(api, {
        ownerReferences: [
          { apiVersion: 'v1', kind: 'ConfigMap', name: 'none', uid: '00000000-0000-4000-8000-000000000000' },
        ],
      });
      await untilGone(api, configMaps(api, metadata.name));
      expect((await api.get(configMaps(api, metadata.name))).status).toBe(404);
    },
  },
  {
    title: 'an object whose owner reference has another UID than the owner of that name is deleted',
    run: async (api) => {
      const namesake = await create(api);
      const { metadata } = await create(api, {
        ownerReferences: [reference(namesake, { uid: '00000000-0000-4000-8000-000000000000' })],
      });
      await untilGone(api, configMaps(api, metadata.name));
      expect((await api.get(configMaps(api, namesake.metadata.name))).status).toBe(200);
    },
  },
  {
    title: 'dependents of dependents are deleted, too',
    run: async (api) => {
      const owner = await create(api);
      const child = await create(api, { ownerReferences: [reference(owner)] });
      const grandchild = await create(api, { ownerReferences: [reference(child)] });
      await done(api.delete(configMaps(api, owner.metadata.name)));
      await untilGone(api, configMaps(api, grandchild.metadata.name));
      expect((await api.get(configMaps(api, child.metadata.name))).status).toBe(404);
    },
  },
];

const namespacePath = (name: string): string => `/api/v1/namespaces/${name}`;

async function newNamespace(api: ConformanceApi): Promise<string> {
  const name = uniqueName('ns');
  await done(api.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
  return name;
}

const namespaces: Case[] = [
  {
    title: 'a new namespace gets a ServiceAccount and the certificate of the cluster',
    run: async (api) => {
      const name = await newNamespace(api);
      await untilObject(api, `${namespacePath(name)}/serviceaccounts/default`, () => true);
      const map = await untilObject(api, `${namespacePath(name)}/configmaps/kube-root-ca.crt`, () => true);
      await done(api.delete(namespacePath(name)));
      expect(Object.keys(map.data)).toEqual(['ca.crt']);
    },
  },
  {
    title: 'the content of a deleted namespace is deleted',
    run: async (api) => {
      const name = await newNamespace(api);
      await done(api.post(`${namespacePath(name)}/configmaps`, configMap({ name: 'inside' })));
      await done(api.delete(namespacePath(name)));
      await untilGone(api, namespacePath(name));
      expect((await api.get(`${namespacePath(name)}/configmaps/inside`)).status).toBe(404);
    },
  },
  {
    title: 'a namespace is deleted only after an object in it that has a finalizer',
    run: async (api) => {
      const name = await newNamespace(api);
      const held = `${namespacePath(name)}/configmaps/held`;
      await done(
        api.post(`${namespacePath(name)}/configmaps`, configMap({ name: 'held', finalizers: ['example.test/hold'] })),
      );
      await done(api.delete(namespacePath(name)));
      await untilObject(api, held, ({ metadata }) => metadata.deletionTimestamp !== undefined);
      expect((await api.get(namespacePath(name))).status).toBe(200);
      await done(api.patch('merge', held, { metadata: { finalizers: null } }));
      await untilGone(api, namespacePath(name));
    },
  },
];

export const collection: Case[] = [...dependents, ...namespaces];
