/**
 * Filters, timeouts and retries of a route, as in Gateway API (HTTPRouteFilter, HTTPRouteTimeouts, HTTPRouteRetry), with references resolved and
 * units in names.
 * Filters apply in their order; those of a backendRef after those of its route.
 */

export type RouteFilter =
  | ({ type: 'RequestHeaderModifier' } & HeaderModifier)
  | ({ type: 'ResponseHeaderModifier' } & HeaderModifier)
  | RequestRedirect
  | UrlRewrite
  | RequestMirror
  | Cors;

/** Names are compared without case. A list that is absent is empty. */
export type HeaderModifier = { set?: HeaderValue[]; add?: HeaderValue[]; remove?: string[] };
export type HeaderValue = { name: string; value: string };

/** `prefix`: that of the route's match, which `value` replaces. */
export type PathModifier =
  | { type: 'ReplaceFullPath'; value: string }
  | { type: 'ReplacePrefixMatch'; value: string; prefix: string };

/**
 * Absent parts are those of the request. `port`: if absent, the well-known port of `scheme` if that is set, otherwise the port of the
 * listener.
 */
export type RequestRedirect = {
  type: 'RequestRedirect';
  scheme?: 'http' | 'https';
  hostname?: string;
  path?: PathModifier;
  port?: number;
  statusCode: 301 | 302 | 303 | 307 | 308;
};

export type UrlRewrite = { type: 'URLRewrite'; hostname?: string; path?: PathModifier };

/** A copy of `numerator` of `denominator` requests is sent to `backend`, and its response is ignored. */
export type RequestMirror = { type: 'RequestMirror'; backend: string; numerator: number; denominator: number };

/** `allowOrigins`: `scheme://host[:port]`, `*`, or with `*.` at the beginning of the host. */
export type Cors = {
  type: 'CORS';
  allowOrigins: string[];
  allowCredentials: boolean;
  allowMethods: string[];
  allowHeaders: string[];
  exposeHeaders: string[];
  maxAgeS: number;
};

/** `requestMs`: from the request head to the end of the response; `backendRequestMs`: of one attempt. Absent: no limit of the route. */
export type RouteTimeouts = { requestMs?: number; backendRequestMs?: number };

/** `codes`: statuses of responses that are not passed on. `attempts`: in addition to the first. `backoffMs`: before the second; it grows from there. */
export type RouteRetry = { codes: number[]; attempts: number; backoffMs: number };
