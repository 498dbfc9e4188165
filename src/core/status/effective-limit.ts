/**
 * How long a pod can really be held. drain.timeout is what was asked for; clouds, autoscalers and people end a drain earlier.
 * What of that can be read from the cluster with ordinary rights is read here; the tightest counts.
 */
import { formatDuration } from '../../api/duration.ts';
import type { DrainLimits } from '../drain/state.ts';
import { autoscalerTaint, nodeLabels } from '../names/names.ts';
import type { ClusterAutoscaler, ClusterNode, Pod, Target } from '../snapshot/snapshot.ts';

export type LimitFacts = {
  drain: DrainLimits;
  /** Of the target, alive. */
  pods: readonly Pod[];
  nodes: Readonly<Record<string, ClusterNode>>;
  autoscaler?: ClusterAutoscaler;
};

/** `limitedBy`: `drain.timeout`, or a word and the object that it is about, such as `SpotNode node-3`. */
export type DrainLimit = { durationMs: number; limitedBy: string };

/** What the words of `limitedBy` mean, and the way out. */
const explanations = {
  PodWithoutSidecar: 'nothing holds a pod without the sidecar; see condition Injected.',
  PodInjectedEarlier:
    'the pod was injected under a shorter drain.timeout, and keeps it; kubectl rollout restart replaces it when it suits.',
  PodGrace:
    'the pod has a terminationGracePeriodSeconds that is shorter than its drain; something lowered it after injection.',
  DeletedWithShorterGrace:
    'the pod was deleted with a shorter grace than its own (kubectl delete or drain --grace-period, an eviction); that cannot be taken back.',
  SpotNode:
    'a spot node is taken away this soon after its notice; keep sessions off such nodes with a node affinity, or live with it.',
  ManagedUpgrade: 'upgrades of this node pool wait no longer than this for a pod.',
  NodeBeingRemoved:
    'the Cluster Autoscaler is removing this node; its --max-graceful-termination-sec says how long it waits for pods.',
  ClusterAutoscaler:
    'it leaves a pod no more when it removes a node; raise its --max-graceful-termination-sec, or annotate the pods cluster-autoscaler.kubernetes.io/safe-to-evict: "false".',
} as const;
export type LimitWord = keyof typeof explanations;

/** The tightest limit. Equal facts give the same one whatever the order of pods. */
export function judgeDrainLimit(facts: LimitFacts): DrainLimit {
  const own: DrainLimit = { durationMs: facts.drain.drainTimeoutMs, limitedBy: 'drain.timeout' };
  const pods = facts.pods.filter(({ phase }) => phase !== 'Succeeded' && phase !== 'Failed');
  const nodeNames = [...new Set(pods.flatMap(({ node }) => node ?? []))];
  const found = [
    ...pods.flatMap((pod) => limitsOfPod(pod, facts.drain)),
    ...nodeNames.flatMap((name) => limitsOfNode(name, facts)),
    ...limitsOfAutoscaler(facts),
  ].toSorted((one, other) => one.durationMs - other.durationMs || (one.limitedBy < other.limitedBy ? -1 : 1));
  const [tightest] = found;
  return tightest && tightest.durationMs < own.durationMs ? tightest : own;
}

const limit = (word: LimitWord, object: string, durationMs: number): DrainLimit => ({
  durationMs: Math.max(0, durationMs),
  limitedBy: `${word} ${object}`,
});

function limitsOfPod(
  { name, injection, sidecar, graceSeconds, deletion }: Pod,
  { shutdownMarginMs }: DrainLimits,
): DrainLimit[] {
  if (!injection.injected) return [limit('PodWithoutSidecar', name, 0)];
  const limits: DrainLimit[] = [];
  const heldMs = (seconds: number) => seconds * 1000 - shutdownMarginMs;
  if (sidecar?.drainTimeoutMs !== undefined) limits.push(limit('PodInjectedEarlier', name, sidecar.drainTimeoutMs));
  if (graceSeconds !== undefined) limits.push(limit('PodGrace', name, heldMs(graceSeconds)));
  if (deletion && graceSeconds !== undefined && deletion.graceSeconds < graceSeconds) {
    limits.push(limit('DeletedWithShorterGrace', name, heldMs(deletion.graceSeconds)));
  }
  return limits;
}

const minuteMs = 60_000;

/** By label, from the notice to the end of the node: EC2 says two minutes, and GKE leaves user pods 15 of its 30 seconds. */
const spots = [
  { label: nodeLabels.karpenterCapacity, value: 'spot', durationMs: 2 * minuteMs },
  { label: nodeLabels.eksCapacity, value: 'SPOT', durationMs: 2 * minuteMs },
  { label: nodeLabels.gkeSpot, value: 'true', durationMs: 15_000 },
] as const;

// GKE honours graces and disruption budgets for an hour when it upgrades a node.
const gkeUpgradeMs = 60 * minuteMs;
// What the Cluster Autoscaler leaves a pod by default; one in a managed control plane does not show its settings.
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

/** For people: the limit, what sets it, and what can be done. */
export function explainLimit({ duration, limitedBy }: { duration: string; limitedBy: string }): string {
  const explanation: string | undefined = Object.entries(explanations).find(
    ([word]) => word === wordOf(limitedBy),
  )?.[1];
  return explanation === undefined
    ? `Pods are held for ${duration} at most.`
    : `Pods are held for ${duration} at most, not for drain.timeout (${limitedBy}): ${explanation}`;
}

/** `SpotNode node-3` is about the same as `SpotNode node-4`. */
export const wordOf = (limitedBy: string): string => limitedBy.split(' ')[0] ?? '';

/** What else a long drain holds up, and the way out; undefined where nothing waits for it. */
export function warnOfWaiting({ kind, name, rollout }: Target, { durationMs }: DrainLimit): string | undefined {
  if (rollout?.type === 'OrderedReady') {
    return `${kind} ${name} lets its pods go one after another, so each drain holds up the next; podManagementPolicy Parallel does not.`;
  }
  if (rollout?.type === 'Recreate' && durationMs > rollout.progressDeadlineMs) {
    const deadline = formatDuration(rollout.progressDeadlineMs);
    return `${kind} ${name} has strategy Recreate, which waits for its old pods: a rollout that drains for more than its progressDeadlineSeconds (${deadline}) is called failed (ProgressDeadlineExceeded) though it goes on. Raise that, or use RollingUpdate.`;
  }
  return undefined;
}
