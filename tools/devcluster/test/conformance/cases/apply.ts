/** Server-side apply, and the managed fields that other writes leave. */
import { expect } from '@jest/globals';
import type { Body, Fields, ManagedFields } from '../body.ts';
import { uniqueName, type Answer, type ConformanceApi } from '../api.ts';
import { done, expectRefused, type Case } from '../case.ts';
import { configMap, configMaps, deployment, deployments, pod, pods, service, services } from '../objects.ts';

/** Two managers, `left` and `right`, and one ConfigMap. */
type Applied = {
  name: string;
  apply(manager: string, data: Record<string, string>, query?: Record<string, string>): Promise<Answer>;
  read(): Promise<Body>;
};

function applied(api: ConformanceApi): Applied {
  const name = uniqueName('map');
  const path = configMaps(api, name);
  return {
    name,
    apply: (manager, data, query) => api.apply(manager, path, configMap({ name }, data), query),
    read: () => done(api.get(path)),
  };
}

function entryOf(object: Body, manager: string, operation: 'Apply' | 'Update' = 'Apply'): ManagedFields | undefined {
  return object.metadata.managedFields?.find((entry) => entry.manager === manager && entry.operation === operation);
}

const dataFields = (object: Body, manager: string, operation?: 'Apply' | 'Update'): string[] =>
  Object.keys((entryOf(object, manager, operation)?.fieldsV1['f:data'] ?? {}) as Fields)
    .filter((key) => key !== '.')
    .map((key) => key.slice('f:'.length))
    .toSorted();

