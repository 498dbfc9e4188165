/** The deltas between tables as JSON. The proxies of a Gateway mostly are at the same table: they share one text. */
import { resourceId, splitTable } from '../../wire/resources.ts';
import type { RoutingTable } from '../../wire/routing-table.ts';
import { endpointsIn } from './retired-delta.ts';
import { deltaFor, diffTables, type TableDelta, type Versions } from '../../wire/table-delta.ts';

export interface DeltaTexts {
  /** For a proxy that has these versions of resources. */
  first(have: Readonly<Record<string, string>>, table: RoutingTable): string;
  /** `whole`: ids of resources that are sent whole even if they have not changed. */
  next(from: RoutingTable, to: RoutingTable, whole: ReadonlySet<string>): string;
  /** The endpoints in the same delta, for a proxy whose Gateway is gone. `from`: the last table; absent: it has the versions in `have`. */
  endpoints(
    from: RoutingTable | undefined,
    to: RoutingTable,
    proxy: { have: Readonly<Record<string, string>>; whole: ReadonlySet<string> },
  ): string;
}

export function createDeltaTexts(versions: Versions): DeltaTexts {
  /** By the table that results: the text for a proxy that has nothing, and for one that has the table before. */
  const complete = new WeakMap<RoutingTable, string>();
  const steps = new WeakMap<RoutingTable, { from: RoutingTable; text: string }>();
  return {
    first(have, table) {
      if (Object.keys(have).length > 0) return JSON.stringify(deltaFor(have, table, versions));
      const text = complete.get(table) ?? JSON.stringify(deltaFor({}, table, versions));
      complete.set(table, text);
      return text;
    },
    next(from, to, whole) {
      if (whole.size > 0) return JSON.stringify(addWhole(diffTables(from, to, versions), to, { whole, versions }));
      const known = steps.get(to);
      if (known?.from === from) return known.text;
      const text = JSON.stringify(diffTables(from, to, versions));
      steps.set(to, { from, text });
      return text;
    },
    endpoints(from, to, { have, whole }) {
      const delta =
        from === undefined
          ? deltaFor(have, to, versions)
          : addWhole(diffTables(from, to, versions), to, { whole, versions });
      return JSON.stringify(endpointsIn(delta));
    },
  };
}

function addWhole(
  delta: TableDelta,
  table: RoutingTable,
  { whole, versions }: { whole: ReadonlySet<string>; versions: Versions },
): TableDelta {
  const isWhole = (type: Parameters<typeof resourceId>[0], name: string) => whole.has(resourceId(type, name));
  const { order, ...others } = delta;
  return {
    ...others,
    set: [
      ...(delta.set ?? []).filter(({ type, name }) => !isWhole(type, name)),
      ...splitTable(table)
        .filter(({ type, name }) => isWhole(type, name))
        .map((resource) => ({ ...resource, version: versions.of(resource) })),
    ],
    endpoints: (delta.endpoints ?? []).filter(({ backend }) => !isWhole('endpoints', backend)),
    ...(order && !whole.has('order') && { order }),
  };
}
