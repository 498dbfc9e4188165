/** The verdicts on StickyWorkloads and their routes, and which of them are served. */
import { decideAccept, type Accept } from '../resolve/accept.ts';
import type { GatewayPlan } from '../resolve/gateway-plan.ts';
import type { ServingPlan } from '../resolve/plan.ts';
import { findShadows, type Shadow } from '../resolve/shadowed.ts';
import type { Candidate, WorkloadIndex } from '../resolve/workload-index.ts';
import { keepJudged } from '../route/judge-routes.ts';
import type { WorkloadRoute } from '../route/shortfall.ts';
import { resolveWorkloadRefs } from '../route/workload-refs.ts';
import { ownsService, type ClusterIndex } from './cluster-index.ts';

/** By `namespace/name`. `plans`: of those that are served. */
export type JudgedWorkloads = {
  accepts: Record<string, Accept>;
  plans: ReadonlyMap<string, ServingPlan>;
  routes: Record<string, WorkloadRoute>;
};

/** Oldest first, which is the order of equal routes: the older one wins (Gateway API), and of the same age the first by name. */
export function judgeWorkloads(
  workloads: WorkloadIndex,
  index: ClusterIndex,
  before?: Pick<JudgedWorkloads, 'routes'>,
): JudgedWorkloads {
  const accepts: Record<string, Accept> = {};
  const plans = new Map<string, ServingPlan>();
  for (const [key, candidate] of workloads.candidates) {
    const accept = decideAccept(candidate, workloads);
    accepts[key] = accept;
    if (accept.kind === 'accepted') plans.set(key, accept.plan);
    // A later refusal does not stop what serves sessions: the supported part of the spec stays.
    else if (wasServed(candidate, index)) plans.set(key, candidate.plan);
  }
  const lookup = { known: workloads.candidates, served: plans, ...index };
  const routes = [...workloads.candidates].map(([key, { plan, route, parents, missing }]) => [
    key,
    {
      judged: keepJudged(
        { route, parents, refs: resolveWorkloadRefs(route, plan, lookup) },
        before?.routes[key]?.judged,
      ),
      missing,
    },
  ]);
  return { accepts, plans, routes: Object.fromEntries(routes) };
}

/** The Service of its name is its own; or its status has the selector that only an accepted one gets, and a user's Service may lead to its pods. */
const wasServed = ({ workload, plan }: Candidate, index: ClusterIndex): boolean =>
  ownsService(plan, index) || workload.status?.selector !== undefined;

export type Shadows = {
  routes: Record<string, WorkloadRoute>;
  routeShadows: ReadonlyMap<string, ReadonlyMap<string, Shadow>>;
};

/**
 * Returns the routes of StickyWorkloads with their shadows, and the shadows on users' routes: by key of the route, and by that of the Gateway. A
 * StickyWorkload that receives requests through the route that has its own, as a canary does, lacks nothing.
 */
export function shadeRoutes(
  routes: Readonly<Record<string, WorkloadRoute>>,
  gateways: Readonly<Record<string, GatewayPlan>>,
): Shadows {
  const shaded = { ...routes };
  const routeShadows = new Map<string, Map<string, Shadow>>();
  for (const [gateway, plan] of Object.entries(gateways)) {
    for (const [key, shadow] of findShadows(plan)) {
      const route = shaded[key];
      if (route === undefined) {
        routeShadows.set(key, (routeShadows.get(key) ?? new Map<string, Shadow>()).set(gateway, shadow));
      } else if (!shadow.by.backends.includes(key)) {
        shaded[key] = { ...route, shadows: new Map([...(route.shadows ?? []), [gateway, shadow]]) };
      }
    }
  }
  return { routes: shaded, routeShadows };
}
