/** Makes the routing table of a table file: names, ids, keys and defaults that the file leaves out are derived, the same at every proxy that has it. */
import type { TableBackend, TableFile } from '../../api/table-file.ts';
import { planRetry } from '../route/read-retry.ts';
import { planLimits, planPersistence } from '../resolve/plan-persistence.ts';
import { settingsOf } from '../resolve/proxy-parameters.ts';
import { sortRoutes } from '../routing/match.ts';
import { deriveRing } from '../session/derived-keys.ts';
import type {
  Backend,
  BackendSessions,
  Certificate,
  Endpoint,
  KeyRing,
  Listener,
  RemovedEndpoint,
  Route,
  RoutePersistence,
  RoutingTable,
} from '../../wire/routing-table.ts';
import { endpointIds } from './keys.ts';

/** `files`: the text of each file that `filesOf` names. */
export type TableInputs = { table: TableFile; keys: KeyRing; files: ReadonlyMap<string, string> };

/** `changesAtMs`: when the same inputs give another table, because the time of a draining server is over. */
export type ExpandedTable = { table: RoutingTable; changesAtMs: number };

/** What takes the place of a namespace, in metrics too. */
const namespace = 'standalone';

export function expandTable(inputs: TableInputs, nowMs: number): ExpandedTable {
  const { listeners, routes, backends } = inputs.table;
  const ends = Object.values(backends).flatMap(({ endpoints }) => endpoints.map(endOf));
  return {
    table: {
      gateway: { namespace, name: 'table' },
      proxy: settingsOf(inputs.table, []),
      listeners: listeners.map(expandListener),
      routes: sortRoutes([
        ...routes.flatMap((route, at) => expandRoute(route, `routes[${at}]`, inputs.table)),
        ...listeners.flatMap((listener, at) => expandRedirect(listener, `listeners[${at}]`)),
      ]),
      backends: Object.fromEntries(
        Object.entries(backends).map(([name, backend]) => [
          keyOf(name),
          expandBackend(name, backend, { inputs, nowMs }),
        ]),
      ),
      certificates: certificatesOf(inputs),
    },
    changesAtMs: Math.min(...ends.filter((end) => end > nowMs), Number.POSITIVE_INFINITY),
  };
}

const keyOf = (backend: string): string => `${namespace}/${backend}`;

type TableListener = TableFile['listeners'][number];

export const listenerName = ({ name, protocol, port, hostname }: TableListener): string =>
  name ?? [protocol.toLowerCase(), port, hostname].filter((part) => part !== undefined).join('-');

function expandListener(listener: TableListener): Listener {
  const { protocol, port, hostname, certificates = [] } = listener;
  const common = { name: listenerName(listener), port, ...(hostname !== undefined && { hostname }) };
  return protocol === 'HTTPS'
    ? { ...common, protocol, certificates: certificates.map(({ certificate }) => certificate) }
    : { ...common, protocol };
}

const certificatesOf = ({ table, files }: TableInputs): Record<string, Certificate> =>
  Object.fromEntries(
    table.listeners
      .flatMap(({ certificates = [] }) => certificates)
      .map(({ certificate, key }) => [certificate, { chain: files.get(certificate) ?? '', key: files.get(key) ?? '' }]),
  );

type TableRoute = TableFile['routes'][number];

/** Returns undefined for all of them. */
function listenersOf({ listeners: named }: TableRoute, listeners: readonly TableListener[]): string[] | undefined {
  const routed = listeners.filter(({ httpsRedirectPort }) => httpsRedirectPort === undefined);
  return named ?? (routed.length === listeners.length ? undefined : routed.map(listenerName));
}

function expandRedirect(listener: TableListener, at: string): Route[] {
  const { httpsRedirectPort: port } = listener;
  if (port === undefined) return [];
  return [
    {
      name: at,
      listeners: [listenerName(listener)],
      hostnames: [],
      match: { path: { type: 'PathPrefix', value: '/' } },
      filters: [{ type: 'RequestRedirect', scheme: 'https', port, statusCode: 301 }],
      backendRefs: [],
    },
  ];
}

