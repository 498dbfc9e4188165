/** Translates the observed cluster state: a verdict on every StickyWorkload, and a routing table for every Gateway that Holdfast manages. */
import { decideAccept, type Accept } from '../resolve/accept.ts';
import { resolveBackends, type BackendLookup, type RouteVerdict } from '../resolve/route.ts';
import { planGateways, type GatewayPlan } from '../resolve/gateway-plan.ts';
import { indexParameters, type ParametersLookup } from '../resolve/proxy-parameters.ts';
import { findShadows } from '../resolve/shadowed.ts';
import { indexWorkloads, type WorkloadIndex, type Candidate } from '../resolve/workload-index.ts';
import { judgeRoutes, type JudgedRoute } from '../route/judge-routes.ts';
import type { PlainTarget } from '../route/resolve-refs.ts';
import type { HttpRoute, Snapshot } from '../snapshot/snapshot.ts';
import type { Backend, RoutingTable } from '../../wire/routing-table.ts';
import { buildBackends, type BuiltBackend } from './backends.ts';
import { buildPlainBackends } from './plain-backends.ts';
import { buildTable, indexByBackend } from './tables.ts';
import { indexCluster, ownsService, type ClusterIndex } from './cluster-index.ts';

export type Translation = {
  /** By `namespace/name` of the Gateway. */
  tables: Record<string, RoutingTable>;
  /** By `namespace/name` of the StickyWorkload. */
  accepts: Record<string, Accept>;
  /** By `namespace/name` of the Gateway. */
  gateways: Record<string, GatewayPlan>;
  parameters: ParametersLookup;
  /** By `namespace/name` of the StickyWorkload. */
  routes: Record<string, RouteVerdict>;
  /** The HTTPRoutes of users, by `namespace/name`. */
  httpRoutes: ReadonlyMap<string, JudgedRoute>;
  /** By `namespace/name` of each StickyWorkload that is served and has keys. */
  backends: Record<string, Backend>;
  /** Keys of the Gateways whose routes refer to a backend, by its key. */
  gatewaysByBackend: ReadonlyMap<string, string[]>;
  /** The backends with what they were built from, for the next translation. */
  built: ReadonlyMap<string, BuiltBackend>;
  /** The indexes that all of this was derived from. */
  workloads: WorkloadIndex;
  index: ClusterIndex;
};

/**
 * Tables are derived from the StickyWorkloads themselves, so that the proxy works without Gateway API too.
 * `before`: an earlier translation, whose unchanged backends are reused; it does not change the result, except that a Gateway whose
 * reference to a HoldfastProxy is broken keeps its settings.
 */
export function translate(snapshot: Snapshot, before?: Pick<Translation, 'built' | 'tables'>): Translation {
  const index = indexCluster(snapshot);
  const workloads = indexWorkloads(snapshot);
  const { accepts, served } = judgeAll(workloads, index);
  const plans = new Map(served.map(({ plan }) => [plan.key, plan]));
  const routes = judgeWorkloadRoutes(workloads, { known: workloads.candidates, served: plans, ...index });
  const httpRoutes = judgeRoutes(ofUsers(snapshot), { ...workloads.attachment, ...index });
  const known = before?.built ?? new Map<string, BuiltBackend>();
  const built = buildBackends(plans.values(), { ...snapshot, index }, known);
  const plain = buildPlainBackends(plainTargets(httpRoutes.values()), index, known);
  const backends = backendsOf(built);
  const parameters = indexParameters(snapshot);
  const gateways = planGateways(workloads.gateways.served, {
    workloads: served,
    httpRoutes: httpRoutes.values(),
    parameters,
  });
  addShadows(routes, gateways);
  const all = { ...backends, ...backendsOf(plain) };
  const tables = Object.fromEntries(
    Object.entries(gateways).map(([key, gateway]) => [
      key,
      buildTable(gateway, { routes, backends: all, plans, before: before?.tables[key]?.proxy }),
    ]),
  );
  return {
    tables,
    accepts,
    gateways,
    parameters,
    routes,
    httpRoutes,
    backends,
    gatewaysByBackend: indexByBackend(tables),
    built: new Map([...built, ...plain]),
    workloads,
    index,
  };
}

const backendsOf = (built: ReadonlyMap<string, BuiltBackend>): Record<string, Backend> =>
  Object.fromEntries([...built].map(([key, { backend }]) => [key, backend]));

/** Those that Holdfast renders for a StickyWorkload repeat what its `spec.route` says. */
function ofUsers({ httpRoutes, workloads }: Pick<Snapshot, 'httpRoutes' | 'workloads'>): HttpRoute[] {
  const uids = new Set(workloads.map(({ metadata }) => metadata.uid));
  return httpRoutes.filter(
    ({ component, ownerUids }) => component === undefined && !ownerUids.some((uid) => uids.has(uid)),
  );
}

const plainTargets = (routes: Iterable<JudgedRoute>): PlainTarget[] =>
  [...routes]
    .filter(({ parents }) => parents.some(({ kind }) => kind === 'attached'))
    .flatMap(({ refs }) => [...refs.values()].flatMap((ref) => (ref.kind === 'resolved' ? [ref.backend] : [])));

/** Oldest first, which is the order of equal routes: the older one wins (Gateway API), and of the same age the first by name. */
function judgeAll(
  workloads: WorkloadIndex,
  index: ClusterIndex,
): { accepts: Record<string, Accept>; served: Candidate[] } {
  const accepts: Record<string, Accept> = {};
  const served: Candidate[] = [];
  for (const [key, candidate] of workloads.candidates) {
    const accept = decideAccept(candidate, workloads);
    accepts[key] = accept;
    if (accept.kind === 'accepted') served.push({ ...candidate, plan: accept.plan });
    // A later refusal does not stop what serves sessions: the supported part of the spec stays.
    else if (ownsService(candidate.plan, index)) served.push(candidate);
  }
  return { accepts, served };
}

/** A StickyWorkload that receives requests through the route that has its own, as a canary does, lacks nothing. */
function addShadows(routes: Record<string, RouteVerdict>, gateways: Readonly<Record<string, GatewayPlan>>): void {
  for (const [gateway, plan] of Object.entries(gateways)) {
    for (const [key, shadow] of findShadows(plan)) {
      const route = routes[key];
      if (route === undefined || shadow.by.backendRefs.some(({ backend }) => backend === key)) continue;
      routes[key] = { ...route, shadows: new Map([...(route.shadows ?? []), [gateway, shadow]]) };
    }
  }
}

const judgeWorkloadRoutes = ({ candidates }: WorkloadIndex, lookup: BackendLookup): Record<string, RouteVerdict> =>
  Object.fromEntries(
    [...candidates].map(([key, { plan, parents }]) => [key, { parents, backends: resolveBackends(plan, lookup) }]),
  );
