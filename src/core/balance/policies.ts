/** The policies of `loadBalancing.policy`: which of the endpoints that may take a session gets it. */
import type { BalancingPolicy } from '../../wire/routing-table.ts';
import type { Target } from './target.ts';

/** `random`: at least 0, below 1. `previousUid`: pod that was chosen last; undefined before the first choice. */
export type Choosing = { random: () => number; previousUid: string | undefined };

type Policy = <T extends Target>(targets: readonly T[], choosing: Choosing) => T | undefined;

/** Undefined only where there is no target. */
export const pickTarget = <T extends Target>(
  policy: BalancingPolicy,
  targets: readonly T[],
  choosing: Choosing,
): T | undefined => policies[policy](targets, choosing);

const policies: Record<BalancingPolicy, Policy> = {
  LeastSessions: (targets, { random }) => pickLeast(targets, ({ sessions, starting }) => sessions + starting, random),
  // Idle sessions cost an app memory, not time: here only what it works on counts.
  LeastRequests: (targets, { random }) => pickLeast(targets, ({ open, starting }) => open + starting, random),
  Random: (targets, { random }) => pickAny(targets, random),
  RoundRobin: pickNext,
};

/** Ties fall to chance, so that several proxies that know the same do not all choose the same pod. */
function pickLeast<T extends Target>(
  targets: readonly T[],
  weigh: (target: Target) => number,
  random: () => number,
): T | undefined {
  let best: T | undefined;
  let bestWeight = Number.POSITIVE_INFINITY;
  let ties = 0;
  for (const target of targets) {
    const weight = weigh(target);
    if (weight > bestWeight) continue;
    ties = weight < bestWeight ? 1 : ties + 1;
    // The n-th of equals replaces the one before with chance 1/n: all are equally likely after one pass.
    if (ties === 1 || random() * ties < 1) best = target;
    bestWeight = weight;
  }
  return best;
}

const pickAny = <T>(targets: readonly T[], random: () => number): T | undefined =>
  targets[Math.floor(random() * targets.length)];

/**
 * The next one by UID, and after the last one the first: by name and not by number, so that pods which come and go cause no pod to be skipped.
 * The first choice falls to chance, or every proxy that starts would begin with the same pod.
 */
function pickNext<T extends Target>(targets: readonly T[], { random, previousUid }: Choosing): T | undefined {
  if (previousUid === undefined) return pickAny(targets, random);
  let first: T | undefined;
  let next: T | undefined;
  for (const target of targets) {
    const { uid } = target.endpoint;
    if (first === undefined || uid < first.endpoint.uid) first = target;
    if (uid > previousUid && (next === undefined || uid < next.endpoint.uid)) next = target;
  }
  return next ?? first;
}
