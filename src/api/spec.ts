/** The schema of `StickyWorkload.spec`. Field names follow Gateway API GEP-1619 (newest generation) wherever it has one. */
import { cidrPattern, duration, portReference } from './grammar.ts';
import { loadBalancing } from './load-balancing.ts';
import { route, type routeMatch } from './route.ts';
import type { Infer, Schema } from './schema.ts';
import { sessionPersistence } from './session-persistence.ts';

const targetRef = {
  type: 'object',
  description: 'The workload whose pods hold the sessions. It cannot be changed: sessions belong to its pods.',
  required: ['kind', 'name'],
  properties: {
    apiVersion: { type: 'string', enum: ['apps/v1'], default: 'apps/v1', description: 'API version of the workload.' },
    kind: { type: 'string', enum: ['Deployment', 'StatefulSet'], description: 'Deployment or StatefulSet.' },
    name: { type: 'string', minLength: 1, maxLength: 253, description: 'Name of the workload, in the same namespace.' },
  },
  'x-kubernetes-validations': [
    {
      rule: 'self == oldSelf',
      message: 'targetRef is immutable: delete this StickyWorkload and create one for the other target',
    },
  ],
} as const satisfies Schema;

const service = {
  type: 'object',
  description: 'The Service that Holdfast creates, named as the StickyWorkload.',
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
      'Container port, by number or name. Default: the only container port of the target; required where it has several.',
    ),
    appProtocol: {
      type: 'string',
      enum: ['http', 'kubernetes.io/h2c', 'kubernetes.io/ws', 'grpc'],
      default: 'http',
      description: 'Protocol that the pods speak (GEP-1911).',
    },
  },
} as const satisfies Schema;

const drain = {
  type: 'object',
  description: 'How long a pod that is to go is held for its sessions.',
  default: {},
  properties: {
    timeout: duration(
      'Hard limit. With quietPeriod and shutdownMargin it becomes the termination grace period of the pods.',
      '1h',
    ),
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
        path: {
          type: 'string',
          minLength: 1,
          maxLength: 1024,
          pattern: '^/',
          description: 'Path that answers with the number.',
        },
        port: portReference('Container port, by number or name.'),
      },
    },
    connections: {
      type: 'object',
      description:
        'Which connections count, for the session source Connections. Those of the pod to itself never do, those of its node (probes of the kubelet) only once they have lasted.',
      properties: {
        ports: {
          type: 'array',
          minItems: 1,
          maxItems: 16,
          description:
            'Container ports whose established connections count. Default: the port that the Service leads to.',
          items: { type: 'integer', format: 'int32', minimum: 1, maximum: 65535 },
        },
        excludeCIDRs: {
          type: 'array',
          maxItems: 32,
          description:
            'Connections from these addresses do not count: those of Prometheus, of health checkers, of pools that are never closed.',
          items: { type: 'string', minLength: 1, maxLength: 49, pattern: cidrPattern },
        },
      },
    },
    sessionThreshold: {
      type: 'integer',
      format: 'int32',
      minimum: 0,
      default: 0,
      description: 'A pod with as many sessions, or fewer, counts as empty. 0: the last one is waited for.',
    },
  },
  'x-kubernetes-validations': [
    {
      rule: "duration(self.timeout) <= duration('168h')",
      message: 'timeout must not exceed 7 days (168h)',
      fieldPath: '.timeout',
    },
    { rule: "duration(self.timeout) >= duration('1s')", message: 'timeout must be at least 1s', fieldPath: '.timeout' },
    {
      rule: "duration(self.quietPeriod) <= duration('10m')",
      message: 'quietPeriod must not exceed 10m',
      fieldPath: '.quietPeriod',
    },
    {
      rule: "duration(self.shutdownMargin) <= duration('1h')",
      message: 'shutdownMargin must not exceed 1h',
      fieldPath: '.shutdownMargin',
    },
    {
      rule: "('Application' in self.sessionSources) == has(self.application)",
      message: 'application goes with the session source Application, and only with it',
      fieldPath: '.application',
    },
    {
      rule: "!has(self.connections) || 'Connections' in self.sessionSources",
      message:
        'connections is only for the session source Connections: add it to sessionSources, or remove connections',
      fieldPath: '.connections',
    },
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
      description:
        'TerminateAndHold: pods terminate at once and are held for their sessions. DrainFirst: pods drain first, then the Deployment shrinks.',
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
    type: {
      type: 'string',
      enum: ['Bundled', 'Gateway'],
      default: 'Bundled',
      description: "Bundled: Holdfast's proxy. Gateway: another Gateway implementation.",
    },
    replicas: {
      type: 'integer',
      format: 'int32',
      minimum: 1,
      maximum: 100,
      default: 2,
      description: 'Replicas of the proxy.',
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
      description: 'Pods that accept new sessions. Written through /scale by an autoscaler or kubectl scale.',
    },
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
