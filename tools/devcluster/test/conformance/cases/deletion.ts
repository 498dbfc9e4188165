/** Deletion: responses, preconditions, finalizers, owners, namespaces. */
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
    title: 'a deletion returns Success with name and uid, and removes the object',
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
    title: 'a deletion of a missing object is NotFound',
    run: (api) =>
      expectRefused(api.delete(configMaps(api, 'missing')), {
        code: 404,
        reason: 'NotFound',
        message: /^configmaps "missing" not found$/,
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
    title: 'a deletion for the current uid and resource version succeeds',
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
    title: 'an object that is created again under the same name has another uid',
    run: async (api) => {
      const { metadata } = await create(api);
      await done(api.delete(configMaps(api, metadata.name)));
      expect((await create(api, { name: metadata.name })).metadata.uid).not.toBe(metadata.uid);
    },
  },
  {
    title: 'deletecollection deletes the objects that match the selector',
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
    title: 'a deleted object with a finalizer gets a deletionTimestamp and stays',
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
    title: 'removing the last finalizer removes a deleted object',
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
    title: 'a second deletion does not change the deletionTimestamp',
    run: async (api) => {
      const { metadata } = await create(api, { finalizers });
      const first = await done(api.delete(configMaps(api, metadata.name)));
      const second = await done(api.delete(configMaps(api, metadata.name)));
      await release(api, metadata.name);
      expect(second.metadata.deletionTimestamp).toBe(first.metadata.deletionTimestamp);
    },
  },
  {
    title: 'an object that is being deleted refuses a new finalizer',
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
    title: 'the name of an object that is being deleted is still in use',
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
    title: 'an update cannot set the deletionTimestamp',
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
    title: 'a finalizer that is not a qualified name is refused',
    run: (api) =>
      expectRefused(api.post(configMaps(api), configMap({ name: uniqueName('map'), finalizers: ['a b'] })), {
        code: 422,
        reason: 'Invalid',
        message: /metadata\.finalizers(\[0\])?: Invalid value: "a b"/,
      }),
  },
];

const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: '00000000-0000-4000-8000-000000000000' };

const ownerRows: { problem: string; ownerReferences: Fields[]; message: RegExp }[] = [
  {
    problem: 'without a uid',
    ownerReferences: [{ ...owner, uid: '' }],
    message: /metadata\.ownerReferences(\[0\])?\.uid: (Required value|Invalid value: "")/,
  },
  {
    problem: 'without a name',
    ownerReferences: [{ ...owner, name: '' }],
    message: /metadata\.ownerReferences(\[0\])?\.name: (Required value|Invalid value: "")/,
  },
  {
    problem: 'without a kind',
    ownerReferences: [{ ...owner, kind: '' }],
    message: /metadata\.ownerReferences(\[0\])?\.kind: (Required value|Invalid value: "")/,
  },
];

const owners: Case[] = [
  ...ownerRows.map(({ problem, ownerReferences, message }) => ({
    title: `an owner reference ${problem} is refused`,
    run: (api: ConformanceApi) =>
      expectRefused(api.post(configMaps(api), configMap({ name: uniqueName('map'), ownerReferences })), {
        code: 422,
        reason: 'Invalid',
        message,
      }),
  })),
  {
    title: 'two controlling owners are refused',
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
    title: 'a deletion removes an object without finalizers at once',
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
