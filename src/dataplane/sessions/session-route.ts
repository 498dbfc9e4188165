/** Routes with sessions, compiled: what their tokens travel in, and which requests start a session. */
import { compileMatch, type MatchableRequest } from '../../core/routing/match.ts';
import { startOf, type Start } from '../../core/session/confirmation.ts';
import { backendId } from '../../core/session/token.ts';
import type { RouteMatch } from '../../api/spec.ts';
import type { Route, RoutePersistence } from '../../wire/routing-table.ts';
import { compileCarrier } from './carrier.ts';
import type { CompiledCarrier } from './compiled-carrier.ts';
import { ownerOf } from './gateway-carriers.ts';
import type { RouteParts } from './route-parts.ts';

/** Contains keys of backends, not backends: a request that waits with it for another table uses the backends of that table. */
export interface SessionRoute extends RouteParts {
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

export function compileSessionRoute(route: Route, persistence: RoutePersistence, common: RouteParts): SessionRoute {
  const keys = new Map(
    common.refs.flatMap(({ backend }) => (backend === undefined ? [] : [[backendId(backend), backend]])),
  );
  const isExcluded = compileAny(persistence.exclude ?? []);
  return {
    kind: 'Sessions',
    ...common,
    carrier: compileCarrier(persistence.carrier),
    onEndpointLost: persistence.onEndpointLost,
    owner: ownerOf(route),
    backendKey: (id) => keys.get(id),
    startsSession: compileAny(persistence.newSessionOn),
    startOf: (request) => (isPreflight(request) || isExcluded(request) ? 'Nothing' : startOf(request.method)),
  };
}

/** Whether a request has one of the matches. */
function compileAny(matches: readonly RouteMatch[]): (request: MatchableRequest) => boolean {
  if (matches.length === 0) return () => false;
  const tests = matches.map(compileMatch);
  return (request) => tests.some((fits) => fits(request));
}

/** A CORS preflight (Fetch standard, section 3.2.2): browsers send it without cookies, and ignore those of its response. */
const isPreflight = (request: MatchableRequest): boolean =>
  request.method === 'OPTIONS' &&
  request.headers('origin').length > 0 &&
  request.headers('access-control-request-method').length > 0;
