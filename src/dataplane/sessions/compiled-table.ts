/** A routing table compiled for the request path: its routes and backends with everything that a decision needs. */
import { startOf, type Start } from '../../core/session/confirmation.ts';
import type { EndpointLookup } from '../../core/session/decide.ts';
import { backendId, signingKeys, type SigningKeys } from '../../core/session/token.ts';
import { endsRememberedMs } from '../../core/session/validity.ts';
import { compileMatch, compileTable, type MatchableRequest, type RouteMatcher } from '../../core/routing/match.ts';
import type { Backend, BackendSessions, Route, RoutePersistence, RoutingTable } from '../../wire/routing-table.ts';
import { compileFilters } from '../filters/compile.ts';
import type { MirrorPorts } from '../filters/mirrors.ts';
import { compileCarrier } from './carrier.ts';
import type { CompiledCarrier } from './compiled-carrier.ts';
import { countersOf, type BackendCounters, type SessionCounters } from './counters.ts';
import { compilePlainBackend, compilePlainRoute, type PlainBackend, type PlainRoute } from './plain-backend.ts';
import type { RouteParts } from './route-parts.ts';
import { compileTokenFilter, gatewayCarriers, ownerOf, type FilterPorts } from './token-filter.ts';
import { inTable, type BackendRecord, type EndpointSlot, type EndpointSlots } from './endpoint-slots.ts';

export type CompiledTable = {
  table: RoutingTable;
  matcher: RouteMatcher;
  routes: ReadonlyMap<Route, CompiledRoute | PlainRoute>;
  /** Those with sessions. */
  backends: ReadonlyMap<string, CompiledBackend>;
  plainBackends: ReadonlyMap<string, PlainBackend>;
  /** How long an ended session must be remembered. */
  endsRememberedMs: number;
};

/** Contains keys of backends, not backends: a request that waits with it for another table uses the backends of that table. */
export interface CompiledRoute extends RouteParts {
  readonly kind: 'Sessions';
  readonly carrier: CompiledCarrier;
  readonly onEndpointLost: RoutePersistence['onEndpointLost'];
  /** Key of the StickyWorkload that owns it. */
  readonly owner: string;
  /** Returns the key of one of its backends, whatever its weight, by the id in tokens. */
  backendKey(id: number): string | undefined;
  /** Whether the request starts a session although it carries the token of a session on a draining pod. */
  startsSession(request: MatchableRequest): boolean;
  /** Returns what the request starts if it has no session. */
  startOf(request: MatchableRequest): Start;
}

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
  filters: Omit<FilterPorts, 'carriers'> & { mirrorPorts: MirrorPorts };
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
  const sameRoutes = before?.table.routes === table.routes && before.table.listeners === table.listeners;
  return {
    table,
    backends,
    plainBackends,
    endsRememberedMs: endsRememberedMs(table),
    ...(sameRoutes ? { matcher: before.matcher, routes: before.routes } : compileRoutes(table, filters)),
  };
}

function compileRoutes(table: RoutingTable, filters: Inputs['filters']): Pick<CompiledTable, 'matcher' | 'routes'> {
  const ports = { ...filters, carriers: gatewayCarriers(table) };
  return {
    matcher: compileTable(table),
    routes: new Map(
      table.routes.map((route) => {
        const filter = compileTokenFilter(route, table.listeners, ports);
        const common = {
          filter,
          ...compileFilters(route, table.listeners, { tokens: filter, mirrorPorts: filters.mirrorPorts }),
        };
        const { persistence } = route;
        return [route, persistence ? compileRoute(route, persistence, common) : compilePlainRoute(common)];
      }),
    ),
  };
}

function compileRoute(route: Route, persistence: RoutePersistence, common: RouteParts): CompiledRoute {
  const keys = new Map(
    common.refs.flatMap(({ backend }) => (backend === undefined ? [] : [[backendId(backend), backend]])),
  );
  const starts = persistence.newSessionOn.map(compileMatch);
  const excludes = (persistence.exclude ?? []).map(compileMatch);
  return {
    kind: 'Sessions',
    ...common,
    carrier: compileCarrier(persistence.carrier),
    onEndpointLost: persistence.onEndpointLost,
    owner: ownerOf(route),
    backendKey: (id) => keys.get(id),
    startsSession: (request) => starts.some((matches) => matches(request)),
    startOf: (request) =>
      isPreflight(request) || excludes.some((matches) => matches(request)) ? 'Nothing' : startOf(request.method),
  };
}

/** A CORS preflight (Fetch standard, section 3.2.2): browsers send it without cookies, and ignore those of its response. */
const isPreflight = (request: MatchableRequest): boolean =>
  request.method === 'OPTIONS' &&
  request.headers('origin').length > 0 &&
  request.headers('access-control-request-method').length > 0;

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
    slots: source.endpoints.map((endpoint, index) => {
      const known = before?.slots[index];
      return known?.endpoint === endpoint ? known : slots.attach(endpoint, record);
    }),
    // A pod that moved to another backend of the table is still the pod of its sessions.
    find(id) {
      const own = slots.find(id, record);
      return own?.inTable === true ? own : inTable(slots.ofEndpoint(id));
    },
    isRemoved: (id) => removedEndpoints.has(id),
  };
}

/** Detaches the endpoints that have left their backend. */
function detachMissing(before: CompiledTable['backends'], now: CompiledTable['backends'], slots: EndpointSlots): void {
  for (const [key, old] of before) {
    const next = now.get(key);
    if (next === old) continue;
    for (const slot of missingFrom(next?.slots ?? [], old.slots)) slots.detach(slot);
  }
}

/** Returns the items of `old` that `next` lacks: mostly none, or few. The common beginning of both is skipped. */
function missingFrom<T>(next: readonly T[], old: readonly T[]): T[] {
  const changedAt = old.findIndex((item, index) => item !== next[index]);
  if (changedAt === -1) return [];
  const rest = new Set(next.slice(changedAt));
  return old.slice(changedAt).filter((item) => !rest.has(item));
}

/** Whether a key that verified under one table does not under the other, or a backend was removed with its keys. */
export function keysDiffer(a: CompiledTable, b: CompiledTable): boolean {
  return [...a.backends].some(([key, { keys }]) => b.backends.get(key)?.keys !== keys);
}
