/** The observed world, translated: a verdict on every StickyWorkload, and a routing table for every Gateway that has one to serve. */
import { decideAccept, type Accept } from '../accept/accept.ts';
import { defaultListener, gatewayKey, planServing, type GatewayPlan, type ServingPlan } from '../accept/plan.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { sortRoutes } from '../table/precedence.ts';
import type { Backend, Route, RoutingTable } from '../table/routing-table.ts';
import { deriveEndpoints } from './endpoints.ts';
import { indexWorld, ownsService, type WorldIndex } from './world-index.ts';

export type Translation = {
  /** By `namespace/name` of the Gateway. */
  tables: Record<string, RoutingTable>;
  /** By `namespace/name` of the StickyWorkload. */
  accepts: Record<string, Accept>;
  /** By `namespace/name` of the Gateway. */
  gateways: Record<string, GatewayPlan>;
};

/** Tables come from the StickyWorkloads themselves, so that the proxy serves also where Gateway API is not installed. */
export function translate(snapshot: Snapshot): Translation {
  const index = indexWorld(snapshot);
  const accepts: Record<string, Accept> = {};
  const served: ServingPlan[] = [];
  for (const workload of snapshot.workloads) {
    const plan = planServing(workload);
    const accept = decideAccept(workload, snapshot);
    accepts[plan.key] = accept;
    if (accept.kind === 'accepted') served.push(accept.plan);
    // What serves sessions is not taken away by a later refusal: the supported part of the spec goes on.
    else if (ownsService(plan, index)) served.push(plan);
  }
  const gateways = groupByGateway(served);
  const tables = Object.fromEntries(Object.entries(gateways).map(([key, plan]) => [key, buildTable(plan, snapshot, index)]));
  return { tables, accepts, gateways };
}

function groupByGateway(served: ServingPlan[]): Record<string, GatewayPlan> {
  const gateways: Record<string, GatewayPlan> = {};
  for (const plan of served.toSorted(byAge)) {
    const { gateway } = plan;
    (gateways[gatewayKey(gateway)] ??= { gateway, plans: [] }).plans.push(plan);
  }
  return gateways;
}

function buildTable({ gateway, plans }: GatewayPlan, snapshot: Snapshot, index: WorldIndex): RoutingTable {
  const backends = plans.flatMap((plan) => buildBackend(plan, snapshot, index));
  return {
    gateway,
    listeners: [defaultListener],
    routes: sortRoutes(plans.flatMap(buildRoutes)),
    backends: Object.fromEntries(backends.map((backend) => [backend.key, backend])),
  };
}

// The route stays where its backend is left out: a request that found no route here could fall to the app of another one.
const buildRoutes = ({ key, hostnames, matches }: ServingPlan): Route[] =>
  matches.map((match, number) => ({ name: `${key}#${number}`, hostnames, match, backendRefs: [{ backend: key, weight: 1 }] }));

// Without keys no token can be signed or read: every request would begin a session that nothing holds.
function buildBackend(plan: ServingPlan, { keyRings, departed }: Snapshot, index: WorldIndex): Backend[] {
  const keyRing = keyRings[plan.key];
  if (keyRing === undefined) return [];
  const gone = departed[plan.key] ?? [];
  const endpoints = deriveEndpoints(plan, index, new Set(gone.map(({ uid }) => uid)));
  return [{ key: plan.key, persistence: plan.persistence, policy: 'LeastSessions', keyRing, endpoints, departed: gone }];
}

// The order among equal routes: the older one wins (Gateway API), and of one age the first by name.
function byAge(one: ServingPlan, other: ServingPlan): number {
  return `${one.createdAt} ${one.key}` < `${other.createdAt} ${other.key}` ? -1 : 1;
}
