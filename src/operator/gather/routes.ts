/** HTTPRoutes and GRPCRoutes, with their status, which Holdfast writes. */
import type { GrpcRouteSpec, HttpRouteSpec } from '../../core/snapshot/http-route.ts';
import type { GrpcRoute, HttpRoute } from '../../core/snapshot/snapshot.ts';
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

export const grpcRouteDefinition = 'grpcroutes.gateway.networking.k8s.io';

export type CachedGrpcRoute = CachedWithStatus & { route: GrpcRoute };

export function projectGrpcRoute(object: KubeObject): CachedGrpcRoute {
  const { metadata, spec = {} } = object as KubeObject & { spec?: GrpcRouteSpec };
  const cached = projectWithStatus(object);
  const { parentRefs, hostnames, rules } = spec;
  return {
    ...cached,
    route: {
      ...cached.owned,
      generation: metadata.generation ?? 0,
      createdAt: metadata.creationTimestamp ?? '',
      // Matches and filters are not read: no GRPCRoute is served yet.
      spec: {
        parentRefs: parentRefs ?? [],
        hostnames: hostnames ?? [],
        rules: (rules ?? []).map(({ backendRefs }) => ({ backendRefs: backendRefs ?? [] })),
      },
    },
  };
}
