/** The filters of a route and of its backends, compiled: what the proxy responds itself, and what it changes in messages. */
import type { RouteFilter } from '../../wire/route-filters.ts';
import type { BackendRef, Listener, Route } from '../../wire/routing-table.ts';
import type { Forwarding, Reply, RequestView, TokenFilter } from '../routing.ts';
import { compileCors, type CorsPolicy } from './cors.ts';
import { compileRedirect, type Redirect } from './redirect.ts';
import { compileRequestEdits } from './request-edits.ts';
import { compileResponseEdits, type ResponseEdits } from './response-edits.ts';
import { ofType } from './of-type.ts';

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
  const [cors] = ofType(filters, 'CORS').map(compileCors);
  const refs = route.backendRefs.map(({ backend, weight, filters: own = noFilters }): CompiledRef => ({
    ...(backend === undefined ? {} : { backend }),
    weight,
    forwarding: compileForwarding(route, [...filters, ...own], { tokens, cors }),
  }));
  const edited = refs.filter(({ forwarding }) => forwarding !== undefined);
  const [redirect] = ofType(filters, 'RequestRedirect').map(compileRedirect);
  return {
    respond: compileRespond({ redirect, cors, edits: compileResponseEdits(filters, { tokens, cors }) }, listeners),
    refs,
    forwardingTo: edited.length === 0 ? nothing : (key) => edited.find(({ backend }) => backend === key)?.forwarding,
  };
}

type Responders = { redirect: Redirect | undefined; cors: CorsPolicy | undefined; edits: ResponseEdits | undefined };

/** A preflight is never redirected: browsers would not follow. */
function compileRespond({ redirect, cors, edits }: Responders, listeners: readonly Listener[]): Respond | undefined {
  if (redirect === undefined) return cors && ((request) => cors.preflight(request));
  // All listeners of one port have one protocol.
  const https = new Set(listeners.filter(({ protocol }) => protocol === 'HTTPS').map(({ port }) => port));
  return (request, port) => {
    const preflight = cors?.preflight(request);
    if (preflight !== undefined) return preflight;
    const reply = redirect(request, { port, scheme: https.has(port) ? 'https' : 'http' });
    const added = edits?.(request.header('origin')).added ?? [];
    return { ...reply, headers: [...(reply.headers ?? []), ...added] };
  };
}

function compileForwarding(
  { timeouts }: Route,
  filters: readonly RouteFilter[],
  parts: { tokens: TokenFilter; cors: CorsPolicy | undefined },
): Forwarding | undefined {
  const request = compileRequestEdits(filters);
  const responseFor = compileResponseEdits(filters, parts);
  if (request === undefined && responseFor === undefined && timeouts === undefined) return undefined;
  return { request, responseFor, timeouts };
}
