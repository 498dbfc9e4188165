/** Keeps `pod-deletion-cost` of the pods of Deployments in line with their sessions, so that a scale-down removes idle pods first. */
import { apiVersion, kind, type StickyWorkload } from '../../api/stickyworkload.ts';
import type { Reason } from '../../api/reasons.ts';
import type { Ledger } from '../../core/count/ledger.ts';
import { annotations, backendKey, targetKey } from '../../core/names/names.ts';
import {
  followCost,
  planDeletionCosts,
  startMemory,
  type CostedPod,
  type CostWrite,
  type WrittenCost,
} from '../../core/scale/deletion-cost.ts';
import type { Pod } from '../../core/snapshot/snapshot.ts';
import type { ObjectReader, ObjectWriter } from '../../kube/ports.ts';
import { pods as podResource } from '../../kube/resources.ts';
import { AppError, describeError } from '../../platform/errors.ts';
import { createMemo } from '../../platform/memo.ts';
import type { Round, RoundPorts } from '../periodic.ts';
import { count, type OperatorCounters } from '../counters.ts';
import type { Caches } from '../gather/caches.ts';
import type { Translated } from '../translation/translation-store.ts';
import { proxiesByBackend } from '../proxies/serving-proxies.ts';

export type DeletionCostPorts = RoundPorts & {
  writer: Pick<ObjectWriter, 'applyUnforced'>;
  reader: Pick<ObjectReader, 'get'>;
  caches: Pick<Caches, 'get'>;
  ledger: Pick<Ledger, 'certainCountOf'>;
  counters: Pick<OperatorCounters, 'deletionCostWrites'>;
};

/** A missing permission or an unavailable API server would fail every other write too. */
const pauseMs = 60_000;

