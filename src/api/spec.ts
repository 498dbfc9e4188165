/** The schema of `StickyWorkload.spec`. Field names follow Gateway API GEP-1619 (newest generation) wherever it has one. */
import { aboutDurations, cidr, duration, objectName, portReference } from './grammar.ts';
import { loadBalancing } from './load-balancing.ts';
import { route, type routeMatch } from './route.ts';
import { computeResources } from './resources.ts';
import type { Infer, Schema } from './schema.ts';
import { sessionPersistence } from './session-persistence.ts';

const targetRef = {
  type: 'object',
  description: 'The workload whose pods hold the sessions. Immutable: sessions belong to its pods.',
  required: ['kind', 'name'],
  properties: {
    apiVersion: { type: 'string', enum: ['apps/v1'], default: 'apps/v1', description: 'API version of the workload.' },
    kind: { type: 'string', enum: ['Deployment', 'StatefulSet'], description: 'Deployment or StatefulSet.' },
    name: objectName('Name of the workload, in the same namespace.'),
  },
  'x-kubernetes-validations': [
    {
      rule: 'self == oldSelf',
      message: 'targetRef is immutable: delete this StickyWorkload and create one for the new target',
    },
  ],
} as const satisfies Schema;

const service = {
  type: 'object',
  description:
    'The Service that Holdfast creates. It has the name of the StickyWorkload. With route kind None, a Service of your own with that name is used as it is if it selects the pods.',
  default: {},
  properties: {
    port: {
      type: 'integer',
      format: 'int32',
      minimum: 1,
      maximum: 65535,
      default: 80,
      description: 'Port of the Service.',
    },
    targetPort: portReference(
      'Container port, by number or name. Default: the only container port of the target; required if the target has several.',
    ),
    appProtocol: {
      type: 'string',
      enum: ['http', 'kubernetes.io/h2c', 'kubernetes.io/ws', 'grpc'],
      default: 'http',
      description:
        'Application protocol of the pods (GEP-1911). With kubernetes.io/h2c and grpc they get HTTP/2, otherwise HTTP/1.1.',
    },
  },
} as const satisfies Schema;

const drain = {
  type: 'object',
  description: 'How long a terminating pod is held for its sessions.',
  default: {},
  properties: {
    timeout: duration(
      'Maximum duration of a drain. The termination grace period of the pods is the sum of timeout, quietPeriod and shutdownMargin.',
      '1h',
    ),
    quietPeriod: duration('A draining pod is released when it has had no session for this long.', '5s'),
    shutdownMargin: duration('Time that the app needs to shut down after SIGTERM.', '30s'),
    sessionSources: {
      type: 'array',
      minItems: 1,
      maxItems: 3,
      default: ['Proxy'],
      'x-kubernetes-list-type': 'set',
      items: { type: 'string', enum: ['Proxy', 'Connections', 'Application'] },
      description: 'Sources that count the sessions of a pod. A pod is released only when all of them report zero.',
    },
    application: {
      type: 'object',
      description: 'Endpoint at which the app reports its number of sessions, for session source Application.',
      required: ['path', 'port'],
      properties: {
        path: {
          type: 'string',
          minLength: 1,
          maxLength: 1024,
          pattern: '^/[^\\x00-\\x1f\\x7f]*$',
          description: 'Path that returns the number.',
        },
        port: portReference('Container port, by number or name.'),
      },
    },
    connections: {
      type: 'object',
      description:
        'Which connections count, for session source Connections. Connections within the pod never count; connections from its node (kubelet probes) count only when they are long-lived.',
      properties: {
        ports: {
          type: 'array',
          minItems: 1,
          maxItems: 16,
          description: 'Container ports whose established connections count. Default: the target port of the Service.',
          items: { type: 'integer', format: 'int32', minimum: 1, maximum: 65535 },
        },
        excludeCIDRs: {
          type: 'array',
          maxItems: 32,
          description:
            'Connections from these CIDRs do not count, for example those of Prometheus, health checkers or connection pools that are never closed.',
          items: cidr,
        },
      },
    },
    sessionThreshold: {
      type: 'integer',
      format: 'int32',
      minimum: 0,
      default: 0,
      description:
        'A pod with this many sessions or fewer counts as empty. With 0 the drain waits for the last session.',
    },
  },
  'x-kubernetes-validations': [
    aboutDurations(['timeout'], "duration(self.timeout) <= duration('168h')", 'timeout must not exceed 7 days (168h)'),
    aboutDurations(['timeout'], "duration(self.timeout) >= duration('1s')", 'timeout must be at least 1s'),
    aboutDurations(['quietPeriod'], "duration(self.quietPeriod) <= duration('10m')", 'quietPeriod must not exceed 10m'),
    aboutDurations(
      ['shutdownMargin'],
      "duration(self.shutdownMargin) <= duration('1h')",
      'shutdownMargin must not exceed 1h',
    ),
    {
      rule: "('Application' in self.sessionSources) == has(self.application)",
      message: 'application must be set if and only if sessionSources contains Application',
      fieldPath: '.application',
    },
    {
      rule: "!has(self.connections) || 'Connections' in self.sessionSources",
      message:
        'connections requires session source Connections: add Connections to sessionSources, or remove connections',
      fieldPath: '.connections',
    },
  ],
} as const satisfies Schema;

