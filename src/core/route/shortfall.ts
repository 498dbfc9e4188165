/** The parts of a StickyWorkload's route that are not served. */
import type { Reason } from '../../api/reasons.ts';
import { servedListeners, type GatewayPlan } from '../resolve/gateway-plan.ts';
import { gatewayKey } from '../resolve/plan.ts';
import { explainShadow, type Shadow } from '../resolve/shadowed.ts';
import type { AttachedTo, Attachment } from './attach.ts';
import type { RouteIR, RouteSource } from './ir.ts';
import type { MissingParent } from './missing-parents.ts';
import type { WorkloadRefVerdict } from './workload-refs.ts';

/** The route of a StickyWorkload. `missing`: parents that Holdfast does not manage. `shadows`: by key of the Gateway, the older route that has its requests. */
export type WorkloadRoute = {
  judged: { route: RouteIR; parents: Attachment[]; refs: ReadonlyMap<string, WorkloadRefVerdict> };
  missing: readonly MissingParent[];
  shadows?: ReadonlyMap<string, Shadow>;
};

/** What requests get whose backend does not resolve. */
export const explainShare = ({ kind }: RouteSource): string =>
  kind === 'GRPCRoute' ? 'Their share of the calls gets UNAVAILABLE.' : 'Their share of the requests gets 500.';

type Problem = { reason: Reason; message: string };

/** Returns the reason of the first failure, with the messages of all; undefined if the whole route is served. */
export function findRouteShortfall(
  { judged: { route, parents, refs }, missing, shadows }: WorkloadRoute,
  gateways: Readonly<Record<string, GatewayPlan>>,
): Problem | undefined {
  const refused = parents.flatMap((verdict) =>
    verdict.kind === 'refused' ? [verdict] : findUnserved(verdict, route, gateways[gatewayKey(verdict.gateway)]),
  );
  const unresolved = [...refs.values()].filter((verdict) => verdict.kind === 'unresolved');
  const problems = [...missing, ...refused, ...unresolved];
  const [first] = problems;
  const [shadow] = shadows?.values() ?? [];
  if (first === undefined) return shadow && { reason: 'RouteShadowed', message: explainShadow(shadow) };
  const isServed = refused.length < parents.length;
  const rest = isServed ? 'The rest of the route is served.' : 'The route is not served.';
  return {
    reason: first.reason,
    message: [
      ...problems.map(({ message }) => message),
      unresolved.length > 0 ? explainShare(route.source) : rest,
    ].join(' '),
  };
}

/**
 * A route attaches to a listener whatever its health, and is served when that is repaired. What a Gateway of another namespace lacks, such as a
 * Secret, is for the users of that namespace.
 */
function findUnserved(
  { parent, gateway, listeners }: AttachedTo,
  route: RouteIR,
  plan: GatewayPlan | undefined,
): Problem[] {
  if (plan === undefined || servedListeners(plan).some(({ id }) => listeners.includes(id))) return [];
  const own = plan.userManaged?.listeners.find(({ id }) => listeners.includes(id))?.problem?.message;
  const cause = gateway.namespace === route.source.namespace && own !== undefined ? own : 'See its conditions.';
  const section = parent.sectionName === undefined ? '' : ` ${parent.sectionName}`;
  const message = `spec.route.parentRefs: Gateway ${gatewayKey(gateway)} has no usable listener${section}. ${cause}`;
  return [{ reason: 'NoMatchingParent', message }];
}
