/** The status of a HoldfastProxy: whether it is valid, and the Gateways to whose proxies it applies. */
import type { HoldfastProxySpec } from '../../api/holdfastproxy.ts';
import { formatCount } from '../names/format.ts';
import { explainReplicas } from '../render/proxy-replicas.ts';
import type { GatewayPlan } from '../resolve/gateway-plan.ts';
import { gatewayKey } from '../resolve/plan.ts';
import { findInvalid } from '../resolve/proxy-parameters.ts';
import type { ClusterIndex } from '../translate/cluster-index.ts';
import { dateConditions, holds, lacks, readConditions, type Observed, type Verdict } from './dated-conditions.ts';

/** `gateways`: those to which it applies. */
export type ProxyUse = {
  spec: HoldfastProxySpec;
  gateways: readonly Pick<GatewayPlan, 'gateway'>[];
  index: Pick<ClusterIndex, 'proxies' | 'autoscalers'>;
};

export function judgeHoldfastProxy(use: ProxyUse, observed: Observed, nowMs: number): object {
  const before = readConditions(observed.status);
  return {
    gateways: use.gateways.length,
    conditions: dateConditions([judgeSettings(use), judgeUse(use)], observed, { nowMs, before }),
  };
}

function judgeSettings({ spec }: ProxyUse): Verdict {
  const problem = findInvalid(spec);
  return problem === undefined
    ? holds('Accepted', 'Accepted', 'The settings are valid.')
    : lacks('Accepted', 'InvalidParameters', `${problem} The proxies continue as they are.`);
}

function judgeUse({ spec, gateways, index }: ProxyUse): Verdict {
  if (findInvalid(spec) !== undefined) return lacks('Applied', 'NotAccepted', 'Condition Accepted is not True.');
  if (gateways.length === 0) {
    return lacks(
      'Applied',
      'NotReferenced',
      'It applies to no Gateway: name it in spec.infrastructure.parametersRef of a Gateway, in spec.parametersRef of a GatewayClass, or in spec.dataplane.parametersRef of a StickyWorkload.',
    );
  }
  const conflicts = gateways.flatMap(({ gateway }) => explainReplicas(spec, gateway, index) ?? []);
  if (conflicts.length > 0) return lacks('Applied', 'AutoscalerConflict', conflicts.slice(0, shown).join(' '));
  return holds('Applied', 'Applied', `It applies to the proxies of ${describeGateways(gateways)}.`);
}

/** A HoldfastProxy of a class may apply to thousands. */
const shown = 5;

function describeGateways(gateways: ProxyUse['gateways']): string {
  const names = gateways.slice(0, shown).map(({ gateway }) => gatewayKey(gateway));
  const more = gateways.length > shown ? ', …' : '';
  return `${formatCount(gateways.length, 'Gateway')}: ${names.join(', ')}${more}`;
}
