/**
 * A proxy that shuts down gracefully leaves its sessions to another one, its successor, which counts them from then on. Without that the
 * operator would count what it reported last until those sessions' idle timeout, and hold their pods, although they have long ended
 * through other proxies.
 *
 *     shutting down: no new connections ──► requests finished ──► handover ──► operator ──► successor counts them ──► names this proxy
 *                                                                                           in its reports ──► the operator drops what
 *                                                                                           this proxy reported
 *
 * Every step that fails leaves the count too high, never too low.
 */
import { maxHandedSessions, type HandedSession } from '../../wire/messages.ts';
import type { RoutingTable } from '../../wire/routing-table.ts';
import { formatSessionId, parseSessionId } from './session-ids.ts';
import type { SessionTable } from './session-table.ts';

/** Returns what this proxy has reported and still counts. Undefined where it exceeds `maxHandedSessions`. */
export function listHandedSessions(sessions: Pick<SessionTable, 'size' | 'all'>): HandedSession[] | undefined {
  if (sessions.size() > maxHandedSessions) return undefined;
  return Array.from(sessions.all()).flatMap(({ slot, lastSeenS, issuedAtS, ...id }) =>
    slot.inTable ? [{ id: formatSessionId(id), endpoint: slot.endpoint.id, lastSeenS, issuedAtS }] : [],
  );
}

/** `pastLag`: a pod that the table lacks has been deleted, because the table is certainly newer than the handover. */
export type Inheritance = {
  sessions: Pick<SessionTable, 'slots' | 'inherit'>;
  table: RoutingTable;
  hasEnded: (id: string) => boolean;
  pastLag: boolean;
};

/** Counts handed sessions here, except those that have ended meanwhile. `false`, and none is counted: the table lacks a pod of theirs. */
export function inheritSessions(
  handed: readonly HandedSession[],
  { sessions, table, hasEnded, pastLag }: Inheritance,
): boolean {
  const removedEndpoints = new Set(
    Object.values(table.backends).flatMap((backend) => backend.removedEndpoints.map(({ id }) => id)),
  );
  const unknown = handed.some(
    ({ endpoint }) => sessions.slots.byId(endpoint) === undefined && !removedEndpoints.has(endpoint),
  );
  if (unknown && !pastLag) return false;
  for (const { id, endpoint, lastSeenS, issuedAtS } of handed) {
    const slot = sessions.slots.byId(endpoint);
    if (slot !== undefined && !hasEnded(id)) sessions.inherit({ ...parseSessionId(id), issuedAtS }, slot, lastSeenS);
  }
  return true;
}
