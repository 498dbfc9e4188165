/** @kubernetes/client-node against the API server of the devcluster. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  AppsV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  Watch,
} from '@kubernetes/client-node';
import { startWorld, type World } from './world.ts';

const crd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.test' },
  spec: {
    group: 'example.test',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', properties: { size: { type: 'integer', default: 3 } } } },
          },
        },
      },
    ],
  },
};

describe('the client library', () => {
  let world: World;
  const config = new KubeConfig();

  beforeAll(async () => {
    world = await startWorld();
    config.loadFromString(world.server.kubeconfig());
  });
  afterAll(() => world.server.close());

  test('the client library creates, reads, lists and deletes typed objects', async () => {
    const core = config.makeApiClient(CoreV1Api);
    await core.createNamespacedConfigMap({
      namespace: 'default',
      body: { metadata: { name: 'typed' }, data: { a: 'b' } },
    });
    expect((await core.readNamespacedConfigMap({ namespace: 'default', name: 'typed' })).data).toEqual({ a: 'b' });
    expect(
      (await core.listNamespacedConfigMap({ namespace: 'default' })).items.map(({ metadata }) => metadata?.name),
    ).toContain('typed');
    await core.deleteNamespacedConfigMap({ namespace: 'default', name: 'typed' });
    await expect(core.readNamespacedConfigMap({ namespace: 'default', name: 'typed' })).rejects.toMatchObject({
      code: 404,
    });
  });

  test('the client library applies custom objects, and the server sets their defaults', async () => {
    const { api } = world.server;
    await api.create(
      {
        group: 'apiextensions.k8s.io',
        version: 'v1',
        kind: 'CustomResourceDefinition',
        plural: 'customresourcedefinitions',
        namespaced: false,
      },
      crd,
    );
    const custom = config.makeApiClient(CustomObjectsApi);
    const where = { group: 'example.test', version: 'v1', namespace: 'default', plural: 'widgets', name: 'one' };
    const body = { apiVersion: 'example.test/v1', kind: 'Widget', metadata: { name: 'one' }, spec: {} };
    const options = setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply);
    expect(
      await custom.patchNamespacedCustomObject({ ...where, body, fieldManager: 'me', force: true }, options),
    ).toMatchObject({ spec: { size: 3 } });
  });

  test('the client library scales a Deployment', async () => {
    const apps = config.makeApiClient(AppsV1Api);
    const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app', image: 'app:1' }] } };
    await apps.createNamespacedDeployment({
      namespace: 'default',
      body: { metadata: { name: 'web' }, spec: { selector: { matchLabels: { app: 'web' } }, template } },
    });
    const scale = await apps.readNamespacedDeploymentScale({ namespace: 'default', name: 'web' });
    await apps.replaceNamespacedDeploymentScale({
      namespace: 'default',
      name: 'web',
      body: { metadata: scale.metadata ?? {}, spec: { replicas: 5 } },
    });
    expect((await apps.readNamespacedDeployment({ namespace: 'default', name: 'web' })).spec?.replicas).toBe(5);
  });

  test('the client library watches objects', async () => {
    const core = config.makeApiClient(CoreV1Api);
    const seen = new Promise<string>((resolve, reject) => {
      void new Watch(config)
        .watch(
          '/api/v1/namespaces/default/configmaps',
          { fieldSelector: 'metadata.name=watched' },
          (type, object: { metadata: { name: string } }) => resolve(`${type} ${object.metadata.name}`),
          (error: unknown) => reject(error instanceof Error ? error : new Error(String(error))),
        )
        .then(() => core.createNamespacedConfigMap({ namespace: 'default', body: { metadata: { name: 'watched' } } }))
        .catch(reject);
    });
    expect(await seen).toBe('ADDED watched');
  });
});
