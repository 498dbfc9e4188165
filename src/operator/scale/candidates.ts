/** The pods whose deletion cost Holdfast keeps, and who counts their sessions. */
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { backendKey, targetKey } from '../../core/names/names.ts';
import type { CostedPod } from '../../core/scale/deletion-cost.ts';
import type { Pod } from '../../core/snapshot/snapshot.ts';
import type { Translated } from '../feed/translation-feed.ts';
import { proxiesByBackend } from '../keys/serving-proxies.ts';

/** `proxies`: UIDs of the running proxies that may send it requests. */
export type Candidate = { pod: Pod; workload: StickyWorkload; proxies: readonly string[] };

/** Running pods of Deployments, by UID. A StatefulSet goes by ordinals and asks for no cost; a pod that is not running goes first anyway. */
export function gatherCandidates(translated: Translated): Map<string, Candidate> {
  const { snapshot, translation } = translated;
  const running = snapshot.pods.filter(
    ({ phase, controller }) => phase === 'Running' && controller?.kind === 'Deployment',
  );
  const byTarget = Map.groupBy(running, ({ namespace, controller }) =>
    targetKey(namespace, controller ?? { kind: '', name: '' }),
  );
  const proxies = proxiesByBackend(translated);
  const candidates = new Map<string, Candidate>();
  for (const workload of snapshot.workloads) {
    const { metadata, spec } = workload;
    const key = backendKey(metadata.namespace, metadata.name);
    if (translation.accepts[key]?.kind !== 'accepted' || spec.scaleDown.strategy !== 'TerminateAndHold') continue;
    const pods = byTarget.get(targetKey(metadata.namespace, spec.targetRef)) ?? [];
    for (const pod of pods) candidates.set(pod.uid, { pod, workload, proxies: proxies.get(key) ?? [] });
  }
  return candidates;
}

export const costed = ({ uid, deletionCost, deletion }: Pod, sessions: number | undefined): CostedPod => ({
  uid,
  ...(deletionCost !== undefined && { cost: deletionCost }),
  sessions,
  draining: deletion !== undefined,
});
