/** A routing table compiled for the request path: its routes and backends with everything that a decision needs. */
import type { EndpointLookup } from '../../core/session/decide.ts';
import { backendId, signingKeys, type SigningKeys } from '../../core/session/token.ts';
import { endsRememberedMs } from '../../core/session/validity.ts';
import { findDifferingPart } from '../../wire/compare-sorted.ts';
import type { Backend, BackendSessions, Endpoint, RoutingTable } from '../../wire/routing-table.ts';
import { compileRoutes, type CompiledRoutes, type RoutePorts } from './compiled-routes.ts';
import { countersOf, type BackendCounters, type SessionCounters } from './counters.ts';
import { inTable, type BackendRecord, type EndpointSlot, type EndpointSlots } from './endpoint-slots.ts';
import { compilePlainBackend, type PlainBackend } from './plain-backend.ts';

export type CompiledTable = {
  table: RoutingTable;
  routes: CompiledRoutes;
  /** Those with sessions. */
  backends: ReadonlyMap<string, CompiledBackend>;
  plainBackends: ReadonlyMap<string, PlainBackend>;
  /** How long an ended session must be remembered. */
  endsRememberedMs: number;
};

export interface CompiledBackend extends EndpointLookup<EndpointSlot> {
  readonly source: Backend;
  readonly sessions: BackendSessions;
  readonly key: string;
  readonly id: number;
  readonly keys: SigningKeys;
  readonly record: BackendRecord;
  /** In the order of the table. */
  readonly slots: readonly EndpointSlot[];
}

type Inputs = {
  before: CompiledTable | undefined;
  slots: EndpointSlots;
  counters: SessionCounters;
  filters: RoutePorts;
};

/**
 * Parts that are the same object in both tables are reused: discovery keeps unchanged parts the same objects, so a change of one endpoint
 * among thousands costs no more than that.
 */
export function compileRouting(table: RoutingTable, { before, slots, counters, filters }: Inputs): CompiledTable {
  const backends = new Map<string, CompiledBackend>();
  const plainBackends = new Map<string, PlainBackend>();
  for (const [key, source] of Object.entries(table.backends)) {
    if (source.sessions === undefined) {
      plainBackends.set(key, compilePlainBackend(source, before?.plainBackends.get(key)));
      continue;
    }
    const known = before?.backends.get(key);
    const inputs = { sessions: source.sessions, before: known, slots, counters: countersOf(counters, key) };
    backends.set(key, known?.source === source ? known : compileBackend(source, inputs));
  }
  if (before !== undefined) detachMissing(before.backends, backends, slots);
  const routes = compileRoutes(table, before?.routes, filters);
  return { table, backends, plainBackends, endsRememberedMs: endsRememberedMs(table), routes };
}

/** `before`: the same backend in the previous table; its parts that are still the same objects are reused. */
type BackendInputs = {
  sessions: BackendSessions;
  before: CompiledBackend | undefined;
  slots: EndpointSlots;
  counters: BackendCounters;
};

function compileBackend(source: Backend, { sessions, before, slots, counters }: BackendInputs): CompiledBackend {
  const { key } = source;
  const { keyRing, limits } = sessions;
  const id = before?.id ?? backendId(key);
  const record = before?.record ?? { id, limits, counters, previousUid: undefined, unpinnedIdLoggedAtMs: 0 };
  record.limits = limits;
  const removedEndpoints = new Set(source.removedEndpoints.map(({ id }) => id));
  return {
    source,
    key,
    id,
    keys: before !== undefined && before.sessions.keyRing === keyRing ? before.keys : signingKeys(keyRing),
    sessions,
    limits,
    record,
    slots: compileSlots(source.endpoints, before, (endpoint) => slots.attach(endpoint, record)),
    // A pod that moved to another backend of the table is still the pod of its sessions.
    find(id) {
      const own = slots.find(id, record);
      return own?.inTable === true ? own : inTable(slots.ofEndpoint(id));
    },
    isRemoved: (id) => removedEndpoints.has(id),
  };
}

/** An endpoint that is the same object keeps its slot, which need not be looked at. */
function compileSlots(
  endpoints: readonly Endpoint[],
  before: CompiledBackend | undefined,
  attach: (endpoint: Endpoint) => EndpointSlot,
): EndpointSlot[] {
  const [known, slots] = [before?.source.endpoints ?? [], before?.slots ?? []];
  const { start, beforeEnd, afterEnd } = findDifferingPart(known, endpoints);
  const between = new Map(known.slice(start, beforeEnd).map((endpoint, at) => [endpoint, slots[start + at]]));
  const compiled = endpoints.slice(start, afterEnd).map((endpoint) => between.get(endpoint) ?? attach(endpoint));
  return [...slots.slice(0, start), ...compiled, ...slots.slice(beforeEnd)];
}

/** Detaches the endpoints that have left their backend. */
function detachMissing(before: CompiledTable['backends'], now: CompiledTable['backends'], slots: EndpointSlots): void {
  for (const [key, old] of before) {
    const next = now.get(key);
    if (next === old) continue;
    for (const slot of missingFrom(next?.slots ?? [], old.slots)) slots.detach(slot);
  }
}

/** Returns the items of `old` that `next` lacks: mostly none, or few. */
function missingFrom<T>(next: readonly T[], old: readonly T[]): T[] {
  const { start, beforeEnd, afterEnd } = findDifferingPart(old, next);
  const rest = new Set(next.slice(start, afterEnd));
  return old.slice(start, beforeEnd).filter((item) => !rest.has(item));
}

/** Whether a key that verified under one table does not under the other, or a backend was removed with its keys. */
export function keysDiffer(a: CompiledTable, b: CompiledTable): boolean {
  return [...a.backends].some(([key, { keys }]) => b.backends.get(key)?.keys !== keys);
}
