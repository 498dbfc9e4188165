/** Chooses the replica by whose table the proxy routes, and adds draining pods from the others. Pure. */
import type { Endpoint, RoutingTable } from '../../wire/routing-table.ts';

/** The last state of one replica of the operator. `stream`: a unique number for each connection, from 1. */
export type ReplicaView = { stream: number; connected: boolean; revision: bigint; asOfMs: number; table: RoutingTable };

export type Choice = Omit<ReplicaView, 'connected'>;

/** Clocks of the operator's replicas may differ by this much. */
const clockSkewMs = 5000;

/**
 * Returns the replica with the newest revision. The current one is replaced only by one with a newer revision, so that two equal replicas do
 * not alternate. If its stream is gone, another replaces it only with at least the same revision, or if its state is certainly newer: after
 * a restore of etcd revisions start lower, and a proxy must not route by outdated configuration indefinitely.
 */
export function chooseReplica(current: Choice | undefined, views: readonly ReplicaView[]): Choice | undefined {
  const connected = views.filter((view) => view.connected);
  const own = connected.find((view) => view.stream === current?.stream);
  const best = connected.filter((view) => view !== own).reduce<ReplicaView | undefined>(newest, undefined);
  if (own !== undefined) return best !== undefined && best.revision > own.revision ? best : own;
  if (current === undefined || best === undefined) return best ?? current;
  const mayReplace = best.revision >= current.revision || best.asOfMs > current.asOfMs + clockSkewMs;
  return mayReplace ? best : current;
}

const newest = (best: ReplicaView | undefined, view: ReplicaView) =>
  best === undefined || view.revision > best.revision ? view : best;

/**
 * A pod that drains in any table is draining, whatever its state in the chosen table: a termination cannot be undone, so it is true as soon
 * as one replica has seen it. Returns the same object if the chosen table has all of these states already: mostly it has, and only the
 * draining pods are compared.
 */
export function overlayDraining(table: RoutingTable, others: readonly RoutingTable[]): RoutingTable {
  const draining = new Map(others.flatMap((other) => missingDrains(table, other)));
  if (draining.size === 0) return table;
  const isOutdated = ({ uid, state }: Endpoint) => state !== 'Draining' && draining.has(uid);
  if (!Object.values(table.backends).some(({ endpoints }) => endpoints.some(isOutdated))) return table;
  const backends = Object.entries(table.backends).map(([key, backend]) => {
    if (!backend.endpoints.some(isOutdated)) return [key, backend];
    const endpoints = backend.endpoints.map((endpoint) =>
      isOutdated(endpoint) ? { ...endpoint, ...draining.get(endpoint.uid) } : endpoint,
    );
    return [key, { ...backend, endpoints }];
  });
  return { ...table, backends: Object.fromEntries(backends) };
}

type Drain = Pick<Endpoint, 'state' | 'reason'>;

/** Returns the pods that drain in a backend of the other table, but not in this one's. */
function missingDrains(table: RoutingTable, other: RoutingTable): [string, Drain][] {
  if (table === other) return [];
  const missing: [string, Drain][] = [];
  for (const key in other.backends) {
    const drains = drainsAmong(other.backends[key]?.endpoints ?? []);
    if (drains.size === 0) continue;
    const own = drainsAmong(table.backends[key]?.endpoints ?? []);
    if (own !== drains) missing.push(...[...drains].filter(([uid]) => !own.has(uid)));
  }
  return missing;
}

/** By the list of endpoints: of most backends it is that of the table before. */
const known = new WeakMap<readonly Endpoint[], ReadonlyMap<string, Drain>>();

function drainsAmong(endpoints: readonly Endpoint[]): ReadonlyMap<string, Drain> {
  const drains = known.get(endpoints) ?? new Map(endpoints.filter(({ state }) => state === 'Draining').map(drainOf));
  known.set(endpoints, drains);
  return drains;
}

const drainOf = ({ uid, state, reason }: Endpoint): [string, Drain] => [
  uid,
  reason === undefined ? { state } : { state, reason },
];
