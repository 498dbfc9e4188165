/** Which replica's table the proxy routes by, and what it takes from the others: pure. */
import type { Endpoint, RoutingTable } from '../../wire/routing-table.ts';

/** What one replica of the operator last said. `stream`: a number of its own for each connection, from 1. */
export type ReplicaView = { stream: number; connected: boolean; revision: bigint; asOfMs: number; table: RoutingTable };

export type Choice = Omit<ReplicaView, 'connected'>;

/** Clocks of the operator's replicas may differ by this much. */
const clockSkewMs = 5000;

/**
 * The replica that knows most. One that is in use is left only for one that knows more, so that two that know the same do not take turns.
 * Where its stream is gone, another takes its place only if it knows at least as much, or if its view is certainly younger: after a
 * restore of etcd revisions start lower, and a proxy must not route by outdated configuration indefinitely.
 */
export function chooseReplica(current: Choice | undefined, views: readonly ReplicaView[]): Choice | undefined {
  const connected = views.filter((view) => view.connected);
  const own = connected.find((view) => view.stream === current?.stream);
  const best = connected.filter((view) => view !== own).reduce<ReplicaView | undefined>(knowsMore, undefined);
  if (own !== undefined) return best !== undefined && best.revision > own.revision ? best : own;
  if (current === undefined || best === undefined) return best ?? current;
  const mayReplace = best.revision >= current.revision || best.asOfMs > current.asOfMs + clockSkewMs;
  return mayReplace ? best : current;
}

const knowsMore = (best: ReplicaView | undefined, view: ReplicaView) =>
  best === undefined || view.revision > best.revision ? view : best;

/**
 * A pod that any table shows draining is draining, whatever the chosen one says: its termination cannot be taken back, so the news is
 * true as soon as one replica has it. The table is answered unchanged, the same object, where it says so already.
 */
export function overlayDraining(table: RoutingTable, others: readonly RoutingTable[]): RoutingTable {
  const draining = new Map(others.filter((other) => other !== table).flatMap(drainingEndpoints));
  const isNews = ({ uid, state }: Endpoint) => state !== 'Draining' && draining.has(uid);
  if (!Object.values(table.backends).some(({ endpoints }) => endpoints.some(isNews))) return table;
  const backends = Object.entries(table.backends).map(([key, backend]) => {
    const endpoints = backend.endpoints.map((endpoint) =>
      isNews(endpoint) ? { ...endpoint, ...draining.get(endpoint.uid) } : endpoint,
    );
    return [key, { ...backend, endpoints }];
  });
  return { ...table, backends: Object.fromEntries(backends) };
}

type Drain = Pick<Endpoint, 'state' | 'reason'>;

function drainingEndpoints(table: RoutingTable): [string, Drain][] {
  const endpoints = Object.values(table.backends).flatMap((backend) =>
    backend.endpoints.filter(({ state }) => state === 'Draining'),
  );
  return endpoints.map(({ uid, state, reason }) => [uid, reason === undefined ? { state } : { state, reason }]);
}
