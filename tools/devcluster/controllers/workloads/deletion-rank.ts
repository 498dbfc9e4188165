/**
 * Which pods a ReplicaSet deletes first: the order of kube-controller-manager (ActivePodsWithRanks.Less), rule after rule, without the rule about
 * crowded nodes: there is one node. The first rule that finds a difference decides.
 */
import type { Pod } from '../objects.ts';
import { isReady, readySinceMs } from '../pods.ts';

/** Negative: the first is deleted before the second. 0: the rule finds no difference. */
type Rule = (a: Pod, b: Pod) => number;

const nodeOf = (pod: Pod): string => pod.spec.nodeName ?? '';
const phaseOrder = ['Pending', 'Unknown', 'Running'];
const phaseOf = (pod: Pod): number => phaseOrder.indexOf(pod.status?.phase ?? 'Pending');
const restartsOf = (pod: Pod): number =>
  Math.max(0, ...(pod.status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));
const createdMs = ({ metadata }: Pod): number | undefined =>
  metadata.creationTimestamp === undefined ? undefined : Date.parse(metadata.creationTimestamp);

/** An annotation that is not an int32 counts as 0. */
export function deletionCost({ metadata }: Pod): number {
  const text = metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? '';
  const cost = /^(0|-?[1-9]\d*)$/.test(text) ? Number(text) : 0;
  return Math.abs(cost + 0.5) < 2 ** 31 ? cost : 0;
}

/** Returns the pods in the order of their deletion. */
export function rankForDeletion(pods: readonly Pod[], nowMs: number): Pod[] {
  const rules: Rule[] = [
    (a, b) => Number(nodeOf(a) !== '') - Number(nodeOf(b) !== ''),
    (a, b) => phaseOf(a) - phaseOf(b),
    (a, b) => Number(isReady(a)) - Number(isReady(b)),
    (a, b) => deletionCost(a) - deletionCost(b),
    (a, b) =>
      isReady(a) && isReady(b)
        ? compareAges({ pod: a, sinceMs: readySinceMs(a) }, { pod: b, sinceMs: readySinceMs(b) }, nowMs)
        : 0,
    (a, b) => restartsOf(b) - restartsOf(a),
    (a, b) => compareAges({ pod: a, sinceMs: createdMs(a) }, { pod: b, sinceMs: createdMs(b) }, nowMs),
  ];
  return pods.toSorted((a, b) => rules.map((rule) => rule(a, b)).find((difference) => difference !== 0) ?? 0);
}

type Age = { pod: Pod; sinceMs: number | undefined };

/**
 * KEP-2185: ages are compared in buckets that double, and within a bucket the UID decides, so that the newest are not always deleted first.
 * A missing time counts as newest.
 */
function compareAges(a: Age, b: Age, nowMs: number): number {
  if (a.sinceMs === b.sinceMs) return 0;
  if (a.sinceMs === undefined) return -1;
  if (b.sinceMs === undefined) return 1;
  const difference = ageBucket(nowMs - a.sinceMs) - ageBucket(nowMs - b.sinceMs);
  if (difference !== 0) return difference;
  return (a.pod.metadata.uid ?? '') < (b.pod.metadata.uid ?? '') ? -1 : 1;
}

/** Powers of two of nanoseconds, as in Kubernetes: the unit decides where the bucket limits are. */
const ageBucket = (ageMs: number): number => (ageMs > 0 ? Math.floor(Math.log2(ageMs * 1e6)) : -1);
