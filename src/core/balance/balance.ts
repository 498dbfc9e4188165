/** Where a new session goes: the order of the backends, which endpoints of a backend are eligible, and which of them gets the session. */
import type { BalancingPolicy, Endpoint } from '../../wire/routing-table.ts';

/** An endpoint with what this proxy counts there. */
export type EndpointLoad = {
  readonly endpoint: Endpoint;
  /** Confirmed sessions. */
  readonly sessions: number;
  /** Sessions whose client has not returned yet. */
  readonly unconfirmed: number;
  /** Requests without a session that have no response yet: most start one. */
  readonly starting: number;
  /** Those of `starting` that start a confirmed session. */
  readonly startingConfirmed: number;
  /** Open requests and streams of its sessions. */
  readonly open: number;
  /** What other processes of this proxy count there in addition. */
  readonly elsewhere?: LoadElsewhere | undefined;
  /** It refused a connection and is ejected until this time, Unix ms; 0 if it is not ejected. */
  readonly ejectedUntilMs: number;
};

/** `confirmed`: of `sessions`, with those that are about to start; `requests`: open ones, with those that are about to start a session. */
export type LoadElsewhere = { readonly sessions: number; readonly confirmed: number; readonly requests: number };

/**
 * Returns all backends with a weight above 0, in the order in which to try them: each is drawn by weight from the remaining ones.
 * If the first one accepts the session, which is the normal case, new sessions are distributed by weight.
 */
export function orderByWeight<T extends { weight: number }>(refs: readonly T[], random: () => number): T[] {
  const left = refs.filter(({ weight }) => weight > 0);
  const ordered: T[] = [];
  for (let drawn = draw(left, random); drawn !== undefined; drawn = draw(left, random)) ordered.push(drawn);
  return ordered;
}

/** Removes one backend and returns it. */
function draw<T extends { weight: number }>(refs: T[], random: () => number): T | undefined {
  return refs.length <= 1 ? refs.pop() : refs.splice(drawIndex(refs, random), 1)[0];
}

/** Returns one of some backends, whose weights are all above 0. */
export const drawByWeight = <T extends { weight: number }>(refs: readonly T[], random: () => number): T | undefined =>
  refs.length <= 1 ? refs[0] : refs.at(drawIndex(refs, random));

/** Rounding may put the point at the very end: then findIndex returns -1, which is the last one. */
function drawIndex(refs: readonly { weight: number }[], random: () => number): number {
  const total = refs.reduce((sum, { weight }) => sum + weight, 0);
  let point = random() * total;
  return refs.findIndex(({ weight }) => (point -= weight) < 0);
}

export type Eligibility = {
  nowMs: number;
  /**
   * An endpoint with this many confirmed sessions, including those about to start, gets no more; undefined: no limit. Unconfirmed ones do
   * not count: one visitor that never returns could otherwise use up every place.
   */
  maxSessions: number | undefined;
  /** Ids of endpoints that have refused this request. */
  tried: readonly string[];
};

/** `AllFull`: every accepting endpoint has its maximum of sessions. */
export type NoneReason = 'NoEndpointAccepting' | 'AllFull';

export type Eligible<T> = { kind: 'some'; endpoints: readonly T[] } | { kind: 'none'; reason: NoneReason };

/**
 * Returns the endpoints that are accepting, not full and not tried; a Pending or Draining endpoint is never eligible. An ejected
 * endpoint, or one whose node is lost, is skipped while there is another: it has the fewest sessions, so each new client would wait for it first. If there is
 * no other, it is tried, because it may have recovered.
 */
