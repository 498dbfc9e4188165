/** The check of a routing table from the operator or from a file: a table that passes it is a RoutingTable. */
import type { Reason } from '../api/reasons.ts';
import type { RouteMatch } from '../api/spec.ts';
import { isRecord } from '../platform/record.ts';
import {
  boolean,
  checked,
  hexId,
  list,
  map,
  must,
  object,
  oneOf,
  optional,
  pattern,
  string,
  time,
  whole,
  within,
  yes,
  type Check,
  type Checked,
} from './check.ts';
import { backendFilter, routeFilter } from './parse-filters.ts';
import type { BackendConfig, EndpointSet, ResourceOf, ResourceType } from './resources.ts';
import { completeSettings, proxySettings } from './proxy-settings.ts';
import type { RouteRetry, RouteTimeouts } from './route-filters.ts';
import type {
  Backend,
  BackendRef,
  BackendSessions,
  BackendTls,
  Carrier,
  Certificate,
  ClientCertificates,
  CookieCarrier,
  Endpoint,
  HttpListener,
  HttpsListener,
  KeyRing,
  Listener,
  NamedCarrier,
  RemovedEndpoint,
  RequestMatch,
  Route,
  RoutePersistence,
  RoutingTable,
  RpcMatch,
  SessionLimits,
  SubjectAltName,
} from './routing-table.ts';

const port = whole(1, 65_535);
// Values that become part of a response head must not contain the end of a line or an attribute.
const token = pattern(/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/, 'a name of letters, digits and a few signs (RFC 9110, token)');
const domain = pattern(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'a domain name');
const cookiePath = pattern(/^\/[^;\p{Cc}\p{Cs}]*$/u, 'a cookie path');
const secret = pattern(/^[A-Za-z0-9+/]{43}=$/, 'base64 of 32 bytes');
/** Any word: a newer operator may send more reasons and methods. */
const reason: Check<Reason> = (value) => string(value);
const method: Check<NonNullable<RouteMatch['method']>> = (value) => string(value);

type NameValue = NonNullable<RouteMatch['headers']>[number];
const nameValue = object<NameValue>({ type: oneOf('Exact', 'RegularExpression'), name: string, value: string });

const matchShape = {
  path: object<RouteMatch['path']>({ type: oneOf('Exact', 'PathPrefix', 'RegularExpression'), value: string }),
  method: optional(method),
  headers: optional(list(nameValue)),
  queryParams: optional(list(nameValue)),
};
const routeMatch = object<RouteMatch>(matchShape);
const requestMatch = object<RequestMatch>({
  ...matchShape,
  rpc: optional(
    object<RpcMatch>({
      type: oneOf('Exact', 'RegularExpression'),
      service: optional(string),
      method: optional(string),
    }),
  ),
});

const keyRingShape = object<KeyRing>({
  current: whole(0, 0xffff_ffff),
  keys: list(object<KeyRing['keys'][number]>({ id: whole(0, 0xffff_ffff), secret })),
});
const keyRing: Check<KeyRing> = (value) => keyRingShape(value) ?? hasCurrentKey(value);

const hasCurrentKey: Check<KeyRing> = (value) =>
  isRecord(value) &&
  Array.isArray(value['keys']) &&
  value['keys'].some((key) => isRecord(key) && key['id'] === value['current'])
    ? undefined
    : within('.current', must('the id of one of the keys'));

const cookie = object<CookieCarrier>({
  type: oneOf('Cookie'),
  name: token,
  path: cookiePath,
  domain: optional(domain),
  sameSite: oneOf('Strict', 'Lax', 'None'),
  secure: boolean,
  secureIfHttps: optional(yes),
  partitioned: boolean,
  lifetimeType: oneOf('Session', 'Permanent'),
});
const named = object<NamedCarrier>({ type: oneOf('Header', 'ApplicationCookie', 'ApplicationHeader'), name: token });
const carrier: Check<Carrier> = (value) =>
  isRecord(value) && value['type'] === 'Cookie' ? cookie(value) : named(value);

