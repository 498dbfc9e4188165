/** Resolves a route: which of its backends exist, are served, and may be referred to, and which parts of it are not served. */
import type { Reason } from '../../api/reasons.ts';
import type { Service } from '../snapshot/snapshot.ts';
import type { ParentVerdict } from './parents.ts';
import type { ServingPlan } from './plan.ts';
import { isPermitted, type Grants } from './reference-grants.ts';
import { explainShadow, type Shadow } from './shadowed.ts';

export type ResolvedBackend = { kind: 'resolved'; backend: string; weight: number };
export type UnresolvedBackend = { kind: 'unresolved'; backend: string; reason: BackendReason; message: string };
export type BackendVerdict = ResolvedBackend | UnresolvedBackend;

/** The first two are also reasons of Gateway API. */
type BackendReason = Extract<
  Reason,
  'BackendNotFound' | 'RefNotPermitted' | 'BackendNotAccepted' | 'ExternalNameService'
>;

export type BackendLookup = {
  /** Keys of all StickyWorkloads, and plans of those that are served. */
  known: ReadonlyMap<string, unknown>;
  served: ReadonlyMap<string, ServingPlan>;
  /** By `namespace/name`. */
  services: ReadonlyMap<string, Service>;
  /** By the namespace that they are in. */
  grants: Grants;
};

/** Returns a verdict for each backend, in the order of the spec. An unresolved backend does not affect the others. */
export const resolveBackends = (plan: ServingPlan, lookup: BackendLookup): BackendVerdict[] =>
  plan.backendRefs.map(
    ({ backend, weight }) => findObstacle(backend, plan, lookup) ?? { kind: 'resolved', backend, weight },
  );

/** The ReferenceGrant is checked first: without permission, a message must not reveal whether the backend exists. */
function findObstacle(backend: string, plan: ServingPlan, lookup: BackendLookup): UnresolvedBackend | undefined {
  if (backend === plan.key) return undefined;
  const [namespace = '', name = ''] = backend.split('/');
  const fail = (reason: BackendReason, message: string): UnresolvedBackend => ({
    kind: 'unresolved',
    backend,
    reason,
    message: `spec.route.backends: ${message}`,
  });
  const route = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: plan.namespace };
  if (!isPermitted(route, { group: '', kind: 'Service', namespace, name }, lookup.grants)) {
    return fail(
      'RefNotPermitted',
      `no ReferenceGrant in namespace ${namespace} permits HTTPRoutes of namespace ${plan.namespace} to refer to Service ${name}: create one there.`,
    );
  }
  if (isExternalName(backend, lookup)) {
    return fail(
      'ExternalNameService',
      `Service ${backend} is an ExternalName Service, which has no pods: use a StickyWorkload whose pods run in this cluster.`,
    );
  }
  if (!lookup.known.has(backend)) {
    return fail(
      'BackendNotFound',
      `StickyWorkload ${name} does not exist in namespace ${namespace}: create it, or name an existing one.`,
    );
  }
  if (!lookup.served.has(backend)) {
    return fail('BackendNotAccepted', `StickyWorkload ${backend} is not accepted: see its condition Accepted.`);
  }
  return undefined;
}

/** A Service that Holdfast owns does not count: its type is reverted. */
function isExternalName(backend: string, { services, served }: BackendLookup): boolean {
  const [service, owner] = [services.get(backend), served.get(backend)];
  return service?.isExternalName === true && !(owner !== undefined && service.ownerUids.includes(owner.uid));
}

/** The verdicts on each requested Gateway and each backend of a route. */
export type RouteVerdict = {
  parents: ParentVerdict[];
  backends: BackendVerdict[];
  /** By key of the Gateway: the older route that has its requests. */
  shadows?: ReadonlyMap<string, Shadow>;
};

/** Returns the reason of the first failure, with the messages of all; undefined if the whole route is served. */
export function findRouteShortfall({
  parents,
  backends,
  shadows,
}: RouteVerdict): { reason: Reason; message: string } | undefined {
  const refused = parents.filter((verdict) => verdict.kind === 'refused');
  const unresolved = backends.filter((verdict) => verdict.kind === 'unresolved');
  const [first] = [...refused, ...unresolved];
  const [shadow] = shadows?.values() ?? [];
  if (first === undefined) return shadow && { reason: 'RouteShadowed', message: explainShadow(shadow) };
  const problems = [...refused, ...unresolved].map(({ message }) => message).join(' ');
  const isServed = unresolved.length < backends.length;
  return {
    reason: first.reason,
    message: `${problems} ${isServed ? 'The rest of the route is served.' : 'Its requests get 503.'}`,
  };
}
