/**
 * The RoutingTable: the contract between control plane and dataplane. Plain JSON, complete, one per Gateway.
 * The proxy receives it as a stream from the operator, or makes it of a table file (`core/table-file`).
 */
import type { RouteMatch } from '../api/spec.ts';
import type { Reason } from '../api/reasons.ts';
import type { ProxySettings } from './proxy-settings.ts';
import type { RouteFilter, RouteRetry, RouteTimeouts } from './route-filters.ts';

export type RoutingTable = {
  gateway: { namespace: string; name: string };
  /** Absent: not known, and a proxy keeps what it has. */
  proxy?: ProxySettings;
  listeners: Listener[];
  /** Most specific first, by Gateway API's order of precedence: the first match wins. */
  routes: Route[];
  /** By backend key: `namespace/name` of the StickyWorkload, or `namespace/name:port` of a Service. */
  backends: Record<string, Backend>;
  /** Certificates of HTTPS listeners and towards endpoints, by their names there. */
  certificates?: Record<string, Certificate>;
};

/** `name`: unique in the table. */
export type Listener = HttpListener | HttpsListener;
export type HttpListener = { name: string; protocol: 'HTTP'; port: number; hostname?: string };
/** `clientCertificates`: absent if clients need none. */
export type HttpsListener = Omit<HttpListener, 'protocol'> & {
  protocol: 'HTTPS';
  certificates: string[];
  clientCertificates?: ClientCertificates;
};

/** One of `authorities`, in PEM, has signed the certificate of a client. `Optional`: clients without such a certificate are accepted too. */
export type ClientCertificates = { mode: 'Required' | 'Optional'; authorities: string };

/** In PEM. `chain`: the certificate of the server first. */
export type Certificate = { chain: string; key: string };

export type Route = {
  /** `namespace/name` of the StickyWorkload that owns it, `#` and the index of the match: for logs and metrics. */
  name: string;
  /** Names of the listeners it is attached to; absent: every listener. */
  listeners?: string[];
  /** Lower case; a leading `*.` matches any number of labels; empty: every host. */
  hostnames: string[];
  match: RequestMatch;
  filters?: RouteFilter[];
  timeouts?: RouteTimeouts;
  /** Absent: only requests that the app has not received are sent again. */
  retry?: RouteRetry;
  /** What backends speak that do not say. Absent: HTTP/1.1. */
  protocol?: BackendProtocol;
  /** Requests without a session are distributed by weight. A session stays on its backend, even at weight 0. */
  backendRefs: BackendRef[];
  /** Absent: requests have no sessions, and each backend is without `sessions` too. */
  persistence?: RoutePersistence;
};

/** Of an HTTPRoute, or with `rpc` of a GRPCRoute, whose path is the prefix `/`. */
export type RequestMatch = RouteMatch & { rpc?: RpcMatch };

/** Service and method of gRPC; a name that is absent matches all. */
export type RpcMatch = { type: 'Exact' | 'RegularExpression'; service?: string; method?: string };

/** `backend`: absent if it does not exist or must not be used, and its share of the requests gets 500. */
export type BackendRef = { backend?: string; weight: number; filters?: RouteFilter[] };

/** How the sessions of a route are kept, on any of its backends. */
export type RoutePersistence = {
  carrier: Carrier;
  onEndpointLost: 'Reassign' | 'Reject';
  /** Requests that start a session although they carry the token of a session on a draining pod. */
  newSessionOn: RouteMatch[];
  /** Requests that never start a session. Absent: none. */
  exclude?: RouteMatch[];
};

/** What carries the token between client and proxy. */
export type Carrier = CookieCarrier | NamedCarrier;

/**
 * `Header`: a header of Holdfast. `ApplicationCookie` and `ApplicationHeader`: a cookie or a header in which the app hands out its own
 * session ids; the token follows the id.
 */
export type NamedCarrier = { type: 'Header' | 'ApplicationCookie' | 'ApplicationHeader'; name: string };

export type CookieCarrier = {
  type: 'Cookie';
  name: string;
  path: string;
  domain?: string;
  sameSite: 'Strict' | 'Lax' | 'None';
  /** Whether the attribute is always written. */
  secure: boolean;
  /** Whether it is also written for clients that use https, as the proxy sees it or a trusted proxy states. */
  secureIfHttps?: true;
  partitioned: boolean;
  /** Permanent: with a Max-Age up to the absolute timeout. */
  lifetimeType: 'Session' | 'Permanent';
};

export type BalancingPolicy = 'LeastSessions' | 'LeastRequests' | 'RoundRobin' | 'Random';

export type Backend = {
  key: string;
  policy: BalancingPolicy;
  /** Absent: its endpoints are balanced without sessions. */
  sessions?: BackendSessions;
  /** Absent: its endpoints are reached without TLS. */
  tls?: BackendTls;
  /** What its endpoints speak. Absent: what the route says. */
  protocol?: BackendProtocol;
  /** Sorted by pod UID, so that equal cluster states give equal tables. */
  endpoints: Endpoint[];
  /** Deleted pods (tombstones), newest first, bounded. The session of a token that names one is lost; an unknown pod may be newer than the table. */
  removedEndpoints: RemovedEndpoint[];
};

/** `HTTP2`: without TLS by prior knowledge, with TLS by ALPN. */
export type BackendProtocol = 'HTTP1' | 'HTTP2';

/**
 * `serverName`: the name that endpoints are asked for, and that their certificates have; with `subjectAltNames` they have one of those instead.
 * `authorities`: certificates in PEM, of whom one has signed. Absent: those that browsers trust. `clientCertificate`: the name of the one that
 * the proxy presents if an endpoint asks for it.
 */
export type BackendTls = {
  serverName: string;
  subjectAltNames?: SubjectAltName[];
  authorities?: string;
  clientCertificate?: string;
};

/** Lower case, if it is a host name. */
export type SubjectAltName = { type: 'Hostname' | 'URI'; value: string };

export type BackendSessions = {
  limits: SessionLimits;
  /** An endpoint with this many sessions gets no new ones; absent: no limit. */
  maxPerEndpoint?: number;
  keyRing: KeyRing;
};

/** The lifetime of the sessions on a backend. */
export type SessionLimits = {
  idleTimeoutMs: number;
  /** How long a session counts whose client has not returned. Absent, or not below the idle timeout: sessions start confirmed. */
  confirmTimeoutMs?: number;
  /** Absent: no limit. */
  absoluteTimeoutMs?: number;
};

/**
 * `Pending`: not ready, gets no new sessions. `Draining`: terminating, gets no new sessions. Both keep their existing sessions.
 * `Absent`: its pod does not exist at present, and returns under the same name. Its sessions wait; it has no address.
 */
export type EndpointState = 'Pending' | 'Accepting' | 'Draining' | 'Absent';

export type Endpoint = {
  uid: string;
  /** 64-bit hash of the pod UID, or of namespace and name of the pod, 16 hex digits: the id of the endpoint in tokens. */
  id: string;
  /** Of a pod of a StatefulSet: its id by the other endpointIdentity, in tokens from before a change of it. */
  alias?: string;
  pod: string;
  address: string;
  port: number;
  state: EndpointState;
  reason?: Reason;
  /** Its node is not ready, has stopped renewing its Lease, or is deleted. The sessions of an endpoint that no connection reaches either are lost. */
  nodeLost?: true;
};

export type RemovedEndpoint = { id: string; uid: string; atMs: number };

/** Keys that sign and verify tokens. All verify; `current` signs. Secrets are base64 of 32 bytes. */
export type KeyRing = { current: number; keys: { id: number; secret: string }[] };
