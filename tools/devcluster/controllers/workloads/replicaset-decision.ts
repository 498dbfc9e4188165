/** How many pods a ReplicaSet creates, which ones it deletes, and its status. Pure. */
import { conditionOf, withCondition, withoutCondition } from '../conditions.ts';
import type { Condition, Pod, ReplicaSet, ReplicaSetStatus } from '../objects.ts';
import { availability, isActive, isOver, isReady, isTerminating } from '../pods.ts';
import { matchesSelector } from '../selectors.ts';
import { rankForDeletion } from './deletion-rank.ts';

export type ReplicaSetSnapshot = {
  replicaSet: ReplicaSet;
  /** All that it controls, those that are ending included. */
  pods: readonly Pod[];
  /** The pods of all ReplicaSets of the same Deployment. */
  related: readonly Pod[];
};

export type ReplicaSetPlan = {
  create: number;
  remove: Pod[];
  status: ReplicaSetStatus;
  /** When the next pod becomes available only because time goes by. */
  nextAvailableMs: number | undefined;
};

/** Pods that are ending count for nothing: their replacement starts at once (KEP-3973 only counts them). */
export function decideReplicaSet(snapshot: ReplicaSetSnapshot, nowMs: number): ReplicaSetPlan {
  const { replicaSet, related } = snapshot;
  const active = snapshot.pods.filter(isActive);
  const surplus = active.length - (replicaSet.spec.replicas ?? 1);
  const deleting = replicaSet.metadata.deletionTimestamp !== undefined;
  return {
    create: deleting ? 0 : Math.max(0, -surplus),
    remove: deleting || surplus <= 0 ? [] : rankForDeletion(active, related, nowMs).slice(0, surplus),
    ...decideStatus(snapshot, active, nowMs),
  };
}

function decideStatus(
  { replicaSet, pods }: ReplicaSetSnapshot,
  active: readonly Pod[],
  nowMs: number,
): Pick<ReplicaSetPlan, 'status' | 'nextAvailableMs'> {
  const ages = active.map((pod) => availability(pod, replicaSet.spec.minReadySeconds ?? 0, nowMs));
  const later = ages.flatMap(({ fromMs }) => (fromMs === undefined ? [] : [fromMs]));
  const templateLabels = { matchLabels: replicaSet.spec.template.metadata?.labels ?? {} };
  const status: ReplicaSetStatus = {
    replicas: active.length,
    ...counted({
      fullyLabeledReplicas: active.filter(({ metadata }) => matchesSelector(templateLabels, metadata.labels)).length,
      readyReplicas: active.filter(isReady).length,
      availableReplicas: ages.filter(({ available }) => available).length,
    }),
    terminatingReplicas: pods.filter((pod) => isTerminating(pod) && !isOver(pod)).length,
    ...(replicaSet.metadata.generation === undefined ? {} : { observedGeneration: replicaSet.metadata.generation }),
    ...(replicaSet.status?.conditions === undefined ? {} : { conditions: replicaSet.status.conditions }),
  };
  return { status, nextAvailableMs: later.length === 0 ? undefined : Math.min(...later) };
}

/** Counts of 0 are left out, as Go's `omitempty` does. */
export function counted<T extends Record<string, number>>(counts: T): Partial<T> {
  const kept: Partial<T> = { ...counts };
  for (const name in kept) if (kept[name] === 0) delete kept[name];
  return kept;
}

/** `problem`: why pods could not be created, where they could not. Nothing: it went well. */
export function withReplicaFailure(
  status: ReplicaSetStatus,
  problem: string | undefined,
  nowMs: number,
): ReplicaSetStatus {
  const conditions =
    problem === undefined ? withoutCondition(status.conditions, 'ReplicaFailure') : failed(status, problem, nowMs);
  const { conditions: _, ...rest } = status;
  return conditions.length === 0 ? rest : { ...rest, conditions };
}

function failed(status: ReplicaSetStatus, message: string, nowMs: number): Condition[] {
  const before = conditionOf(status.conditions, 'ReplicaFailure');
  // The first failure stays: the messages of later ones differ in names only, and each would be a write.
  if (before !== undefined) return status.conditions ?? [];
  return withCondition(
    status.conditions,
    { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message },
    nowMs,
  );
}
