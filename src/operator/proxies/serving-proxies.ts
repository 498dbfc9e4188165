/** Which proxies may serve a backend: the running pods of a Gateway's proxy, whether or not they are connected to the operator. */
import type { Pod, Snapshot } from '../../core/snapshot/snapshot.ts';
import { gatewayOfPod, isProxyPod, labelledKey } from './known-proxies.ts';
import type { Translated } from '../translation/translation-store.ts';

const byGateway = new WeakMap<Snapshot, Map<string, string[]>>();

/**
 * Returns the UIDs of a Gateway's running proxy pods. A proxy that shuts down still carries streams; one that has not started, or whose
 * containers have terminated, carries none, and one that cannot be scheduled must not delay a drain.
 */
export function runningProxies(snapshot: Snapshot, gateway: string): string[] {
  let known = byGateway.get(snapshot);
  if (!known) byGateway.set(snapshot, (known = indexProxies(snapshot.pods)));
  return known.get(labelledKey(gateway)) ?? [];
}

function indexProxies(pods: Pod[]): Map<string, string[]> {
  const proxies = pods.filter((pod) => isProxyPod(pod) && (pod.phase === 'Running' || pod.phase === 'Unknown'));
  const grouped = Map.groupBy(proxies, gatewayOfPod);
  return new Map([...grouped].map(([key, group]) => [key, group.map(({ uid }) => uid)]));
}

/** Returns the UIDs of running proxy pods, by key of the StickyWorkload: those of every Gateway whose routes lead to its pods. */
export const proxiesByBackend = ({ snapshot, translation }: Translated): ReadonlyMap<string, string[]> =>
  new Map(
    [...translation.gatewaysByBackend].map(([key, gateways]) => [
      key,
      gateways.flatMap((gateway) => runningProxies(snapshot, gateway)),
    ]),
  );
