/** The schema of `StickyWorkload.spec`. Field names follow Gateway API GEP-1619 (newest generation) wherever it has one. */
import type { Infer, Schema } from './schema.ts';

// The same grammar as Gateway API's Duration (GEP-2257): whole numbers with a unit, at most four parts.
const durationPattern = '^([0-9]{1,5}(h|m|s|ms)){1,4}$';
const dnsLabel = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';
// An RFC 9110 token, which is what RFC 6265 wants of a cookie's name and RFC 9110 of a header's.
const tokenPattern = "^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$";

const duration = <const D extends string>(description: string, value: D) =>
  ({ type: 'string', description, pattern: durationPattern, maxLength: 24, default: value }) as const;

const optionalDuration = (description: string) =>
  ({ type: 'string', description, pattern: durationPattern, maxLength: 24 }) as const;

const targetRef = {
  type: 'object',
  description: 'The workload whose pods hold the sessions. It cannot be changed: sessions belong to its pods.',
  required: ['kind', 'name'],
  properties: {
    apiVersion: { type: 'string', enum: ['apps/v1'], default: 'apps/v1' },
    kind: { type: 'string', enum: ['Deployment', 'StatefulSet'], description: 'Deployment or StatefulSet.' },
    name: { type: 'string', minLength: 1, maxLength: 253, description: 'Name of the workload, in the same namespace.' },
  },
  'x-kubernetes-validations': [
    { rule: 'self == oldSelf', message: 'targetRef is immutable: delete this StickyWorkload and create one for the other target' },
  ],
} as const satisfies Schema;

const service = {
  type: 'object',
  description: 'The Service that Holdfast creates, named as the StickyWorkload.',
  default: {},
  properties: {
    port: { type: 'integer', format: 'int32', minimum: 1, maximum: 65535, default: 80, description: 'Port of the Service.' },
    targetPort: {
      'x-kubernetes-int-or-string': true,
      description: 'Container port, by number or name. Default: the only container port of the target; required where it has several.',
    },
    appProtocol: {
      type: 'string',
      enum: ['http', 'kubernetes.io/h2c', 'kubernetes.io/ws', 'grpc'],
      default: 'http',
      description: 'Protocol that the pods speak (GEP-1911).',
    },
  },
} as const satisfies Schema;

const nameValueMatch = (what: string) =>
  ({
    type: 'object',
    required: ['name', 'value'],
    properties: {
      type: { type: 'string', enum: ['Exact', 'RegularExpression'], default: 'Exact' },
      name: { type: 'string', minLength: 1, maxLength: 256, pattern: tokenPattern, description: `Name of the ${what}.` },
      value: { type: 'string', minLength: 1, maxLength: 4096 },
    },
  }) as const;

/** Gateway API's HTTPRouteMatch. */
const routeMatch = {
  type: 'object',
  properties: {
    path: {
      type: 'object',
      default: { type: 'PathPrefix', value: '/' },
      properties: {
        type: { type: 'string', enum: ['Exact', 'PathPrefix', 'RegularExpression'], default: 'PathPrefix' },
        value: { type: 'string', maxLength: 1024, default: '/' },
      },
      'x-kubernetes-validations': [
        { rule: "self.type == 'RegularExpression' || self.value.startsWith('/')", message: 'value must be an absolute path, starting with /' },
      ],
    },
    method: { type: 'string', enum: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'] },
    headers: { type: 'array', maxItems: 16, items: nameValueMatch('header'), 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] },
    queryParams: { type: 'array', maxItems: 16, items: nameValueMatch('query parameter'), 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] },
  },
} as const satisfies Schema;

