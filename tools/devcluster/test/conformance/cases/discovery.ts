/** What kubectl and client libraries ask first. */
import { expect } from '@jest/globals';
import { done, expectRefused, type Case } from '../case.ts';
import type { Body, Fields } from '../body.ts';
import type { ConformanceApi } from '../api.ts';

async function resourcesOf(api: ConformanceApi, path: string): Promise<Fields[]> {
  const list = await done(api.get(path));
  expect(list).toMatchObject({ kind: 'APIResourceList' });
  return list.resources as Fields[];
}

type Schema = Fields & { properties?: Record<string, Schema> };

async function schemaOf(api: ConformanceApi, groupVersion: string, kind: string): Promise<Schema | undefined> {
  const index = (await done(api.get('/openapi/v3'))) as Body & { paths: Record<string, { serverRelativeURL: string }> };
  const document = await done(api.get(index.paths[groupVersion]?.serverRelativeURL ?? `/openapi/v3/${groupVersion}`));
  const { schemas } = document.components as { schemas: Record<string, Schema> };
  return Object.entries(schemas).find(([name]) => name.endsWith(`.${kind}`))?.[1];
}

export const discovery: Case[] = [
  {
    title: '/version has a major and a minor version that kubectl understands',
    run: async (api) => {
      const version = await done(api.get('/version'));
      expect(version.major).toBe('1');
      expect(Number.parseInt(String(version.minor), 10)).toBeGreaterThanOrEqual(34);
      expect(version.gitVersion).toMatch(/^v1\.\d+\.\d+/);
    },
  },
  ...['/healthz', '/livez', '/readyz'].map((path) => ({
    title: `${path} says ok in plain text`,
    run: async (api: ConformanceApi) => {
      const { status, text, headers } = await api.get(path);
      expect({ status, text }).toEqual({ status: 200, text: 'ok' });
      expect(headers['content-type']).toContain('text/plain');
    },
  })),
  {
    title: '/api names the only version of the core group',
    run: async (api) => {
      expect(await done(api.get('/api'))).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
    },
  },
  {
    title: '/apis lists the groups with their preferred version',
    run: async (api) => {
      const list = await done(api.get('/apis'));
      expect(list).toMatchObject({ kind: 'APIGroupList', apiVersion: 'v1' });
      expect(list.groups).toContainEqual(
        expect.objectContaining({
          name: 'apps',
          versions: [{ groupVersion: 'apps/v1', version: 'v1' }],
          preferredVersion: { groupVersion: 'apps/v1', version: 'v1' },
        }),
      );
    },
  },
  {
    title: '/apis/GROUP describes one group',
    run: async (api) => {
      expect(await done(api.get('/apis/coordination.k8s.io'))).toMatchObject({
        kind: 'APIGroup',
        name: 'coordination.k8s.io',
        preferredVersion: { version: 'v1' },
      });
    },
  },
  {
    title: '/api/v1 lists pods with short name, category and verbs',
    run: async (api) => {
      const resources = await resourcesOf(api, '/api/v1');
      expect(resources.find(({ name }) => name === 'pods')).toMatchObject({
        singularName: 'pod',
        namespaced: true,
        kind: 'Pod',
        shortNames: ['po'],
        categories: ['all'],
        verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      });
    },
  },
  {
    title: 'subresources are listed beside their resource, with the kind that they accept',
    run: async (api) => {
      const core = await resourcesOf(api, '/api/v1');
      expect(core.find(({ name }) => name === 'serviceaccounts/token')).toMatchObject({
        kind: 'TokenRequest',
        group: 'authentication.k8s.io',
        version: 'v1',
      });
      const apps = await resourcesOf(api, '/apis/apps/v1');
      expect(apps.find(({ name }) => name === 'deployments/scale')).toMatchObject({
        kind: 'Scale',
        group: 'autoscaling',
        version: 'v1',
        verbs: ['get', 'patch', 'update'],
      });
      expect(apps.find(({ name }) => name === 'deployments/status')).toMatchObject({
        kind: 'Deployment',
        verbs: ['get', 'patch', 'update'],
      });
    },
  },
  {
    title: 'cluster-scoped kinds are listed as not namespaced',
    run: async (api) => {
      const resources = await resourcesOf(api, '/api/v1');
      expect(
        resources.filter(({ name }) => name === 'namespaces' || name === 'nodes').map(({ namespaced }) => namespaced),
      ).toEqual([false, false]);
    },
  },
  {
    title: 'discovery of a group that does not exist returns 404',
    run: async (api) => {
      expect((await api.get('/apis/missing.example.test')).status).toBe(404);
      expect((await api.get('/apis/missing.example.test/v1')).status).toBe(404);
    },
  },
  {
    title: 'OpenAPI v3 has an index of one document for each group version',
    run: async (api) => {
      const { paths } = await done(api.get('/openapi/v3'));
      expect(Object.keys(paths as object)).toEqual(expect.arrayContaining(['api/v1', 'apis/apps/v1']));
    },
  },
  {
    title: 'OpenAPI v3 contains the group, version and kind of a schema',
    run: async (api) => {
      const schema = await schemaOf(api, 'apis/apps/v1', 'Deployment');
      expect(schema).toMatchObject({
        'x-kubernetes-group-version-kind': [{ group: 'apps', version: 'v1', kind: 'Deployment' }],
      });
    },
  },
  {
    title: 'OpenAPI v3 lists fieldValidation for patches, so that kubectl leaves validation to the server',
    run: async (api) => {
      const document = await done(api.get('/openapi/v3/apis/apps/v1'));
      const paths = document.paths as Record<string, { patch?: { parameters?: Fields[] } }>;
      const { patch } = paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}'] ?? {};
      expect(patch).toMatchObject({
        'x-kubernetes-group-version-kind': { group: 'apps', version: 'v1', kind: 'Deployment' },
      });
      expect(patch?.parameters?.map(({ name }) => name)).toContain('fieldValidation');
    },
  },
  {
    title: 'an anonymous request for objects is refused',
    run: (api) =>
      expectRefused(api.request('GET', '/api/v1/namespaces', { token: 'nonsense' }), {
        code: 401,
        reason: 'Unauthorized',
        message: /^Unauthorized$/,
      }),
  },
];
