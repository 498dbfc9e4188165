/** Translates the observed cluster state: a verdict on every StickyWorkload, and a routing table for every Gateway that Holdfast manages. */
import { decideAccept, type Accept } from '../resolve/accept.ts';
import { planGateways, type GatewayPlan } from '../resolve/gateway-plan.ts';
import { indexParameters, type ParametersLookup } from '../resolve/proxy-parameters.ts';
import { findRetired, type RetiredGateway } from '../resolve/retired-gateways.ts';
import { findShadows, type Shadow } from '../resolve/shadowed.ts';
import { indexWorkloads, type WorkloadIndex, type Candidate } from '../resolve/workload-index.ts';
import { judgeRoutes, oldestFirst, type JudgedRoute } from '../route/judge-routes.ts';
import { readGrpcRoute } from '../route/read-grpc-route.ts';
import { readHttpRoute } from '../route/read-http-route.ts';
import { judgePolicies, type JudgedPolicy } from '../route/judge-policies.ts';
import { judgeXBackends, type JudgedXBackend } from '../route/judge-x-backends.ts';
import { indexTrafficPolicies } from '../route/traffic-policies.ts';
import { holdRules } from '../route/held-rules.ts';
import { indexServiceWorkloads } from '../route/service-workloads.ts';
import type { WorkloadRoute } from '../route/shortfall.ts';
import { resolveWorkloadRefs, type WorkloadLookup } from '../route/workload-refs.ts';
import type { ServingPlan } from '../resolve/plan.ts';
import type { HttpRoute, Snapshot } from '../snapshot/snapshot.ts';
import type { Backend, RoutingTable } from '../../wire/routing-table.ts';
import { judgeBackendTls, type BackendTlsPolicies } from '../backend-tls/judge-policies.ts';
import { secureBackends } from './backend-tls.ts';
import { buildBackends } from './backends.ts';
import type { BuiltBackend, HeldBackend } from './built-backend.ts';
import { findRouteBackends } from './route-backends.ts';
import { sourceOf } from './session-sources.ts';
import { buildServiceBackends } from './service-backends.ts';
import { buildRetiredTable } from './retired-tables.ts';
import { buildTable, indexByBackend, type Judged } from './tables.ts';
import { changeIndex, compareLists, indexEndpoints, type EndpointChanges } from './endpoint-index.ts';
import { isConfigSame, moveEndpoints } from './move-endpoints.ts';
import { findTouched } from './touched.ts';
import { indexCluster, ownsService, usesService, type ClusterIndex } from './cluster-index.ts';

export type Translation = {
  /** By `namespace/name` of the Gateway. */
  tables: Record<string, RoutingTable>;
  /** By `namespace/name` of the StickyWorkload. */
  accepts: Record<string, Accept>;
  /** By `namespace/name` of the Gateway. */
  gateways: Record<string, GatewayPlan>;
  /** Gateways that are gone while proxies of theirs still run, likewise. */
  retired: ReadonlyMap<string, RetiredGateway>;
  parameters: ParametersLookup;
  /** Those of StickyWorkloads, by `namespace/name`. */
  routes: Record<string, WorkloadRoute>;
  /** The HTTPRoutes of users, by `namespace/name`. */
  httpRoutes: ReadonlyMap<string, JudgedRoute>;
  /** The routes that receive requests in place of users' routes, by `HTTPRoute/namespace/name`, and by key of the Gateway. */
  routeShadows: ReadonlyMap<string, ReadonlyMap<string, Shadow>>;
  grpcRoutes: ReadonlyMap<string, JudgedRoute>;
  backendTls: BackendTlsPolicies;
  /** The XBackendTrafficPolicies, by `namespace/name`. */
  policies: ReadonlyMap<string, JudgedPolicy>;
  /** By `namespace/name`. */
  xBackends: ReadonlyMap<string, JudgedXBackend>;
  /** By `namespace/name` of each StickyWorkload that is served and has keys. */
  backends: Record<string, Backend>;
  /** Keys of the Gateways whose routes lead to the pods of a StickyWorkload, by its key. */
  gatewaysByBackend: ReadonlyMap<string, string[]>;
  /** The backends with what they were built from, and the cluster state, for the next translation. */
  built: ReadonlyMap<string, BuiltBackend>;
  snapshot: Snapshot;
  /** The indexes that all of this was derived from. */
  workloads: WorkloadIndex;
  index: ClusterIndex;
};

