/**
 * How long a pod can effectively be held. drain.timeout is the request; clouds, autoscalers and users may end a drain earlier.
 * The limits that can be read from the cluster with ordinary permissions are evaluated here; the shortest one applies.
 */
import { formatDuration } from '../../api/duration.ts';
import type { DrainLimits } from '../drain/state.ts';
import { autoscalerTaint, nodeLabels } from '../names/names.ts';
import {
  isPodTerminal,
  type ClusterAutoscaler,
  type ClusterNode,
  type Pod,
  type Target,
} from '../snapshot/snapshot.ts';

export type LimitFacts = {
  drain: DrainLimits;
  /** Pods of the target. */
  pods: readonly Pod[];
  nodes: Readonly<Record<string, ClusterNode>>;
  autoscaler?: ClusterAutoscaler;
};

/** `limitedBy`: `drain.timeout`, or the kind of limit and its object, such as `SpotNode node-3`. */
export type DrainLimit = { durationMs: number; limitedBy: string };

/** What each kind of limit means, and what to do. */
const explanations = {
  PodWithoutSidecar: 'a pod without the sidecar is not held; see condition Injected.',
  PodInjectedEarlier:
    'the pod was injected with a shorter drain.timeout and keeps it; replace it with kubectl rollout restart.',
  PodGrace:
    'the terminationGracePeriodSeconds of the pod is shorter than its drain; another webhook or controller lowered it after injection.',
  DeletedWithShorterGrace:
    'the pod was deleted with a shorter grace period than its own (kubectl delete or drain --grace-period, or an eviction); this cannot be undone.',
  SpotNode:
    'a spot node is reclaimed this soon after its interruption notice; use a node affinity to keep these pods off spot nodes, or accept the limit.',
  ManagedUpgrade: 'upgrades of this node pool wait at most this long for a pod.',
  NodeBeingRemoved:
    'the Cluster Autoscaler is removing this node; its --max-graceful-termination-sec limits how long it waits for pods.',
  ClusterAutoscaler:
    'it waits at most this long for a pod when it removes a node; raise its --max-graceful-termination-sec, or annotate the pods with cluster-autoscaler.kubernetes.io/safe-to-evict: "false".',
} as const;
export type LimitKind = keyof typeof explanations;

/** Returns the shortest limit. The result does not depend on the order of the pods. */
export function judgeDrainLimit(facts: LimitFacts): DrainLimit {
  const own: DrainLimit = { durationMs: facts.drain.drainTimeoutMs, limitedBy: 'drain.timeout' };
  const pods = facts.pods.filter((pod) => !isPodTerminal(pod));
  const nodeNames = [...new Set(pods.flatMap(({ node }) => node ?? []))];
  const found = [
    ...pods.flatMap((pod) => limitsOfPod(pod, facts.drain)),
    ...nodeNames.flatMap((name) => limitsOfNode(name, facts)),
    ...limitsOfAutoscaler(facts),
  ].toSorted((one, other) => one.durationMs - other.durationMs || (one.limitedBy < other.limitedBy ? -1 : 1));
  const [tightest] = found;
  return tightest && tightest.durationMs < own.durationMs ? tightest : own;
}

const limit = (kind: LimitKind, object: string, durationMs: number): DrainLimit => ({
  durationMs: Math.max(0, durationMs),
  limitedBy: `${kind} ${object}`,
});

function limitsOfPod(
  { name, injection, sidecar, graceSeconds, deletion }: Pod,
  { shutdownMarginMs }: DrainLimits,
): DrainLimit[] {
  if (!injection.injected) return [limit('PodWithoutSidecar', name, 0)];
  const limits: DrainLimit[] = [];
  const heldMs = (seconds: number) => seconds * 1000 - (sidecar?.shutdownMarginMs ?? shutdownMarginMs);
  if (sidecar?.drainTimeoutMs !== undefined) limits.push(limit('PodInjectedEarlier', name, sidecar.drainTimeoutMs));
  if (graceSeconds !== undefined) limits.push(limit('PodGrace', name, heldMs(graceSeconds)));
  if (deletion && graceSeconds !== undefined && deletion.graceSeconds < graceSeconds) {
    limits.push(limit('DeletedWithShorterGrace', name, heldMs(deletion.graceSeconds)));
  }
  return limits;
}

