/** What the debug pages show. Keys and session ids are secrets: anyone who has them can take over a session. */
import type { Endpoint, RoutingTable } from '../../wire/routing-table.ts';
import type { SessionTable } from '../sessions/session-table.ts';

export function redactTable(table: RoutingTable): RoutingTable {
  const backends = Object.entries(table.backends).map(([key, backend]) => {
    const keys = backend.keyRing.keys.map(({ id }) => ({ id, secret: '[redacted]' }));
    return [key, { ...backend, keyRing: { ...backend.keyRing, keys } }];
  });
  return { ...table, backends: Object.fromEntries(backends) };
}

export type EndpointSessions = {
  uid: string;
  pod: string;
  state: Endpoint['state'];
  sessions: number;
  starting: number;
  openRequests: number;
  /** Only where one endpoint was asked for: the first hundred. */
  first?: { openRequests: number; begunAt: string; lastSeenAt: string }[];
};

const shown = 100;

/** `wanted`: a pod's name, UID or endpoint id; all endpoints where it is undefined. */
export function describeSessions(
  table: RoutingTable,
  sessions: Pick<SessionTable, 'slots' | 'list'>,
  wanted?: string,
): EndpointSessions[] {
  const endpoints = Object.values(table.backends).flatMap((backend) => backend.endpoints);
  const isWanted = ({ uid, id, pod }: Endpoint) => wanted === undefined || [uid, id, pod].includes(wanted);
  return endpoints.filter(isWanted).map(({ uid, pod, state, id }) => {
    const slot = sessions.slots.byId(id);
    const counts = {
      uid,
      pod,
      state,
      sessions: slot?.sessions ?? 0,
      starting: slot?.starting ?? 0,
      openRequests: slot?.open ?? 0,
    };
    if (wanted === undefined || slot === undefined) return counts;
    return { ...counts, first: sessions.list(slot, shown).map(describeSession) };
  });
}

const describeSession = ({ open, issuedAtS, lastSeenS }: ReturnType<SessionTable['list']>[number]) => ({
  openRequests: open,
  begunAt: isoDate(issuedAtS),
  lastSeenAt: isoDate(lastSeenS),
});
const isoDate = (seconds: number) => new Date(seconds * 1000).toISOString();
