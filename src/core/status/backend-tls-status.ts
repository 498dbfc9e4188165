/** The status of a BackendTLSPolicy: one entry for each Gateway whose routes lead to its Services. */
import type { JudgedPolicy } from '../backend-tls/judge-policies.ts';
import { controllerName, gatewayApiGroup } from '../names/names.ts';
import type { GatewayPlan } from '../resolve/gateway-plan.ts';
import type { GatewayRef } from '../resolve/plan.ts';
import type { RouteVerdict } from '../resolve/route.ts';
import {
  dateConditions,
  entriesOf,
  holds,
  isSameReference,
  lacks,
  readConditions,
  type Observed,
  type Verdict,
} from './dated-conditions.ts';

/** The API server takes no more in one status. */
const maxAncestors = 16;

/** Entries of other controllers are kept. Returns undefined if there is none of Holdfast's, and was none. */
export function judgeBackendTlsStatus(
  judged: JudgedPolicy,
  gateways: readonly GatewayRef[],
  observed: Observed,
  nowMs: number,
): object | undefined {
  const entries = entriesOf(observed.status, 'ancestors');
  const others = entries.filter((entry) => entry['controllerName'] !== controllerName);
  if (gateways.length === 0 && others.length === entries.length) return undefined;
  const verdicts = [judgeAccepted(judged), judgeRefs(judged)];
  const own = gateways.slice(0, maxAncestors - others.length).map(({ namespace, name }) => {
    const ancestorRef = { group: gatewayApiGroup, kind: 'Gateway', namespace, name };
    const known = entries.find(
      (entry) => entry['controllerName'] === controllerName && isSameReference(entry['ancestorRef'], ancestorRef),
    );
    const conditions = dateConditions(verdicts, observed, { nowMs, before: readConditions(known) });
    return { ancestorRef, controllerName, conditions };
  });
  return { ancestors: [...others, ...own] };
}

const judgeAccepted = ({ problem }: JudgedPolicy): Verdict =>
  problem === undefined
    ? holds('Accepted', 'Accepted', 'The pods of the Service are reached over TLS.')
    : lacks('Accepted', problem.reason, problem.message);

function judgeRefs({ unresolved }: JudgedPolicy): Verdict {
  const [first] = unresolved;
  return first === undefined
    ? holds('ResolvedRefs', 'ResolvedRefs', 'All references are resolved.')
    : lacks('ResolvedRefs', first.reason, unresolved.map(({ message }) => message).join(' '));
}

/** Returns the Gateways whose routes lead to a Service of the policy, by name. */
export function ancestorsOf(
  { policy }: JudgedPolicy,
  gateways: Readonly<Record<string, GatewayPlan>>,
  routes: Readonly<Record<string, RouteVerdict>>,
): GatewayRef[] {
  const services = new Set(policy.targets.map(({ name }) => `${policy.namespace}/${name}`));
  return Object.values(gateways)
    .filter((plan) => leadsTo(plan, services, routes))
    .map(({ gateway }) => gateway);
}

const leadsTo = (
  { httpRoutes, routes: ofWorkloads }: GatewayPlan,
  services: ReadonlySet<string>,
  routes: Readonly<Record<string, RouteVerdict>>,
): boolean =>
  httpRoutes.some(({ judged }) =>
    [...judged.refs.values()].some((ref) => ref.kind === 'resolved' && services.has(ref.backend.service)),
  ) ||
  ofWorkloads.some(({ plan }) =>
    (routes[plan.key]?.backends ?? []).some((ref) => ref.kind === 'resolved' && services.has(ref.backend)),
  );