const scaleDown = {
  type: 'object',
  description: 'What happens to pods when the workload scales down.',
  default: {},
  properties: {
    strategy: {
      type: 'string',
      enum: ['DrainFirst', 'TerminateAndHold'],
      default: 'TerminateAndHold',
      description:
        'TerminateAndHold: pods terminate immediately and are held for their sessions. DrainFirst: pods drain first, then the Deployment scales down.',
    },
    maxDraining: {
      'x-kubernetes-int-or-string': true,
      default: '50%',
      description: 'Maximum number or percentage of pods that drain at the same time.',
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

const sidecar = {
  type: 'object',
  description: 'The sidecar that injection adds to the pods. Changes apply to new pods.',
  properties: {
    resources: {
      type: 'object',
      description:
        'Resources of the sidecar, instead of those in the settings of the operator. If every other container has a limit, the sidecar also has one, so that a ResourceQuota accepts the pod; in a pod of quality of service Guaranteed its requests equal its limits.',
      properties: {
        requests: computeResources('What the scheduler reserves. Default: cpu 5m, memory 32Mi.'),
        limits: computeResources(
          'What the sidecar may use. Default: memory 128Mi; cpu 100m where a limit is needed; the request if that is larger.',
        ),
      },
    },
    port: {
      type: 'integer',
      format: 'int32',
      minimum: 1024,
      maximum: 65535,
      description:
        'Port of the sidecar in the pod. Default: 15999, or a lower one if a container declares it; on the network of the node, one from 15000 to 15999. Set it if the app uses that port without declaring it.',
    },
  },
} as const satisfies Schema;

const dataplane = {
  type: 'object',
  description: 'Which data plane serves the traffic.',
  default: {},
  properties: {
    type: {
      type: 'string',
      enum: ['Bundled', 'Gateway'],
      default: 'Bundled',
      description: 'Bundled: the Holdfast proxy. Gateway: another Gateway API implementation.',
    },
    parametersRef: {
      type: 'object',
      description:
        'The HoldfastProxy for the proxies of the Gateway that Holdfast generates in this namespace. Default: that of the GatewayClass.',
      required: ['name'],
      properties: {
        name: objectName('Name of a HoldfastProxy in the same namespace.'),
      },
    },
  },
} as const satisfies Schema;

export const specSchema = {
  type: 'object',
  required: ['targetRef'],
  properties: {
    targetRef,
    replicas: {
      type: 'integer',
      format: 'int32',
      minimum: 0,
      description:
        'Desired number of pods that accept new sessions, set through /scale by an autoscaler or kubectl scale.',
    },
    service,
    route,
    sessionPersistence,
    loadBalancing,
    drain,
    scaleDown,
    sidecar,
    dataplane,
  },
  'x-kubernetes-validations': [
    {
      rule: '!has(self.dataplane.parametersRef) || !has(self.route.parentRefs) || size(self.route.parentRefs) == 0',
      message:
        'parametersRef applies to the Gateway that Holdfast generates: with route.parentRefs set spec.infrastructure.parametersRef of the Gateway instead',
      fieldPath: '.dataplane.parametersRef',
    },
    {
      rule: "!has(self.sessionPersistence.endpointIdentity) || self.sessionPersistence.endpointIdentity != 'PodName' || self.targetRef.kind == 'StatefulSet'",
      message:
        'endpointIdentity PodName requires a StatefulSet, whose pods keep their names: use PodUID, or remove endpointIdentity',
      fieldPath: '.sessionPersistence.endpointIdentity',
    },
  ],
} as const satisfies Schema;

export type StickyWorkloadSpec = Infer<typeof specSchema>;
export type RouteMatch = Infer<typeof routeMatch>;
