/** CustomResourceDefinitions: refusals, served versions, and subresources. */
import { expect } from '@jest/globals';
import type { Fields } from '../body.ts';
import { uniqueName, type ConformanceApi } from '../api.ts';
import { done, eventually, expectRefused, type Case, type Refusal } from '../case.ts';
import { definition, definitionsPath, installWidgets, open, sharedWidgets, withSpec } from '../custom-resource.ts';

const newGroup = (): string => `${uniqueName('g')}.example.test`;

type BadRow = { problem: string; change: (definition: Fields) => Fields; refused: Refusal };

const schemaRow = (problem: string, schema: Fields, message: RegExp): BadRow => ({
  problem,
  change: ({ spec, ...rest }) => {
    const { versions, ...others } = spec as { versions: Fields[] };
    return { ...rest, spec: { ...others, versions: [{ ...versions[0], schema: { openAPIV3Schema: schema } }] } };
  },
  refused: { code: 422, reason: 'Invalid', message },
});

const specRow = (problem: string, changes: Fields, message: RegExp): BadRow => ({
  problem,
  change: ({ spec, ...rest }) => ({ ...rest, spec: { ...(spec as Fields), ...changes } }),
  refused: { code: 422, reason: 'Invalid', message },
});

const badRows: BadRow[] = [
  {
    problem: 'a name that is not plural and group',
    change: (object) => ({ ...object, metadata: { name: 'widgets.other.test' } }),
    refused: {
      code: 422,
      reason: 'Invalid',
      message: /metadata\.name: Invalid value: "widgets\.other\.test": must be spec\.names\.plural\+"\."\+spec\.group/,
    },
  },
  specRow(
    'no version',
    { versions: [] },
    /spec\.versions: Invalid value: .*must have exactly one version marked as storage version/,
  ),
  specRow(
    'two storage versions',
    {
      versions: ['v1', 'v2'].map((name) => ({ name, served: true, storage: true, schema: { openAPIV3Schema: open } })),
    },
    /must have exactly one version marked as storage version/,
  ),
  specRow(
    'an unknown scope',
    { scope: 'Everywhere' },
    /spec\.scope: Unsupported value: "Everywhere": supported values: "Cluster", "Namespaced"/,
  ),
  specRow(
    'a version without a schema',
    { versions: [{ name: 'v1', served: true, storage: true }] },
    /spec\.versions\[0\]\.schema\.openAPIV3Schema: Required value/,
  ),
  specRow(
    'a plural in capitals',
    { names: { kind: 'Widget', plural: 'Widgets', singular: 'widget', listKind: 'WidgetList' } },
    /spec\.names\.plural: Invalid value: "Widgets"/,
  ),
  schemaRow(
    'a property without a type',
    withSpec({ a: { description: 'nothing' } }),
    /openAPIV3Schema\.properties\[spec\]\.properties\[a\]\.type: Required value: must not be empty for specified object fields/,
  ),
  schemaRow(
    'a root that is not an object',
    { type: 'string' },
    /openAPIV3Schema\.type: Invalid value: "string": must be object at the root/,
  ),
  schemaRow(
    'an unknown type',
    withSpec({ a: { type: 'text' } }),
    /properties\[a\]\.type: (Unsupported value|Invalid value): "text"/,
  ),
  schemaRow('an array without items', withSpec({ a: { type: 'array' } }), /properties\[a\]\.items: Required value/),
  schemaRow(
    'a list map without keys',
    withSpec({ a: { type: 'array', 'x-kubernetes-list-type': 'map', items: { type: 'object' } } }),
    /x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map/,
  ),
  schemaRow(
    'an unknown list type',
    withSpec({ a: { type: 'array', 'x-kubernetes-list-type': 'bag', items: { type: 'string' } } }),
    /x-kubernetes-list-type: Unsupported value: "bag": supported values: "atomic", "set", "map"/,
  ),
  schemaRow(
    'an invalid pattern',
    withSpec({ a: { type: 'string', pattern: '(' } }),
    /pattern: Invalid value: "\(": must be a valid regular expression/,
  ),
  schemaRow(
    'a rule that is not CEL',
    withSpec({ a: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self >' }] } }),
    /x-kubernetes-validations\[0\]\.rule: Invalid value: .*compilation failed: ERROR: <input>:1:\d+: Syntax error/,
  ),
  schemaRow(
    'an empty rule',
    withSpec({ a: { type: 'integer', 'x-kubernetes-validations': [{ rule: ' ' }] } }),
    /x-kubernetes-validations\[0\]\.rule: Required value: rule is not specified/,
  ),
];

const bad = badRows.map(({ problem, change, refused }): Case => ({
  title: `a CustomResourceDefinition with ${problem} is refused`,
  run: (api) =>
    expectRefused(api.post(definitionsPath, change(definition({ group: newGroup() })), { dryRun: 'All' }), refused),
}));

const conditionOf = (status: Fields, type: string): string | undefined =>
  (status.conditions as { type: string; status: string }[] | undefined)?.find((condition) => condition.type === type)
    ?.status;

const twoVersions = sharedWidgets([{ name: 'v1' }, { name: 'v2', served: true }, { name: 'v3', served: false }]);
const scaled = sharedWidgets([
  {
    name: 'v1',
    schema: withSpec({ replicas: { type: 'integer', minimum: 0 } }),
    subresources: {
      status: {},
      scale: {
        specReplicasPath: '.spec.replicas',
        statusReplicasPath: '.status.replicas',
        labelSelectorPath: '.status.selector',
      },
    },
  },
]);

const serving: Case[] = [
  {
    title: 'a CustomResourceDefinition becomes Established, with its names accepted and its stored versions listed',
    run: async (api) => {
      const group = newGroup();
      await done(api.post(definitionsPath, definition({ group })));
      api.deleteAtEnd(`${definitionsPath}/widgets.${group}`);
      const { body } = await eventually(
        () => api.get(`${definitionsPath}/widgets.${group}`),
        ({ body: { status } }) => conditionOf(status ?? {}, 'Established') === 'True',
      );
      expect(conditionOf(body.status, 'NamesAccepted')).toBe('True');
      expect(body.status).toMatchObject({
        acceptedNames: { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
        storedVersions: ['v1'],
      });
    },
  },
  {
    title: 'singular and listKind of a CustomResourceDefinition come from the kind',
    run: async (api) => {
      const object = definition({ group: newGroup(), names: { kind: 'Widget', plural: 'widgets' } });
      expect(await done(api.post(definitionsPath, object, { dryRun: 'All' }))).toMatchObject({
        spec: { names: { singular: 'widget', listKind: 'WidgetList' }, conversion: { strategy: 'None' } },
      });
    },
  },
  {
    title: 'a custom kind appears in the discovery of its group',
    run: async (api) => {
      const { group } = await twoVersions(api);
      const list = await eventually(
        () => api.get(`/apis/${group}/v1`),
        ({ status, body }) => status === 200 && (body.resources as Fields[]).length > 0,
      );
      expect((list.body.resources as Fields[])[0]).toMatchObject({
        name: 'widgets',
        singularName: 'widget',
        namespaced: true,
        kind: 'Widget',
      });
    },
  },
  {
    title: 'the schema of a custom kind is in OpenAPI v3',
    run: async (api) => {
      const { group } = await scaled(api);
      const { body } = await eventually(
        () => api.get(`/openapi/v3/apis/${group}/v1`),
        ({ status }) => status === 200,
      );
      const { schemas } = body.components as { schemas: Record<string, Fields> };
      expect(Object.values(schemas)).toContainEqual(
        expect.objectContaining({
          properties: expect.objectContaining({
            spec: expect.objectContaining({ properties: { replicas: expect.objectContaining({ type: 'integer' }) } }),
          }),
        }),
      );
    },
  },
  {
    title: 'an object is served in every served version, with that apiVersion',
    run: async (api) => {
      const { path, widget, group } = await twoVersions(api);
      const { metadata } = await done(api.post(path(), widget({ a: 1 })));
      expect(await done(api.get(path(metadata.name).replace('/v1/', '/v2/')))).toMatchObject({
        apiVersion: `${group}/v2`,
        spec: { a: 1 },
        metadata: { uid: metadata.uid },
      });
    },
  },
  {
    title: 'a version that is not served returns 404',
    run: async (api) => {
      const { path } = await twoVersions(api);
      expect((await api.get(path().replace('/v1/', '/v3/'))).status).toBe(404);
    },
  },
  {
    title: 'a cluster-scoped custom kind has no path in namespaces',
    run: async (api) => {
      const group = newGroup();
      await done(api.post(definitionsPath, definition({ group, scope: 'Cluster' })));
      api.deleteAtEnd(`${definitionsPath}/widgets.${group}`);
      const path = `/apis/${group}/v1/widgets`;
      await eventually(
        () => api.get(path),
        ({ status }) => status === 200,
      );
      const { metadata } = await done(
        api.post(path, { apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name: 'one' } }),
      );
      expect(metadata).not.toHaveProperty('namespace');
      expect((await api.get(`/apis/${group}/v1/namespaces/${api.namespace}/widgets`)).status).toBe(404);
    },
  },
  {
    title: 'deleting a CustomResourceDefinition removes its objects and its path',
    run: async (api) => {
      const { path, widget, group } = await installWidgets(api);
      await done(api.post(path(), widget()));
      await done(api.delete(`${definitionsPath}/widgets.${group}`));
      await eventually(
        () => api.get(path()),
        ({ status }) => status === 404,
      );
      const gone = await eventually(
        () => api.get(`${definitionsPath}/widgets.${group}`),
        ({ status }) => status === 404,
      );
      expect(gone.body.reason).toBe('NotFound');
    },
  },
  {
    title: 'the message about a missing custom object names the group',
    run: async (api) => {
      const { path, group } = await twoVersions(api);
      await expectRefused(api.get(path('missing')), {
        code: 404,
        reason: 'NotFound',
        message: new RegExp(`^widgets\\.${group} "missing" not found$`),
      });
    },
  },
  {
    title: 'a custom object of another kind than the path is refused',
    run: async (api) => {
      const { path, widget } = await twoVersions(api);
      await expectRefused(api.post(path(), { ...widget(), kind: 'Gadget' }), {
        code: 422,
        reason: 'Invalid',
        message: /kind: Invalid value: "Gadget": must be Widget/,
      });
    },
  },
];

/** Sets replicas and selector in the status, as a controller does. */
const report = (api: ConformanceApi, path: string): Promise<Fields> =>
  done(api.patch('merge', `${path}/status`, { status: { replicas: 2, selector: 'app=web' } }));

const subresources: Case[] = [
  {
    title: 'a custom status is written by its subresource only',
    run: async (api) => {
      const { path, widget } = await scaled(api);
      const created = await done(api.post(path(), { ...widget({ replicas: 1 }), status: { replicas: 9 } }));
      expect(created).not.toHaveProperty('status');
      const one = path(created.metadata.name);
      await report(api, one);
      expect(await done(api.patch('merge', one, { spec: { replicas: 3 }, status: { replicas: 9 } }))).toMatchObject({
        spec: { replicas: 3 },
        status: { replicas: 2 },
        metadata: { generation: 2 },
      });
      expect(
        await done(api.patch('merge', `${one}/status`, { spec: { replicas: 7 }, status: { replicas: 3 } })),
      ).toMatchObject({ spec: { replicas: 3 }, status: { replicas: 3 }, metadata: { generation: 2 } });
    },
  },
  {
    title: 'without the status subresource the status is part of the object, and raises its generation',
    run: async (api) => {
      const { path, widget } = await twoVersions(api);
      const { metadata } = await done(api.post(path(), { ...widget(), status: { a: 1 } }));
      expect(await done(api.patch('merge', path(metadata.name), { status: { a: 2 } }))).toMatchObject({
        status: { a: 2 },
        metadata: { generation: 2 },
      });
      expect((await api.get(path(metadata.name, 'status'))).status).toBe(404);
    },
  },
  {
    title: 'labels of a custom object do not raise its generation',
    run: async (api) => {
      const { path, widget } = await scaled(api);
      const { metadata } = await done(api.post(path(), widget({ replicas: 1 })));
      expect(
        (await done(api.patch('merge', path(metadata.name), { metadata: { labels: { a: 'b' } } }))).metadata,
      ).toMatchObject({ labels: { a: 'b' }, generation: 1 });
    },
  },
  {
    title: 'the scale of a custom object has its replicas and its selector',
    run: async (api) => {
      const { path, widget } = await scaled(api);
      const { metadata } = await done(api.post(path(), widget({ replicas: 1 })));
      await report(api, path(metadata.name));
      expect(await done(api.get(path(metadata.name, 'scale')))).toMatchObject({
        kind: 'Scale',
        apiVersion: 'autoscaling/v1',
        metadata: { name: metadata.name, uid: metadata.uid },
        spec: { replicas: 1 },
        status: { replicas: 2, selector: 'app=web' },
      });
    },
  },
  {
    title: 'a write to the scale of a custom object changes its replicas',
    run: async (api) => {
      const { path, widget } = await scaled(api);
      const { metadata } = await done(api.post(path(), widget({ replicas: 1 })));
      const scale = await done(api.get(path(metadata.name, 'scale')));
      expect(await done(api.put(path(metadata.name, 'scale'), { ...scale, spec: { replicas: 4 } }))).toMatchObject({
        kind: 'Scale',
        spec: { replicas: 4 },
      });
      expect(await done(api.get(path(metadata.name)))).toMatchObject({
        spec: { replicas: 4 },
        metadata: { generation: 2 },
      });
    },
  },
  {
    title: 'the scale of a custom object refuses negative replicas',
    run: async (api) => {
      const { path, widget } = await scaled(api);
      const { metadata } = await done(api.post(path(), widget({ replicas: 1 })));
      await expectRefused(api.patch('merge', path(metadata.name, 'scale'), { spec: { replicas: -1 } }), {
        code: 422,
        reason: 'Invalid',
        message:
          /spec\.replicas: Invalid value: -1: (should be a non-negative integer|must be greater than or equal to 0|.*greater than or equal to 0)/,
      });
    },
  },
  {
    title: 'the scale of a custom kind without that subresource returns 404',
    run: async (api) => {
      const { path, widget } = await twoVersions(api);
      const { metadata } = await done(api.post(path(), widget()));
      expect((await api.get(path(metadata.name, 'scale'))).status).toBe(404);
    },
  },
];

export const definitions: Case[] = [...bad, ...serving, ...subresources];
