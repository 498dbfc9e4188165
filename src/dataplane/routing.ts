/**
 * The interface between the two sides of the proxy: the request path (exchange/, h1/, upstream/) moves bytes and contains no sessions; the
 * session side (sessions/) decides and counts and contains no sockets.
 */
import type { RouteTimeouts } from '../wire/route-filters.ts';
import type { BackendProtocol, BackendTls, Endpoint } from '../wire/routing-table.ts';
import type { Scheme } from './http/client-scheme.ts';
import type { HeaderEdits } from './http/header-edits.ts';
import type { HeaderField } from './http/header-fields.ts';
import type { HeaderNames } from './http/header-names.ts';
import type { PathEdit } from './http/path-edit.ts';

/** The parts of a request head that a decision needs. Strings are created only when they are read. */
export interface RequestView {
  readonly method: string;
  /** Path without the query, as sent (not decoded). */
  readonly path: string;
  /** Query without the `?`, or empty. */
  readonly query: string;
  /** Host header without the port, lower case. */
  readonly host: string;
  /** What the client used: as its connection shows, or as a trusted proxy in front states. */
  readonly scheme: Scheme;
  /** Returns the first value of a header, or undefined. `name` is in lower case. */
  header(name: string): string | undefined;
  /** Returns all values of a header, in order. They are parts of the head: what is kept longer than the request must be copied. */
  headers(name: string): string[];
  /** Of a head that comes again byte for byte, what was read from it; undefined of others. */
  readonly repeated?: ReadBefore | undefined;
}

/** `carrier`: that which has read the texts. */
export type ReadBefore = { tokens: { readonly carrier: object; readonly texts: readonly string[] } | undefined };

/**
 * Decides which parts of a message are for the proxy and the client alone: the session tokens of all routes of the Gateway, and the names
 * that carry them. One object for each route.
 */
export interface TokenFilter {
  /** Another one as soon as it decides otherwise about requests than before. */
  readonly version: number;
  /** Returns the value of a request's Cookie header for the app; the same string if nothing is to be removed. */
  cookiesForApp(cookies: string): string;
  /** The headers that carry tokens, on this or another route. Only they need be asked about. */
  readonly headers: HeaderNames;
  /** Returns a header's value for the app; empty if the header is removed. `header`: as found in `headers`. */
  headerForApp(header: string, value: string): string;
  /** Whether a header of a request has a part that is not for the app. */
  readonly hidesFromApp: (header: string, value: string) => boolean;
  /** The header in which the app hands out session ids, as found in `headers`: its lines are in the session's fields. */
  readonly appHeader: string | undefined;
  /** Whether a header of a response is removed, because the app must not set it. */
  hidesFromClient(header: string, value: string): boolean;
  /** Whether a Set-Cookie line of a response is removed: the app must not set or remove that cookie, or it is in the session's fields. */
  hidesCookieFromClient(setCookie: string): boolean;
  /** Whether such a response asks for the end of the request's session: the client had asked the app for it. */
  endsSession(method: string, status: number): boolean;
}

export interface SessionRouter {
  /** Decides where a request goes. Returns a promise only if it must wait for a newer table (at most 3 s). Never throws. */
  route(request: RequestView, listenerPort: number): RouteDecision | Promise<RouteDecision>;
  /** What the access log says of a request: by the current table, matched once more. */
  labels(request: RequestView, listenerPort: number): RouteLabels;
}

/** Names, as in the table. Absent: it has none. */
export type RouteLabels = { readonly gateway?: string; readonly listener?: string; readonly route?: string };

export type RouteDecision = { kind: 'forward'; hold: SessionHold } | { kind: 'reply'; reply: Reply };

/** A response of the proxy itself. `reason` is for logs and metrics; the body tells people what is wrong and what to do. */
export type Reply = {
  status: number;
  reason: ReplyReason;
  body: string;
  headers?: readonly HeaderField[];
};

export type ReplyReason =
  | 'NoRoute'
  | 'Redirect'
  | 'Preflight'
  | 'NoEndpointAccepting'
  | 'AllFull'
  | 'NoBackend'
  | 'BackendUnresolved'
  | 'EndpointLost'
  | 'UpstreamConnectFailed'
  | 'ProxyOutOfResources'
  | 'TableOutdated'
  | 'TooManyRequests'
  | 'UpstreamProtocolError'
  | 'UpstreamTimeout'
  | 'InternalError'
  | 'NotReady';

