/** The pods of a StickyWorkload as its status lists them. */
import type { SessionCount } from '../count/session-count.ts';
import type { EndpointStatus, StickyWorkloadStatus } from '../../api/status.ts';
import type { DrainLimits } from '../drain/state.ts';
import type { Pod, PodDeletion } from '../snapshot/snapshot.ts';
import type { Endpoint } from '../../wire/routing-table.ts';
import { formatTime } from '../names/format.ts';

export type SessionTotals = Required<NonNullable<StickyWorkloadStatus['sessions']>>;

/** `sessions`: by pod UID; the number of an absent pod is unknown, which is not zero. */
export type EndpointFacts = {
  endpoints: readonly Endpoint[];
  pods: readonly Pod[];
  sessions: ReadonlyMap<string, SessionCount>;
  previous: readonly EndpointStatus[];
  limits: DrainLimits;
  nowMs: number;
};

const rank: Record<EndpointStatus['state'], number> = { Draining: 0, Lost: 1, Drained: 2, Pending: 3, Accepting: 4 };

/** Returns all endpoints, the most important first: those that drain, then those that are not ready yet. */
export function describeEndpoints(facts: EndpointFacts): EndpointStatus[] {
  const pods = new Map(facts.pods.map((pod) => [pod.uid, pod]));
  const previous = new Map(facts.previous.map((endpoint) => [endpoint.uid, endpoint]));
  return facts.endpoints
    .flatMap((endpoint) =>
      describeEndpoint(endpoint, facts, { pod: pods.get(endpoint.uid), before: previous.get(endpoint.uid) }),
    )
    .toSorted(
      (one, other) =>
        rank[one.state] - rank[other.state] || compareText(one.pod, other.pod) || compareText(one.uid, other.uid),
    );
}

type EndpointContext = { pod: Pod | undefined; before: EndpointStatus | undefined };

function describeEndpoint(
  { uid, pod: name, state, reason }: Endpoint,
  facts: EndpointFacts,
  { pod, before }: EndpointContext,
): EndpointStatus[] {
  // It has no pod to list.
  if (state === 'Absent') return [];
  const sessions = facts.sessions.get(uid);
  const since = before?.state === state ? before.since : undefined;
  const status = {
    pod: name,
    uid,
    state,
    ...(reason !== undefined && { reason }),
    ...(sessions !== undefined && { sessions: sessions.confirmed, unconfirmedSessions: sessions.unconfirmed }),
    since: since ?? formatTime(facts.nowMs),
    ...(state === 'Draining' &&
      pod?.deletion && { deadline: formatTime(drainDeadlineMs(pod, pod.deletion, facts.limits)) }),
  };
  return [status];
}

/**
 * Returns when the sidecar releases the pod, as core/drain decides: at the drain timeout, or early enough for the app's margin.
 * The limits are those of the injection, whatever the spec is now. Without the sidecar nothing delays SIGTERM; the only certain
 * time is when the kubelet kills the containers.
 */
export function drainDeadlineMs(
  { injection, sidecar }: Pod,
  { killAtMs, graceSeconds }: PodDeletion,
  { drainTimeoutMs, shutdownMarginMs }: DrainLimits,
): number {
  if (!injection.injected) return killAtMs;
  const deletedAtMs = killAtMs - graceSeconds * 1000;
  const { drainTimeoutMs: timeoutMs = drainTimeoutMs, shutdownMarginMs: marginMs = shutdownMarginMs } = sidecar ?? {};
  return Math.min(deletedAtMs + timeoutMs, killAtMs - marginMs);
}

/** Returns the sessions that a pod waits for, confirmed or not; undefined while their number is unknown. */
export const heldSessions = ({ sessions, unconfirmedSessions = 0 }: EndpointStatus): number | undefined =>
  sessions === undefined ? undefined : sessions + unconfirmedSessions;

/** Returns the sessions on all endpoints, and those on draining ones; undefined if the number of one of them is unknown. */
export function countSessions(endpoints: readonly EndpointStatus[]): SessionTotals | undefined {
  const totals = { confirmed: 0, unconfirmed: 0, draining: 0 };
  for (const endpoint of endpoints) {
    const { state, sessions, unconfirmedSessions = 0 } = endpoint;
    if (sessions === undefined) return undefined;
    totals.confirmed += sessions;
    totals.unconfirmed += unconfirmedSessions;
    if (state === 'Draining') totals.draining += sessions + unconfirmedSessions;
  }
  return totals;
}

const compareText = (one: string, other: string): number => (one < other ? -1 : Number(one > other));
