/** XBackends: pods by their labels, with what applies to them, such as sessions. */
import type { XBackend, XBackendSpec } from '../../core/snapshot/x-backend.ts';
import type { KubeObject } from '../../kube/ports.ts';
import { projectServing, servedSchema, type CachedServing } from './gateway-api.ts';
import { projectWithStatus, type CachedWithStatus } from './owned.ts';

export const xBackendDefinition = 'xbackends.gateway.networking.x-k8s.io';

export type CachedXBackend = CachedWithStatus & { backend: XBackend };

export function projectXBackend(object: KubeObject): CachedXBackend {
  const { metadata, spec = {} } = object as KubeObject & { spec?: XBackendSpec };
  const { namespace = '', name, uid = '', generation = 0 } = metadata;
  return { ...projectWithStatus(object), backend: { namespace, name, uid, generation, spec } };
}

/** In v1.6 every XBackend is an external host name, and its port and status have other fields: it counts as a kind that is not supported. */
export function projectXBackendDefinition(object: KubeObject): CachedServing {
  const spec = servedSchema(object, 'v1alpha1')?.properties?.['spec'];
  return { ...projectServing('v1alpha1')(object), isServed: spec?.properties?.['endpointSelector'] !== undefined };
}
