/** Deletion: answers, preconditions, finalizers, owners, namespaces. */
import { expect } from '@jest/globals';
import type { Body, Fields } from '../body.ts';
import { uniqueName, type ConformanceApi } from '../api.ts';
import { done, eventually, expectRefused, type Case } from '../case.ts';
import { configMap, configMaps } from '../objects.ts';

const create = (api: ConformanceApi, metadata: Fields = {}): Promise<Body> =>
  done(api.post(configMaps(api), configMap({ name: uniqueName('map'), ...metadata })));

const finalizers = ['example.test/hold'];

const release = (api: ConformanceApi, name: string): Promise<Body> =>
  done(api.patch('merge', configMaps(api, name), { metadata: { finalizers: null } }));

const plain: Case[] = [
  {
    title: 'a deletion answers Success with name and uid, and the object is gone',
    run: async (api) => {
      const { metadata } = await create(api);
      const { status, body } = await api.delete(configMaps(api, metadata.name));
      expect(status).toBe(200);
      expect(body).toMatchObject({
        kind: 'Status',
        status: 'Success',
        details: { name: metadata.name, kind: 'configmaps', uid: metadata.uid },
      });
      await expectRefused(api.get(configMaps(api, metadata.name)), { code: 404, reason: 'NotFound' });
    },
  },
  {
    title: 'a deletion of what is not there is NotFound',
    run: (api) =>
      expectRefused(api.delete(configMaps(api, 'nobody')), {
        code: 404,
        reason: 'NotFound',
        message: /^configmaps "nobody" not found$/,
      }),
  },
  {
    title: 'a deletion for another uid is a Conflict, and deletes nothing',
    run: async (api) => {
      const { metadata } = await create(api);
      await expectRefused(api.delete(configMaps(api, metadata.name), { preconditions: { uid: 'other' } }), {
        code: 409,
        reason: 'Conflict',
        message:
          /^Operation cannot be fulfilled on ConfigMap ".*": the UID in the precondition \(other\) does not match the UID in record \([0-9a-f-]+\)/,
      });
      expect((await api.get(configMaps(api, metadata.name))).status).toBe(200);
    },
  },
  {
    title: 'a deletion for another resource version is a Conflict',
    run: async (api) => {
      const { metadata } = await create(api);
      await expectRefused(api.delete(configMaps(api, metadata.name), { preconditions: { resourceVersion: '1' } }), {
        code: 409,
        reason: 'Conflict',
        message: /the ResourceVersion in the precondition \(1\) does not match the ResourceVersion in record \(\d+\)/,
      });
    },
  },
  {
    title: 'a deletion for the right uid and resource version is done',
    run: async (api) => {
      const { metadata } = await create(api);
      expect(
        (
          await api.delete(configMaps(api, metadata.name), {
            preconditions: { uid: metadata.uid, resourceVersion: metadata.resourceVersion },
          })
        ).status,
      ).toBe(200);
    },
  },
  {
    title: 'the same name can be created anew, and has another uid',
    run: async (api) => {
      const { metadata } = await create(api);
      await done(api.delete(configMaps(api, metadata.name)));
      expect((await create(api, { name: metadata.name })).metadata.uid).not.toBe(metadata.uid);
    },
  },
  {
    title: 'deletecollection deletes those that the selector fits',
    run: async (api) => {
      const run = uniqueName('run');
      await create(api, { labels: { run, side: 'left' } });
      const right = await create(api, { labels: { run, side: 'right' } });
      const { status, body } = await api.delete(configMaps(api), undefined, { labelSelector: `run=${run},side=left` });
      expect({ status, kind: body.kind, deleted: body.items.length }).toEqual({
        status: 200,
        kind: 'ConfigMapList',
        deleted: 1,
      });
      const { items } = await done(api.get(configMaps(api), { labelSelector: `run=${run}` }));
      expect(items.map(({ metadata }) => metadata.name)).toEqual([right.metadata.name]);
    },
  },
  {
    title: 'a propagation policy that does not exist is refused',
    run: async (api) => {
      const { metadata } = await create(api);
      await expectRefused(api.delete(configMaps(api, metadata.name), { propagationPolicy: 'Sometimes' }), {
        code: 422,
        reason: 'Invalid',
        message: /propagationPolicy: (Invalid value|Unsupported value): "Sometimes"/,
      });
    },
  },
];

