/** Chooses the replica by whose table the proxy routes. Pure. */
import type { RoutingTable } from '../../wire/routing-table.ts';

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
