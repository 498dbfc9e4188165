/** The status of a BackendTLSPolicy: one entry for each Gateway whose routes lead to its Services. */
import type { JudgedPolicy } from '../backend-tls/judge-policies.ts';
import type { GatewayPlan } from '../resolve/gateway-plan.ts';
import type { GatewayRef } from '../resolve/plan.ts';
import { judgeAncestors } from './controller-entries.ts';
import { holds, lacks, type Observed, type Verdict } from './dated-conditions.ts';

/** Returns undefined if there is no entry of Holdfast, and was none. */
export const judgeBackendTlsStatus = (
  judged: JudgedPolicy,
  gateways: readonly GatewayRef[],
  observed: Observed,
  nowMs: number,
): object | undefined => judgeAncestors(gateways, () => [judgeAccepted(judged), judgeRefs(judged)], observed, nowMs);

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

type Gateways = Readonly<Record<string, GatewayPlan>>;

/** Returns the Gateways whose routes lead to a Service of the policy. */
export function ancestorsOf({ policy }: Pick<JudgedPolicy, 'policy'>, gateways: Gateways): GatewayRef[] {
  const leading = leadingOnce(gateways);
  const found = policy.targets.flatMap(({ name }) => [...(leading.get(`${policy.namespace}/${name}`) ?? [])]);
  return [...new Set(found)];
}

const known = new WeakMap<Gateways, ReturnType<typeof findLeading>>();

/** One pass for all policies instead of one for each. */
function leadingOnce(gateways: Gateways): ReturnType<typeof findLeading> {
  const leading = known.get(gateways) ?? findLeading(gateways);
  known.set(gateways, leading);
  return leading;
}

/** Returns the Gateways whose routes lead to a Service, by its `namespace/name`. */
function findLeading(gateways: Gateways): ReadonlyMap<string, Set<GatewayRef>> {
  const found = new Map<string, Set<GatewayRef>>();
  for (const { gateway, routes } of Object.values(gateways)) {
    for (const ref of routes.flatMap(({ judged }) => [...judged.refs.values()])) {
      if (ref.kind !== 'resolved') continue;
      const { service } = ref.backend;
      found.set(service, (found.get(service) ?? new Set<GatewayRef>()).add(gateway));
    }
  }
  return found;
}