/** What a route asks of the messages of one of its backends: its filters, after the rules for session tokens, its timeouts and retries. */
export type Forwarding = {
  readonly request: RequestEdits | undefined;
  /** `origin`: the Origin header of the request. */
  readonly responseFor: ((origin: string | undefined) => HeaderEdits) | undefined;
  readonly timeouts: RouteTimeouts | undefined;
  readonly retry: RetryPolicy | undefined;
  /** Draws the endpoints that get a copy of the request. */
  readonly mirrors: (() => readonly MirrorTarget[]) | undefined;
  /** What changes in copies: what the route changes for all its backends. */
  readonly mirrored: RequestEdits | undefined;
};

/** What a route says of requests whose attempts fail: see docs/design/0042-retries.md. */
export interface RetryPolicy {
  /** Called for each request: the budget of retries is a share of them. */
  begun(): void;
  /** Whether a response of this status is a failure. */
  isFailure(status: number): boolean;
  /** Returns the delay before the next attempt, which counts in the budget, or why there is none. `retries`: of this request so far. */
  next(retries: number): number | 'Exhausted' | 'OverBudget';
}

export type MirrorTarget = { readonly endpoint: Endpoint; readonly transport: Transport };

/** How an endpoint is reached. Absent: without TLS, in HTTP/1.1. */
export type Transport = { readonly tls?: BackendTls | undefined; readonly protocol?: BackendProtocol | undefined };

export type RequestEdits = {
  readonly headers: HeaderEdits | undefined;
  readonly host: string | undefined;
  readonly path: PathEdit | undefined;
};

/**
 * Why a request did not reach its endpoint. `Refused`: the kernel of the pod responded with RST, so its node lives. `NotSecured`: it accepted
 * the connection, but TLS could not begin. `NoResponse`: nothing responded to the connection attempt. `Silent`: nothing responded on an open
 * connection, nor to several probes. `LocalError`: this proxy has no file, port or memory for a connection, `LimitReached`: it has as many
 * unanswered requests there as it may; both say nothing about the endpoint.
 */
export type ConnectFailure = 'Refused' | 'NotSecured' | 'NoResponse' | 'Silent' | 'LocalError' | 'LimitReached';

/** The parts of a response head that concern the session. */
export type SessionResponse = {
  /** The client used https; absent: it did not. */
  isHttps?: boolean;
  setCookies: readonly string[];
  /** The values of the header in which the app hands out ids; absent if it has none. */
  appIds?: readonly string[] | undefined;
  /** Its status is 4xx or 5xx. */
  failed?: boolean;
  /** It contained `Holdfast-Session: end`, or see `TokenFilter.endsSession`. */
  endsSession: boolean;
};

/**
 * One request's hold on its session: while it is held, the session is alive and its pod is busy.
 * Life: route() → [connectFailed(), again()…] → responseHead() once → release() exactly once, also on errors.
 */
export interface SessionHold {
  readonly endpoint: Endpoint;
  readonly transport: Transport;
  /** Key of its backend. */
  readonly backendKey: string;
  /** Whether the request has started a session so far, belongs to one, or neither. */
  readonly session: 'New' | 'Held' | 'None';
  /** True if the session starts with this request; only then may another endpoint be tried. */
  readonly isNew: boolean;
  readonly filter: TokenFilter;
  /** Undefined if its route has no filters: the usual case. */
  readonly forwarding: Forwarding | undefined;
  /**
   * The endpoint could not be reached. A new session moves to another endpoint, or briefly retries this one if there is no other. A pinned
   * one is briefly retried, then gets a reply and keeps its token; only if the table shows that its pod or node is gone, it is lost:
   * reassigned, or rejected with a reply. The request continues with the result.
   */
  connectFailed(
    failure: ConnectFailure,
  ): { kind: 'retry'; afterMs: number } | { kind: 'forward'; hold: SessionHold } | { kind: 'reply'; reply: Reply };
  /**
   * The app has failed, and the request is sent again. A session stays on its endpoint; without one another endpoint is chosen, if there is
   * one. The request continues with the result.
   */
  again(): SessionHold;
  /**
   * The response head has arrived. Returns the fields to add to it, mostly none: the token when it is new or due for renewal. For a session
   * that the app owns: the fields of the app's cookie or header, which are forwarded only so.
   */
  responseHead(response: SessionResponse): readonly HeaderField[];
  /** The request and its response, or the upgraded stream, are over. */
  release(): void;
}
