/** Paths of the API, and the smallest valid objects of the kinds that the cases use. */
import type { Body, Fields } from './body.ts';
import { uniqueName, type ConformanceApi } from './api.ts';

/** Returns the path of a group version: `v1` or `apps/v1`. */
export const groupPath = (apiVersion: string): string =>
  apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;

/** The path of a kind in a namespace, of an object, or of its subresource. */
export function pathOf(api: ConformanceApi, apiVersion: string, ...parts: string[]): string {
  return [groupPath(apiVersion), 'namespaces', api.namespace, ...parts].join('/');
}

export const configMaps = (api: ConformanceApi, ...parts: string[]): string =>
  pathOf(api, 'v1', 'configmaps', ...parts);
export const pods = (api: ConformanceApi, ...parts: string[]): string => pathOf(api, 'v1', 'pods', ...parts);
export const deployments = (api: ConformanceApi, ...parts: string[]): string =>
  pathOf(api, 'apps/v1', 'deployments', ...parts);
export const services = (api: ConformanceApi, ...parts: string[]): string => pathOf(api, 'v1', 'services', ...parts);

type Named = { name: string; labels?: Record<string, string>; annotations?: Record<string, string> } & Fields;

export function configMap(
  metadata: Named = { name: uniqueName('map') },
  data: Record<string, string> = { a: '1' },
): Fields & { metadata: Named } {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
}

const container = { name: 'app', image: 'example.test/app:1' };

/** No scheduler binds it, so that no other component writes its status. */
export function pod(metadata: Named = { name: uniqueName('pod') }, spec: Fields = {}): Fields & { metadata: Named } {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { schedulerName: 'none', containers: [container], ...spec },
  };
}

/** Without replicas: the Deployment controller creates no pods. */
export function deployment(
  metadata: Named = { name: uniqueName('web') },
  spec: Fields = {},
): Fields & { metadata: Named } {
  const labels = { app: metadata.name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
      ...spec,
    },
  };
}

export function service(
  metadata: Named = { name: uniqueName('svc') },
  spec: Fields = {},
): Fields & { metadata: Named } {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }], ...spec },
  };
}

/** The object with other metadata: labels, finalizers, a resource version. */
export function withMetadata(object: Body, metadata: Fields): Fields {
  return { ...object, metadata: { ...object.metadata, ...metadata } };
}