const ownership: Case[] = [
  {
    title: 'an apply of a missing object creates it',
    run: async (api) => {
      const { apply } = applied(api);
      const { status, body } = await apply('left', { a: '1' });
      expect(status).toBe(201);
      expect(body).toMatchObject({ kind: 'ConfigMap', data: { a: '1' } });
    },
  },
  {
    title: 'managed fields contain the manager, the fields, the version and the time of an apply',
    run: async (api) => {
      const { apply } = applied(api);
      const body = await done(apply('left', { a: '1' }));
      expect(body.metadata.managedFields).toEqual([
        {
          manager: 'left',
          operation: 'Apply',
          apiVersion: 'v1',
          time: expect.stringMatching(/^\d{4}-.*Z$/),
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:data': { 'f:a': {} } },
        },
      ]);
    },
  },
  {
    title: 'a repeated apply does not change the resource version',
    run: async (api) => {
      const { apply } = applied(api);
      const first = await done(apply('left', { a: '1' }));
      const { status, body } = await apply('left', { a: '1' });
      expect(status).toBe(200);
      expect(body.metadata).toEqual(first.metadata);
    },
  },
  {
    title: 'a field that its only manager no longer applies is removed',
    run: async (api) => {
      const { apply } = applied(api);
      await done(apply('left', { a: '1', b: '2' }));
      expect((await done(apply('left', { b: '2' }))).data).toEqual({ b: '2' });
    },
  },
  {
    title: 'a field that another manager applies, too, stays when one no longer applies it',
    run: async (api) => {
      const { apply } = applied(api);
      await done(apply('left', { a: '1', b: '2' }));
      await done(apply('right', { b: '2' }));
      const body = await done(apply('left', { a: '1' }));
      expect(body.data).toEqual({ a: '1', b: '2' });
      expect([dataFields(body, 'left'), dataFields(body, 'right')]).toEqual([['a'], ['b']]);
    },
  },
  {
    title: 'two managers that apply the same value both own the field',
    run: async (api) => {
      const { apply } = applied(api);
      await done(apply('left', { a: '1' }));
      const body = await done(apply('right', { a: '1' }));
      expect([dataFields(body, 'left'), dataFields(body, 'right')]).toEqual([['a'], ['a']]);
    },
  },
  {
    title: 'managers of different fields do not conflict',
    run: async (api) => {
      const { apply } = applied(api);
      await done(apply('left', { a: '1' }));
      expect((await done(apply('right', { b: '2' }))).data).toEqual({ a: '1', b: '2' });
    },
  },
  {
    title: 'another value for a field of another manager is a Conflict that names both',
    run: async (api) => {
      const { apply, read } = applied(api);
      await done(apply('left', { a: '1' }));
      await expectRefused(apply('right', { a: '2' }), {
        code: 409,
        reason: 'Conflict',
        message: /^Apply failed with 1 conflict: conflict with "left": \.data\.a$/,
        field: '.data.a',
        cause: 'FieldManagerConflict',
      });
      expect((await read()).data).toEqual({ a: '1' });
    },
  },
  {
    title: 'an apply reports all conflicts',
    run: async (api) => {
      const { apply } = applied(api);
      await done(apply('left', { a: '1', b: '2' }));
      await expectRefused(apply('right', { a: '2', b: '3' }), {
        code: 409,
        reason: 'Conflict',
        message: /^Apply failed with 2 conflicts: conflicts with "left":\n- \.data\.a\n- \.data\.b$/,
      });
    },
  },
  {
    title: 'force takes the field from its manager',
    run: async (api) => {
      const { apply } = applied(api);
      await done(apply('left', { a: '1', b: '2' }));
      const body = await done(apply('right', { a: '2' }, { force: 'true' }));
      expect(body.data).toEqual({ a: '2', b: '2' });
      expect([dataFields(body, 'left'), dataFields(body, 'right')]).toEqual([['b'], ['a']]);
    },
  },
  {
    title: 'a manager without fields has no entry in the managed fields',
    run: async (api) => {
      const { apply } = applied(api);
      await done(apply('left', { a: '1' }));
      expect(entryOf(await done(apply('right', { a: '2' }, { force: 'true' })), 'left')).toBeUndefined();
    },
  },
  {
    title: 'an update takes an applied field from its manager, whose next apply is a Conflict',
    run: async (api) => {
      const { apply, name } = applied(api);
      await done(apply('left', { a: '1', b: '2' }));
      const body = await done(
        api.patch('merge', configMaps(api, name), { data: { a: '9' } }, { fieldManager: 'editor' }),
      );
      expect([dataFields(body, 'left'), dataFields(body, 'editor', 'Update')]).toEqual([['b'], ['a']]);
      await expectRefused(apply('left', { a: '1', b: '2' }), {
        code: 409,
        reason: 'Conflict',
        message: /^Apply failed with 1 conflict: conflict with "editor" using v1(?: at .*)?: \.data\.a$/,
      });
    },
  },
  {
    title: 'an apply of a value that an update has written makes both own the field',
    run: async (api) => {
      const { apply, name } = applied(api);
      await done(api.post(configMaps(api), configMap({ name }, { a: '1' }), { fieldManager: 'editor' }));
      const body = await done(apply('left', { a: '1' }));
      expect([dataFields(body, 'left'), dataFields(body, 'editor', 'Update')]).toEqual([['a'], ['a']]);
    },
  },
  {
    title: 'a manager that applies and updates has two entries',
    run: async (api) => {
      const { apply, name } = applied(api);
      await done(apply('left', { a: '1' }));
      const body = await done(
        api.patch('merge', configMaps(api, name), { data: { b: '2' } }, { fieldManager: 'left' }),
      );
      expect([dataFields(body, 'left'), dataFields(body, 'left', 'Update')]).toEqual([['a'], ['b']]);
    },
  },
  {
    title: 'a client can clear the managed fields',
    run: async (api) => {
      const { apply, name } = applied(api);
      await done(apply('left', { a: '1' }));
      const body = await done(
        api.patch('json', configMaps(api, name), [{ op: 'replace', path: '/metadata/managedFields', value: [{}] }]),
      );
      expect(entryOf(body, 'left')).toBeUndefined();
    },
  },
];

