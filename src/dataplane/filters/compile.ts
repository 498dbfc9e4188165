/** The filters of a route and of its backends, compiled: what the proxy responds itself, and what it changes in messages. */
import type { RouteFilter } from '../../wire/route-filters.ts';
import type { BackendRef, Listener, Route } from '../../wire/routing-table.ts';
import type { Forwarding, Reply, RequestView, RetryPolicy, TokenFilter } from '../routing.ts';
import { compileCors, type CorsPolicy } from './cors.ts';
import { compileMirrors, type DrawMirrors, type MirrorPorts } from './mirrors.ts';
import { compileRedirect, type Redirect } from './redirect.ts';
import { compileRequestEdits } from './request-edits.ts';
import { compileResponseEdits, type ResponseEdits } from './response-edits.ts';
import { compileRetry } from './retry.ts';
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

/** `tokens`: the filter of the route. */
export type FilterParts = { tokens: TokenFilter; mirrorPorts: MirrorPorts; nowMs: () => number };

export function compileFilters(
  route: Route,
  listeners: readonly Listener[],
  { tokens, mirrorPorts, nowMs }: FilterParts,
): CompiledFilters {
  const { filters = noFilters } = route;
  const [cors] = ofType(filters, 'CORS').map(compileCors);
  const retry = route.retry && compileRetry(route.retry, { nowMs, random: mirrorPorts.random });
  const parts = { tokens, cors, mirrors: compileMirrors(filters, mirrorPorts), retry };
  const refs = route.backendRefs.map(({ backend, weight, filters: own = noFilters }): CompiledRef => ({
    ...(backend === undefined ? {} : { backend }),
    weight,
    forwarding: compileForwarding(route, own, parts),
  }));
  const edited = refs.filter(({ forwarding }) => forwarding !== undefined);
  const [redirect] = ofType(filters, 'RequestRedirect').map(compileRedirect);
  return {
    respond: compileRespond({ redirect, cors, edits: compileResponseEdits(filters, parts) }, listeners),
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

type SharedParts = {
  tokens: TokenFilter;
  cors: CorsPolicy | undefined;
  mirrors: DrawMirrors | undefined;
  retry: RetryPolicy | undefined;
};

/** `own`: the filters of the backend. */
function compileForwarding(
  { filters: shared = noFilters, timeouts }: Pick<Route, 'timeouts'> & { filters?: readonly RouteFilter[] },
  own: readonly RouteFilter[],
  { mirrors, retry, ...parts }: SharedParts,
): Forwarding | undefined {
  const all = [...shared, ...own];
  const request = compileRequestEdits(all);
  const responseFor = compileResponseEdits(all, parts);
  const isPlain = [request, responseFor, timeouts, mirrors, retry].every((part) => part === undefined);
  const mirrored = mirrors && compileRequestEdits(shared);
  return isPlain ? undefined : { request, responseFor, timeouts, retry, mirrors, mirrored };
}
