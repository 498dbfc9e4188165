import type { CompiledFilters } from '../filters/compile.ts';
import type { Backend, Route } from '../../wire/routing-table.ts';
import type { TokenFilter, Transport } from '../routing.ts';

/** What compiled routes with and without sessions have. */
export interface RouteParts extends CompiledFilters {
  readonly filter: TokenFilter;
  readonly protocol: Route['protocol'];
}

/** How the endpoints of a backend are reached by a route: most backends do not say what they speak. */
export const transportOf = (backend: Backend, route?: Pick<RouteParts, 'protocol'>): Transport =>
  backend.protocol !== undefined || route?.protocol === undefined
    ? backend
    : { tls: backend.tls, protocol: route.protocol };
