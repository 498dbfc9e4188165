/** What a report says of one endpoint, and of the keys of a table. Pure. */
import { confirmTimeoutMs } from '../../core/session/confirmation.ts';
import type { EndpointReport, KeyRingReport } from '../../wire/messages.ts';
import type { RoutingTable, SessionLimits } from '../../wire/routing-table.ts';
import { sameJson } from '../../wire/same-json.ts';
import type { EndpointSlot } from '../sessions/endpoint-slots.ts';

/** The counts of an endpoint in one of the backends that have or had it. */
export type EndpointCount = Pick<
  EndpointSlot,
  'sessions' | 'unconfirmed' | 'starting' | 'startingConfirmed' | 'open' | 'lastSeenS' | 'unconfirmedSeenS'
> & { backend: { limits: SessionLimits } };

/** A pod of several backends has one entry, with the sum of its counts. */
export function reportEndpoint(uid: string, counts: readonly EndpointCount[], nowMs: number): EndpointReport {
  let sum: EndpointReport = { uid, sessions: 0, expiresAtMs: 0 };
  for (const count of counts) sum = add(sum, count, nowMs);
  return sum;
}

// A request in flight counts as a session, whether or not it starts one: the pod must not stop before its response.
const sessionsOf = ({ sessions, unconfirmed, starting }: EndpointCount): number => sessions + unconfirmed + starting;
const unconfirmedOf = ({ unconfirmed, starting, startingConfirmed }: EndpointCount): number =>
  unconfirmed + starting - startingConfirmed;
const isInUse = ({ open, starting }: EndpointCount): boolean => open > 0 || starting > 0;

function add(sum: EndpointReport, count: EndpointCount, nowMs: number): EndpointReport {
  const { limits } = count.backend;
  const sessions = sessionsOf(count);
  if (sessions === 0) return sum;
  const lastsUntil = (seenS: number, timeoutMs: number) =>
    roundUp((isInUse(count) ? nowMs : seenS * 1000) + timeoutMs, stepOf(timeoutMs));
  const before = sum.unconfirmed ?? { sessions: 0, expiresAtMs: 0 };
  const untilMs = unconfirmedOf(count) > 0 ? lastsUntil(count.unconfirmedSeenS, confirmTimeoutMs(limits)) : 0;
  const unconfirmed = {
    sessions: before.sessions + unconfirmedOf(count),
    expiresAtMs: Math.max(before.expiresAtMs, untilMs),
  };
  const lastUntilMs = sessions > unconfirmedOf(count) ? lastsUntil(count.lastSeenS, limits.idleTimeoutMs) : untilMs;
  return {
    uid: sum.uid,
    sessions: sum.sessions + sessions,
    expiresAtMs: Math.max(sum.expiresAtMs, lastUntilMs),
    ...(unconfirmed.sessions > 0 && { unconfirmed }),
  };
}

/** Returns how long the entry stays as it is while no count changes: the times of an endpoint in use are later with each step. */
export function unchangedUntilMs(counts: readonly EndpointCount[], nowMs: number): number {
  let untilMs = Number.POSITIVE_INFINITY;
  for (const count of counts) {
    if (!isInUse(count)) continue;
    const { limits } = count.backend;
    if (unconfirmedOf(count) > 0) untilMs = Math.min(untilMs, stepEndMs(nowMs, confirmTimeoutMs(limits)));
    if (sessionsOf(count) > unconfirmedOf(count)) untilMs = Math.min(untilMs, stepEndMs(nowMs, limits.idleTimeoutMs));
  }
  return untilMs;
}

/**
 * Times are rounded up to a sixteenth of the timeout: otherwise each request would change them, and with them the report of its pod. They
 * matter only for the sessions of a proxy that is gone.
 */
const stepOf = (timeoutMs: number): number => timeoutMs / 16;

const roundUp = (timeMs: number, stepMs: number): number =>
  stepMs >= 1 ? Math.ceil(timeMs / stepMs) * stepMs : timeMs;

const stepEndMs = (nowMs: number, timeoutMs: number): number =>
  roundUp(nowMs + timeoutMs, stepOf(timeoutMs)) - timeoutMs;

/** Returns the same object while the key rings are the same. */
export function createReportedKeyRings(): (table: RoutingTable) => Record<string, KeyRingReport> {
  let known: Record<string, KeyRingReport> = {};
  let of: RoutingTable['backends'] = {};
  return ({ backends }) => {
    if (!sameKeyRings(backends, of)) {
      const next = reportKeyRings(backends);
      if (!sameJson(known, next)) known = next;
    }
    of = backends;
    return known;
  };
}

/** Parts of tables that are equal are the same objects. */
function sameKeyRings(backends: RoutingTable['backends'], before: RoutingTable['backends']): boolean {
  if (backends === before) return true;
  const keys = Object.keys(backends);
  const isSame = (key: string) => backends[key]?.sessions?.keyRing === before[key]?.sessions?.keyRing;
  return keys.length === Object.keys(before).length && keys.every(isSame);
}

/** Key ids only: secrets are sent from the operator to proxies, never back. */
function reportKeyRings(backends: RoutingTable['backends']): Record<string, KeyRingReport> {
  return Object.fromEntries(
    Object.entries(backends).flatMap(([key, { sessions }]) =>
      sessions
        ? [[key, { current: sessions.keyRing.current, ids: sessions.keyRing.keys.map(({ id }) => id) }] as const]
        : [],
    ),
  );
}
