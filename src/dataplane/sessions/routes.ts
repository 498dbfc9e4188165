/** A route of the routing table, made ready for the request path. */
import { backendId } from '../../core/session/token.ts';
import { compileMatch, type MatchableRequest } from '../../core/routing/match.ts';
import type { Route } from '../../wire/routing-table.ts';
import { compileCarrier, type CompiledCarrier } from './carrier.ts';

/** It names backends and holds none: who waits with it for another table finds the backends of that one. */
export interface CompiledRoute {
  readonly carrier: CompiledCarrier;
  readonly onEndpointLost: Route['persistence']['onEndpointLost'];
  readonly backendRefs: Route['backendRefs'];
  /** Key of the StickyWorkload that owns it. */
  readonly owner: string;
  /** The key of one of its backends, whatever its weight, by the id that tokens have. */
  backendKey(id: number): string | undefined;
  /** Whether the request begins a session though it carries the token of one on a draining pod. */
  beginsSession(request: MatchableRequest): boolean;
}

export function compileRoute({ name, persistence, backendRefs }: Route): CompiledRoute {
  const keys = new Map(backendRefs.map(({ backend }) => [backendId(backend), backend]));
  const begins = persistence.newSessionOn.map(compileMatch);
  return {
    carrier: compileCarrier(persistence.carrier),
    onEndpointLost: persistence.onEndpointLost,
    backendRefs,
    owner: name.split('#', 1)[0] ?? name,
    backendKey: (id) => keys.get(id),
    beginsSession: (request) => begins.some((fits) => fits(request)),
  };
}