const updates: Case[] = [
  {
    title: 'a creation makes its manager own the fields that it sent, by Update',
    run: async (api) => {
      const body = await done(
        api.post(configMaps(api), configMap({ name: uniqueName('map'), labels: { app: 'x' } }), {
          fieldManager: 'editor',
        }),
      );
      expect(body.metadata.managedFields).toMatchObject([
        {
          manager: 'editor',
          operation: 'Update',
          apiVersion: 'v1',
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:data': { '.': {}, 'f:a': {} }, 'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } } },
        },
      ]);
    },
  },
  {
    title: 'a field that an update removes has no manager',
    run: async (api) => {
      const { apply, name } = applied(api);
      await done(apply('left', { a: '1', b: '2' }));
      const body = await done(
        api.patch('merge', configMaps(api, name), { data: { b: null } }, { fieldManager: 'editor' }),
      );
      expect([dataFields(body, 'left'), entryOf(body, 'editor', 'Update')]).toEqual([['a'], undefined]);
    },
  },
  {
    title: 'a write of the status has its own entry, with the subresource',
    run: async (api) => {
      const { metadata } = await done(api.post(pods(api), pod(), { fieldManager: 'editor' }));
      const body = await done(
        api.patch(
          'merge',
          pods(api, metadata.name, 'status'),
          { status: { message: 'hello' } },
          { fieldManager: 'editor' },
        ),
      );
      expect(body.metadata.managedFields).toMatchObject([
        { manager: 'editor', operation: 'Update' },
        {
          manager: 'editor',
          operation: 'Update',
          subresource: 'status',
          fieldsV1: { 'f:status': { 'f:message': {} } },
        },
      ]);
    },
  },
  {
    title: 'an apply of the status owns only fields of the status',
    run: async (api) => {
      const object = deployment({ name: uniqueName('web') });
      const path = deployments(api, object.metadata.name);
      await done(api.apply('left', path, object));
      const body = await done(
        api.apply('left', `${path}/status`, {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: object.metadata.name },
          status: { collisionCount: 3 },
        }),
      );
      const entries = body.metadata.managedFields?.filter(({ manager }) => manager === 'left');
      expect(entries?.map(({ subresource }) => subresource ?? '')).toEqual(['', 'status']);
      expect(entries?.[1]?.fieldsV1).toEqual({ 'f:status': { 'f:collisionCount': {} } });
      expect(body).toMatchObject({ spec: { replicas: 0 }, status: { collisionCount: 3 } });
    },
  },
  {
    title: 'an apply of the status of a missing object is NotFound',
    run: (api) =>
      expectRefused(
        api.apply('left', deployments(api, 'missing', 'status'), {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'missing' },
          status: {},
        }),
        { code: 404, reason: 'NotFound' },
      ),
  },
];

const containersOf = (body: Body): unknown =>
  (body.spec as { template: { spec: { containers: { name: string; image: string }[] } } }).template.spec.containers.map(
    ({ name, image }) => `${name}=${image}`,
  );

/** A Deployment that has only what an applier wants to own. */
function partial(name: string, spec: Fields): Fields {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec };
}

