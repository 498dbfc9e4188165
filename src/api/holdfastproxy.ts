/** The schema of HoldfastProxy: how the proxies of a Gateway run, and their limits. */
import { aboutDurations, cidr, duration, objectName } from './grammar.ts';
import { placement } from './proxy-placement.ts';
import { proxyService } from './proxy-service.ts';
import { computeResources } from './resources.ts';
import type { Infer, Schema } from './schema.ts';
import { conditions } from './status.ts';

export const proxyKind = 'HoldfastProxy';
export const proxyPlural = 'holdfastproxies';
/** The HoldfastProxy in the operator's namespace that applies where no other one is referenced. */
export const defaultProxyObject = 'default';

const count = (description: string, value: number) =>
  ({ type: 'integer', format: 'int32', minimum: 1, maximum: 1_000_000, default: value, description }) as const;

const resources = {
  type: 'object',
  description: 'Resources of the proxy container.',
  properties: {
    requests: computeResources('What the scheduler reserves. Default: cpu 100m, memory 128Mi.'),
    limits: computeResources(
      'What the container may use. Default: none, because a proxy that is throttled or killed for memory affects every session.',
    ),
  },
} as const satisfies Schema;

const autoscaling = {
  type: 'object',
  description: 'A HorizontalPodAutoscaler for the proxies.',
  required: ['maxReplicas'],
  properties: {
    minReplicas: {
      type: 'integer',
      format: 'int32',
      minimum: 1,
      maximum: 1000,
      default: 2,
      description: 'Smallest number of proxy replicas.',
    },
    maxReplicas: {
      type: 'integer',
      format: 'int32',
      minimum: 1,
      maximum: 1000,
      description: 'Largest number of proxy replicas.',
    },
    targetCPUUtilizationPercentage: {
      type: 'integer',
      format: 'int32',
      minimum: 1,
      maximum: 1000,
      default: 80,
      description: 'Average CPU usage that the autoscaler aims for, as a percentage of the CPU request.',
    },
  },
  'x-kubernetes-validations': [
    {
      rule: 'self.minReplicas <= self.maxReplicas',
      message: 'minReplicas must not exceed maxReplicas',
      fieldPath: '.minReplicas',
    },
  ],
} as const satisfies Schema;

const clientAddress = {
  type: 'object',
  description: "How the proxy learns a client's address when a load balancer or ingress is in front.",
  default: {},
  properties: {
    trustedProxies: {
      type: 'array',
      maxItems: 64,
      default: ['127.0.0.0/8', '::1/128'],
      description:
        'CIDRs of the load balancers and ingresses in front. X-Forwarded-*, Forwarded and identity headers are kept only on their requests. The list replaces the default.',
      items: cidr,
    },
    proxyProtocol: {
      type: 'string',
      enum: ['Off', 'Required'],
      default: 'Off',
      description:
        'Required: every connection must come from trustedProxies and begin with a PROXY protocol header, version 1 or 2; others are closed. Off: no header is read.',
    },
  },
  'x-kubernetes-validations': [
    {
      rule: "self.proxyProtocol != 'Required' || self.trustedProxies.exists(block, !(block in ['127.0.0.0/8', '::1/128']))",
      message:
        'with proxyProtocol Required only connections from trustedProxies are accepted: add the addresses of the load balancer to trustedProxies',
      fieldPath: '.trustedProxies',
    },
  ],
} as const satisfies Schema;

const headers = {
  type: 'object',
  description: 'What the proxy does with headers of requests.',
  default: {},
  properties: {
    requestID: {
      type: 'string',
      enum: ['PreserveOrGenerate', 'Preserve', 'Generate', 'Disable'],
      default: 'Preserve',
      description:
        'What the app gets in X-Request-ID. Preserve: what the client has sent, or nothing. PreserveOrGenerate: what the client has sent, or a new UUID if that is missing, longer than 128 characters or not printable. Generate: always a new UUID. Disable: nothing. The access log has the same id.',
    },
  },
} as const satisfies Schema;

const limits = {
  type: 'object',
  description: 'Limits of each proxy replica. What a limit refuses is counted in its metrics.',
  default: {},
  properties: {
    connections: count('Open client connections.', 20_000),
    connectionsPerAddress: count('Open client connections from one IPv4 address, or one /64 of IPv6.', 10_000),
    requestsPerEndpoint: count('Requests to one pod that are complete and have no response yet.', 1024),
  },
} as const satisfies Schema;

