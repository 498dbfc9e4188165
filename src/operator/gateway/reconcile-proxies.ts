/** Writes the statuses of HoldfastProxies. */
import type { GatewayPlan } from '../../core/resolve/gateway-plan.ts';
import { gatewayKey } from '../../core/resolve/plan.ts';
import { proxyKind } from '../../api/holdfastproxy.ts';
import { judgeFaultyObject } from '../../core/status/fault-status.ts';
import { judgeHoldfastProxy } from '../../core/status/proxy-status.ts';
import { holdfastProxies } from '../../kube/resources.ts';
import { writeEach } from '../apply/write-each.ts';
import { findFault } from '../translation/find-fault.ts';
import type { GatewayTools } from './reconcile.ts';

/** Each is written only if its status changes; that depends on the Gateways of the whole cluster. */
export async function reconcileHoldfastProxies({
  translations,
  caches,
  statuses,
  gatewayOutcomes,
  nowMs,
}: Pick<GatewayTools, 'translations' | 'caches' | 'statuses' | 'gatewayOutcomes' | 'nowMs'>): Promise<undefined> {
  const translated = translations.latest();
  if (!translated) return;
  const plans: GatewayPlan[] = Object.values(translated.translation.gateways);
  const uses = plans.map((plan) => {
    const outcome = gatewayOutcomes.ofParameters(gatewayKey(plan.gateway), plan.parameters);
    return { plan, ...(outcome && { outcome }) };
  });
  const users = Map.groupBy(uses, ({ plan }) => plan.parameters.from);
  await writeEach(caches.list('holdfastProxies'), (proxy) => {
    const key = `${proxy.metadata.namespace}/${proxy.metadata.name}`;
    const use = { spec: proxy.spec, gateways: users.get(key) ?? [] };
    const fault = findFault(translated, proxyKind, key);
    const status = fault
      ? judgeFaultyObject(fault.message, proxy.observed, nowMs())
      : judgeHoldfastProxy(use, proxy.observed, nowMs());
    return statuses.writeOther(holdfastProxies, proxy, status);
  });
}
