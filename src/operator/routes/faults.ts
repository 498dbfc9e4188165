/** The statuses of routes and policies that cannot be translated, as far as the rest of them can be read. */
import { findParents } from '../../core/route/find-parents.ts';
import { findGateways, gatewaysByService } from '../../core/route/judge-policies.ts';
import { gatewaysByBackend } from '../../core/route/judge-x-backends.ts';
import { ancestorsOf } from '../../core/status/backend-tls-status.ts';
import { ancestorRef } from '../../core/status/controller-entries.ts';
import { judgeFaultyEntries, type FaultyEntries } from '../../core/status/fault-status.ts';
import type { Translation } from '../../core/translate/translation.ts';
import type { Resource } from '../../kube/ports.ts';
import { backendTlsPolicies, grpcRoutes, httpRoutes, trafficPolicies, xBackends } from '../../kube/resources.ts';
import type { Recheck } from '../../kube/watch/queue.ts';
import type { Caches } from '../gather/caches.ts';
import type { CachedWithStatus } from '../gather/owned.ts';
import type { Fault } from '../gather/faults.ts';
import type { GatewayTools } from '../gateway/reconcile.ts';

/** `refs`: to the Gateways that it concerns; undefined if they cannot be read. */
type Found = Pick<FaultyEntries, 'list' | 'refs'> & { cached: CachedWithStatus; resource: Resource };

type Find = (fault: Fault, caches: Pick<Caches, 'get'>, translation: Translation) => Found | undefined;

const routesOfUsers = ({ httpRoutes: http, grpcRoutes: grpc }: Pick<Translation, 'httpRoutes' | 'grpcRoutes'>) => [
  ...http.values(),
  ...grpc.values(),
];

const finders: Partial<Record<string, Find>> = {
  HTTPRoute(fault, caches, { workloads }) {
    const cached = caches.get('httpRoutes', fault);
    const { parents } = workloads.attachment;
    return cached && { cached, resource: httpRoutes, list: 'parents', refs: findParents(cached.route, parents) };
  },
  GRPCRoute(fault, caches, { workloads }) {
    const cached = caches.get('grpcRoutes', fault);
    const { parents } = workloads.attachment;
    return cached && { cached, resource: grpcRoutes, list: 'parents', refs: findParents(cached.route, parents) };
  },
  XBackendTrafficPolicy(fault, caches, routes) {
    const cached = caches.get('trafficPolicies', fault);
    const gateways = cached && findGateways(cached.policy, gatewaysByService(routesOfUsers(routes)));
    return cached && { cached, resource: trafficPolicies, list: 'ancestors', refs: gateways?.map(ancestorRef) };
  },
  XBackend(fault, caches, routes) {
    const cached = caches.get('xBackends', fault);
    const gateways = gatewaysByBackend(routesOfUsers(routes)).get(`${fault.namespace}/${fault.name}`);
    const refs = [...(gateways?.values() ?? [])].map(ancestorRef);
    return cached && { cached, resource: xBackends, list: 'ancestors', refs };
  },
  BackendTLSPolicy(fault, caches, { gateways }) {
    const cached = caches.get('backendTlsPolicies', fault);
    const refs = cached && ancestorsOf(cached, gateways).map(ancestorRef);
    return cached && { cached, resource: backendTlsPolicies, list: 'ancestors', refs };
  },
};

export async function writeFault(
  fault: Fault,
  { translations, caches, statuses, nowMs }: Pick<GatewayTools, 'translations' | 'caches' | 'statuses' | 'nowMs'>,
): Promise<Recheck | undefined> {
  const translation = translations.latest()?.translation;
  const found = translation && finders[fault.kind]?.(fault, caches, translation);
  if (found === undefined || found.cached.metadata.uid !== fault.uid) return undefined;
  const { cached, resource, list, refs } = found;
  const status = judgeFaultyEntries({ list, refs, message: fault.message }, cached.observed, nowMs());
  return status && statuses.writeShared(resource, cached, status);
}
