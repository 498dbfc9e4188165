/**
 * What the proxies of a Gateway may report. It follows the tables of the Gateway by what differs between two of them: each change of a pod makes a
 * new table, and a proxy reports up to five times a second.
 */
import { diffItems } from '../../wire/diff-items.ts';
import type { Backend, RoutingTable } from '../../wire/routing-table.ts';

export type ReportScope = {
  /** UIDs of the endpoints in the Gateway's table. */
  endpoints: Pick<ReadonlySet<string>, 'has'>;
  /** The deleted pods that the table still lists: a proxy may have an older table. */
  removed: Pick<ReadonlySet<string>, 'has'>;
  /** Whether a backend, by its key, holds sessions. */
  hasSessions: (backend: string) => boolean;
  /** No session of the table can end later than this from now if no client returns. */
  longestIdleMs: number;
};

export interface ReportScopes {
  /** `gateway`: `namespace/name`. */
  of(gateway: string, table: RoutingTable | undefined): ReportScope;
}

/** In how many backends of a table an item is. */
type Counts = Map<string, number>;
type Members = { endpoints: Counts; removed: Counts };

export function createReportScopes(): ReportScopes {
  const scopes = new WeakMap<RoutingTable, { members: Members; scope: ReportScope }>();
  /** The table of each Gateway that a report was about last: nothing is kept of Gateways whose table is gone. */
  const latest = new Map<string, WeakRef<RoutingTable>>();

  function remember(gateway: string, table: RoutingTable): void {
    if (!latest.has(gateway)) {
      for (const [key, ref] of latest) if (ref.deref() === undefined) latest.delete(key);
    }
    latest.set(gateway, new WeakRef(table));
  }

  return {
    of(gateway, table) {
      if (table === undefined) return nothing;
      const known = scopes.get(table);
      if (known) return known.scope;
      const before = latest.get(gateway)?.deref();
      const members = (before && scopes.get(before)?.members) ?? { endpoints: new Map(), removed: new Map() };
      moveMembers(members, before?.backends ?? {}, table.backends);
      if (before) scopes.delete(before);
      const scope = scopeOf(members, table);
      scopes.set(table, { members, scope });
      remember(gateway, table);
      return scope;
    },
  };
}

const nothing: ReportScope = { endpoints: new Set(), removed: new Set(), hasSessions: () => false, longestIdleMs: 0 };

const scopeOf = (members: Members, { backends }: RoutingTable): ReportScope => ({
  ...members,
  hasSessions: (key) => Object.hasOwn(backends, key) && backends[key]?.sessions !== undefined,
  longestIdleMs: Object.values(backends).reduce(
    (longestMs, { sessions }) => Math.max(longestMs, sessions?.limits.idleTimeoutMs ?? 0),
    0,
  ),
});

type Backends = Record<string, Backend>;

function moveMembers({ endpoints, removed }: Members, before: Backends, after: Backends): void {
  const move = (key: string): void => {
    const [from, to] = [counted(before[key]), counted(after[key])];
    if (from === to) return;
    shift(endpoints, from?.endpoints ?? [], to?.endpoints ?? []);
    shift(removed, from?.removedEndpoints ?? [], to?.removedEndpoints ?? []);
  };
  for (const key in after) move(key);
  for (const key in before) if (!(key in after)) move(key);
}

/** Nothing is counted on endpoints without sessions. */
const counted = (backend: Backend | undefined): Backend | undefined => (backend?.sessions ? backend : undefined);

function shift<T extends { uid: string }>(counts: Counts, before: readonly T[], after: readonly T[]): void {
  const { gone, come } = diffItems(before, after, { keyOf: ({ uid }) => uid, isSame: (one, other) => one === other });
  for (const { uid } of come) counts.set(uid, (counts.get(uid) ?? 0) + 1);
  for (const { uid } of gone) {
    const left = (counts.get(uid) ?? 0) - 1;
    if (left > 0) counts.set(uid, left);
    else counts.delete(uid);
  }
}
