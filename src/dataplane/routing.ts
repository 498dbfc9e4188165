/**
 * The seam of the proxy: the request path (exchange/, h1/, upstream/) moves bytes and knows nothing of sessions;
 * the session side (sessions/) decides and counts and knows nothing of sockets. They meet here.
 */
import type { Carrier, Endpoint } from '../wire/routing-table.ts';

/** What deciding needs of a request head. Strings are made only when asked for. */
export interface RequestView {
  readonly method: string;
  /** Path without the query, as sent (not decoded). */
  readonly path: string;
  /** Query without the `?`, or empty. */
  readonly query: string;
  /** Host header without the port, lower case. */
  readonly host: string;
  /** First value of a header, or undefined. `name` is in lower case. */
  header(name: string): string | undefined;
  /** All values of a header, in order. */
  headers(name: string): string[];
}

export interface SessionRouter {
  /** Decides where a request goes. A promise only where it must wait for a newer table (at most 3 s). Never throws. */
  route(request: RequestView, listenerPort: number): RouteDecision | Promise<RouteDecision>;
}

export type RouteDecision = { kind: 'forward'; hold: SessionHold } | { kind: 'reply'; reply: Reply };

/** An answer of the proxy itself. `reason` is the word for logs and metrics; the body is for people and names the way out. */
export type Reply = {
  status: number;
  reason: ReplyReason;
  body: string;
  /** Whole header lines, each ending in CRLF. */
  extraHead?: string;
};

export type ReplyReason =
  | 'NoRoute'
  | 'NoEndpointAccepting'
  | 'AllFull'
  | 'EndpointLost'
  | 'UpstreamConnectFailed'
  | 'UpstreamProtocolError'
  | 'UpstreamTimeout'
  | 'NotReady';

/**
 * One request's hold on its session: while it is held the session is alive and its pod is not free.
 * Life: route() → [connectFailed()…] → responseHead() once → release() exactly once, also on errors.
 */
export interface SessionHold {
  readonly endpoint: Endpoint;
  /** True where the session begins with this request; only then may another endpoint be tried. */
  readonly isNew: boolean;
  /** The cookie or header that carries the token: it is stripped from what the app sees. */
  readonly carrier: Pick<Carrier, 'type' | 'name'>;
  /**
   * The endpoint refused the connection. A new session moves to another endpoint, or tries this one again briefly where there is no
   * other; a pinned one tries again briefly, then it is lost: reassigned or answered. The hold goes on with what this returns.
   */
  connectFailed(
    attempt: number,
  ): { kind: 'retry'; afterMs: number } | { kind: 'forward'; hold: SessionHold } | { kind: 'reply'; reply: Reply };
  /**
   * The response head is in. `setCookies`: its Set-Cookie values; `endsSession`: it carried `Holdfast-Session: end`.
   * Answers header lines to add, each ending in CRLF, or an empty string: the token when it is new or due for renewal.
   */
  responseHead(response: { setCookies: readonly string[]; endsSession: boolean }): string;
  /** The request and its response, or the upgraded stream, are over. */
  release(): void;
}
