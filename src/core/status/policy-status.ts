/** The status of an XBackendTrafficPolicy: one entry for each Gateway whose routes lead to a Service that it targets. */
import { gatewayKey, type GatewayRef } from '../resolve/plan.ts';
import type { JudgedPolicy } from '../route/judge-policies.ts';
import type { Override } from '../route/policy-overrides.ts';
import { judgeAncestors } from './controller-entries.ts';
import { holds, lacks, type Observed, type Verdict } from './dated-conditions.ts';

/** Returns undefined if there is no entry of Holdfast, and was none. */
export function judgePolicy(
  { gateways, overrides, problem }: JudgedPolicy,
  observed: Observed,
  nowMs: number,
): object | undefined {
  if (problem) {
    return judgeAncestors(gateways, () => [lacks('Accepted', problem.reason, problem.message)], observed, nowMs);
  }
  const message = 'Rules that lead to the Services and have no sessions of their own have these.';
  const accepted = holds('Accepted', 'Accepted', message);
  const verdictsOf = (gateway: GatewayRef): Verdict[] => {
    const override = overrides[gatewayKey(gateway)];
    return override ? [accepted, judgeOverride(override)] : [accepted];
  };
  return judgeAncestors(gateways, verdictsOf, observed, nowMs);
}

/** A Service may have any number of rules. */
const mostNames = 3;

function judgeOverride({ by, isWhole }: Override): Verdict {
  const more = by.length > mostNames ? ` and ${by.length - mostNames} more` : '';
  const rest = isWhole
    ? 'No other rule of the Gateway leads to the Services: the policy has no effect on it.'
    : 'Other rules of the Gateway have the sessions of the policy.';
  return holds(
    'holdfast.dev/Overridden',
    'PolicyOverridden',
    `spec.sessionPersistence: ${by.slice(0, mostNames).join(', ')}${more} takes precedence. ${rest} ` +
      'Set the sessions there, or use a rule without sessionPersistence; with a StickyWorkload, set its spec.route.kind to None and create the route.',
  );
}