const route = {
  type: 'object',
  description: 'How requests find the workload.',
  default: {},
  properties: {
    kind: {
      type: 'string',
      enum: ['HTTPRoute', 'GRPCRoute', 'None'],
      default: 'HTTPRoute',
      description: 'The route to create. None: you write the route.',
    },
    parentRefs: {
      type: 'array',
      maxItems: 32,
      description: 'Gateways that carry the route. Default: a Gateway of class holdfast in this namespace, created on demand.',
      items: {
        type: 'object',
        required: ['name'],
        properties: {
          name: { type: 'string', minLength: 1, maxLength: 253 },
          namespace: { type: 'string', minLength: 1, maxLength: 63, pattern: dnsLabel },
          sectionName: { type: 'string', minLength: 1, maxLength: 253 },
        },
      },
    },
    hostnames: {
      type: 'array',
      maxItems: 16,
      description: 'Host names that the route answers to. Default: all.',
      items: {
        type: 'string',
        minLength: 1,
        maxLength: 253,
        pattern: '^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
      },
    },
    matches: {
      type: 'array',
      minItems: 1,
      maxItems: 8,
      default: [{ path: { type: 'PathPrefix', value: '/' } }],
      items: routeMatch,
    },
    backends: {
      type: 'array',
      maxItems: 16,
      description: 'StickyWorkloads of this namespace that share the route, by weight (canary). A session stays on its side whatever the weights.',
      items: {
        type: 'object',
        required: ['name'],
        properties: {
          name: { type: 'string', minLength: 1, maxLength: 63, pattern: dnsLabel },
          weight: { type: 'integer', format: 'int32', minimum: 0, maximum: 1000000, default: 1 },
        },
      },
    },
  },
} as const satisfies Schema;

