/** The routes of a table compiled for the request path. A table with one changed route costs the compilation of that route. */
import { createRouteIndex, type IndexedRoute, type RouteIndex } from '../../core/routing/route-index.ts';
import type { MatchableRequest } from '../../core/routing/match.ts';
import type { Route, RoutingTable } from '../../wire/routing-table.ts';
import { compileFilters } from '../filters/compile.ts';
import type { MirrorPorts } from '../filters/mirrors.ts';
import { createGatewayCarriers, type GatewayCarriers } from './gateway-carriers.ts';
import { compilePlainRoute, type PlainRoute } from './plain-backend.ts';
import { compileSessionRoute, type SessionRoute } from './session-route.ts';
import { compileTokenFilter, type FilterPorts } from './token-filter.ts';

export type CompiledRoute = SessionRoute | PlainRoute;

export type RoutePorts = Omit<FilterPorts, 'carriers'> & { mirrorPorts: MirrorPorts };

type TableRoutes = Pick<RoutingTable, 'listeners' | 'routes'>;

/** Of one set of listeners. `index` and `carriers` change in place, between two requests: the table before is no longer asked. */
export type CompiledRoutes = {
  readonly source: TableRoutes;
  readonly index: RouteIndex<CompiledRoute>;
  readonly carriers: GatewayCarriers;
};

export const routeFor = (
  { index }: CompiledRoutes,
  request: MatchableRequest,
  listenerPort: number,
): CompiledRoute | undefined => index.match(listenerPort, request)?.compiled;

/** `before`: of the table before, which is used up. */
export function compileRoutes(
  source: TableRoutes,
  before: CompiledRoutes | undefined,
  ports: RoutePorts,
): CompiledRoutes {
  const { listeners, routes } = source;
  const known = before?.source.listeners === listeners ? before : undefined;
  if (known?.source.routes === routes) return known;
  const { index, carriers } = known ?? {
    index: createRouteIndex<CompiledRoute>(listeners),
    carriers: createGatewayCarriers(listeners),
  };
  const headersBefore = carriers.headerNames;
  const { all, come, gone } = index.replace(routes);
  const carriersChanged = carriers.change({ come, gone });
  const isAffected = ({ route, compiled }: IndexedRoute<CompiledRoute>): boolean =>
    compiled === undefined || carriers.headerNames !== headersBefore || hasFilters(route);
  const compile = (placed: IndexedRoute<CompiledRoute>) => {
    placed.compiled = compileRoute(placed.route, listeners, { ...ports, carriers });
  };
  (carriersChanged ? all.filter(isAffected) : come).forEach(compile);
  return { source: { listeners, routes }, index, carriers };
}

/** Fields that filters add to responses are left out if they carry the tokens of another route. */
const hasFilters = ({ filters, backendRefs }: Route): boolean =>
  filters !== undefined || backendRefs.some((ref) => ref.filters !== undefined);

function compileRoute(
  route: Route,
  listeners: RoutingTable['listeners'],
  ports: FilterPorts & { mirrorPorts: MirrorPorts },
): CompiledRoute {
  const filter = compileTokenFilter(route, listeners, ports);
  const { protocol } = route;
  const common = {
    filter,
    protocol,
    ...compileFilters(route, listeners, { tokens: filter, mirrorPorts: ports.mirrorPorts, nowMs: ports.nowMs }),
  };
  const { persistence } = route;
  return persistence ? compileSessionRoute(route, persistence, common) : compilePlainRoute(common);
}
