/** Writes the statuses of HoldfastProxies. */
import type { GatewayPlan } from '../../core/resolve/gateway-plan.ts';
import { judgeHoldfastProxy } from '../../core/status/proxy-status.ts';
import { holdfastProxies } from '../../kube/resources.ts';
import type { GatewayTools } from './reconcile.ts';

/** Each is written only if its status changes; that depends on the Gateways of the whole cluster. */
export async function reconcileHoldfastProxies({
  translations,
  caches,
  statuses,
  nowMs,
}: Pick<GatewayTools, 'translations' | 'caches' | 'statuses' | 'nowMs'>): Promise<undefined> {
  const { translation } = translations.latest() ?? {};
  if (!translation) return;
  const { gateways, index } = translation;
  const users = Map.groupBy(Object.values(gateways), ({ parameters }: GatewayPlan) => parameters.from);
  for (const proxy of caches.list('holdfastProxies')) {
    const { namespace, name } = proxy.metadata;
    const use = { spec: proxy.spec, gateways: users.get(`${namespace}/${name}`) ?? [], index };
    await statuses.writeOther(holdfastProxies, proxy, judgeHoldfastProxy(use, proxy.observed, nowMs()));
  }
}
