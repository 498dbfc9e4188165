/** RequestRedirect of Gateway API: the proxy responds with the address of the same resource elsewhere. */
import type { RequestRedirect } from '../../wire/route-filters.ts';
import type { Scheme } from '../http/client-scheme.ts';
import type { HeaderField } from '../http/header-fields.ts';
import { compilePathEdit } from '../http/path-edit.ts';
import type { Reply, RequestView } from '../routing.ts';

const wellKnownPorts: Readonly<Record<Scheme, number>> = { http: 80, https: 443 };

/** The listener at which the request arrived. */
export type RedirectingListener = { port: number; scheme: Scheme };

export type Redirect = (request: RequestView, listener: RedirectingListener) => Reply;

export function compileRedirect(redirect: RequestRedirect): Redirect {
  const { statusCode: status, path } = redirect;
  const pathEdit = path && compilePathEdit(path);
  return (request, listener) => {
    const origin = originOf(redirect, request, listener);
    const target = pathEdit === undefined ? request.path : pathEdit(request.path);
    const location = `${origin}${pathAfter(origin, target)}${request.query === '' ? '' : `?${request.query}`}`;
    return { status, reason: 'Redirect', body: `This resource is at ${location}\n`, headers: [locationOf(location)] };
  };
}

const locationOf = (value: string): HeaderField => ({ name: 'Location', value });

/** `OPTIONS *` has no path. Without an origin, what follows two slashes would be the host (RFC 3986 section 4.2). */
function pathAfter(origin: string, path: string): string {
  if (!path.startsWith('/')) return '/';
  return origin === '' ? path.replace(/^\/+/, '/') : path;
}

/** Empty, so that the location is relative, if a client of HTTP/1.0 has sent no host. */
function originOf(redirect: RequestRedirect, request: RequestView, listener: RedirectingListener): string {
  const host = redirect.hostname ?? request.host;
  if (host === '') return '';
  const scheme = redirect.scheme ?? request.scheme;
  const port = portOf(redirect, scheme, listener);
  return `${scheme}://${host}${port === wellKnownPorts[scheme] ? '' : `:${port}`}`;
}

/**
 * The port of the listener is the one that the client used, unless a trusted proxy in front ended its TLS: then the client used that of the
 * proxy in front, which is the well-known one.
 */
function portOf({ port, scheme: wanted }: RequestRedirect, scheme: Scheme, listener: RedirectingListener): number {
  if (port !== undefined) return port;
  return wanted === undefined && scheme === listener.scheme ? listener.port : wellKnownPorts[scheme];
}