const minuteMs = 60_000;

/** By label, the time from the interruption notice to the end of the node: two minutes on EC2, and 15 of 30 seconds for user pods on GKE. */
const spots = [
  { label: nodeLabels.karpenterCapacity, value: 'spot', durationMs: 2 * minuteMs },
  { label: nodeLabels.eksCapacity, value: 'SPOT', durationMs: 2 * minuteMs },
  { label: nodeLabels.gkeSpot, value: 'true', durationMs: 15_000 },
] as const;

// GKE respects grace periods and disruption budgets for one hour when it upgrades a node.
const gkeUpgradeMs = 60 * minuteMs;
// The default of the Cluster Autoscaler; in a managed control plane its settings are not visible.
const autoscalerGraceMs = 10 * minuteMs;

function limitsOfNode(name: string, { nodes, autoscaler, drain }: LimitFacts): DrainLimit[] {
  const node = nodes[name];
  if (!node) return [];
  const graceMs = autoscaler?.graceMs ?? autoscalerGraceMs;
  return [
    ...spots
      .filter(({ label, value }) => node.labels[label] === value)
      .map(({ durationMs }) => limit('SpotNode', name, durationMs)),
    ...(node.labels[nodeLabels.gkeNodePool] === undefined ? [] : [limit('ManagedUpgrade', name, gkeUpgradeMs)]),
    ...(node.taints.includes(autoscalerTaint)
      ? [limit('NodeBeingRemoved', name, graceMs - drain.shutdownMarginMs)]
      : []),
  ];
}

const limitsOfAutoscaler = ({ autoscaler, drain }: LimitFacts): DrainLimit[] =>
  autoscaler
    ? [
        limit(
          'ClusterAutoscaler',
          `${autoscaler.namespace}/${autoscaler.name}`,
          autoscaler.graceMs - drain.shutdownMarginMs,
        ),
      ]
    : [];

/** Returns a message with the limit, its source, and what to do. */
export function explainLimit({ duration, limitedBy }: { duration: string; limitedBy: string }): string {
  const explanation: string | undefined = Object.entries(explanations).find(
    ([kind]) => kind === kindOfLimit(limitedBy),
  )?.[1];
  return explanation === undefined
    ? `Pods are held for at most ${duration}.`
    : `Pods are held for at most ${duration} instead of drain.timeout (${limitedBy}): ${explanation}`;
}

/** Returns the kind of a limit: the same for `SpotNode node-3` and `SpotNode node-4`. */
export const kindOfLimit = (limitedBy: string): string => limitedBy.split(' ')[0] ?? '';

/** Returns what else a long drain delays, and what to do; undefined if nothing waits for it. Said before the first drain. */
export function warnOfWaiting(target: Target, { durationMs }: DrainLimit): string | undefined {
  const { kind, name, rollout } = target;
  if (kind === 'StatefulSet') {
    const order =
      rollout?.type === 'OrderedReady'
        ? ' It terminates its pods one at a time, so each drain delays the next; podManagementPolicy Parallel avoids this when it scales down.'
        : '';
    return `StatefulSet ${name} creates the replacement of a pod only when the pod has terminated: while a pod drains, new sessions have one pod less, and none with a single replica.${order}`;
  }
  return rollout?.type === 'Recreate' ? warnOfRecreate(name, rollout.progressDeadlineMs, durationMs) : undefined;
}

function warnOfRecreate(name: string, progressDeadlineMs: number, durationMs: number): string {
  const outage =
    `Deployment ${name} uses strategy Recreate, which creates new pods only when all old ones have terminated: during a rollout no pod accepts new sessions while the old pods drain, for up to ${formatDuration(durationMs)}. ` +
    'Use RollingUpdate, or a shorter drain.timeout.';
  if (durationMs <= progressDeadlineMs) return outage;
  return `${outage} A rollout that drains for longer than progressDeadlineSeconds (${formatDuration(progressDeadlineMs)}) is reported as failed (ProgressDeadlineExceeded) although it continues.`;
}
