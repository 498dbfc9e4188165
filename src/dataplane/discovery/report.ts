/** The proxy's report to the operator: every endpoint of the table by which it routes, and its counts there. Pure. */
import { confirmTimeoutMs } from '../../core/session/confirmation.ts';
import type { CarrierConflict, EndpointReport, KeyRingReport, Report } from '../../wire/messages.ts';
import type { Endpoint, RoutingTable, SessionLimits } from '../../wire/routing-table.ts';
import type { EndpointSlot } from '../sessions/endpoint-slots.ts';

export type EndpointCount = Pick<
  EndpointSlot,
  'sessions' | 'unconfirmed' | 'starting' | 'startingConfirmed' | 'open' | 'lastSeenS' | 'unconfirmedSeenS'
> & { backend: { limits: SessionLimits } };

/** Returns the counts of an endpoint, one for each backend that has or had it. */
export type Counts = (endpointId: string) => readonly EndpointCount[];

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
  const endpoints = new Map<string, EndpointReport>();
  for (const { endpoints: ofBackend, sessions } of Object.values(table.backends)) {
    if (sessions !== undefined) for (const endpoint of ofBackend) report(endpoint, endpoints, { counts, nowMs });
  }
  return {
    startedAtMs,
    sequence,
    endpoints: [...endpoints.values()],
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

type Known = { counts: Counts; nowMs: number };

/** A pod of several backends has one entry, with the sum of its counts. */
function report({ uid, id, state }: Endpoint, reports: Map<string, EndpointReport>, { counts, nowMs }: Known): void {
  // No pod is held for the sessions of an absent one; they count again for the next pod of its name.
  if (state === 'Absent' || reports.has(uid)) return;
  let sum: EndpointReport = { uid, sessions: 0, expiresAtMs: 0 };
  for (const count of counts(id)) sum = add(sum, count, nowMs);
  reports.set(uid, sum);
}

function add(sum: EndpointReport, count: EndpointCount, nowMs: number): EndpointReport {
  const { limits } = count.backend;
  // A request in flight counts as a session, whether or not it starts one: the pod must not stop before its response.
  const sessions = count.sessions + count.unconfirmed + count.starting;
  if (sessions === 0) return sum;
  const isInUse = count.open > 0 || count.starting > 0;
  const lastsUntil = (seenS: number, timeoutMs: number) =>
    roundUp((isInUse ? nowMs : seenS * 1000) + timeoutMs, timeoutMs / stepsOfTimeout);
  const unconfirmed = {
    sessions: count.unconfirmed + count.starting - count.startingConfirmed + (sum.unconfirmed?.sessions ?? 0),
    expiresAtMs: Math.max(
      lastsUntil(count.unconfirmedSeenS, confirmTimeoutMs(limits)),
      sum.unconfirmed?.expiresAtMs ?? 0,
    ),
  };
  const isConfirmed = sessions > count.unconfirmed + count.starting - count.startingConfirmed;
  const expiresAtMs = isConfirmed ? lastsUntil(count.lastSeenS, limits.idleTimeoutMs) : unconfirmed.expiresAtMs;
  return {
    uid: sum.uid,
    sessions: sum.sessions + sessions,
    expiresAtMs: Math.max(sum.expiresAtMs, expiresAtMs),
    ...(unconfirmed.sessions > 0 && { unconfirmed }),
  };
}

/**
 * Times are rounded up to a sixteenth of the timeout: otherwise each request would change them, and with them the report of its pod. They
 * matter only for the sessions of a proxy that is gone.
 */
const stepsOfTimeout = 16;

const roundUp = (timeMs: number, stepMs: number): number =>
  stepMs >= 1 ? Math.ceil(timeMs / stepMs) * stepMs : timeMs;
