/**
 * A proxy that goes in good order leaves its sessions to another, which counts them from then on. Without that the operator would go on
 * counting what it reported last until those sessions' idle timeout, and hold their pods, though they ended long ago through others.
 *
 *     leaving: no new connections ──► requests over ──► handover ──► operator ──► heir: counts them ──► its reports say so ──► the operator
 *                                                                                                       drops what the other reported
 *
 * Every step that fails leaves the count too high, never too low.
 */
import { maxHandedSessions, type HandedSession, type ProxyProcess } from '../../wire/messages.ts';
import type { RoutingTable } from '../../wire/routing-table.ts';
import { formatSessionId, parseSessionId } from './session-ids.ts';
import type { SessionTable } from './session-table.ts';

/** What is to be handed over: all that was reported. Undefined where it is too much. */
export function listHandedSessions(sessions: Pick<SessionTable, 'size' | 'all'>): HandedSession[] | undefined {
  if (sessions.size() > maxHandedSessions) return undefined;
  return Array.from(sessions.all()).flatMap(({ slot, lastSeenS, issuedAtS, ...id }) =>
    slot.inTable ? [{ id: formatSessionId(id), endpoint: slot.endpoint.id, lastSeenS, issuedAtS }] : [],
  );
}

export type Inheritance = {
  sessions: Pick<SessionTable, 'slots' | 'inherit'>;
  table: RoutingTable;
  hasEnded: (id: string) => boolean;
};

/**
 * Counts handed sessions here, except those that were seen to end meanwhile. `false`, and nothing is counted: one is on a pod that this
 * proxy's table does not know yet.
 */
export function inheritSessions(handed: readonly HandedSession[], { sessions, table, hasEnded }: Inheritance): boolean {
  const removedEndpoints = new Set(
    Object.values(table.backends).flatMap((backend) => backend.removedEndpoints.map(({ id }) => id)),
  );
  const unknown = handed.some(
    ({ endpoint }) => sessions.slots.byId(endpoint) === undefined && !removedEndpoints.has(endpoint),
  );
  if (unknown) return false;
  for (const { id, endpoint, lastSeenS, issuedAtS } of handed) {
    const slot = sessions.slots.byId(endpoint);
    if (slot !== undefined && !hasEnded(id)) sessions.inherit({ ...parseSessionId(id), issuedAtS }, slot, lastSeenS);
  }
  return true;
}

/** How long an heir names whom it counts for: replicas of the operator that cannot be reached at the moment hear of it later. */
const namedForMs = 10 * 60_000;

export interface Inherited {
  add(process: ProxyProcess, nowMs: number): void;
  /** For the next report; undefined: none. */
  recent(nowMs: number): ProxyProcess[] | undefined;
}

export function createInherited(): Inherited {
  let known: (ProxyProcess & { sinceMs: number })[] = [];
  return {
    add({ uid, startedAtMs }, nowMs) {
      known.push({ uid, startedAtMs, sinceMs: nowMs });
    },
    recent(nowMs) {
      known = known.filter(({ sinceMs }) => nowMs - sinceMs <= namedForMs);
      return known.length === 0 ? undefined : known.map(({ uid, startedAtMs }) => ({ uid, startedAtMs }));
    },
  };
}
