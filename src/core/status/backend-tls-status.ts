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
): object | undefined => judgeAncestors(gateways, [judgeAccepted(judged), judgeRefs(judged)], observed, nowMs);

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
export function ancestorsOf({ policy }: JudgedPolicy, gateways: Readonly<Record<string, GatewayPlan>>): GatewayRef[] {
  const services = new Set(policy.targets.map(({ name }) => `${policy.namespace}/${name}`));
  return Object.values(gateways)
    .filter((plan) => leadsTo(plan, services))
    .map(({ gateway }) => gateway);
}

const leadsTo = ({ routes }: GatewayPlan, services: ReadonlySet<string>): boolean =>
  routes.some(({ judged }) =>
    [...judged.refs.values()].some((ref) => ref.kind === 'resolved' && services.has(ref.backend.service)),
  );
