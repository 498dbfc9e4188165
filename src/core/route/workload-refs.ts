/** Resolves `spec.route.backends`: StickyWorkloads, by the Services that Holdfast renders for them, whether or not these exist yet. */
import { gatewayApiGroup } from '../names/names.ts';
import { isPermitted, type Grants } from '../resolve/reference-grants.ts';
import type { ServingPlan } from '../resolve/plan.ts';
import type { Service } from '../snapshot/snapshot.ts';
import type { BackendTarget, RouteIR } from './ir.ts';
import { targetsOf, type ResolvedRef, type UnresolvedRef, type WorkloadRefReason } from './resolve-refs.ts';

export type WorkloadLookup = {
  /** Keys of all StickyWorkloads, and plans of those that are served. */
  known: ReadonlyMap<string, unknown>;
  served: ReadonlyMap<string, ServingPlan>;
  /** By `namespace/name`. */
  services: ReadonlyMap<string, Service>;
  /** By the namespace that they are in. */
  grants: Grants;
};

/** The name of the only port of the Service of a StickyWorkload. */
const portName = 'http';

export type WorkloadRefVerdict = ResolvedRef | UnresolvedRef<WorkloadRefReason>;

/** Returns a verdict for each reference, by its path in the route. `of`: the StickyWorkload of the route. */
export const resolveWorkloadRefs = (
  route: RouteIR,
  of: ServingPlan,
  lookup: WorkloadLookup,
): Map<string, WorkloadRefVerdict> =>
  new Map(targetsOf(route).map((target) => [target.at, resolveTarget(target, of, lookup)]));

/** Its own backend needs no check: it is served, or the route is not. */
function resolveTarget(target: BackendTarget, of: ServingPlan, lookup: WorkloadLookup): WorkloadRefVerdict {
  const key = `${target.namespace}/${target.name}`;
  const obstacle = key === of.key ? undefined : findObstacle(target, of, lookup);
  if (obstacle) return { kind: 'unresolved', ...obstacle };
  const workload = lookup.served.get(key) ?? of;
  const { port = 0 } = target;
  const servicePort = { name: portName, port, targetPort: workload.targetPort ?? port };
  const { protocol } = workload;
  return {
    kind: 'resolved',
    backend: { key, service: key, port: servicePort, workload, ...(protocol && { protocol }) },
  };
}

type Obstacle = { reason: WorkloadRefReason; message: string };

/** The ReferenceGrant is checked first: without permission, a message must not reveal whether the backend exists. */
function findObstacle(
  { namespace, name }: BackendTarget,
  of: ServingPlan,
  lookup: WorkloadLookup,
): Obstacle | undefined {
  const key = `${namespace}/${name}`;
  const fail = (reason: WorkloadRefReason, message: string): Obstacle => ({
    reason,
    message: `spec.route.backends: ${message}`,
  });
  if (!mayReferTo(key, of, lookup)) {
    return fail(
      'RefNotPermitted',
      `no ReferenceGrant in namespace ${namespace} permits ${of.routeKind}s of namespace ${of.namespace} to refer to Service ${name}: create one there.`,
    );
  }
  if (isExternalName(key, lookup)) {
    return fail(
      'ExternalNameService',
      `Service ${key} is an ExternalName Service, which has no pods: use a StickyWorkload whose pods run in this cluster.`,
    );
  }
  if (!lookup.known.has(key)) {
    return fail(
      'BackendNotFound',
      `StickyWorkload ${name} does not exist in namespace ${namespace}: create it, or name an existing one.`,
    );
  }
  const workload = lookup.served.get(key);
  if (workload === undefined) {
    return fail('BackendNotAccepted', `StickyWorkload ${key} is not accepted: see its condition Accepted.`);
  }
  if (of.routeKind === 'GRPCRoute' && workload.protocol !== 'HTTP2') {
    return fail(
      'UnsupportedProtocol',
      `the pods of StickyWorkload ${key} get HTTP/1.1, and gRPC needs HTTP/2: set its spec.service.appProtocol to grpc.`,
    );
  }
  return undefined;
}

/** Whether a ReferenceGrant permits the route of a StickyWorkload to refer to the Service of another one. */
export function mayReferTo(
  backend: string,
  { namespace: referrer, routeKind: kind }: Pick<ServingPlan, 'namespace' | 'routeKind'>,
  { grants }: Pick<WorkloadLookup, 'grants'>,
): boolean {
  const [namespace = '', name = ''] = backend.split('/');
  const from = { group: gatewayApiGroup, kind, namespace: referrer };
  return isPermitted(from, { group: '', kind: 'Service', namespace, name }, grants);
}

/** A Service that Holdfast owns does not count: its type is reverted. */
function isExternalName(backend: string, { services, served }: WorkloadLookup): boolean {
  const [service, owner] = [services.get(backend), served.get(backend)];
  return service?.isExternalName === true && !(owner !== undefined && service.ownerUids.includes(owner.uid));
}
