/** Where a new session goes: the order of the backends, which endpoints of a backend are eligible, and which of them gets the session. */
import type { BalancingPolicy, Endpoint } from '../../wire/routing-table.ts';

export type Target = {
  readonly endpoint: Endpoint;
  /** Live sessions. */
  readonly sessions: number;
  /** Requests that are about to begin a session. */
  readonly starting: number;
  /** Open requests and streams of its sessions. */
  readonly open: number;
  /** It refused a connection and is left alone until then, Unix ms; 0 while it does not. */
  readonly ejectedUntilMs: number;
};

/**
 * All backends with a weight above 0, in the order in which they are to be asked: each place is drawn by weight from those that are
 * left. Where the first one takes the session, which is the rule, the shares are those of the weights.
 */
export function orderByWeight<T extends { weight: number }>(refs: readonly T[], random: () => number): T[] {
  const left = refs.filter(({ weight }) => weight > 0);
  const ordered: T[] = [];
  for (let drawn = draw(left, random); drawn !== undefined; drawn = draw(left, random)) ordered.push(drawn);
  return ordered;
}

/** Takes one out. */
function draw<T extends { weight: number }>(refs: T[], random: () => number): T | undefined {
  if (refs.length <= 1) return refs.pop();
  const total = refs.reduce((sum, { weight }) => sum + weight, 0);
  let point = random() * total;
  const index = refs.findIndex(({ weight }) => (point -= weight) < 0);
  // Rounding may leave the point at the very end: that is the last one's.
  return refs.splice(index, 1)[0];
}

export type Eligibility = {
  nowMs: number;
  /** An endpoint with as many sessions, those about to begin included, gets no other one; undefined: no limit. */
  maxSessions: number | undefined;
  /** Ids of endpoints that refused this very request. */
  tried: readonly string[];
};

/** `AllFull`: some accept, and each of them has as many sessions as it may have. */
export type NoneReason = 'NoEndpointAccepting' | 'AllFull';

export type Eligible<T> = { kind: 'some'; targets: readonly T[] } | { kind: 'none'; reason: NoneReason };

/**
 * Accepting, not full, not tried: never one that is Pending or Draining, not even when nothing else is left. One that refused a
 * connection a moment ago is passed over as long as there is another: it looks like the emptiest of all, and each new client would
 * wait for it first. Where there is no other it gets its chance, because it may be back.
 */
export function eligibleTargets<T extends Target>(
  targets: readonly T[],
  { nowMs, maxSessions = Number.POSITIVE_INFINITY, tried }: Eligibility,
): Eligible<T> {
  let accepting = 0;
  const reachable: T[] = [];
  const avoided: T[] = [];
  // One pass: a backend may have thousands of pods, and a client without a cookie comes here with each of its requests.
  for (const target of targets) {
    const { endpoint, sessions, starting, ejectedUntilMs } = target;
    if (endpoint.state !== 'Accepting' || tried.includes(endpoint.id)) continue;
    accepting += 1;
    if (sessions + starting >= maxSessions) continue;
    (ejectedUntilMs <= nowMs ? reachable : avoided).push(target);
  }
  if (accepting === 0) return { kind: 'none', reason: 'NoEndpointAccepting' };
  if (reachable.length + avoided.length === 0) return { kind: 'none', reason: 'AllFull' };
  return { kind: 'some', targets: reachable.length > 0 ? reachable : avoided };
}

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
