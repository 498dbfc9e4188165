/** The session sources of a terminating pod. Unknown is not zero: wherever a proxy may know more, the result is "unknown". */
import { gatewayKey } from '../../core/resolve/plan.ts';
import type { Ledger } from '../../core/count/ledger.ts';
import { backendKey, defaultGateway } from '../../core/names/names.ts';
import type { Snapshot } from '../../core/snapshot/snapshot.ts';
import type { SessionSource } from '../../wire/messages.ts';
import type { PodRef } from '../discovery/caller.ts';
import type { Translated, TranslationStore } from '../translation/translation-store.ts';
import type { ClusterState } from '../gather/cluster-state.ts';
import { runningProxies } from '../proxies/serving-proxies.ts';
import type { ClaimedBackends } from '../proxies/claimed-backends.ts';
import { hasAppExited } from './app-exit.ts';

const unknown = (reason: string): SessionSource[] => [{ type: 'Proxy', known: false, reason }];

export function createSessionSources({
  clusterState,
  translations,
  ledger,
  claimed,
}: {
  clusterState: ClusterState;
  translations: TranslationStore;
  ledger: Ledger;
  claimed: Pick<ClaimedBackends, 'hasReported'>;
}) {
  return (pod: PodRef, nowMs: number): SessionSource[] => {
    const translated = translations.latest();
    const known = clusterState.pod(pod);
    const name = known?.workload;
    if (!translated) return unknown('this operator replica has not read the cluster yet');
    if (name === undefined) return unknown('this operator replica does not know the pod yet');
    const workload = clusterState.workload({ namespace: pod.namespace, name });
    // No table has the endpoint any more, and nothing is left to hold it for.
    if (known && hasAppExited(known, workload, translated)) {
      return [{ type: 'Proxy', known: true, sessions: 0 }];
    }
    const backend = backendKey(pod.namespace, name);
    const gateways = gatewaysOf(backend, pod.namespace, translated);
    const { left, index } = translated.translation;
    const expected = gateways.map((gateway) => ({
      gateway,
      proxies: runningProxies(index, gateway),
    }));
    const former = (left.byWorkload.get(backend) ?? []).flatMap((gateway) => runningProxies(index, gateway));
    const unheard = retiredIn(pod.namespace, translated.translation).filter((uid) => !claimed.hasReported(uid));
    const proxies = [...new Set([...expected.flatMap((one) => one.proxies), ...former, ...unheard])];
    // If the StickyWorkload or the Gateway's namespace is deleted, no client can return to a session, and the last counts must not hold the pod.
    const mayReturn = (gateway: string) =>
      workload !== undefined && !isNamespaceTerminating(translated.snapshot, gateway);
    // A proxy that is being replaced loses its counts until its successor reports. Those of a Gateway that is deleted have no successor.
    const isReplaced = (gateway: string) => mayReturn(gateway) && !isDeleted(gateway, backend, translated.translation);
    const unserved = expected.find((one) => one.proxies.length === 0 && isReplaced(one.gateway));
    if (unserved) return unknown(`no proxy of Gateway ${unserved.gateway} is running`);
    const isOver = workload === undefined || (gateways.length > 0 && !gateways.some(mayReturn));
    if (proxies.length === 0 && isOver) return [{ type: 'Proxy', known: true, sessions: 0 }];
    return ledger.sourcesOf(pod.uid, proxies, nowMs);
  };
}

/** Returns the running proxies of the retired Gateways of a namespace: which backends they have is not known until they report. */
const retiredIn = (namespace: string, { retired, index }: Translated['translation']): string[] =>
  [...retired.keys()].filter((key) => key.startsWith(`${namespace}/`)).flatMap((key) => runningProxies(index, key));

/** Whether the namespace of a Gateway is being deleted. */
const isNamespaceTerminating = ({ namespaces }: Snapshot, gateway: string): boolean =>
  namespaces.some(({ name, isTerminating }) => isTerminating && gateway.startsWith(`${name}/`));

/** Whether a Gateway is retired, or a user's Gateway that a StickyWorkload names is deleted, or left to another controller. */
function isDeleted(key: string, backend: string, { gateways, retired, workloads }: Translated['translation']): boolean {
  if (retired.has(key)) return true;
  const parents = workloads.candidates.get(backend)?.plan.parents ?? [];
  const isNamed = parents.some(({ gateway, isGenerated }) => gatewayKey(gateway) === key && !isGenerated);
  return isNamed && gateways[key] === undefined;
}

/** Returns the Gateways whose proxies may have sessions on the backend. A backend that is in no table may have been in one until recently. */
function gatewaysOf(
  backend: string,
  namespace: string,
  { translation: { gatewaysByBackend, workloads } }: Translated,
): string[] {
  const asked = workloads.candidates.get(backend)?.plan.parents.map(({ gateway }) => gateway) ?? [
    { namespace, name: defaultGateway },
  ];
  return gatewaysByBackend.get(backend) ?? [...new Set(asked.map(gatewayKey))];
}
