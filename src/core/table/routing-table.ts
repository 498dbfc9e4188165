/**
 * The RoutingTable: the only language between control plane and dataplane. Plain JSON, complete in itself, one per Gateway.
 * The proxy gets it as a stream from the operator, or reads it from a file when it runs alone.
 */
import type { RouteMatch } from '../../api/spec.ts';
import type { Reason } from '../../api/reasons.ts';

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
  /** `namespace/name`, then `#` and the number of the match: for logs and metrics. */
  name: string;
  /** Lower case; `*.` in front matches any number of labels; empty: every host. */
  hostnames: string[];
  match: RouteMatch;
  backendRefs: { backend: string; weight: number }[];
};

export type Backend = {
  key: string;
  persistence: Persistence;
  policy: 'LeastSessions';
  keyRing: KeyRing;
  /** By pod UID, sorted, so that equal worlds give equal tables. */
  endpoints: Endpoint[];
  /** Pods known to be gone, newest first, bounded. A token that names one is lost; one that names an unknown pod may be ahead of us. */
  departed: Departed[];
};

export type Persistence = {
  cookieName: string;
  cookiePath: string;
  idleTimeoutMs: number;
  /** Absent: a session may live for ever. */
  absoluteTimeoutMs?: number;
};

/** `Pending`: not ready, gets no new session. `Draining`: on its way out, gets no new session. Both keep the sessions they have. */
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

export type Departed = { id: string; uid: string; atMs: number };

/** Keys that sign and verify tokens. All verify; `current` signs. Secrets are base64 of 32 bytes. */
export type KeyRing = { current: number; keys: { id: number; secret: string }[] };