const held: Case[] = [
  {
    title: 'an object with a finalizer is marked, and stays',
    run: async (api) => {
      const { metadata } = await create(api, { finalizers });
      const { status, body } = await api.delete(configMaps(api, metadata.name));
      expect({ status, kind: body.kind }).toEqual({ status: 200, kind: 'ConfigMap' });
      expect(body.metadata.deletionTimestamp).toMatch(/Z$/);
      expect(body.metadata.deletionGracePeriodSeconds).toBe(0);
      expect((await api.get(configMaps(api, metadata.name))).status).toBe(200);
      await release(api, metadata.name);
    },
  },
  {
    title: 'the object goes with its last finalizer',
    run: async (api) => {
      const { metadata } = await create(api, { finalizers: ['example.test/a', 'example.test/b'] });
      await done(api.delete(configMaps(api, metadata.name)));
      await done(api.patch('merge', configMaps(api, metadata.name), { metadata: { finalizers: ['example.test/b'] } }));
      expect((await api.get(configMaps(api, metadata.name))).status).toBe(200);
      await release(api, metadata.name);
      expect((await api.get(configMaps(api, metadata.name))).status).toBe(404);
    },
  },
  {
    title: 'a second deletion leaves the mark as it is',
    run: async (api) => {
      const { metadata } = await create(api, { finalizers });
      const first = await done(api.delete(configMaps(api, metadata.name)));
      const second = await done(api.delete(configMaps(api, metadata.name)));
      await release(api, metadata.name);
      expect(second.metadata.deletionTimestamp).toBe(first.metadata.deletionTimestamp);
    },
  },
  {
    title: 'an object that is being deleted takes no new finalizer',
    run: async (api) => {
      const { metadata } = await create(api, { finalizers });
      await done(api.delete(configMaps(api, metadata.name)));
      const more = { metadata: { finalizers: [...finalizers, 'example.test/late'] } };
      await expectRefused(api.patch('merge', configMaps(api, metadata.name), more), {
        code: 422,
        reason: 'Invalid',
        message:
          /metadata\.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers \[]string\{"example\.test\/late"\}/,
      });
      await release(api, metadata.name);
    },
  },
  {
    title: 'an object that is being deleted can still be changed',
    run: async (api) => {
      const { metadata } = await create(api, { finalizers });
      await done(api.delete(configMaps(api, metadata.name)));
      expect((await done(api.patch('merge', configMaps(api, metadata.name), { data: { a: '2' } }))).data).toEqual({
        a: '2',
      });
      await release(api, metadata.name);
    },
  },
  {
    title: 'the name of an object that is being deleted is still taken',
    run: async (api) => {
      const { metadata } = await create(api, { finalizers });
      await done(api.delete(configMaps(api, metadata.name)));
      await expectRefused(api.post(configMaps(api), configMap({ name: metadata.name })), {
        code: 409,
        reason: 'AlreadyExists',
        message: /object is being deleted: configmaps ".*" already exists/,
      });
      await release(api, metadata.name);
    },
  },
  {
    title: 'nobody can mark an object as deleted by an update',
    run: async (api) => {
      const { metadata } = await create(api);
      await expectRefused(
        api.patch('merge', configMaps(api, metadata.name), { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }),
        {
          code: 422,
          reason: 'Invalid',
          message: /metadata\.deletionTimestamp: Invalid value: "2026-01-01T00:00:00Z": field is immutable/,
        },
      );
    },
  },
  {
    title: 'a finalizer that is no qualified name is refused',
    run: (api) =>
      expectRefused(api.post(configMaps(api), configMap({ name: uniqueName('map'), finalizers: ['a b'] })), {
        code: 422,
        reason: 'Invalid',
        message: /metadata\.finalizers(\[0\])?: Invalid value: "a b"/,
      }),
  },
];

const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: '00000000-0000-4000-8000-000000000000' };

const ownerRows: { why: string; ownerReferences: Fields[]; message: RegExp }[] = [
  {
    why: 'without a uid',
    ownerReferences: [{ ...owner, uid: '' }],
    message: /metadata\.ownerReferences(\[0\])?\.uid: (Required value|Invalid value: "")/,
  },
  {
    why: 'without a name',
    ownerReferences: [{ ...owner, name: '' }],
    message: /metadata\.ownerReferences(\[0\])?\.name: (Required value|Invalid value: "")/,
  },
  {
    why: 'without a kind',
    ownerReferences: [{ ...owner, kind: '' }],
    message: /metadata\.ownerReferences(\[0\])?\.kind: (Required value|Invalid value: "")/,
  },
];

const owners: Case[] = [
  ...ownerRows.map(({ why, ownerReferences, message }) => ({
    title: `an owner reference ${why} is refused`,
    run: (api: ConformanceApi) =>
      expectRefused(api.post(configMaps(api), configMap({ name: uniqueName('map'), ownerReferences })), {
        code: 422,
        reason: 'Invalid',
        message,
      }),
  })),
  {
    title: 'two owners that both control are refused',
    run: (api) => {
      const ownerReferences = ['a', 'b'].map((name, index) => ({
        ...owner,
        name,
        uid: `${index}0000000-0000-4000-8000-000000000000`,
        controller: true,
      }));
      return expectRefused(api.post(configMaps(api), configMap({ name: uniqueName('map'), ownerReferences })), {
        code: 422,
        reason: 'Invalid',
        message:
          /Only one reference can have Controller set to true\. Found "true" in references for ConfigMap\/a and ConfigMap\/b/,
      });
    },
  },
];

export const deletion: Case[] = [
  ...plain,
  ...held,
  ...owners,
  {
    title: 'deletion in the background is the default: an object without finalizers is gone at once',
    run: async (api) => {
      const { metadata } = await create(api);
      await done(api.delete(configMaps(api, metadata.name), { propagationPolicy: 'Background' }));
      const { status } = await eventually(
        () => api.get(configMaps(api, metadata.name)),
        ({ status: code }) => code === 404,
      );
      expect(status).toBe(404);
    },
  },
];
