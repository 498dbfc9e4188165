/**
 * Session handover at shutdown: a proxy that shuts down gracefully passes its sessions to another proxy, its successor, which counts them
 * from then on. Without it, the operator would count the last report until the idle timeout of its sessions, and hold their pods, although
 * the sessions may have ended through other proxies long before.
 *
 *     no new connections ─► requests finished ─► handover ─► operator ─► successor counts the sessions ─► its reports name its predecessor
 *                                                                                                        ─► the operator drops the
 *                                                                                                           predecessor's last report
 *
 * Every step that fails leaves the count too high, never too low.
 */
import { maxHandedSessions, type HandedSession } from '../../wire/messages.ts';
import type { RoutingTable } from '../../wire/routing-table.ts';
import { inTable } from './endpoint-slots.ts';
import { formatSessionId, parseSessionId } from './session-ids.ts';
import type { SessionTable } from './session-table.ts';

/** Returns the sessions to hand over: all that were reported. Undefined if they are too many. */
export function listHandedSessions(
  sessions: Pick<SessionTable, 'size' | 'all' | 'slots'>,
): HandedSession[] | undefined {
  if (sessions.size() > maxHandedSessions) return undefined;
  return Array.from(sessions.all()).flatMap(({ slot, lastSeenS, issuedAtS, unconfirmed, ...id }) => {
    if (inTable(sessions.slots.ofEndpoint(slot.endpoint.id)) === undefined) return [];
    const { endpoint, backend } = slot;
    const session = { id: formatSessionId(id), endpoint: endpoint.id, backend: backend.id, lastSeenS, issuedAtS };
    return [unconfirmed ? { ...session, unconfirmed: true } : session];
  });
}

/** `pastLag`: a pod that is not in the table was deleted, because the table is certainly newer than the handover. */
export type HandoverPorts = {
  sessions: Pick<SessionTable, 'slots' | 'adopt'>;
  table: RoutingTable;
  hasEnded: (id: string) => boolean;
  pastLag: boolean;
};

/**
 * Counts handed sessions here, except those that have ended meanwhile. Returns false, and counts none, if one is on a pod that is not in
 * this proxy's table yet.
 */
export function adoptSessions(
  handed: readonly HandedSession[],
  { sessions, table, hasEnded, pastLag }: HandoverPorts,
): boolean {
  const removedEndpoints = new Set(
    Object.values(table.backends).flatMap((backend) => backend.removedEndpoints.map(({ id }) => id)),
  );
  const isUnknown = ({ endpoint }: HandedSession) =>
    sessions.slots.ofEndpoint(endpoint).length === 0 && !removedEndpoints.has(endpoint);
  if (!pastLag && handed.some(isUnknown)) return false;
  for (const { id, endpoint, backend, lastSeenS, issuedAtS, unconfirmed = false } of handed) {
    const slots = sessions.slots.ofEndpoint(endpoint);
    // A pod that moved to another backend is still the pod of its sessions.
    const slot = slots.find((one) => one.backend.id === backend) ?? inTable(slots);
    if (slot === undefined || hasEnded(id)) continue;
    sessions.adopt({ ...parseSessionId(id), issuedAtS }, slot, { lastSeenS, unconfirmed });
  }
  return true;
}
