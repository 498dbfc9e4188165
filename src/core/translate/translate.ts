/**
 * Translates the observed cluster state: a verdict on every StickyWorkload and every route, and a routing table for every Gateway that Holdfast manages.
 *
 *   snapshot ─► judge: what is accepted, resolved, refused ─► plan: Gateways with the routes on them ─► build: backends, tables
 *       └─ only pods or slices differ ─► move-endpoints.ts
 */
import { judgeBackendTls } from '../backend-tls/judge-policies.ts';
import { planGateways } from '../resolve/gateway-plan.ts';
import { indexParameters } from '../resolve/proxy-parameters.ts';
import { findRetired, type RetiredGateway } from '../resolve/retired-gateways.ts';
import { indexWorkloads } from '../resolve/workload-index.ts';
import { holdRules } from '../route/held-rules.ts';
import { judgePolicies } from '../route/judge-policies.ts';
import { judgeRoutes, oldestFirst, type EarlierVerdicts, type JudgedRoute } from '../route/judge-routes.ts';
import { judgeXBackends } from '../route/judge-x-backends.ts';
import { readGrpcRoute } from '../route/read-grpc-route.ts';
import { readHttpRoute } from '../route/read-http-route.ts';
import { indexServiceWorkloads } from '../route/service-workloads.ts';
import { indexTrafficPolicies } from '../route/traffic-policies.ts';
import type { Owned, Snapshot } from '../snapshot/snapshot.ts';
import type { Backend, RoutingTable } from '../../wire/routing-table.ts';
import { secureBackends } from './backend-tls.ts';
import { buildBackends, ownBackend } from './backends.ts';
import type { BuiltBackend, HeldBackend } from './built-backend.ts';
import { readClaims } from './claimed-backends.ts';
import { indexCluster, type ClusterIndex } from './cluster-index.ts';
import { changeIndex, compareLists, indexEndpoints, type EndpointChanges } from './endpoint-index.ts';
import { addLeft, findLeft } from './left-backends.ts';
import { judgeWorkloads, shadeRoutes, type JudgedWorkloads } from './judge-workloads.ts';
import { differOnlyIn, endpointParts, moveEndpoints } from './move-endpoints.ts';
import { buildRetiredTable } from './retired-tables.ts';
import { findRouteBackends } from './route-backends.ts';
import { buildServiceBackends } from './service-backends.ts';
import { buildTable, indexByBackend, type Judged } from './tables.ts';
import { settleRoutes } from './settle-routes.ts';
import { findTouched, type Touched } from './touched.ts';
import type { Translation } from './translation.ts';

/**
 * Tables are derived from the StickyWorkloads themselves, so that the proxy works without Gateway API too.
 * `before`: an earlier translation, whose unchanged backends are reused; it does not change the result, except that a Gateway whose
 * reference to a HoldfastProxy is broken keeps its settings, and that tables keep the backends that have left (`left-backends.ts`).
 */
export function translate(snapshot: Snapshot, before?: Translation): Translation {
  const changes = before && compareLists(before.snapshot, snapshot);
  const endpoints = before && changes ? changeIndex(before.index, changes) : indexEndpoints(snapshot);
  const touched = changes && findTouched(changes, snapshot.slices);
  if (before && touched && differOnlyIn(endpointParts, before.snapshot, snapshot) && !concernsProxies(changes)) {
    return moveEndpoints(before, { snapshot, touched, index: { ...before.index, ...endpoints } });
  }
  const index = indexCluster(snapshot, endpoints, before?.index);
  const { all, ...verdicts } = judge(snapshot, index, before);
  const planned = plan(snapshot, { ...verdicts, all });
  const built = build(all, { ...verdicts, ...planned, snapshot, touched, before });
  return { ...verdicts, ...planned, ...built, snapshot };
}

/** The pods of proxies say which Gateways are retired. */
const concernsProxies = ({ pods: { gone, come } }: EndpointChanges): boolean =>
  [gone, come].some((pods) => pods.some(({ gateway }) => gateway !== undefined));

/** The verdict on a route depends on everything but these, and the route itself, until it is settled which kind of route has which host. */
const notForRoutes: ReadonlySet<string> = new Set([...endpointParts, 'httpRoutes', 'grpcRoutes']);

