/** Create, get, list, update and delete of any object, and its metadata. */
import { expect } from '@jest/globals';
import { uniqueName, type ConformanceApi } from '../api.ts';
import { done, expectRefused, type Case } from '../case.ts';
import { configMap, configMaps, deployment, deployments, pathOf, pod, pods, withMetadata } from '../objects.ts';

const uidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const create = (api: ConformanceApi, metadata?: Parameters<typeof configMap>[0]) =>
  done(api.post(configMaps(api), configMap(metadata)));

const creating: Case[] = [
  {
    title: 'a created object gets uid, resource version and creation time, and the response is 201',
    run: async (api) => {
      const object = configMap();
      const { status, body } = await api.post(configMaps(api), object);
      expect(status).toBe(201);
      expect(body).toMatchObject({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        data: { a: '1' },
        metadata: { name: object.metadata.name, namespace: api.namespace },
      });
      expect(body.metadata.uid).toMatch(uidPattern);
      expect(body.metadata.resourceVersion).toMatch(/^[1-9]\d*$/);
      expect(body.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    },
  },
  {
    title: 'a second object of the same name is AlreadyExists',
    run: async (api) => {
      const object = configMap();
      await done(api.post(configMaps(api), object));
      await expectRefused(api.post(configMaps(api), object), {
        code: 409,
        reason: 'AlreadyExists',
        message: new RegExp(`^configmaps "${object.metadata.name}" already exists$`),
      });
    },
  },
  {
    title: 'uid and creation time that a client sends with a creation are ignored',
    run: async (api) => {
      const uid = '00000000-0000-4000-8000-000000000000';
      const body = await done(
        api.post(
          configMaps(api),
          configMap({ name: uniqueName('map'), uid, creationTimestamp: '2001-01-01T00:00:00Z' }),
        ),
      );
      expect(body.metadata.uid).not.toBe(uid);
      expect(body.metadata.creationTimestamp).not.toMatch(/^2001/);
    },
  },
  {
    title: 'an object with a resource version cannot be created',
    run: (api) =>
      expectRefused(api.post(configMaps(api), configMap({ name: uniqueName('map'), resourceVersion: '1' })), {
        code: 500,
        message: /resourceVersion should not be set on objects to be created/,
      }),
  },
  {
    title: 'a generated name is generateName and five characters',
    run: async (api) => {
      const { metadata } = await done(
        api.post(configMaps(api), { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'made-' } }),
      );
      expect(metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
      expect(metadata).toMatchObject({ generateName: 'made-' });
    },
  },
  {
    title: 'a name has precedence over generateName',
    run: async (api) => {
      const name = uniqueName('map');
      expect((await create(api, { name, generateName: 'made-' })).metadata.name).toBe(name);
    },
  },
  {
    title: 'a long generateName is cut, so that the name fits into 63 characters',
    run: async (api) => {
      const { metadata } = await done(
        api.post(configMaps(api), { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'a'.repeat(80) } }),
      );
      expect(metadata.name).toMatch(/^a{58}[a-z0-9]{5}$/);
    },
  },
  {
    title: 'an object without a name is refused',
    run: (api) =>
      expectRefused(api.post(configMaps(api), { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} }), {
        code: 422,
        reason: 'Invalid',
        message: /name or generateName is required/,
        field: 'metadata.name',
        cause: 'FieldValueRequired',
      }),
  },
  {
    title: 'an object without apiVersion and kind gets those of the path',
    run: async (api) => {
      const body = await done(api.post(configMaps(api), { metadata: { name: uniqueName('map') } }));
      expect(body).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
    },
  },
  {
    title: 'a namespace in the object that is not that of the path is refused',
    run: (api) =>
      expectRefused(api.post(configMaps(api), configMap({ name: uniqueName('map'), namespace: 'elsewhere' })), {
        code: 400,
        reason: 'BadRequest',
        message: /the namespace of the provided object does not match the namespace sent on the request/,
      }),
  },
  {
    title: 'an object in a namespace that does not exist is refused',
    run: (api) =>
      expectRefused(api.post('/api/v1/namespaces/no-such-namespace/configmaps', configMap()), {
        code: 404,
        reason: 'NotFound',
        message: /^namespaces "no-such-namespace" not found$/,
      }),
  },
  {
    title: 'an object can be sent as YAML',
    run: async (api) => {
      const name = uniqueName('map');
      const body = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  a: "yaml"\n`;
      expect(await done(api.request('POST', configMaps(api), { body, contentType: 'application/yaml' }))).toMatchObject(
        { metadata: { name }, data: { a: 'yaml' } },
      );
    },
  },
];

const invalidNames: { problem: string; name: string; message: RegExp }[] = [
  {
    problem: 'capitals',
    name: 'Cart',
    message: /Invalid value: "Cart": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters/,
  },
  { problem: 'an underscore', name: 'a_b', message: /a lowercase RFC 1123 subdomain must consist of/ },
  { problem: 'a dot at the end', name: 'cart.', message: /a lowercase RFC 1123 subdomain must consist of/ },
  { problem: '254 characters', name: 'a'.repeat(254), message: /must be no more than 253 (characters|bytes)/ },
];

const metadataRules: Case[] = [
  ...invalidNames.map(({ problem, name, message }) => ({
    title: `a name with ${problem} is refused`,
    run: (api: ConformanceApi) =>
      expectRefused(api.post(configMaps(api), configMap({ name })), {
        code: 422,
        reason: 'Invalid',
        message,
        field: 'metadata.name',
        cause: 'FieldValueInvalid',
      }),
  })),
  {
    title: 'the name of a Service must be a DNS label, without dots',
    run: (api) =>
      expectRefused(
        api.post(pathOf(api, 'v1', 'services'), {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'web.example' },
          spec: { ports: [{ port: 80 }] },
        }),
        {
          code: 422,
          reason: 'Invalid',
          message:
            /metadata\.name: Invalid value: "web\.example": a (lowercase RFC 1123|DNS-1035) label must consist of/,
        },
      ),
  },
  {
    title: 'a label value with a space is refused',
    run: (api) =>
      expectRefused(api.post(configMaps(api), configMap({ name: uniqueName('map'), labels: { app: 'a b' } })), {
        code: 422,
        reason: 'Invalid',
        message:
          /metadata\.labels: Invalid value: "a b": a valid label must be an empty string or consist of alphanumeric characters/,
      }),
  },
  {
    title: 'a label value of 64 characters is refused',
    run: (api) =>
      expectRefused(
        api.post(configMaps(api), configMap({ name: uniqueName('map'), labels: { app: 'a'.repeat(64) } })),
        { code: 422, reason: 'Invalid', message: /metadata\.labels: .*must be no more than 63 (characters|bytes)/ },
      ),
  },
  {
    title: 'a label key with two slashes is refused',
    run: (api) =>
      expectRefused(api.post(configMaps(api), configMap({ name: uniqueName('map'), labels: { 'a/b/c': 'd' } })), {
        code: 422,
        reason: 'Invalid',
        message: /metadata\.labels: Invalid value: "a\/b\/c"/,
      }),
  },
  {
    title: 'an annotation key with a space is refused, its value may be anything',
    run: async (api) => {
      await expectRefused(
        api.post(configMaps(api), configMap({ name: uniqueName('map'), annotations: { 'a b': '' } })),
        { code: 422, reason: 'Invalid', message: /metadata\.annotations: Invalid value: "a b"/ },
      );
      expect(
        (await create(api, { name: uniqueName('map'), annotations: { a: 'ä {"b"}\n' } })).metadata.annotations,
      ).toEqual({ a: 'ä {"b"}\n' });
    },
  },
  {
    title: 'a label that is not a string is a BadRequest',
    run: (api) =>
      expectRefused(
        api.post(configMaps(api), { ...configMap(), metadata: { name: uniqueName('map'), labels: { app: 1 } } }),
        {
          code: 400,
          reason: 'BadRequest',
          message:
            /cannot unmarshal number into Go struct field ObjectMeta\.metadata\.labels of type string|metadata\.labels/,
        },
      ),
  },
];

const reading: Case[] = [
  {
    title: 'a missing object is NotFound, with its kind and name in the details',
    run: async (api) => {
      await expectRefused(api.get(configMaps(api, 'missing')), {
        code: 404,
        reason: 'NotFound',
        message: /^configmaps "missing" not found$/,
      });
      expect((await api.get(deployments(api, 'missing'))).body).toMatchObject({
        message: 'deployments.apps "missing" not found',
        details: { name: 'missing', group: 'apps', kind: 'deployments' },
      });
    },
  },
  {
    title: 'a list has a kind, a resource version, and items without kind and apiVersion of their own',
    run: async (api) => {
      const name = uniqueName('map');
      await create(api, { name, labels: { name } });
      const list = await done(api.get(configMaps(api), { labelSelector: `name=${name}` }));
      expect(list).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1' });
      expect(list.metadata.resourceVersion).toMatch(/^[1-9]\d*$/);
      expect(list.items).toHaveLength(1);
      expect(list.items[0]).not.toHaveProperty('kind');
    },
  },
  {
    title: 'an empty list has an empty array of items',
    run: async (api) => {
      expect((await done(api.get(configMaps(api), { labelSelector: 'missing=has-this' }))).items).toEqual([]);
    },
  },
  {
    title: 'a list of all namespaces has the objects of each',
    run: async (api) => {
      const name = uniqueName('map');
      await create(api, { name, labels: { name } });
      await done(api.post('/api/v1/namespaces/default/configmaps', configMap({ name, labels: { name } })));
      const { items } = await done(api.get('/api/v1/configmaps', { labelSelector: `name=${name}` }));
      await api.delete(`/api/v1/namespaces/default/configmaps/${name}`);
      expect(items.map(({ metadata }) => metadata.namespace).toSorted()).toEqual([api.namespace, 'default'].toSorted());
    },
  },
  {
    title: 'a list of a namespace that does not exist is empty',
    run: async (api) => {
      expect((await done(api.get('/api/v1/namespaces/no-such-namespace/pods'))).items).toEqual([]);
    },
  },
  {
    title: 'items of a list are sorted by name',
    run: async (api) => {
      const run = uniqueName('run');
      for (const letter of ['b', 'c', 'a']) await create(api, { name: `${letter}-${run}`, labels: { run } });
      const { items } = await done(api.get(configMaps(api), { labelSelector: `run=${run}` }));
      expect(items.map(({ metadata }) => metadata.name)).toEqual([`a-${run}`, `b-${run}`, `c-${run}`]);
    },
  },
  {
    title: 'a request for PartialObjectMetadata returns only metadata',
    run: async (api) => {
      const { metadata } = await create(api);
      const { body } = await api.request('GET', configMaps(api, metadata.name), {
        accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
      });
      expect(body).toMatchObject({
        kind: 'PartialObjectMetadata',
        apiVersion: 'meta.k8s.io/v1',
        metadata: { uid: metadata.uid },
      });
      expect(body).not.toHaveProperty('data');
    },
  },
  {
    title: 'a list of only metadata is a PartialObjectMetadataList',
    run: async (api) => {
      const name = uniqueName('map');
      await create(api, { name, labels: { name } });
      const { body } = await api.request('GET', configMaps(api), {
        query: { labelSelector: `name=${name}` },
        accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
      });
      expect(body).toMatchObject({
        kind: 'PartialObjectMetadataList',
        apiVersion: 'meta.k8s.io/v1',
        items: [{ metadata: { name } }],
      });
    },
  },
];

const updating: Case[] = [
  {
    title: 'an update raises the resource version and keeps uid and creation time',
    run: async (api) => {
      const before = await create(api);
      const { status, body } = await api.put(configMaps(api, before.metadata.name), { ...before, data: { a: '2' } });
      expect(status).toBe(200);
      expect(body).toMatchObject({
        data: { a: '2' },
        metadata: { uid: before.metadata.uid, creationTimestamp: before.metadata.creationTimestamp },
      });
      expect(Number(body.metadata.resourceVersion)).toBeGreaterThan(Number(before.metadata.resourceVersion));
    },
  },
  {
    title: 'an update that changes nothing keeps the resource version',
    run: async (api) => {
      const before = await create(api);
      expect((await done(api.put(configMaps(api, before.metadata.name), before))).metadata.resourceVersion).toBe(
        before.metadata.resourceVersion,
      );
    },
  },
  {
    title: 'an update with an old resource version is a Conflict',
    run: async (api) => {
      const before = await create(api);
      await done(api.put(configMaps(api, before.metadata.name), { ...before, data: { a: '2' } }));
      await expectRefused(api.put(configMaps(api, before.metadata.name), { ...before, data: { a: '3' } }), {
        code: 409,
        reason: 'Conflict',
        message:
          /^Operation cannot be fulfilled on configmaps ".*": the object has been modified; please apply your changes to the latest version and try again$/,
      });
    },
  },
  {
    title: 'an update without a resource version overwrites',
    run: async (api) => {
      const { name } = (await create(api)).metadata;
      expect(await done(api.put(configMaps(api, name), configMap({ name }, { b: '2' })))).toMatchObject({
        data: { b: '2' },
      });
      expect((await done(api.get(configMaps(api, name)))).data).toEqual({ b: '2' });
    },
  },
  {
    title: 'an update with the uid of another object is a Conflict',
    run: async (api) => {
      const before = await create(api);
      const body = withMetadata(before, { uid: '00000000-0000-4000-8000-000000000000' });
      await expectRefused(api.put(configMaps(api, before.metadata.name), body), {
        code: 409,
        reason: 'Conflict',
        message: /Precondition failed: UID in precondition: /,
      });
    },
  },
  {
    title: 'an update of a missing object is NotFound',
    run: (api) =>
      expectRefused(api.put(configMaps(api, 'missing'), configMap({ name: 'missing' })), {
        code: 404,
        reason: 'NotFound',
        message: /^configmaps "missing" not found$/,
      }),
  },
  {
    title: 'an update of a missing Lease creates it',
    run: async (api) => {
      const name = uniqueName('lease');
      const lease = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name },
        spec: { holderIdentity: 'a' },
      };
      expect((await api.put(pathOf(api, 'coordination.k8s.io/v1', 'leases', name), lease)).status).toBe(201);
    },
  },
  {
    title: 'the name in an update must be that of the path',
    run: async (api) => {
      const { name } = (await create(api)).metadata;
      await expectRefused(api.put(configMaps(api, name), configMap({ name: 'other' })), {
        code: 400,
        reason: 'BadRequest',
        message: /the name of the object \(other\) does not match the name on the URL \(/,
      });
    },
  },
  {
    title: 'generation is 1 at first and rises with the spec only',
    run: async (api) => {
      const path = deployments(api);
      const before = await done(api.post(path, deployment({ name: uniqueName('web') })));
      const { name } = before.metadata;
      expect(before.metadata.generation).toBe(1);
      expect(
        (await done(api.patch('merge', `${path}/${name}`, { metadata: { labels: { a: 'b' } } }))).metadata.generation,
      ).toBe(1);
      expect(
        (await done(api.patch('merge', `${path}/${name}`, { spec: { revisionHistoryLimit: 5 } }))).metadata.generation,
      ).toBe(2);
    },
  },
  {
    title: 'an object without spec and status has no generation',
    run: async (api) => {
      expect((await create(api)).metadata).not.toHaveProperty('generation');
    },
  },
  {
    title: 'stringData of a Secret becomes data in base64',
    run: async (api) => {
      const body = await done(
        api.post(pathOf(api, 'v1', 'secrets'), {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: uniqueName('secret') },
          stringData: { a: 'open' },
          data: { b: 'eA==' },
        }),
      );
      expect(body).toMatchObject({ type: 'Opaque', data: { a: 'b3Blbg==', b: 'eA==' } });
      expect(body).not.toHaveProperty('stringData');
    },
  },
];

const statuses: Case[] = [
  {
    title: 'the status in a creation is ignored',
    run: async (api) => {
      const body = await done(api.post(pods(api), { ...pod(), status: { phase: 'Running', podIP: '10.0.0.9' } }));
      expect(body.status).toMatchObject({ phase: 'Pending' });
      expect(body.status).not.toHaveProperty('podIP');
    },
  },
  {
    title: 'an update of the object does not change the status',
    run: async (api) => {
      const { metadata } = await done(api.post(pods(api), pod()));
      const path = pods(api, metadata.name);
      await done(api.patch('merge', `${path}/status`, { status: { podIP: '10.0.0.9', podIPs: [{ ip: '10.0.0.9' }] } }));
      const body = await done(
        api.patch('merge', path, {
          metadata: { labels: { a: 'b' } },
          status: { podIP: '10.0.0.10', podIPs: [{ ip: '10.0.0.10' }] },
        }),
      );
      expect(body).toMatchObject({ metadata: { labels: { a: 'b' } }, status: { podIP: '10.0.0.9' } });
    },
  },
  {
    title: 'an update of the status does not change the spec and the generation',
    run: async (api) => {
      const before = await done(
        api.post(deployments(api), deployment({ name: uniqueName('web') }, { revisionHistoryLimit: 3 })),
      );
      const path = deployments(api, before.metadata.name);
      const body = await done(
        api.patch('merge', `${path}/status`, { spec: { revisionHistoryLimit: 9 }, status: { collisionCount: 7 } }),
      );
      expect(body).toMatchObject({
        spec: { revisionHistoryLimit: 3 },
        status: { collisionCount: 7 },
        metadata: { generation: 1 },
      });
    },
  },
  {
    title: 'a read of the status subresource returns the whole object',
    run: async (api) => {
      const { metadata } = await done(api.post(pods(api), pod()));
      expect(await done(api.get(pods(api, metadata.name, 'status')))).toMatchObject({
        kind: 'Pod',
        metadata: { uid: metadata.uid },
        spec: { schedulerName: 'none' },
      });
    },
  },
  {
    title: 'the status of a kind without that subresource returns 404',
    run: async (api) => {
      const { metadata } = await create(api);
      await expectRefused(api.get(configMaps(api, metadata.name, 'status')), { code: 404, reason: 'NotFound' });
    },
  },
];

export const objects: Case[] = [...creating, ...metadataRules, ...reading, ...updating, ...statuses];
