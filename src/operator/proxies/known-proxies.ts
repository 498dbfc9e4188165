/** Which pods are the proxies of a Gateway, or were until lately: only their reports count. */
import { gatewayKey } from '../../core/resolve/plan.ts';
import type { Pod } from '../../core/snapshot/snapshot.ts';
import { onPodChange, type Caches } from '../gather/caches.ts';

export interface KnownProxies {
  /** `gateway`: `namespace/name`. Also true for a while after the pod was deleted: its last report and its successor's arrive later. */
  isProxy(gateway: string, podUid: string): boolean;
}

/** A successor names a stopped proxy from its first report on; one that connects late, after an outage, still does. */
const rememberedMs = 3_600_000;

/** Returns the key of a proxy pod's Gateway, which is in its namespace, so that no other namespace can add to its proxies; undefined for other pods. */
const gatewayOfPod = ({ namespace, gateway }: Pick<Pod, 'namespace' | 'gateway'>): string | undefined =>
  gateway === undefined ? undefined : gatewayKey({ namespace, name: gateway });

export function createKnownProxies(caches: Pick<Caches, 'onChange'>, nowMs: () => number): KnownProxies {
  const known = new Map<string, { gateway: string; goneAtMs?: number }>();

  onPodChange(caches, ({ pod: { pod }, isGone }) => {
    const gateway = gatewayOfPod(pod);
    if (gateway === undefined) return;
    known.set(pod.uid, { gateway, ...(isGone && { goneAtMs: nowMs() }) });
    if (!isGone) return;
    for (const [uid, { goneAtMs = Infinity }] of known) if (nowMs() - goneAtMs > rememberedMs) known.delete(uid);
  });

  return { isProxy: (gateway, podUid) => known.get(podUid)?.gateway === gateway };
}
