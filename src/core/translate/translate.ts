/** The observed cluster state, translated: a verdict on every StickyWorkload, and a routing table for every Gateway of ours. */
import { decideAccept, type Accept } from '../resolve/accept.ts';
import { resolveBackends, type BackendLookup, type RouteVerdict } from '../resolve/route.ts';
import { planGateways, type GatewayPlan } from '../resolve/gateway-plan.ts';
import { indexWorkloads, type WorkloadIndex, type Candidate } from '../resolve/workload-index.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Backend, RoutingTable } from '../../wire/routing-table.ts';
import { buildBackends, type BuiltBackend } from './backends.ts';
import { buildTable, indexByBackend } from './tables.ts';
import { indexCluster, ownsService, type ClusterIndex } from './cluster-index.ts';

export type Translation = {
  /** By `namespace/name` of the Gateway. */
  tables: Record<string, RoutingTable>;
  /** By `namespace/name` of the StickyWorkload. */
  accepts: Record<string, Accept>;
  /** By `namespace/name` of the Gateway. */
  gateways: Record<string, GatewayPlan>;
  /** By `namespace/name` of the StickyWorkload. */
  routes: Record<string, RouteVerdict>;
  /** Of every StickyWorkload that is served and has keys, by its `namespace/name`. */
  backends: Record<string, Backend>;
  /** Keys of the Gateways whose routes refer to a backend, by its key. */
  gatewaysByBackend: ReadonlyMap<string, string[]>;
  /** The backends with what they were made of, for the next translation. */
  built: ReadonlyMap<string, BuiltBackend>;
  /** What all of this was looked up in. */
  world: WorkloadIndex;
  index: ClusterIndex;
};

/**
 * Tables come from the StickyWorkloads themselves, so that the proxy serves also where Gateway API is not installed.
 * `before`: an earlier translation, whose backends are taken over where nothing of them changed; it changes no result.
 */
export function translate(snapshot: Snapshot, before?: Pick<Translation, 'built'>): Translation {
  const index = indexCluster(snapshot);
  const world = indexWorkloads(snapshot);
  const { accepts, served } = judgeAll(world, index);
  const plans = new Map(served.map(({ plan }) => [plan.key, plan]));
  const routes = judgeRoutes(world, { known: world.candidates, served: plans, ...index });
  const built = buildBackends(plans.values(), { ...snapshot, index }, before?.built ?? new Map());
  const backends = Object.fromEntries([...built].map(([key, { backend }]) => [key, backend]));
  const gateways = planGateways(world.gateways.served, served);
  const tables = Object.fromEntries(
    Object.entries(gateways).map(([key, plan]) => [key, buildTable(plan, { routes, backends })]),
  );
  const gatewaysByBackend = indexByBackend(tables);
  return { tables, accepts, gateways, routes, backends, gatewaysByBackend, built, world, index };
}

/** Oldest first, as the order among equal routes is: the older one wins (Gateway API), and of one age the first by name. */
function judgeAll(world: WorkloadIndex, index: ClusterIndex): { accepts: Record<string, Accept>; served: Candidate[] } {
  const accepts: Record<string, Accept> = {};
  const served: Candidate[] = [];
  for (const [key, candidate] of world.candidates) {
    const accept = decideAccept(candidate, world);
    accepts[key] = accept;
    if (accept.kind === 'accepted') served.push({ ...candidate, plan: accept.plan });
    // What serves sessions is not taken away by a later refusal: the supported part of the spec goes on.
    else if (ownsService(candidate.plan, index)) served.push(candidate);
  }
  return { accepts, served };
}

const judgeRoutes = ({ candidates }: WorkloadIndex, world: BackendLookup): Record<string, RouteVerdict> =>
  Object.fromEntries(
    [...candidates].map(([key, { plan, parents }]) => [key, { parents, backends: resolveBackends(plan, world) }]),
  );
