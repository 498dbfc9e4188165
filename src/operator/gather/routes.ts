/** HTTPRoutes, with their status, which Holdfast writes. */
import type { HttpRouteSpec } from '../../core/snapshot/http-route.ts';
import type { HttpRoute } from '../../core/snapshot/snapshot.ts';
import type { KubeObject } from '../../kube/ports.ts';
import { projectWithStatus, type CachedWithStatus } from './owned.ts';

export type CachedHttpRoute = CachedWithStatus & { route: HttpRoute };

export function projectHttpRoute(object: KubeObject): CachedHttpRoute {
  const { metadata, spec = {} } = object as KubeObject & { spec?: HttpRouteSpec };
  const cached = projectWithStatus(object);
  return {
    ...cached,
    route: {
      ...cached.owned,
      generation: metadata.generation ?? 0,
      createdAt: metadata.creationTimestamp ?? '',
      spec,
    },
  };
}
