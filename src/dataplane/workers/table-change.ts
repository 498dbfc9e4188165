/** What a routing table changes of the one before: a worker need not get thousands of endpoints for a change of one backend. Pure. */
import type { RoutingTable } from '../../wire/routing-table.ts';

/** `listeners`, `routes`: absent if they are as before. `backends`: those that are others. */
export type TableChange = Omit<RoutingTable, 'listeners' | 'routes'> &
  Partial<Pick<RoutingTable, 'listeners' | 'routes'>> & { goneBackends: readonly string[] };

/** `before`: undefined if nothing is known. Equal parts are the same objects, as discovery keeps them. */
export function changeOf(before: RoutingTable | undefined, after: RoutingTable): TableChange {
  const { listeners, routes, backends, ...rest } = after;
  const known = before?.backends ?? {};
  return {
    ...rest,
    ...(listeners !== before?.listeners && { listeners }),
    ...(routes !== before?.routes && { routes }),
    backends: Object.fromEntries(Object.entries(backends).filter(([key, backend]) => backend !== known[key])),
    goneBackends: Object.keys(known).filter((key) => !Object.hasOwn(backends, key)),
  };
}

export function applyChange(
  before: RoutingTable | undefined,
  { goneBackends, backends, ...change }: TableChange,
): RoutingTable {
  const gone = new Set(goneBackends);
  const kept = Object.entries(before?.backends ?? {}).filter(([key]) => !gone.has(key));
  return {
    listeners: before?.listeners ?? [],
    routes: before?.routes ?? [],
    ...change,
    backends: { ...Object.fromEntries(kept), ...backends },
  };
}