/**
 * Tables are derived from the StickyWorkloads themselves, so that the proxy works without Gateway API too.
 * `before`: an earlier translation, whose unchanged backends are reused; it does not change the result, except that a Gateway whose
 * reference to a HoldfastProxy is broken keeps its settings.
 */
export function translate(snapshot: Snapshot, before?: Translation): Translation {
  const changes = before && compareLists(before.snapshot, snapshot);
  const endpoints = before && changes ? changeIndex(before.index, changes) : indexEndpoints(snapshot);
  const touched = changes && findTouched(changes);
  if (before && touched && isConfigSame(before.snapshot, snapshot) && !concernsProxies(changes)) {
    return moveEndpoints(before, { snapshot, touched, index: { ...before.index, ...endpoints } });
  }
  const index = indexCluster(snapshot, endpoints, before?.index);
  const workloads = indexWorkloads(snapshot);
  const { accepts, served } = judgeAll(workloads, index);
  const plans = new Map(served.map(({ plan }) => [plan.key, plan]));
  const routes = judgeWorkloadRoutes(workloads, { known: workloads.candidates, served: plans, ...index });
  const workloadOf = indexServiceWorkloads(plans.values(), index.targets);
  const policies = indexTrafficPolicies(snapshot.trafficPolicies);
  const backendTls = judgeBackendTls(snapshot);
  const lookup = { ...workloads.attachment, ...index, workloadOf, policies, backendTls };
  const httpRoutes = judgeRoutes(ofUsers(snapshot).map(readHttpRoute), lookup);
  const grpcRoutes = judgeRoutes(snapshot.grpcRoutes.map(readGrpcRoute), lookup);
  const ofWorkloads = served.flatMap(({ plan }) => routes[plan.key]?.judged ?? []);
  const all = oldestFirst([...ofWorkloads, ...httpRoutes.values()]);
  const parameters = indexParameters(snapshot);
  const gateways = planGateways(workloads.gateways.served, { routes: all, parameters });
  const retired = findRetired({ ...snapshot, ...index }, gateways, all);
  const leading = findLeading(all, retired.values());
  const held = holdRules(leading);
  const found = findRouteBackends(leading, { rules: held, index });
  const known = before?.built ?? new Map<string, BuiltBackend>();
  const sources = { ...snapshot, index, touched };
  const own = buildBackends(
    [...plans.values()].map((plan) => ownBackend(plan, index)),
    sources,
    known,
  );
  const built = new Map([
    ...own,
    ...buildBackends(found.held, sources, known),
    ...buildServiceBackends(found.plain, sources, known),
  ]);
  const secured = secureBackends(built, all, backendTls);
  const routeShadows = addShadows(routes, gateways);
  const judged = { ...secured, held, plans, owners: found.owners };
  const tables = buildTables({ gateways, retired }, judged, before);
  return {
    tables,
    accepts,
    gateways,
    retired,
    parameters,
    routes,
    httpRoutes,
    routeShadows,
    grpcRoutes,
    backendTls,
    policies: judgePolicies(snapshot.trafficPolicies, policies, httpRoutes.values()),
    xBackends: judgeXBackends(index.xBackends, httpRoutes.values()),
    backends: backendsOf(own),
    gatewaysByBackend: indexByBackend(tables, found.owners),
    built,
    snapshot,
    workloads,
    index,
  };
}

