/**
 * A pod that drains in a backend of any replica's table drains there, whatever its state in the chosen table: a termination cannot be undone, so
 * it is true as soon as one replica has seen it, and a replica that takes over may not have seen it yet. Pure.
 *
 * Only in the same backend: the table of a shared Gateway has backends of several tenants, and the EndpointSlices of one name any address or UID.
 */
import type { Backend, Endpoint, RoutingTable } from '../../wire/routing-table.ts';
import { compareSorted } from '../../wire/compare-sorted.ts';

type Drain = Pick<Endpoint, 'state' | 'reason'>;
type Drains = ReadonlyMap<string, Drain>;

/** UIDs of pods by the key of the backend. */
export type Retracted = ReadonlyMap<string, ReadonlySet<string>>;

export type OtherTables = {
  /** The last table of each replica. */
  replicas: readonly RoutingTable[];
  /** The one before: its draining pods stay draining, but for the retracted ones. */
  published?: RoutingTable | undefined;
  retracted?: Retracted | undefined;
};

/** Returns the same object if the table has all of these states already: mostly it has, and only the draining pods are compared. */
export function overlayDraining(table: RoutingTable, { replicas, published, retracted }: OtherTables): RoutingTable {
  const missing = new Map<string, Map<string, Drain>>();
  for (const other of replicas) addMissing(missing, other, table);
  if (published) addMissing(missing, published, table, retracted);
  let backends = table.backends;
  for (const [key, drains] of missing) {
    const backend = backends[key];
    const overlaid = backend && overlayBackend(backend, drains);
    if (overlaid && overlaid !== backend) backends = { ...backends, [key]: overlaid };
  }
  return backends === table.backends ? table : { ...table, backends };
}

function overlayBackend(backend: Backend, drains: Drains): Backend {
  const isOutdated = ({ uid, state }: Endpoint) => state !== 'Draining' && drains.has(uid);
  if (!backend.endpoints.some(isOutdated)) return backend;
  const endpoints = backend.endpoints.map((endpoint) =>
    isOutdated(endpoint) ? { ...endpoint, ...drains.get(endpoint.uid) } : endpoint,
  );
  return { ...backend, endpoints };
}

/** Adds the pods that drain in a backend of the other table, but not in this one's. */
function addMissing(
  missing: Map<string, Map<string, Drain>>,
  other: RoutingTable,
  table: RoutingTable,
  retracted?: Retracted,
): void {
  for (const [key, uids] of drainsMissing(other, table)) {
    const ofBackend = missing.get(key) ?? new Map<string, Drain>();
    for (const [uid, drain] of uids) if (retracted?.get(key)?.has(uid) !== true) ofBackend.set(uid, drain);
    missing.set(key, ofBackend);
  }
}

/**
 * Returns the pods that a replica reported as draining, and as another state in a later table: then that is true, for instance because a
 * terminating pod that still serves is the last resort of its Service. A pod that has left the table retracts nothing.
 */
export function retractedDrains(before: RoutingTable, table: RoutingTable): Retracted {
  const retracted = new Map<string, ReadonlySet<string>>();
  for (const [key, drains] of drainsMissing(before, table)) {
    const drained = new Set(drains.map(([uid]) => uid));
    const others = new Set<string>();
    compareSorted(before.backends[key]?.endpoints ?? [], table.backends[key]?.endpoints ?? [], ({ uid }) => uid, {
      come: ({ uid }) => void (drained.has(uid) && others.add(uid)),
      gone: () => undefined,
    });
    retracted.set(key, others);
  }
  return retracted;
}

/** By the key of the backend. */
function drainsMissing(other: RoutingTable, table: RoutingTable): [string, [string, Drain][]][] {
  if (table === other) return [];
  const missing: [string, [string, Drain][]][] = [];
  for (const key in other.backends) {
    const drains = drainsAmong(other.backends[key]?.endpoints ?? []);
    if (drains.size === 0) continue;
    const own = drainsAmong(table.backends[key]?.endpoints ?? []);
    const uids = own === drains ? [] : [...drains].filter(([uid]) => !own.has(uid));
    if (uids.length > 0) missing.push([key, uids]);
  }
  return missing;
}

/** By the list of endpoints: of most backends it is that of the table before. */
const known = new WeakMap<readonly Endpoint[], Drains>();

function drainsAmong(endpoints: readonly Endpoint[]): Drains {
  const before = known.get(endpoints);
  if (before) return before;
  const drains = new Map<string, Drain>();
  for (const { uid, state, reason } of endpoints) {
    if (state === 'Draining' && isPod(uid)) drains.set(uid, reason === undefined ? { state } : { state, reason });
  }
  known.set(endpoints, drains);
  return drains;
}

/** The other endpoints have address and port as their UID: they may terminate and return, so only the chosen table says what is true. */
const isPod = (uid: string): boolean => !uid.includes(':');
