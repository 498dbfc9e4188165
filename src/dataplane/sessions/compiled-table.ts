/** Everything that deciding needs of one table. */
import { compileTable, type RouteMatcher } from '../../core/routing/match.ts';
import type { Route, RoutingTable } from '../../wire/routing-table.ts';
import { compileBackend, type CompiledBackend } from './backends.ts';
import { countersOf, type SessionCounters } from './counters.ts';
import type { EndpointSlots } from './endpoint-slots.ts';
import { compileRoute, type CompiledRoute } from './routes.ts';

export type CompiledTable = {
  table: RoutingTable;
  matcher: RouteMatcher;
  routes: ReadonlyMap<Route, CompiledRoute>;
  backends: ReadonlyMap<string, CompiledBackend>;
};

type World = { before: CompiledTable | undefined; slots: EndpointSlots; counters: SessionCounters };

/**
 * What is the same object in both tables is taken over as it is: discovery sees to it that what did not change is, so that a change of
 * one endpoint among thousands costs no more than that.
 */
export function compileRouting(table: RoutingTable, { before, slots, counters }: World): CompiledTable {
  const backends = new Map<string, CompiledBackend>();
  for (const [key, source] of Object.entries(table.backends)) {
    const known = before?.backends.get(key);
    backends.set(
      key,
      known?.source === source
        ? known
        : compileBackend(source, { before: known, slots, counters: countersOf(counters, key) }),
    );
  }
  if (before !== undefined) detachMissing(before.backends, backends, slots);
  const sameRoutes = before?.table.routes === table.routes && before.table.listeners === table.listeners;
  return {
    table,
    backends,
    ...(sameRoutes ? { matcher: before.matcher, routes: before.routes } : compileRoutes(table)),
  };
}

const compileRoutes = (table: RoutingTable): Pick<CompiledTable, 'matcher' | 'routes'> => ({
  matcher: compileTable(table),
  routes: new Map(table.routes.map((route) => [route, compileRoute(route)])),
});

/** Endpoints that are in none of the backends any more. */
function detachMissing(before: CompiledTable['backends'], now: CompiledTable['backends'], slots: EndpointSlots): void {
  for (const [key, old] of before) {
    const next = now.get(key);
    if (next === old) continue;
    // A pod that went over to another backend in the same table has entered there.
    for (const slot of missingFrom(next?.slots ?? [], old.slots)) if (slot.backend === old.record) slots.leave(slot);
  }
}

/** What of a list another one lacks. Mostly nothing, or little: what both begin with is passed over. */
function missingFrom<T>(next: readonly T[], old: readonly T[]): T[] {
  const changedAt = old.findIndex((item, index) => item !== next[index]);
  if (changedAt === -1) return [];
  const rest = new Set(next.slice(changedAt));
  return old.slice(changedAt).filter((item) => !rest.has(item));
}

/** Whether a key that verified under one table does not under the other, or a backend is gone with its keys. */
export function keysDiffer(a: CompiledTable, b: CompiledTable): boolean {
  return [...a.backends].some(([key, { keys }]) => b.backends.get(key)?.keys !== keys);
}
