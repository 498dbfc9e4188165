/** How many pods a PodDisruptionBudget lets go. Pure. */
import { withCondition } from '../conditions.ts';
import { resolveCount } from '../int-or-percent.ts';
import type { Condition, DisruptionBudget, DisruptionBudgetStatus, Pod } from '../objects.ts';
import { isReady, isTerminating } from '../pods.ts';

export type DisruptionSnapshot = {
  budget: DisruptionBudget;
  /** All that match its selector. */
  pods: readonly Pod[];
  /** What the controllers of these pods want in total (their scale). */
  scale: number;
};

/** An eviction that has not become a deletion after this long is believed to have failed. */
const evictionPatienceMs = 120_000;

export type DisruptionPlan = { status: DisruptionBudgetStatus; nextExpiryMs: number | undefined };

export function decideDisruption({ budget, pods, scale }: DisruptionSnapshot, nowMs: number): DisruptionPlan {
  const evicted = pendingEvictions(budget, pods, nowMs);
  // Who is leaving is not healthy, although it may serve for long.
  const healthy = pods.filter((pod) => !isTerminating(pod) && !evicted.has(pod.metadata.name) && isReady(pod)).length;
  const { expected, desired } = demand(budget, { pods: pods.length, scale });
  const allowed = expected <= 0 ? 0 : Math.max(0, healthy - desired);
  const generation = budget.metadata.generation === undefined ? {} : { observedGeneration: budget.metadata.generation };
  const condition: Condition = {
    type: 'DisruptionAllowed',
    status: allowed > 0 ? 'True' : 'False',
    reason: allowed > 0 ? 'SufficientPods' : 'InsufficientPods',
    message: '',
    ...generation,
  };
  const times = [...evicted.values()].map((time) => Date.parse(time) + evictionPatienceMs);
  return {
    status: {
      ...generation,
      ...(evicted.size === 0 ? {} : { disruptedPods: Object.fromEntries(evicted) }),
      disruptionsAllowed: allowed,
      currentHealthy: healthy,
      desiredHealthy: desired,
      expectedPods: expected,
      conditions: withCondition(budget.status?.conditions, condition, nowMs),
    },
    nextExpiryMs: times.length === 0 ? undefined : Math.min(...times),
  };
}

/** Percentages are rounded up, for both: that is on the safe side for `minAvailable` only, and documented so. */
function demand(
  { spec }: DisruptionBudget,
  count: { pods: number; scale: number },
): { expected: number; desired: number } {
  const { minAvailable, maxUnavailable } = spec;
  if (maxUnavailable !== undefined) {
    return {
      expected: count.scale,
      desired: Math.max(0, count.scale - resolveCount(maxUnavailable, count.scale, 'up')),
    };
  }
  if (typeof minAvailable === 'string') {
    return { expected: count.scale, desired: resolveCount(minAvailable, count.scale, 'up') };
  }
  return { expected: count.pods, desired: minAvailable ?? 0 };
}

/** Pods whose eviction was granted and that are not being deleted yet: the eviction endpoint notes them before it deletes. */
function pendingEvictions({ status }: DisruptionBudget, pods: readonly Pod[], nowMs: number): Map<string, string> {
  const here = new Set(pods.filter((pod) => !isTerminating(pod)).map(({ metadata }) => metadata.name));
  const noted = Object.entries(status?.disruptedPods ?? {});
  return new Map(noted.filter(([name, time]) => here.has(name) && Date.parse(time) + evictionPatienceMs > nowMs));
}