/** Returns a round over the pods of all StickyWorkloads. */
export function createDeletionCosts(tools: DeletionCostPorts): Round {
  let memory = startMemory(tools.nowMs());
  let pausedUntilMs = 0;
  /** An idle cluster has one translation for many rounds. */
  const candidatesOf = createMemo<ReadonlyMap<string, Candidate>>();
  /** By pod UID, as long as the pod lives. */
  const written = new Map<string, WrittenCost>();
  const foreign = new Set<string>();
  /** UIDs of StickyWorkloads for which a conflict was reported already, while any pod has one. */
  const reported = new Set<string>();

  const costOf = ({ namespace, name, uid }: Pod): number | undefined => {
    const cached = tools.caches.get('pods', { namespace, name });
    return cached?.pod.uid === uid ? cached.deletionCost : undefined;
  };

  function recordConflict({ pod, workload }: Candidate): void {
    foreign.add(pod.uid);
    const { namespace, name, uid } = workload.metadata;
    if (reported.has(uid)) return;
    reported.add(uid);
    tools.logger.warn(
      { namespace, workload: name, pod: pod.name },
      'pod-deletion-cost is managed by another controller',
    );
    emit(
      workload,
      'DeletionCostConflict',
      `Another controller manages ${annotations.deletionCost} of pod ${pod.name}, so Holdfast does not change it: a scale-down of the Deployment may remove pods with many sessions first. Remove the annotation from the pod template, or disable the controller that writes it (Karpenter: the feature gate PodDeletionCostManagement).`,
    );
  }

  /** Compares earlier writes with what the cache shows; forgets pods that no longer exist. */
  function follow(candidates: ReadonlyMap<string, Candidate>): void {
    for (const uid of foreign) if (!candidates.has(uid)) foreign.delete(uid);
    if (foreign.size === 0) reported.clear();
    for (const [uid, cost] of written) {
      const candidate = candidates.get(uid);
      const after = candidate && followCost(cost, costOf(candidate.pod));
      if (after === undefined || after === 'Removed') written.delete(uid);
      else written.set(uid, after);
      if (candidate && after === 'Removed') recordConflict(candidate);
    }
  }

  async function write(candidate: Candidate, { uid, cost, reason }: CostWrite): Promise<void> {
    const { namespace, name } = candidate.pod;
    const object = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name, uid, annotations: { [annotations.deletionCost]: String(cost) } },
    };
    try {
      await tools.writer.applyUnforced(podResource, object);
      written.set(uid, { cost, seen: false });
      count(tools.counters.deletionCostWrites, 'Written');
      tools.logger.debug({ namespace, pod: name, cost, reason }, 'pod-deletion-cost written');
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'KUBERNETES_CONFLICT')) throw error;
      // The API server returns the same error for a pod that was deleted in the meantime.
      const pod = await tools.reader.get(podResource, { namespace, name });
      if (pod?.metadata.uid === uid) recordConflict(candidate);
    }
  }

  function pause({ pod, workload }: Candidate, error: unknown): void {
    pausedUntilMs = tools.nowMs() + pauseMs;
    tools.logger.warn(
      { namespace: pod.namespace, pod: pod.name, error: describeError(error) },
      'pod-deletion-cost not written',
    );
    emit(
      workload,
      'DeletionCostFailed',
      `A scale-down of the Deployment may remove pods with many sessions first: ${describeError(error)}`,
    );
  }

  function emit({ metadata }: StickyWorkload, reason: Reason, note: string): void {
    const { namespace, name, uid } = metadata;
    tools.events.emit({
      type: 'Warning',
      reason,
      action: 'RankPods',
      note,
      regarding: { apiVersion, kind, namespace, name, uid },
    });
  }

  return async (signal) => {
    const nowMs = tools.nowMs();
    const translated = tools.translations.latest();
    if (!translated || nowMs < pausedUntilMs) return;
    const candidates = candidatesOf([translated], () => gatherCandidates(translated));
    follow(candidates);
    const pods = [...candidates.values()]
      .filter(({ pod }) => !foreign.has(pod.uid))
      // Visitors that never return should not decide which pod is deleted, nor cause writes.
      .map(({ pod, proxies }) =>
        costed(pod, costOf(pod), tools.ledger.certainCountOf(pod.uid, proxies, nowMs)?.confirmed),
      );
    const plan = planDeletionCosts(pods, nowMs, memory);
    memory = plan.memory;
    if (plan.newlyDeferred > 0) count(tools.counters.deletionCostWrites, 'Deferred', plan.newlyDeferred);
    for (const planned of plan.writes) {
      const candidate = candidates.get(planned.uid);
      if (signal.aborted || !candidate) return;
      try {
        await write(candidate, planned);
      } catch (error) {
        pause(candidate, error);
        return;
      }
    }
  };
}

/** A pod whose deletion cost Holdfast manages. `proxies`: UIDs of the running proxies that may send it requests. */
type Candidate = { pod: Pod; workload: StickyWorkload; proxies: readonly string[] };

/** Returns running pods of Deployments, by UID. A StatefulSet scales down by ordinal and ignores costs; a pod that is not running is removed first in any case. */
function gatherCandidates(translated: Translated): ReadonlyMap<string, Candidate> {
  const { accepts, index } = translated.translation;
  const byBackend = proxiesByBackend(translated);
  const candidates = new Map<string, Candidate>();
  for (const workload of translated.snapshot.workloads) {
    const { metadata, spec } = workload;
    const key = backendKey(metadata.namespace, metadata.name);
    const isRanked = spec.targetRef.kind === 'Deployment' && spec.scaleDown.strategy === 'TerminateAndHold';
    if (accepts[key]?.kind !== 'accepted' || !isRanked) continue;
    const proxies = byBackend.get(key) ?? [];
    for (const pod of index.podsByTarget.get(targetKey(metadata.namespace, spec.targetRef)) ?? []) {
      if (pod.phase === 'Running') candidates.set(pod.uid, { pod, workload, proxies });
    }
  }
  return candidates;
}

const costed = ({ uid, deletion }: Pod, cost: number | undefined, sessions: number | undefined): CostedPod => ({
  uid,
  ...(cost !== undefined && { cost }),
  sessions,
  draining: deletion !== undefined,
});
