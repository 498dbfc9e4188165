/** Which pods are the proxies of a Gateway, or were until lately: only their reports count. */
import { gatewayKey } from '../../core/resolve/plan.ts';
import { labelOf, labels, managedByValue } from '../../core/names/names.ts';
import type { Pod } from '../../core/snapshot/snapshot.ts';
import { onPodChange, type Caches } from '../gather/caches.ts';

export interface KnownProxies {
  /** `gateway`: `namespace/name`. Also true for a while after the pod was deleted: its last report and its successor's arrive later. */
  isProxy(gateway: string, podUid: string): boolean;
}

/** A successor names a stopped proxy from its first report on; one that connects late, after an outage, still does. */
const rememberedMs = 3_600_000;

/** In the namespace of the Gateway, so that no other namespace can add to them. */
export const isProxyPod = ({ labels: own }: Pick<Pod, 'labels'>): boolean =>
  own[labels.managedBy] === managedByValue && own[labels.component] === 'proxy';

/** Returns the key of a proxy pod's Gateway, with the name as its label has it. */
export const gatewayOfPod = ({ namespace, labels: own }: Pick<Pod, 'namespace' | 'labels'>): string =>
  gatewayKey({ namespace, name: own[labels.gatewayName] ?? '' });

/** Returns the same for the key of a Gateway, `namespace/name`. */
export function labelledKey(gateway: string): string {
  const [namespace = '', name = ''] = gateway.split('/');
  return gatewayKey({ namespace, name: labelOf(name) });
}

export function createKnownProxies(caches: Pick<Caches, 'onChange'>, nowMs: () => number): KnownProxies {
  const known = new Map<string, { gateway: string; goneAtMs?: number }>();

  onPodChange(caches, ({ pod: { pod }, isGone }) => {
    if (!isProxyPod(pod)) return;
    known.set(pod.uid, { gateway: gatewayOfPod(pod), ...(isGone && { goneAtMs: nowMs() }) });
    if (!isGone) return;
    for (const [uid, { goneAtMs = Infinity }] of known) if (nowMs() - goneAtMs > rememberedMs) known.delete(uid);
  });

  return { isProxy: (gateway, podUid) => known.get(podUid)?.gateway === labelledKey(gateway) };
}
