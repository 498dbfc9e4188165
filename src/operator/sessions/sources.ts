/** What is known of the sessions on a pod that is to go. Unknown is not zero: wherever a proxy may know more, the answer is "unknown". */
import { gatewayKey, planServing } from '../../core/accept/plan.ts';
import type { Ledger } from '../../core/count/ledger.ts';
import { defaultGateway } from '../../core/names/names.ts';
import type { SessionSource } from '../../core/table/messages.ts';
import type { PodRef } from '../discovery/caller.ts';
import type { TranslationFeed } from '../feed/translation-feed.ts';
import type { World } from '../gather/world.ts';
import { expectedProxies } from './expected-proxies.ts';

const unknown = (why: string): SessionSource[] => [{ type: 'Proxy', known: false, why }];

export function createSources({ world, feed, ledger }: { world: World; feed: TranslationFeed; ledger: Ledger }) {
  return (pod: PodRef, nowMs: number): SessionSource[] => {
    const snapshot = feed.latest()?.snapshot;
    const name = world.pod(pod)?.workload;
    if (!snapshot) return unknown('this replica of the operator has not read the cluster yet');
    if (name === undefined) return unknown('this replica of the operator does not know the pod yet');
    const workload = world.workload({ namespace: pod.namespace, name });
    const gateway = workload ? planServing(workload).gateway : { namespace: pod.namespace, name: defaultGateway };
    const expected = expectedProxies(snapshot, gatewayKey(gateway));
    // A proxy that is being replaced takes its counts with it. Only where the StickyWorkload is gone too there is to be none.
    if (expected.length === 0 && workload) return unknown(`no proxy of Gateway ${gatewayKey(gateway)} is running`);
    return ledger.sourcesOf(pod.uid, expected, nowMs);
  };
}
