/**
 * The RoutingTable: the only language between control plane and dataplane. Plain JSON, complete in itself, one per Gateway.
 * The proxy gets it as a stream from the operator, or reads it from a file when it runs alone.
 */
import type { RouteMatch } from '../api/spec.ts';
import type { Reason } from '../api/reasons.ts';

export type RoutingTable = {
  gateway: { namespace: string; name: string };
  listeners: Listener[];
  /** Most specific first, by Gateway API's order of precedence: the first match wins. */
  routes: Route[];
  /** By backend key, `namespace/name` of the StickyWorkload. */
  backends: Record<string, Backend>;
};

export type Listener = { name: string; protocol: 'HTTP'; port: number; hostname?: string };

export type Route = {
  /** `namespace/name` of the StickyWorkload that owns it, then `#` and the number of the match: for logs and metrics. */
  name: string;
  /** Names of the listeners it is attached to; absent: every listener. */
  listeners?: string[];
  /** Lower case; `*.` in front matches any number of labels; empty: every host. */
  hostnames: string[];
  match: RouteMatch;
  /** A session stays on its backend, also at weight 0; new ones are shared out by weight. */
  backendRefs: { backend: string; weight: number }[];
  persistence: RoutePersistence;
};

/** What the StickyWorkload that owns a route says of its sessions, on whichever backend they are. */
export type RoutePersistence = {
  carrier: Carrier;
  onEndpointLost: 'Reassign' | 'Reject';
  /** Requests that begin a session even where they carry the token of one on a draining pod. */
  newSessionOn: RouteMatch[];
};

/** Where the token travels. */
export type Carrier = CookieCarrier | { type: 'Header'; name: string };

export type CookieCarrier = {
  type: 'Cookie';
  name: string;
  path: string;
  domain?: string;
  sameSite: 'Strict' | 'Lax' | 'None';
  /** `Auto` was resolved: whether the attribute is written. */
  secure: boolean;
  partitioned: boolean;
  /** Permanent: with a Max-Age that ends with the absolute timeout. */
  lifetimeType: 'Session' | 'Permanent';
};

export type BalancingPolicy = 'LeastSessions' | 'LeastRequests' | 'RoundRobin' | 'Random';

export type Backend = {
  key: string;
  limits: SessionLimits;
  policy: BalancingPolicy;
  /** An endpoint with as many sessions gets no new one; absent: no limit. */
  maxSessionsPerEndpoint?: number;
  keyRing: KeyRing;
  /** By pod UID, sorted, so that equal worlds give equal tables. */
  endpoints: Endpoint[];
  /** Pods known to be gone, newest first, bounded. A token that names one is lost; one that names an unknown pod may be ahead of us. */
  removedEndpoints: RemovedEndpoint[];
};

/** How long sessions on a backend live. */
export type SessionLimits = {
  idleTimeoutMs: number;
  /** Absent: no limit. */
  absoluteTimeoutMs?: number;
};

/** `Pending`: not ready, gets no new session. `Draining`: terminating, gets no new session. Both keep the sessions they have. */
export type EndpointState = 'Pending' | 'Accepting' | 'Draining';

export type Endpoint = {
  uid: string;
  /** 64-bit hash of the pod UID, 16 hex digits: what a token names. */
  id: string;
  pod: string;
  address: string;
  port: number;
  state: EndpointState;
  reason?: Reason;
};

export type RemovedEndpoint = { id: string; uid: string; atMs: number };

/** Keys that sign and verify tokens. All verify; `current` signs. Secrets are base64 of 32 bytes. */
export type KeyRing = { current: number; keys: { id: number; secret: string }[] };