const cookie = {
  type: 'object',
  properties: {
    name: {
      type: 'string',
      minLength: 1,
      maxLength: 256,
      pattern: tokenPattern,
      description: 'Name of the cookie. Default: the name of the StickyWorkload, then "-session".',
    },
    path: { type: 'string', maxLength: 1024, default: '/', pattern: '^/[^;\\x00-\\x1f\\x7f]*$', description: 'Path attribute of the cookie.' },
    lifetimeType: {
      type: 'string',
      enum: ['Session', 'Permanent'],
      default: 'Session',
      description: 'Session: the browser forgets it when it closes. Permanent: it lives as long as absoluteTimeout.',
    },
    domain: { type: 'string', minLength: 1, maxLength: 253, pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$' },
    sameSite: { type: 'string', enum: ['Strict', 'Lax', 'None'], default: 'Lax' },
    secure: { type: 'string', enum: ['Auto', 'Always', 'Never'], default: 'Auto', description: 'Auto: on requests that came over TLS.' },
    partitioned: { type: 'boolean', default: false },
  },
  'x-kubernetes-validations': [
    { rule: "self.sameSite != 'None' || self.secure != 'Never'", message: 'sameSite None needs a Secure cookie: browsers drop it otherwise; set secure to Always or Auto' },
    { rule: "!self.partitioned || self.secure != 'Never'", message: 'a partitioned cookie must be Secure: set secure to Always or Auto' },
  ],
} as const satisfies Schema;

const sessionPersistence = {
  type: 'object',
  description: 'What ties a session to its pod.',
  default: {},
  properties: {
    type: { type: 'string', enum: ['Cookie', 'Header'], default: 'Cookie' },
    cookie,
    header: {
      type: 'object',
      required: ['name'],
      properties: { name: { type: 'string', minLength: 1, maxLength: 256, pattern: tokenPattern } },
    },
    absoluteTimeout: optionalDuration('A session ends this long after its start, whatever it does.'),
    idleTimeout: duration('A session ends when it was idle for this long.', '30m'),
    onEndpointLost: {
      type: 'string',
      enum: ['Reassign', 'Reject'],
      default: 'Reassign',
      description: 'When the pod of a session is gone. Reassign: a new session elsewhere. Reject: 503 and the cookie is cleared.',
    },
    newSessionOn: {
      type: 'array',
      maxItems: 8,
      items: routeMatch,
      description: 'Requests that begin a session, such as a login, even where they carry the token of an earlier one.',
    },
  },
  'x-kubernetes-validations': [
    { rule: "self.type != 'Header' || has(self.header)", message: 'type Header needs header.name', fieldPath: '.header' },
    { rule: "self.type != 'Header' || !has(self.cookie)", message: 'cookie is only for type Cookie: remove it, or set type to Cookie', fieldPath: '.cookie' },
    { rule: "self.type != 'Cookie' || !has(self.header)", message: 'header is only for type Header: remove it, or set type to Header', fieldPath: '.header' },
    {
      rule: "!has(self.cookie) || self.cookie.lifetimeType != 'Permanent' || has(self.absoluteTimeout)",
      message: 'lifetimeType Permanent needs absoluteTimeout: it becomes the lifetime of the cookie',
      fieldPath: '.absoluteTimeout',
    },
    { rule: "duration(self.idleTimeout) >= duration('1s')", message: 'idleTimeout must be at least 1s', fieldPath: '.idleTimeout' },
    {
      rule: '!has(self.absoluteTimeout) || duration(self.absoluteTimeout) >= duration(self.idleTimeout)',
      message: 'absoluteTimeout must not be shorter than idleTimeout',
      fieldPath: '.absoluteTimeout',
    },
  ],
} as const satisfies Schema;

const consistentHash = {
  type: 'object',
  description: 'Affinity without a token, for clients that keep none. Exactly one source of the hash.',
  properties: {
    httpHeaderName: { type: 'string', minLength: 1, maxLength: 256, pattern: tokenPattern },
    httpCookie: {
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string', minLength: 1, maxLength: 256, pattern: tokenPattern },
        ttl: optionalDuration('Lifetime of a cookie that the proxy makes where there is none.'),
        path: { type: 'string', maxLength: 1024, default: '/' },
      },
    },
    httpQueryParameterName: { type: 'string', minLength: 1, maxLength: 256 },
    useSourceIp: { type: 'boolean' },
    algorithm: {
      type: 'object',
      default: {},
      properties: {
        type: { type: 'string', enum: ['Maglev', 'RingHash'], default: 'Maglev' },
        tableSize: { type: 'integer', format: 'int32', minimum: 2, maximum: 5000011, description: 'Maglev: a prime; default 65537.' },
        minimumRingSize: { type: 'integer', format: 'int32', minimum: 1, maximum: 8388608, description: 'RingHash; default 1024.' },
      },
      'x-kubernetes-validations': [
        { rule: "self.type == 'Maglev' || !has(self.tableSize)", message: 'tableSize is only for Maglev', fieldPath: '.tableSize' },
        { rule: "self.type == 'RingHash' || !has(self.minimumRingSize)", message: 'minimumRingSize is only for RingHash', fieldPath: '.minimumRingSize' },
      ],
    },
  },
  'x-kubernetes-validations': [
    {
      rule: '[has(self.httpHeaderName), has(self.httpCookie), has(self.httpQueryParameterName), has(self.useSourceIp) && self.useSourceIp].filter(x, x).size() == 1',
      message: 'set exactly one of httpHeaderName, httpCookie, httpQueryParameterName and useSourceIp: true',
    },
  ],
} as const satisfies Schema;

const loadBalancing = {
  type: 'object',
  description: 'Where new sessions go.',
  default: {},
  properties: {
    policy: {
      type: 'string',
      enum: ['LeastSessions', 'RoundRobin', 'Random', 'LeastRequests', 'ConsistentHash'],
      default: 'LeastSessions',
    },
    maxSessionsPerEndpoint: { type: 'integer', format: 'int32', minimum: 1, description: 'A pod with as many sessions gets no new one.' },
    consistentHash,
  },
  'x-kubernetes-validations': [
    { rule: "(self.policy == 'ConsistentHash') == has(self.consistentHash)", message: 'consistentHash goes with policy ConsistentHash, and only with it', fieldPath: '.consistentHash' },
  ],
} as const satisfies Schema;