const lists: Case[] = [
  {
    title: 'list items are owned by their key',
    run: async (api) => {
      const object = deployment({ name: uniqueName('web') });
      const body = await done(api.apply('left', deployments(api, object.metadata.name), object));
      const fields = JSON.stringify(entryOf(body, 'left')?.fieldsV1);
      expect(fields).toContain(String.raw`"f:containers":{"k:{\"name\":\"app\"}":{".":{},"f:image":{},"f:name":{}}}`);
    },
  },
  {
    title: 'another manager can add a container without owning the first',
    run: async (api) => {
      const object = deployment({ name: uniqueName('web') });
      const path = deployments(api, object.metadata.name);
      await done(api.apply('left', path, object));
      const body = await done(
        api.apply(
          'right',
          path,
          partial(object.metadata.name, {
            template: { spec: { containers: [{ name: 'helper', image: 'helper:1' }] } },
          }),
        ),
      );
      expect(containersOf(body)).toEqual(['app=example.test/app:1', 'helper=helper:1']);
    },
  },
  {
    title: 'a container that its manager no longer applies is removed, those of others stay',
    run: async (api) => {
      const object = deployment({ name: uniqueName('web') });
      const { name } = object.metadata;
      const path = deployments(api, name);
      await done(api.apply('left', path, object));
      await done(
        api.apply(
          'right',
          path,
          partial(name, { template: { spec: { containers: [{ name: 'helper', image: 'helper:1' }] } } }),
        ),
      );
      const body = await done(api.apply('right', path, partial(name, { revisionHistoryLimit: 1 })));
      expect(containersOf(body)).toEqual(['app=example.test/app:1']);
    },
  },
  {
    title: 'replicas set through the scale subresource conflict with an apply of another number',
    run: async (api) => {
      const object = deployment({ name: uniqueName('web') }, { replicas: 0 });
      const path = deployments(api, object.metadata.name);
      await done(api.apply('left', path, object));
      await done(api.patch('merge', `${path}/scale`, { spec: { replicas: 1 } }, { fieldManager: 'scaler' }));
      await expectRefused(api.apply('left', path, object), {
        code: 409,
        reason: 'Conflict',
        message: /conflict with "scaler" with subresource "scale" using apps\/v1(?: at .*)?: \.spec\.replicas/,
      });
      await done(api.delete(path));
    },
  },
  {
    title: 'ports of a Service are identified by port and protocol',
    run: async (api) => {
      const object = service({ name: uniqueName('svc') }, { ports: [{ name: 'a', port: 80, protocol: 'TCP' }] });
      const path = services(api, object.metadata.name);
      await done(api.apply('left', path, object));
      const body = await done(
        api.apply('right', path, {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: object.metadata.name },
          spec: { ports: [{ name: 'b', port: 80, protocol: 'UDP' }] },
        }),
      );
      expect((body.spec.ports as Fields[]).map(({ name }) => name)).toEqual(['a', 'b']);
      expect(JSON.stringify(entryOf(body, 'right')?.fieldsV1)).toContain(
        String.raw`"k:{\"port\":80,\"protocol\":\"UDP\"}"`,
      );
    },
  },
  {
    title: 'the arguments of a container are one value with one owner',
    run: async (api) => {
      const object = deployment({ name: uniqueName('web') });
      const { name } = object.metadata;
      const args = (values: string[]) =>
        partial(name, { template: { spec: { containers: [{ name: 'app', args: values }] } } });
      await done(api.apply('left', deployments(api, name), object));
      await done(
        api.apply('left', deployments(api, name), {
          ...object,
          ...deployment(
            { name },
            {
              template: {
                metadata: { labels: { app: name } },
                spec: { containers: [{ name: 'app', image: 'example.test/app:1', args: ['a', 'b'] }] },
              },
            },
          ),
        }),
      );
      await expectRefused(api.apply('right', deployments(api, name), args(['a'])), {
        code: 409,
        reason: 'Conflict',
        message: /conflict with "left": \.spec\.template\.spec\.containers\[name="app"\]\.args/,
      });
    },
  },
  {
    title: 'finalizers of several managers are merged',
    run: async (api) => {
      const name = uniqueName('map');
      const apply = (manager: string, finalizers: string[]) =>
        done(
          api.apply(manager, configMaps(api, name), {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: { name, finalizers },
          }),
        );
      await apply('left', ['example.test/a']);
      const both = await apply('right', ['example.test/b']);
      expect(both.metadata.finalizers).toEqual(['example.test/a', 'example.test/b']);
      expect(entryOf(both, 'right')?.fieldsV1).toEqual({
        'f:metadata': { 'f:finalizers': { 'v:"example.test/b"': {} } },
      });
      expect((await apply('left', [])).metadata.finalizers).toEqual(['example.test/b']);
      await done(api.patch('merge', configMaps(api, name), { metadata: { finalizers: null } }));
    },
  },
  {
    title: 'an apply that names a container twice is refused',
    run: async (api) => {
      const name = uniqueName('web');
      const twice = [
        { name: 'app', image: 'a' },
        { name: 'app', image: 'b' },
      ];
      const object = deployment(
        { name },
        { template: { metadata: { labels: { app: name } }, spec: { containers: twice } } },
      );
      await expectRefused(api.apply('left', deployments(api, name), object), {
        code: 500,
        message: /duplicate entries for key \[name="app"\]/,
      });
    },
  },
];