function judge(snapshot: Snapshot, index: ClusterIndex, before: Translation | undefined) {
  const workloads = indexWorkloads(snapshot);
  const judged = judgeWorkloads(workloads, index, before);
  const workloadOf = indexServiceWorkloads(judged.plans.values(), index.targets);
  const policies = indexTrafficPolicies(snapshot.trafficPolicies);
  const backendTls = judgeBackendTls(snapshot);
  const lookup = { ...workloads.attachment, ...index, workloadOf, policies, backendTls };
  const isLookupSame = before !== undefined && differOnlyIn(notForRoutes, before.snapshot, snapshot);
  const earlier = (verdicts: Translation['httpRoutes'] = new Map()): EarlierVerdicts => ({ verdicts, isLookupSame });
  const unsettled = {
    httpRoutes: judgeRoutes(
      ofUsers(snapshot.httpRoutes, snapshot).map(readHttpRoute),
      lookup,
      earlier(before?.unsettled.httpRoutes),
    ),
    grpcRoutes: judgeRoutes(
      ofUsers(snapshot.grpcRoutes, snapshot).map(readGrpcRoute),
      lookup,
      earlier(before?.unsettled.grpcRoutes),
    ),
  };
  const { parents } = lookup;
  const settled = settleRoutes({ ...judged, ...unsettled }, { own: routesOfWorkloads(judged), parents, before });
  const ofUsersOnly = [...settled.httpRoutes.values(), ...settled.grpcRoutes.values()];
  const all = oldestFirst([...routesOfWorkloads({ ...judged, ...settled }), ...ofUsersOnly]);
  return {
    ...judged,
    ...settled,
    all,
    unsettled,
    workloads,
    index,
    backendTls,
    policies: judgePolicies(snapshot.trafficPolicies, policies, all),
    xBackends: judgeXBackends(index.xBackends, ofUsersOnly),
  };
}

type Verdicts = ReturnType<typeof judge>;

/** Those that Holdfast renders for a StickyWorkload repeat its `spec.route`, which is served from the StickyWorkload itself. */
function ofUsers<Of extends Owned>(routes: readonly Of[], { workloads }: Pick<Snapshot, 'workloads'>): Of[] {
  const uids = new Set(workloads.map(({ metadata }) => metadata.uid));
  return routes.filter(
    ({ component, ownerUids }) => component === undefined && !ownerUids.some((uid) => uids.has(uid)),
  );
}

const routesOfWorkloads = ({ plans, routes }: Pick<JudgedWorkloads, 'plans' | 'routes'>): JudgedRoute[] =>
  [...plans.keys()].flatMap((key) => routes[key]?.judged ?? []);

function plan(snapshot: Snapshot, { routes, all, workloads, index }: Verdicts) {
  const parameters = indexParameters(snapshot);
  const gateways = planGateways(workloads.gateways.served, { routes: all, parameters });
  const retired = findRetired({ ...snapshot, ...index }, gateways, all);
  return { parameters, gateways, retired, ...shadeRoutes(routes, gateways) };
}

type Known = Pick<Translation, 'snapshot' | 'plans' | 'index' | 'backendTls' | 'gateways' | 'retired'> & {
  touched: Touched | undefined;
  before: Translation | undefined;
};

function build(all: readonly JudgedRoute[], known: Known) {
  const { plans, index, backendTls, before, retired } = known;
  const leading = findLeading(all, retired.values());
  const held = holdRules(leading);
  const found = findRouteBackends(leading, { rules: held, index });
  const sources = { ...known.snapshot, index, touched: known.touched };
  const reused = before?.built ?? new Map<string, BuiltBackend>();
  const wanted = [...plans.values()].map((one) => ownBackend(one, index));
  const own = buildBackends(wanted, sources, reused);
  const built = new Map([
    ...own,
    ...buildBackends(found.held, sources, reused),
    ...buildServiceBackends(found.plain, sources, reused),
  ]);
  const judged = { ...secureBackends(built, all, backendTls), held, plans, owners: found.owners };
  const tables = buildTables(known, judged, before);
  const gatewaysByBackend = indexByBackend(tables, found.owners);
  const ended = known.snapshot.endedSessions ?? none;
  const left = findLeft(before, { ...known, tables, gatewaysByBackend, claimed: claimedBackends(known), ended });
  const wanting = [...left.byGateway.values()].flat().filter(({ key }) => !built.has(key));
  const whole = wanting.length === 0 ? built : new Map([...built, ...buildBackends(wanting, sources, reused)]);
  return {
    tables: addLeft(tables, left, { built: whole, before }),
    built: whole,
    backends: backendsOf(own),
    gatewaysByBackend,
    left,
  };
}

const none: ReadonlySet<string> = new Set();

function claimedBackends({ retired, snapshot, plans, index }: Known): Map<string, HeldBackend[]> {
  const claims = [...(snapshot.claimedBackends ?? [])].filter(([gateway]) => retired.has(gateway));
  return new Map(claims.map(([gateway, keys]) => [gateway, readClaims(keys, { plans, index })]));
}

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

const backendsOf = (built: ReadonlyMap<string, BuiltBackend>): Record<string, Backend> =>
  Object.fromEntries([...built].map(([key, { backend }]) => [key, backend]));

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
