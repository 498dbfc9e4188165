/** A backend of the routing table, made ready for the request path once per table. */
import type { KnownEndpoints } from '../../core/session/decide.ts';
import { backendId, signingKeys, type SigningKeys } from '../../core/session/token.ts';
import { compileTable, type RouteMatcher } from '../../core/table/match.ts';
import type { Backend, Endpoint, RoutingTable } from '../../core/table/routing-table.ts';
import { cookieLines, type CookieLines } from './cookies.ts';

export interface KnownBackend extends KnownEndpoints {
  readonly key: string;
  readonly id: number;
  readonly keys: SigningKeys;
  readonly cookie: CookieLines;
  readonly endpoints: readonly Endpoint[];
}

/** Everything that deciding needs of one table. */
export type RoutingState = { table: RoutingTable; matcher: RouteMatcher; backends: ReadonlyMap<string, KnownBackend> };

export function compileState(table: RoutingTable): RoutingState {
  const backends = Object.entries(table.backends).map(([key, backend]) => [key, compileBackend(backend)] as const);
  return { table, matcher: compileTable(table), backends: new Map(backends) };
}

function compileBackend(backend: Backend): KnownBackend {
  const byId = new Map(backend.endpoints.map((endpoint) => [endpoint.id, endpoint]));
  const departed = new Set(backend.departed.map(({ id }) => id));
  return {
    key: backend.key,
    id: backendId(backend.key),
    keys: signingKeys(backend.keyRing),
    cookie: cookieLines(backend.persistence),
    persistence: backend.persistence,
    endpoints: backend.endpoints,
    endpoint: (id) => byId.get(id),
    isDeparted: (id) => departed.has(id),
  };
}

/** Whether any key that verified under one table does not under the other. */
export function keysDiffer(a: RoutingTable, b: RoutingTable): boolean {
  const rings = ({ backends }: RoutingTable) => JSON.stringify(Object.entries(backends).map(([key, { keyRing }]) => [key, keyRing]));
  return rings(a) !== rings(b);
}