const backendProtocol = oneOf('HTTP1', 'HTTP2');

const backendConfig = object<BackendConfig>({
  key: string,
  policy: oneOf('LeastSessions', 'LeastRequests', 'RoundRobin', 'Random'),
  sessions: optional(
    object<BackendSessions>({
      limits: object<SessionLimits>({
        idleTimeoutMs: time,
        confirmTimeoutMs: optional(time),
        absoluteTimeoutMs: optional(time),
      }),
      maxPerEndpoint: optional(whole(1, 2 ** 31 - 1)),
      keyRing,
    }),
  ),
  tls: optional(
    object<BackendTls>({
      serverName: string,
      subjectAltNames: optional(list(object<SubjectAltName>({ type: oneOf('Hostname', 'URI'), value: string }))),
      authorities: optional(string),
      clientCertificate: optional(string),
    }),
  ),
  protocol: optional(backendProtocol),
});

export const endpoint = object<Endpoint>({
  uid: string,
  id: hexId,
  alias: optional(hexId),
  pod: string,
  address: string,
  port,
  state: oneOf('Pending', 'Accepting', 'Draining', 'Absent'),
  reason: optional(reason),
  nodeLost: optional(yes),
});
export const removedEndpoint = object<RemovedEndpoint>({ id: hexId, uid: string, atMs: time });
const endpointSet = object<EndpointSet>({ endpoints: list(endpoint), removedEndpoints: list(removedEndpoint) });
const backend: Check<Backend> = (value) => backendConfig(value) ?? endpointSet(value);

const route = object<Route>({
  name: string,
  listeners: optional(list(string)),
  hostnames: list(string),
  match: requestMatch,
  filters: optional(list(routeFilter)),
  protocol: optional(backendProtocol),
  timeouts: optional(object<RouteTimeouts>({ requestMs: optional(time), backendRequestMs: optional(time) })),
  retry: optional(
    object<RouteRetry>({ codes: list(whole(400, 599)), attempts: whole(1, 2 ** 31 - 1), backoffMs: time }),
  ),
  backendRefs: list(
    object<BackendRef>({
      backend: optional(string),
      weight: whole(0, 1_000_000),
      filters: optional(list(backendFilter)),
    }),
  ),
  persistence: optional(
    object<RoutePersistence>({
      carrier,
      onEndpointLost: oneOf('Reassign', 'Reject'),
      newSessionOn: list(routeMatch),
      exclude: optional(list(routeMatch)),
    }),
  ),
});

const httpListener = object<HttpListener>({
  name: string,
  protocol: oneOf('HTTP'),
  port,
  hostname: optional(string),
});
const httpsListener = object<HttpsListener>({
  name: string,
  protocol: oneOf('HTTPS'),
  port,
  hostname: optional(string),
  certificates: list(string),
  clientCertificates: optional(
    object<ClientCertificates>({ mode: oneOf('Required', 'Optional'), authorities: string }),
  ),
});
const listener: Check<Listener> = (value) =>
  isRecord(value) && value['protocol'] === 'HTTPS' ? httpsListener(value) : httpListener(value);

const gateway = object<RoutingTable['gateway']>({ namespace: string, name: string });
const certificate = object<Certificate>({ chain: string, key: string });

const routingTable = object<RoutingTable>({
  gateway,
  proxy: optional(proxySettings),
  listeners: list(listener),
  routes: list(route),
  backends: map(backend),
  certificates: optional(map(certificate)),
});

/** The checks of the parts in which a table is sent. */
export const resourceValues: { [T in ResourceType]: Check<ResourceOf<T>['value']> } = {
  gateway,
  proxy: proxySettings,
  listeners: list(listener),
  order: list(string),
  route,
  backend: backendConfig,
  endpoints: endpointSet,
  certificate,
};

/** A table file may leave out settings of the proxy: those get their defaults. */
export const parseRoutingTable = (value: unknown): Checked<RoutingTable> =>
  checked(routingTable, isRecord(value) ? completeSettings({ proxy: {}, ...value }) : value, 'table');
