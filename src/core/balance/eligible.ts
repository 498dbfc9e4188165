/** Which endpoints may get a new session at all, before any policy has a say. */
import type { Target } from './target.ts';

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