const timeouts = {
  type: 'object',
  description: 'Timeouts of each proxy replica.',
  default: {},
  properties: {
    requestHead: duration('From the first byte of a request to the end of its head.', '15s'),
    requestBody: duration('Without progress of the request body.', '60s'),
    responseHead: duration('From the end of a request to the head of its response.', '10m'),
    clientIdle: duration(
      'Keep-alive of a client connection without a request. It must be longer than the keep-alive of a load balancer in front: Google Cloud needs more than 600s.',
      '75s',
    ),
    connect: duration('Connecting to a pod, before the proxy tries again.', '1300ms'),
  },
  'x-kubernetes-validations': [
    ...['requestHead', 'requestBody', 'responseHead', 'clientIdle'].map((name) =>
      aboutDurations([name], `duration(self.${name}) >= duration('1s')`, `${name} must be at least 1s`),
    ),
    aboutDurations(
      ['connect'],
      "(duration(self.connect) >= duration('100ms') && duration(self.connect) <= duration('1m'))",
      'connect must be from 100ms to 1m',
    ),
  ],
} as const satisfies Schema;

const accessLog = {
  type: 'object',
  description:
    'A line of JSON on the stdout of the proxy for each finished request. It contains no query, cookie, authorization, session token or client address. Unset: no access log.',
  properties: {
    samplingFraction: {
      type: 'object',
      description: 'The share of requests that are logged, chosen at random. Unset: all.',
      required: ['numerator'],
      properties: {
        numerator: {
          type: 'integer',
          format: 'int32',
          minimum: 0,
          maximum: 1_000_000,
          description: 'The number of requests that are logged, of every denominator.',
        },
        denominator: {
          type: 'integer',
          format: 'int32',
          minimum: 1,
          maximum: 1_000_000,
          default: 100,
          description: 'What the numerator is a part of.',
        },
      },
      'x-kubernetes-validations': [
        {
          rule: 'self.numerator <= self.denominator',
          message: 'numerator must not exceed denominator',
          fieldPath: '.numerator',
        },
      ],
    },
  },
} as const satisfies Schema;

export const proxySpecSchema = {
  type: 'object',
  default: {},
  properties: {
    replicas: {
      type: 'integer',
      format: 'int32',
      minimum: 1,
      maximum: 1000,
      description:
        'Number of proxy replicas. Unset: 2, until another controller or kubectl scale changes the number. A number that a HorizontalPodAutoscaler sets is never overwritten.',
    },
    autoscaling,
    service: proxyService,
    resources,
    ...placement,
    imagePullSecrets: {
      type: 'array',
      maxItems: 16,
      description: 'Secrets in the namespace of the Gateway with the credentials of the image registry.',
      items: {
        type: 'object',
        required: ['name'],
        properties: { name: objectName('Name of the Secret.') },
      },
    },
    drainTimeout: duration(
      'How long a stopping proxy waits at most for its open streams and requests. It exits with the last of them, and, if it serves StickyWorkloads only, no later than the longest of their drain.timeout.',
      '1h',
    ),
    clientAddress,
    headers,
    limits,
    timeouts,
    accessLog,
  },
  'x-kubernetes-validations': [
    {
      rule: '!has(self.replicas) || !has(self.autoscaling)',
      message: 'replicas and autoscaling exclude each other: remove one of them',
      fieldPath: '.replicas',
    },
    aboutDurations(
      ['drainTimeout'],
      "(duration(self.drainTimeout) >= duration('1s') && duration(self.drainTimeout) <= duration('168h'))",
      'drainTimeout must be from 1s to 7 days (168h)',
    ),
  ],
} as const satisfies Schema;

export type HoldfastProxySpec = Infer<typeof proxySpecSchema>;

/** What the API server makes of an empty spec. */
export const defaultProxySpec: HoldfastProxySpec = {
  service: { type: proxyService.properties.type.default },
  drainTimeout: proxySpecSchema.properties.drainTimeout.default,
  clientAddress: {
    trustedProxies: [...clientAddress.properties.trustedProxies.default],
    proxyProtocol: clientAddress.properties.proxyProtocol.default,
  },
  headers: { requestID: headers.properties.requestID.default },
  limits: {
    connections: limits.properties.connections.default,
    connectionsPerAddress: limits.properties.connectionsPerAddress.default,
    requestsPerEndpoint: limits.properties.requestsPerEndpoint.default,
  },
  timeouts: {
    requestHead: timeouts.properties.requestHead.default,
    requestBody: timeouts.properties.requestBody.default,
    responseHead: timeouts.properties.responseHead.default,
    clientIdle: timeouts.properties.clientIdle.default,
    connect: timeouts.properties.connect.default,
  },
};

export const proxyStatusSchema = {
  type: 'object',
  properties: {
    gateways: {
      type: 'integer',
      format: 'int32',
      description: 'Number of Gateways to whose proxies it applies.',
    },
    conditions: conditions('Conditions of the HoldfastProxy: Accepted and Applied.'),
  },
} as const satisfies Schema;

/** A HoldfastProxy as the API server returns it. */
export type HoldfastProxy = { metadata: { namespace: string; name: string }; spec: HoldfastProxySpec };