function buildTables(
  { gateways, retired }: Pick<Translation, 'gateways' | 'retired'>,
  judged: Omit<Judged, 'before'>,
  before: Pick<Translation, 'tables'> | undefined,
): Record<string, RoutingTable> {
  const tables: Record<string, RoutingTable> = {};
  const inputsOf = (key: string): Judged => ({ ...judged, before: before?.tables[key]?.proxy });
  for (const [key, one] of Object.entries(gateways)) tables[key] = buildTable(one, inputsOf(key));
  for (const [key, one] of retired) tables[key] = buildRetiredTable(one, inputsOf(key));
  return tables;
}

/** The pods of proxies say which Gateways are retired. */
const concernsProxies = ({ pods: { gone, come } }: EndpointChanges): boolean =>
  [gone, come].some((pods) => pods.some(({ gateway }) => gateway !== undefined));

/** The slices of a Service of another owner do not count, unless it selects the pods in place of the StickyWorkload's own. */
const ownBackend = (plan: ServingPlan, index: ClusterIndex): HeldBackend => ({
  key: plan.key,
  plan,
  sessions: sourceOf(plan),
  service: usesService(plan, index) ? plan.key : undefined,
});

const backendsOf = (built: ReadonlyMap<string, BuiltBackend>): Record<string, Backend> =>
  Object.fromEntries([...built].map(([key, { backend }]) => [key, backend]));

/**
 * Returns the routes that lead requests to backends, oldest first: those of StickyWorkloads, those that a Gateway accepts, and those that a retired
 * one may have accepted.
 */
function findLeading(all: readonly JudgedRoute[], retired: Iterable<RetiredGateway>): JudgedRoute[] {
  const kept = new Set([...retired].flatMap(({ routes }) => routes));
  return all.filter(
    (one) =>
      one.route.source.workload !== undefined || kept.has(one) || one.parents.some(({ kind }) => kind === 'attached'),
  );
}

/** Those that Holdfast renders for a StickyWorkload repeat its `spec.route`, which is served from the StickyWorkload itself. */
function ofUsers({ httpRoutes, workloads }: Pick<Snapshot, 'httpRoutes' | 'workloads'>): HttpRoute[] {
  const uids = new Set(workloads.map(({ metadata }) => metadata.uid));
  return httpRoutes.filter(
    ({ component, ownerUids }) => component === undefined && !ownerUids.some((uid) => uids.has(uid)),
  );
}

/** The Service of its name is its own; or its status has the selector that only an accepted one gets, and a user's Service may lead to its pods. */
const wasServed = ({ workload, plan }: Candidate, index: ClusterIndex): boolean =>
  ownsService(plan, index) || workload.status?.selector !== undefined;

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
    else if (wasServed(candidate, index)) served.push(candidate);
  }
  return { accepts, served };
}

/**
 * Adds the shadows on StickyWorkloads, and returns those on users' routes: by key of the route, and by that of the Gateway. A StickyWorkload that
 * receives requests through the route that has its own, as a canary does, lacks nothing.
 */
function addShadows(
  routes: Record<string, WorkloadRoute>,
  gateways: Readonly<Record<string, GatewayPlan>>,
): Map<string, Map<string, Shadow>> {
  const ofUsers = new Map<string, Map<string, Shadow>>();
  for (const [gateway, plan] of Object.entries(gateways)) {
    for (const [key, shadow] of findShadows(plan)) {
      const route = routes[key];
      if (route === undefined) ofUsers.set(key, (ofUsers.get(key) ?? new Map<string, Shadow>()).set(gateway, shadow));
      else if (!shadow.by.backends.includes(key)) {
        routes[key] = { ...route, shadows: new Map([...(route.shadows ?? []), [gateway, shadow]]) };
      }
    }
  }
  return ofUsers;
}

const judgeWorkloadRoutes = ({ candidates }: WorkloadIndex, lookup: WorkloadLookup): Record<string, WorkloadRoute> =>
  Object.fromEntries(
    [...candidates].map(([key, { plan, route, parents, missing }]) => [
      key,
      { judged: { route, parents, refs: resolveWorkloadRefs(route, plan, lookup) }, missing },
    ]),
  );