/** `at`: the place in the file, which is the name in logs and metrics. */
function expandRoute(route: TableRoute, at: string, { listeners: all, backends }: TableFile): Route[] {
  const { hostnames = [], matches, backends: refs } = route;
  const retry = route.retry && planRetry(route.retry);
  const [first] = refs;
  const persistence = first && persistenceOf(first.name, backends);
  const listeners = listenersOf(route, all);
  return matches.map((match, index) => ({
    name: `${at}.matches[${index}]`,
    ...(listeners && { listeners }),
    hostnames,
    match,
    ...(retry && { retry }),
    backendRefs: refs.map(({ name, weight }) => ({ backend: keyOf(name), weight })),
    ...(persistence && { persistence }),
  }));
}

/** Returns undefined for a backend without sessions, and for one that the file does not have. */
export function persistenceOf(name: string, backends: TableFile['backends']): RoutePersistence | undefined {
  const backend = Object.hasOwn(backends, name) ? backends[name] : undefined;
  if (backend === undefined) return undefined;
  const { type, ...rest } = backend.sessionPersistence;
  return type === 'None' ? undefined : planPersistence(name, { type, ...rest });
}

type Moment = { inputs: TableInputs; nowMs: number };

function expandBackend(name: string, backend: TableBackend, { inputs: { keys }, nowMs }: Moment): Backend {
  const sessions = sessionsOf(name, backend, keys);
  const endpoints: Endpoint[] = [];
  const removedEndpoints: RemovedEndpoint[] = [];
  for (const endpoint of backend.endpoints) {
    const expanded = expandEndpoint(name, endpoint, keys);
    if (endOf(endpoint) > nowMs) endpoints.push(expanded);
    else removedEndpoints.push({ id: expanded.id, uid: expanded.uid, atMs: endOf(endpoint) });
  }
  return {
    key: keyOf(name),
    policy: backend.loadBalancing.policy,
    ...(sessions && { sessions }),
    endpoints: endpoints.toSorted((one, other) => (one.uid < other.uid ? -1 : 1)),
    removedEndpoints,
  };
}

function sessionsOf(
  name: string,
  { sessionPersistence: { type, ...rest }, loadBalancing: { maxSessionsPerEndpoint } }: TableBackend,
  keys: KeyRing,
): BackendSessions | undefined {
  if (type === 'None') return undefined;
  return {
    limits: planLimits({ type, ...rest }),
    ...(maxSessionsPerEndpoint !== undefined && { maxPerEndpoint: maxSessionsPerEndpoint }),
    keyRing: deriveRing(keys, `backend ${name}`),
  };
}

export type TableEndpoint = TableBackend['endpoints'][number];

/** Two backends may have the same address: it is the same server. A name is one of its backend. */
export const uidOf = (backend: string, { name, address }: TableEndpoint): string =>
  name === undefined ? address : `${backend}/${name}`;

function expandEndpoint(backend: string, endpoint: TableEndpoint, keys: KeyRing): Endpoint {
  const uid = uidOf(backend, endpoint);
  const { host, port } = splitAddress(endpoint.address);
  return {
    uid,
    ...endpointIds(keys, uid),
    pod: endpoint.name ?? endpoint.address,
    address: host,
    port,
    state: endpoint.draining ? 'Draining' : 'Accepting',
  };
}

export function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}

/** When the sessions of a server are given up, Unix ms. */
const endOf = ({ drainUntil }: TableEndpoint): number =>
  drainUntil === undefined ? Number.POSITIVE_INFINITY : Date.parse(drainUntil);

/** The files that a table names, beside that of its keys. */
export const filesOf = ({ listeners }: TableFile): string[] =>
  listeners.flatMap(({ certificates = [] }) => certificates.flatMap(({ certificate, key }) => [certificate, key]));