export function eligibleEndpoints<T extends EndpointLoad>(
  endpoints: readonly T[],
  { nowMs, maxSessions = Number.POSITIVE_INFINITY, tried }: Eligibility,
): Eligible<T> {
  let accepting = 0;
  const reachable: T[] = [];
  const ejected: T[] = [];
  // One pass: a backend may have thousands of pods, and each request of a client without a cookie runs this.
  for (const candidate of endpoints) {
    const { endpoint, ejectedUntilMs } = candidate;
    if (endpoint.state !== 'Accepting' || tried.includes(endpoint.id)) continue;
    accepting += 1;
    if (confirmedAt(candidate) >= maxSessions) continue;
    (ejectedUntilMs <= nowMs && endpoint.nodeLost !== true ? reachable : ejected).push(candidate);
  }
  if (accepting === 0) return { kind: 'none', reason: 'NoEndpointAccepting' };
  if (reachable.length + ejected.length === 0) return { kind: 'none', reason: 'AllFull' };
  return { kind: 'some', endpoints: reachable.length > 0 ? reachable : ejected };
}

const confirmedAt = ({ sessions, startingConfirmed, elsewhere }: EndpointLoad): number =>
  sessions + startingConfirmed + (elsewhere?.confirmed ?? 0);

/** `random`: at least 0, below 1. `previousUid`: the pod of the last choice; undefined before the first one. */
export type Choosing = { random: () => number; previousUid: string | undefined };

type Policy = <T extends EndpointLoad>(endpoints: readonly T[], choosing: Choosing) => T | undefined;

/** Returns the endpoint that the policy picks; undefined only if there is none. */
export const pickEndpoint = <T extends EndpointLoad>(
  policy: BalancingPolicy,
  endpoints: readonly T[],
  choosing: Choosing,
): T | undefined => policies[policy](endpoints, choosing);

const policies: Record<BalancingPolicy, Policy> = {
  LeastSessions: (endpoints, { random }) =>
    pickLeast(
      endpoints,
      ({ sessions, unconfirmed, starting, elsewhere }) =>
        sessions + unconfirmed + starting + (elsewhere?.sessions ?? 0),
      random,
    ),
  // Idle sessions cost an app memory, not time: here only open requests count.
  LeastRequests: (endpoints, { random }) =>
    pickLeast(endpoints, ({ open, starting, elsewhere }) => open + starting + (elsewhere?.requests ?? 0), random),
  Random: (endpoints, { random }) => pickAny(endpoints, random),
  RoundRobin: pickNext,
};

/** Ties are broken at random, so that proxies with the same counts do not all pick the same pod. */
function pickLeast<T extends EndpointLoad>(
  endpoints: readonly T[],
  weigh: (endpoint: EndpointLoad) => number,
  random: () => number,
): T | undefined {
  let best: T | undefined;
  let bestWeight = Number.POSITIVE_INFINITY;
  let ties = 0;
  for (const candidate of endpoints) {
    const weight = weigh(candidate);
    if (weight > bestWeight) continue;
    ties = weight < bestWeight ? 1 : ties + 1;
    // The n-th of equals replaces the previous one with probability 1/n: after one pass all are equally likely.
    if (ties === 1 || random() * ties < 1) best = candidate;
    bestWeight = weight;
  }
  return best;
}

const pickAny = <T>(endpoints: readonly T[], random: () => number): T | undefined =>
  endpoints[Math.floor(random() * endpoints.length)];

/**
 * Returns the next endpoint by UID, and after the last one the first: by UID and not by index, so that no pod is skipped when others are
 * created or deleted. The first choice is random, or every proxy that starts would begin with the same pod.
 */
function pickNext<T extends EndpointLoad>(endpoints: readonly T[], { random, previousUid }: Choosing): T | undefined {
  if (previousUid === undefined) return pickAny(endpoints, random);
  let first: T | undefined;
  let next: T | undefined;
  for (const candidate of endpoints) {
    const { uid } = candidate.endpoint;
    if (first === undefined || uid < first.endpoint.uid) first = candidate;
    if (uid > previousUid && (next === undefined || uid < next.endpoint.uid)) next = candidate;
  }
  return next ?? first;
}