const requests: Case[] = [
  {
    title: 'a dry run of an apply returns the result and stores nothing',
    run: async (api) => {
      const { apply, name } = applied(api);
      expect((await done(apply('left', { a: '1' }, { dryRun: 'All' }))).data).toEqual({ a: '1' });
      await expectRefused(api.get(configMaps(api, name)), { code: 404, reason: 'NotFound' });
    },
  },
  {
    title: 'a dry run of an apply reports the same conflicts',
    run: async (api) => {
      const { apply } = applied(api);
      await done(apply('left', { a: '1' }));
      await expectRefused(apply('right', { a: '2' }, { dryRun: 'All' }), {
        code: 409,
        reason: 'Conflict',
        message: /conflict with "left": \.data\.a/,
      });
    },
  },
  {
    title: 'an apply without a field manager is refused',
    run: (api) => {
      const name = uniqueName('map');
      const request = { body: configMap({ name }), contentType: 'application/apply-patch+yaml' };
      return expectRefused(api.request('PATCH', configMaps(api, name), request), {
        code: 422,
        reason: 'Invalid',
        message: /fieldManager: Required value: is required for apply patch/,
        field: 'fieldManager',
      });
    },
  },
  {
    title: 'an apply of an object with managed fields is refused',
    run: (api) => {
      const name = uniqueName('map');
      const managedFields = [
        {
          manager: 'left',
          operation: 'Apply',
          apiVersion: 'v1',
          time: '2026-01-01T00:00:00Z',
          fieldsType: 'FieldsV1',
          fieldsV1: {},
        },
      ];
      return expectRefused(api.apply('left', configMaps(api, name), configMap({ name, managedFields })), {
        code: 400,
        reason: 'BadRequest',
        message: /metadata\.managedFields must be nil/,
      });
    },
  },
  {
    title: 'force is refused for other patches than apply',
    run: async (api) => {
      const { metadata } = await done(api.post(configMaps(api), configMap()));
      await expectRefused(api.patch('merge', configMaps(api, metadata.name), { data: {} }, { force: 'true' }), {
        code: 422,
        reason: 'Invalid',
        message: /force: Forbidden: may not be specified for non-apply patch/,
      });
    },
  },
  {
    title: 'an apply with the uid of an object that no longer exists is a Conflict',
    run: (api) => {
      const name = uniqueName('map');
      const object = configMap({ name, uid: '00000000-0000-4000-8000-000000000000' });
      return expectRefused(api.apply('left', configMaps(api, name), object), { code: 409, reason: 'Conflict' });
    },
  },
  {
    title: 'an apply with an old resource version is a Conflict',
    run: async (api) => {
      const { apply, name } = applied(api);
      await done(apply('left', { a: '1' }));
      await expectRefused(
        api.apply('left', configMaps(api, name), configMap({ name, resourceVersion: '1' }, { a: '2' })),
        { code: 409, reason: 'Conflict', message: /the object has been modified/ },
      );
    },
  },
  {
    title: 'an apply of an object of another kind is refused',
    run: (api) => {
      const name = uniqueName('map');
      return expectRefused(
        api.apply('left', configMaps(api, name), { apiVersion: 'v1', kind: 'Secret', metadata: { name } }),
        { code: 400, reason: 'BadRequest' },
      );
    },
  },
  {
    title: 'an apply of an unknown field is refused',
    run: (api) => {
      const name = uniqueName('map');
      return expectRefused(api.apply('left', configMaps(api, name), { ...configMap({ name }), nonsense: 1 }), {
        code: 500,
        message: /failed to create typed patch object .*: \.nonsense: field not declared in schema/,
      });
    },
  },
  {
    title: 'an apply can be written in YAML',
    run: async (api) => {
      const name = uniqueName('map');
      const body = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  a: "yaml"\n`;
      expect(
        (
          await done(
            api.request('PATCH', configMaps(api, name), {
              body,
              contentType: 'application/apply-patch+yaml',
              query: { fieldManager: 'left' },
            }),
          )
        ).data,
      ).toEqual({ a: 'yaml' });
    },
  },
];

export const apply: Case[] = [...ownership, ...updates, ...lists, ...requests];
