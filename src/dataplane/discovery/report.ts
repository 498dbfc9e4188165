/** The proxy's report to the operator: every endpoint of the table by which it routes, and its counts there. Pure. */
import { confirmTimeoutMs } from '../../core/session/confirmation.ts';
import type { CarrierConflict, EndpointReport, KeyRingReport, Report } from '../../wire/messages.ts';
import type { Endpoint, RoutingTable, SessionLimits } from '../../wire/routing-table.ts';
import type { EndpointSlot } from '../sessions/endpoint-slots.ts';

export type EndpointCount = Pick<
  EndpointSlot,
  'sessions' | 'unconfirmed' | 'starting' | 'startingConfirmed' | 'open' | 'lastSeenS' | 'unconfirmedSeenS'
>;

export type Counts = (endpointId: string) => EndpointCount | undefined;

/**
 * `table` must be the one by which requests are currently routed: with the delta that a report acknowledges, the proxy confirms that it sends
 * no new session to the pods that drain in it, and such a pod may stop when the sessions of the same report are over.
 */
export function buildReport(
  table: RoutingTable,
  counts: Counts,
  at: Pick<Report, 'startedAtMs' | 'sequence' | 'ended' | 'seen'> & {
    successorOf?: Report['successorOf'] | undefined;
    conflicts?: CarrierConflict[];
    nowMs: number;
  },
): Report {
  const { startedAtMs, sequence, ended, seen, successorOf, conflicts = [], nowMs } = at;
  const endpoints = Object.values(table.backends).flatMap(({ endpoints, sessions }) =>
    sessions === undefined
      ? []
      : endpoints.flatMap((endpoint) =>
          reportEndpoint(endpoint, { count: counts(endpoint.id), limits: sessions.limits, nowMs }),
        ),
  );
  return {
    startedAtMs,
    sequence,
    endpoints,
    ended,
    seen,
    ...(successorOf && { successorOf }),
    keyRings: reportKeyRings(table),
    ...(conflicts.length > 0 && { conflicts }),
  };
}

/** Key ids only: secrets are sent from the operator to proxies, never back. */
function reportKeyRings({ backends }: RoutingTable): Record<string, KeyRingReport> {
  return Object.fromEntries(
    Object.entries(backends).flatMap(([key, { sessions }]) =>
      sessions
        ? [[key, { current: sessions.keyRing.current, ids: sessions.keyRing.keys.map(({ id }) => id) }] as const]
        : [],
    ),
  );
}

type Known = { count: EndpointCount | undefined; limits: SessionLimits; nowMs: number };

function reportEndpoint({ uid, state }: Endpoint, { count, limits, nowMs }: Known): EndpointReport[] {
  // No pod is held for the sessions of an absent one; they count again for the next pod of its name.
  if (state === 'Absent') return [];
  // A request in flight counts as a session, whether or not it starts one: the pod must not stop before its response.
  const sessions = count === undefined ? 0 : count.sessions + count.unconfirmed + count.starting;
  if (count === undefined || sessions === 0) return [{ uid, sessions: 0, expiresAtMs: nowMs }];
  const isInUse = count.open > 0 || count.starting > 0;
  const lastsUntil = (seenS: number, timeoutMs: number) => (isInUse ? nowMs : seenS * 1000) + timeoutMs;
  const unconfirmed = {
    sessions: count.unconfirmed + count.starting - count.startingConfirmed,
    expiresAtMs: lastsUntil(count.unconfirmedSeenS, confirmTimeoutMs(limits)),
  };
  const isConfirmed = sessions > unconfirmed.sessions;
  const expiresAtMs = isConfirmed ? lastsUntil(count.lastSeenS, limits.idleTimeoutMs) : unconfirmed.expiresAtMs;
  return [{ uid, sessions, expiresAtMs, ...(unconfirmed.sessions > 0 && { unconfirmed }) }];
}
