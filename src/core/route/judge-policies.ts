/** The verdicts on XBackendTrafficPolicies. */
import { gatewayKey, type GatewayRef } from '../resolve/plan.ts';
import type { TrafficPolicy } from '../snapshot/snapshot.ts';
import type { JudgedRoute } from './judge-routes.ts';
import { findOverrides, indexRuleUses, type Override } from './policy-overrides.ts';
import { readPolicy, type TrafficPolicies } from './traffic-policies.ts';

/**
 * `problem`: why it does not apply. `gateways`: those whose routes lead to one of its Services. `overrides`: by key of the Gateway, the rules that have
 * sessions of their own.
 */
export type JudgedPolicy = {
  policy: TrafficPolicy;
  gateways: GatewayRef[];
  overrides: Readonly<Record<string, Override>>;
  problem?: PolicyProblem;
};
export type PolicyProblem = { reason: 'Invalid' | 'Conflicted'; message: string };

/** Returns the verdicts by `namespace/name`. */
export function judgePolicies(
  policies: readonly TrafficPolicy[],
  index: TrafficPolicies,
  routes: readonly JudgedRoute[],
): Map<string, JudgedPolicy> {
  if (policies.length === 0) return new Map();
  const gateways = gatewaysByService(routes);
  const uses = indexRuleUses(routes);
  return new Map(
    policies.map((policy) => {
      const problem = findProblem(policy, index);
      const judged = {
        policy,
        gateways: findGateways(policy, gateways),
        overrides: findOverrides(policy, uses),
        ...(problem && { problem }),
      };
      return [`${policy.namespace}/${policy.name}`, judged];
    }),
  );
}

/** Returns the Gateways whose routes lead to a Service of the policy. `byService`: see `gatewaysByService`. */
export function findGateways(
  { namespace, services }: Pick<TrafficPolicy, 'namespace' | 'services'>,
  byService: ReturnType<typeof gatewaysByService>,
): GatewayRef[] {
  const found = services.flatMap((name) => [...(byService.get(`${namespace}/${name}`)?.values() ?? [])]);
  return [...new Map(found.map((gateway) => [gatewayKey(gateway), gateway])).values()];
}

function findProblem(policy: TrafficPolicy, { conflicts }: TrafficPolicies): PolicyProblem | undefined {
  const { problems } = readPolicy(policy);
  if (problems.length > 0) return { reason: 'Invalid', message: problems.map(({ message }) => message).join(' ') };
  const conflict = conflicts.get(policy);
  return (
    conflict && {
      reason: 'Conflicted',
      message: `XBackendTrafficPolicy ${conflict.winner.name} is older and targets one of the Services: remove the target from one of the two.`,
    }
  );
}

/** Returns the Gateways whose routes lead to a Service, by its `namespace/name` and by their keys. */
export function gatewaysByService(routes: Iterable<JudgedRoute>): Map<string, Map<string, GatewayRef>> {
  const found = new Map<string, Map<string, GatewayRef>>();
  for (const { parents, refs } of routes) {
    const gateways = parents.flatMap((verdict) => (verdict.kind === 'attached' ? [verdict.gateway] : []));
    for (const ref of refs.values()) {
      if (ref.kind !== 'resolved') continue;
      const of = found.get(ref.backend.service) ?? new Map<string, GatewayRef>();
      for (const gateway of gateways) of.set(gatewayKey(gateway), gateway);
      found.set(ref.backend.service, of);
    }
  }
  return found;
}
