/**
 * Debug pages of the proxy: the table by which it routes, and the sessions that it counts. Keys and session ids are secrets, because
 * anyone who has them can take over a session: they are not shown.
 */
import type { Express } from 'express';
import type { Backend, Endpoint, RoutingTable } from '../../wire/routing-table.ts';
import type { EndpointSlot } from '../sessions/endpoint-slots.ts';
import type { SessionTable } from '../sessions/session-table.ts';

type DebugPorts = {
  table: () => RoutingTable | undefined;
  sessions: Pick<SessionTable, 'list'>;
  /** Of the endpoint of a backend. */
  slotOf: (backendKey: string, endpointId: string) => EndpointSlot | undefined;
};

export function addDebugPages(app: Express, { table, ...ports }: DebugPorts): Express {
  app.get('/debug/table', (_request, response) => {
    const current = table();
    if (current === undefined) response.status(503).type('text/plain').send('no routing table yet\n');
    else response.json(redactTable(current));
  });
  app.get('/debug/sessions', (request, response) => {
    const current = table();
    const { endpoint } = request.query;
    if (current === undefined) response.status(503).type('text/plain').send('no routing table yet\n');
    else {
      response.json({
        endpoints: describeSessions(current, ports, typeof endpoint === 'string' ? endpoint : undefined),
      });
    }
  });
  return app;
}

const redacted = '[redacted]';

function redactTable({ backends, certificates = {}, ...table }: RoutingTable): RoutingTable {
  return {
    ...table,
    backends: mapValues(backends, redactBackend),
    certificates: mapValues(certificates, ({ chain }) => ({ chain, key: redacted })),
  };
}

function redactBackend({ sessions, ...backend }: Backend): Backend {
  if (sessions === undefined) return backend;
  const { keyRing } = sessions;
  const keys = keyRing.keys.map(({ id }) => ({ id, secret: redacted }));
  return { ...backend, sessions: { ...sessions, keyRing: { ...keyRing, keys } } };
}

const mapValues = <T>(values: Record<string, T>, change: (value: T) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));

type EndpointSessions = {
  backend: string;
  uid: string;
  pod: string;
  state: Endpoint['state'];
  sessions: number;
  unconfirmed: number;
  starting: number;
  openRequests: number;
  /** The first hundred sessions; only if one endpoint was requested. */
  first?: { openRequests: number; begunAt: string; lastSeenAt: string; confirmed: boolean }[];
};

const maxSessions = 100;

/** `wanted`: a pod's name, UID or endpoint id; undefined: all endpoints. */
function describeSessions(
  table: RoutingTable,
  { sessions, slotOf }: Omit<DebugPorts, 'table'>,
  wanted?: string,
): EndpointSessions[] {
  const endpoints = Object.values(table.backends).flatMap((backend) =>
    backend.endpoints.map((endpoint) => ({ ...endpoint, backend: backend.key })),
  );
  const isWanted = ({ uid, id, pod }: Endpoint) => wanted === undefined || [uid, id, pod].includes(wanted);
  return endpoints.filter(isWanted).map(({ uid, pod, state, id, backend }) => {
    const slot = slotOf(backend, id);
    const counts = {
      backend,
      uid,
      pod,
      state,
      sessions: slot?.sessions ?? 0,
      unconfirmed: slot?.unconfirmed ?? 0,
      starting: slot?.starting ?? 0,
      openRequests: slot?.open ?? 0,
    };
    if (wanted === undefined || slot === undefined) return counts;
    return { ...counts, first: sessions.list(slot, maxSessions).map(describeSession) };
  });
}

const describeSession = ({ open, issuedAtS, lastSeenS, unconfirmed }: ReturnType<SessionTable['list']>[number]) => ({
  openRequests: open,
  begunAt: isoDate(issuedAtS),
  lastSeenAt: isoDate(lastSeenS),
  confirmed: !unconfirmed,
});
const isoDate = (seconds: number) => new Date(seconds * 1000).toISOString();
