/** Namespaces. */
import { expect } from '@jest/globals';
import { uniqueName, type ConformanceApi } from '../api.ts';
import { done, expectRefused, type Case } from '../case.ts';
import { configMap, pathOf } from '../objects.ts';

async function newNamespace(api: ConformanceApi): Promise<string> {
  const name = uniqueName('room');
  await done(api.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
  return name;
}

export const namespaces: Case[] = [
  {
    title: 'a new namespace is Active, and has its name as a label and a finalizer in its spec',
    run: async (api) => {
      const name = await newNamespace(api);
      const body = await done(api.get(`/api/v1/namespaces/${name}`));
      await done(api.delete(`/api/v1/namespaces/${name}`));
      expect(body).toMatchObject({
        metadata: { labels: { 'kubernetes.io/metadata.name': name } },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      });
    },
  },
  {
    title: 'the name label of a namespace cannot be removed',
    run: async (api) => {
      const name = await newNamespace(api);
      const body = await done(
        api.patch('merge', `/api/v1/namespaces/${name}`, {
          metadata: { labels: { 'kubernetes.io/metadata.name': null, a: 'b' } },
        }),
      );
      await done(api.delete(`/api/v1/namespaces/${name}`));
      expect(body.metadata.labels).toEqual({ 'kubernetes.io/metadata.name': name, a: 'b' });
    },
  },
  {
    title: 'the namespaces default and kube-system exist',
    run: async (api) => {
      const { items } = await done(api.get('/api/v1/namespaces'));
      expect(items.map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(['default', 'kube-system']));
    },
  },
  {
    title: 'the name of a namespace must be a DNS label',
    run: (api) =>
      expectRefused(
        api.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a.b' } }),
        { code: 422, reason: 'Invalid', message: /metadata\.name: Invalid value: "a\.b": must not contain dots/ },
      ),
  },
  {
    title: 'the namespace default cannot be deleted',
    run: (api) =>
      expectRefused(api.delete('/api/v1/namespaces/default'), {
        code: 403,
        reason: 'Forbidden',
        message: /^namespaces "default" is forbidden: this namespace may not be deleted$/,
      }),
  },
  {
    title: 'a deleted namespace is Terminating, and refuses new objects',
    run: async (api) => {
      const name = await newNamespace(api);
      const path = `/api/v1/namespaces/${name}/configmaps`;
      // Holds the namespace until the case has looked.
      await done(api.post(path, configMap({ name: 'held', finalizers: ['example.test/hold'] })));
      const body = await done(api.delete(`/api/v1/namespaces/${name}`));
      expect(body).toMatchObject({ kind: 'Namespace', status: { phase: 'Terminating' } });
      await expectRefused(api.post(path, configMap()), {
        code: 403,
        reason: 'Forbidden',
        message:
          /^configmaps ".*" is forbidden: unable to create new content in namespace .* because it is being terminated$/,
      });
      await api.patch('merge', `${path}/held`, { metadata: { finalizers: null } });
    },
  },
  {
    title: 'a list of a namespace in another group contains only objects of that namespace',
    run: async (api) => {
      const name = await newNamespace(api);
      const path = `/apis/coordination.k8s.io/v1/namespaces/${name}/leases`;
      await done(api.post(path, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'one' } }));
      await done(
        api.post(pathOf(api, 'coordination.k8s.io/v1', 'leases'), {
          apiVersion: 'coordination.k8s.io/v1',
          kind: 'Lease',
          metadata: { name: uniqueName('one') },
        }),
      );
      const { items } = await done(api.get(path));
      await done(api.delete(`/api/v1/namespaces/${name}`));
      expect(items.map(({ metadata }) => metadata.name)).toEqual(['one']);
    },
  },
];
