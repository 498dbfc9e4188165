/** Which proxies may serve a backend: the running pods of a Gateway's proxy, whether or not they are connected to the operator. */
import type { Pod } from '../../core/snapshot/snapshot.ts';
import type { ClusterIndex } from '../../core/translate/cluster-index.ts';
import type { Translated } from '../translation/translation-store.ts';

/**
 * Returns the UIDs of a Gateway's running proxy pods. A proxy that shuts down still carries streams; one that has not started, or whose
 * containers have terminated, carries none, and one that cannot be scheduled must not delay a drain.
 */
export const runningProxies = ({ proxyPods }: Pick<ClusterIndex, 'proxyPods'>, gateway: string): string[] =>
  (proxyPods.get(gateway) ?? []).filter(isRunning).map(({ uid }) => uid);

const isRunning = ({ phase }: Pod): boolean => phase === 'Running' || phase === 'Unknown';

/** Returns the UIDs of running proxy pods, by key of the StickyWorkload: those of every Gateway whose routes lead, or have led, to its pods. */
export const proxiesByBackend = ({
  translation: { gatewaysByBackend, left, index },
}: Pick<Translated, 'translation'>): ReadonlyMap<string, string[]> =>
  new Map(
    [...gatewaysByBackend.keys(), ...left.byWorkload.keys()].map((key) => [
      key,
      [...(gatewaysByBackend.get(key) ?? []), ...(left.byWorkload.get(key) ?? [])].flatMap((gateway) =>
        runningProxies(index, gateway),
      ),
    ]),
  );