const drain = {
  type: 'object',
  description: 'How long a pod that is to go is held for its sessions.',
  default: {},
  properties: {
    timeout: duration('Hard limit. With quietPeriod and shutdownMargin it becomes the termination grace period of the pods.', '1h'),
    quietPeriod: duration('A pod goes when it had no session for this long.', '5s'),
    shutdownMargin: duration('What the app needs after SIGTERM.', '30s'),
    sessionSources: {
      type: 'array',
      minItems: 1,
      maxItems: 3,
      default: ['Proxy'],
      'x-kubernetes-list-type': 'set',
      items: { type: 'string', enum: ['Proxy', 'Connections', 'Application'] },
      description: 'Who says how many sessions a pod has. All must say zero.',
    },
    application: {
      type: 'object',
      description: 'Where the app answers with its number of sessions.',
      required: ['path', 'port'],
      properties: {
        path: { type: 'string', minLength: 1, maxLength: 1024, pattern: '^/' },
        port: { 'x-kubernetes-int-or-string': true, description: 'Container port, by number or name.' },
      },
    },
  },
  'x-kubernetes-validations': [
    { rule: "duration(self.timeout) <= duration('168h')", message: 'timeout must not exceed 7 days (168h)', fieldPath: '.timeout' },
    { rule: "duration(self.timeout) >= duration('1s')", message: 'timeout must be at least 1s', fieldPath: '.timeout' },
    { rule: "duration(self.quietPeriod) <= duration('10m')", message: 'quietPeriod must not exceed 10m', fieldPath: '.quietPeriod' },
    { rule: "duration(self.shutdownMargin) <= duration('1h')", message: 'shutdownMargin must not exceed 1h', fieldPath: '.shutdownMargin' },
    { rule: "('Application' in self.sessionSources) == has(self.application)", message: 'application goes with the session source Application, and only with it', fieldPath: '.application' },
  ],
} as const satisfies Schema;

const scaleDown = {
  type: 'object',
  description: 'What happens to pods when there are to be fewer.',
  default: {},
  properties: {
    strategy: {
      type: 'string',
      enum: ['DrainFirst', 'TerminateAndHold'],
      default: 'TerminateAndHold',
      description: 'TerminateAndHold: pods terminate at once and are held for their sessions. DrainFirst: pods drain first, then the Deployment shrinks.',
    },
    maxDraining: {
      'x-kubernetes-int-or-string': true,
      default: '50%',
      description: 'Of the pods, how many may drain at one time: a number or a percentage.',
    },
  },
  'x-kubernetes-validations': [
    {
      rule: "type(self.maxDraining) == int ? self.maxDraining >= 1 : self.maxDraining.matches('^([1-9]|[1-9][0-9]|100)%$')",
      message: 'maxDraining must be at least 1, or a percentage from 1% to 100%',
      fieldPath: '.maxDraining',
    },
  ],
} as const satisfies Schema;

const dataplane = {
  type: 'object',
  description: 'Who carries the traffic.',
  default: {},
  properties: {
    type: { type: 'string', enum: ['Bundled', 'Gateway'], default: 'Bundled', description: "Bundled: Holdfast's proxy. Gateway: another Gateway implementation." },
    replicas: { type: 'integer', format: 'int32', minimum: 1, maximum: 100, default: 2, description: 'Replicas of the proxy.' },
  },
} as const satisfies Schema;

export const specSchema = {
  type: 'object',
  required: ['targetRef'],
  properties: {
    targetRef,
    replicas: { type: 'integer', format: 'int32', minimum: 0, description: 'Pods that accept new sessions. Written through /scale by an autoscaler or kubectl scale.' },
    service,
    route,
    sessionPersistence,
    loadBalancing,
    drain,
    scaleDown,
    dataplane,
  },
} as const satisfies Schema;

export type StickyWorkloadSpec = Infer<typeof specSchema>;
export type RouteMatch = Infer<typeof routeMatch>;
export type TargetRef = Infer<typeof targetRef>;
