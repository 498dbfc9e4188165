/** HTTPRoutes and GRPCRoutes, with their status, which Holdfast writes. */
import type { GrpcRouteSpec, HttpRouteSpec } from '../../core/snapshot/http-route.ts';
import type { GrpcRoute, HttpRoute } from '../../core/snapshot/snapshot.ts';
import type { KubeObject } from '../../kube/ports.ts';
import { grpcRoutes, httpRoutes } from '../../kube/resources.ts';
import { projectWithStatus, type CachedWithStatus } from './owned.ts';

/** Where the routes of each kind are. */
export const routePlaces = {
  HTTPRoute: { cache: 'httpRoutes', resource: httpRoutes },
  GRPCRoute: { cache: 'grpcRoutes', resource: grpcRoutes },
} as const;

export type CachedHttpRoute = CachedWithStatus & { route: HttpRoute };

export function projectHttpRoute(object: KubeObject): CachedHttpRoute {
  const { spec = {} } = object as KubeObject & { spec?: HttpRouteSpec };
  return projectRoute(object, spec);
}

export const grpcRouteDefinition = 'grpcroutes.gateway.networking.k8s.io';

export type CachedGrpcRoute = CachedWithStatus & { route: GrpcRoute };

export function projectGrpcRoute(object: KubeObject): CachedGrpcRoute {
  const { spec = {} } = object as KubeObject & { spec?: GrpcRouteSpec };
  return projectRoute(object, spec);
}

function projectRoute<Spec>(object: KubeObject, spec: Spec) {
  const cached = projectWithStatus(object);
  const { generation = 0, creationTimestamp = '' } = object.metadata;
  return { ...cached, route: { ...cached.owned, generation, createdAt: creationTimestamp, spec } };
}
