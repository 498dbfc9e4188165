/** Which StickyWorkloads a route really leads to: those of `spec.route.backends` that exist, are served, and may be referred to. */
import type { Reason } from '../../api/reasons.ts';
import type { ReferenceGrant, Service } from '../snapshot/snapshot.ts';
import { isHttpRoute } from './parents.ts';
import type { ServingPlan } from './plan.ts';

export type ResolvedBackend = { kind: 'resolved'; backend: string; weight: number };
export type UnresolvedBackend = { kind: 'unresolved'; backend: string; reason: BackendReason; message: string };
export type BackendVerdict = ResolvedBackend | UnresolvedBackend;

/** The first two are Gateway API's words for it, too. */
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
  grants: ReadonlyMap<string, ReferenceGrant[]>;
};

/** A verdict for each backend, in the order of the spec. What cannot be reached takes nothing from the others. */
export const resolveBackends = (plan: ServingPlan, world: BackendLookup): BackendVerdict[] =>
  plan.backendRefs.map(
    ({ backend, weight }) => findObstacle(backend, plan, world) ?? { kind: 'resolved', backend, weight },
  );

/** One of another namespace is refused first: who may not refer to it is not told either whether it is there. */
function findObstacle(backend: string, plan: ServingPlan, world: BackendLookup): UnresolvedBackend | undefined {
  if (backend === plan.key) return undefined;
  const [namespace = '', name = ''] = backend.split('/');
  const fail = (reason: BackendReason, message: string): UnresolvedBackend => ({
    kind: 'unresolved',
    backend,
    reason,
    message: `spec.route.backends: ${message}`,
  });
  if (namespace !== plan.namespace && !isGranted({ from: plan.namespace, name }, world.grants.get(namespace) ?? [])) {
    return fail(
      'RefNotPermitted',
      `no ReferenceGrant in namespace ${namespace} lets HTTPRoutes of namespace ${plan.namespace} refer to Service ${name}: its owner must create one.`,
    );
  }
  if (isExternalName(backend, world)) {
    return fail(
      'ExternalNameService',
      `Service ${backend} is of type ExternalName, a name in the DNS without pods to keep sessions on: name a StickyWorkload whose pods run in this cluster.`,
    );
  }
  if (!world.known.has(backend)) {
    return fail(
      'BackendNotFound',
      `there is no StickyWorkload ${name} in namespace ${namespace}: create it, or name one that exists.`,
    );
  }
  if (!world.served.has(backend)) {
    return fail(
      'BackendNotAccepted',
      `StickyWorkload ${backend} was refused itself: its own condition Accepted says why.`,
    );
  }
  return undefined;
}

/** One of ours that somebody has just turned into a name is put back. */
function isExternalName(backend: string, { services, served }: BackendLookup): boolean {
  const [service, owner] = [services.get(backend), served.get(backend)];
  return service?.isExternalName === true && !(owner !== undefined && service.ownerUids.includes(owner.uid));
}

/** Gateway API's ReferenceGrant: one of them names both who refers and what is referred to; without a name all of the kind. */
const isGranted = ({ from, name }: { from: string; name: string }, grants: readonly ReferenceGrant[]): boolean =>
  grants.some(
    (grant) =>
      grant.from.some((one) => isHttpRoute(one) && one.namespace === from) &&
      grant.to.some(
        (one) =>
          one.group === '' &&
          one.kind === 'Service' &&
          (one.name === undefined || one.name === '' || one.name === name),
      ),
  );
