/** The filters of a route and of its backends, compiled: what the proxy responds itself, and what it changes in messages. */
import type { RouteFilter } from '../../wire/route-filters.ts';
import type { BackendRef, Listener, Route } from '../../wire/routing-table.ts';
import { compileHeaderEdits } from '../http/header-edits.ts';
import type { Forwarding, Reply, RequestView, TokenFilter } from '../routing.ts';
import { compileRedirect } from './redirect.ts';
import { sessionSafe } from './session-safe.ts';

/** Returns the response of the proxy itself; undefined for a request that is forwarded. */
export type Respond = (request: RequestView, listenerPort: number) => Reply | undefined;

/** A backend of a route, with what its requests need. */
export type CompiledRef = Pick<BackendRef, 'backend' | 'weight'> & { readonly forwarding: Forwarding | undefined };

export type CompiledFilters = {
  readonly respond: Respond | undefined;
  /** In the order of the route. */
  readonly refs: readonly CompiledRef[];
  /** By the key of the backend, for a session that has one. */
  forwardingTo(backend: string): Forwarding | undefined;
};

const noFilters: readonly RouteFilter[] = [];
const nothing = () => undefined;

export function compileFilters(route: Route, listeners: readonly Listener[], tokens: TokenFilter): CompiledFilters {
  const { filters = noFilters } = route;
  const refs = route.backendRefs.map(({ backend, weight, filters: own = noFilters }): CompiledRef => ({
    ...(backend === undefined ? {} : { backend }),
    weight,
    forwarding: compileForwarding([...filters, ...own], tokens),
  }));
  const edited = refs.filter(({ forwarding }) => forwarding !== undefined);
  return {
    respond: compileRespond(filters, listeners),
    refs,
    forwardingTo: edited.length === 0 ? nothing : (key) => edited.find(({ backend }) => backend === key)?.forwarding,
  };
}

function compileRespond(filters: readonly RouteFilter[], listeners: readonly Listener[]): Respond | undefined {
  const [redirect] = ofType(filters, 'RequestRedirect').map(compileRedirect);
  if (redirect === undefined) return undefined;
  // All listeners of one port have one protocol.
  const https = new Set(listeners.filter(({ protocol }) => protocol === 'HTTPS').map(({ port }) => port));
  return (request, port) => redirect(request, { port, scheme: https.has(port) ? 'https' : 'http' });
}

function compileForwarding(filters: readonly RouteFilter[], tokens: TokenFilter): Forwarding | undefined {
  const headers = compileHeaderEdits(ofType(filters, 'RequestHeaderModifier'));
  const response = sessionSafe(compileHeaderEdits(ofType(filters, 'ResponseHeaderModifier')), tokens);
  if (headers === undefined && response === undefined) return undefined;
  return { request: headers && { headers }, response };
}

const ofType = <Type extends RouteFilter['type']>(
  filters: readonly RouteFilter[],
  type: Type,
): Extract<RouteFilter, { type: Type }>[] =>
  filters.filter((filter): filter is Extract<RouteFilter, { type: Type }> => filter.type === type);
