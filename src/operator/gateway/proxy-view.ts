/** How the proxies of a Gateway are, and where clients reach them. */
import { proxyName } from '../../core/names/names.ts';
import type { GatewayPlan } from '../../core/resolve/gateway-plan.ts';
import { gatewayKey } from '../../core/resolve/plan.ts';
import type { ClusterNode, Service } from '../../core/snapshot/snapshot.ts';
import type { ProxyView } from '../../core/status/gateway-status.ts';
import type { Translated } from '../translation/translation-store.ts';

/** Returns how the proxies of a Gateway are. */
export function proxyOf(
  { namespace, name }: GatewayPlan['gateway'],
  { proxies }: Pick<Translated['translation']['index'], 'proxies'>,
): { readyReplicas: number; refusal?: string } {
  const { readyReplicas = 0, refusal } = proxies.get(`${namespace}/${proxyName(name)}`) ?? {};
  return { readyReplicas, ...(refusal !== undefined && { refusal }) };
}

/** Returns the proxies of a Gateway as its status reports them. A Service of another owner is not theirs. */
export function viewProxy(gateway: GatewayPlan['gateway'], translated: Translated): ProxyView {
  const { translation } = translated;
  const service = translation.index.services.get(`${gateway.namespace}/${proxyName(gateway.name)}`);
  return {
    ...proxyOf(gateway, translation.index),
    ...(service?.component === 'proxy' && {
      service: { ...service, nodes: forwardingNodes(service, gateway, translated) },
    }),
  };
}

/** With externalTrafficPolicy Local, kube-proxy drops what arrives at a node without a ready proxy. */
function forwardingNodes(
  { isLocal }: Service,
  gateway: GatewayPlan['gateway'],
  { snapshot: { nodes }, translation: { index } }: Translated,
): ClusterNode[] {
  if (isLocal !== true) return Object.values(nodes);
  const ready = (index.proxyPods.get(gatewayKey(gateway)) ?? []).filter((pod) => pod.ready && !pod.deletion);
  const names = new Set(ready.map(({ node }) => node));
  return Object.entries(nodes).flatMap(([name, node]) => (names.has(name) ? [node] : []));
}
