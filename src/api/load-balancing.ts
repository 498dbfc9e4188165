/** The schema of `spec.loadBalancing`. */
import { cookiePathPattern, optionalDuration, printablePattern, tokenPattern } from './grammar.ts';
import type { Schema } from './schema.ts';

const consistentHash = {
  type: 'object',
  description:
    'Affinity without a session token, for clients that cannot keep one. Exactly one hash source must be set.',
  properties: {
    httpHeaderName: {
      type: 'string',
      minLength: 1,
      maxLength: 256,
      pattern: tokenPattern,
      description: 'Hash the value of this header.',
    },
    httpCookie: {
      type: 'object',
      description: 'Hash the value of a cookie; the proxy sets the cookie if the request has none.',
      required: ['name'],
      properties: {
        name: {
          type: 'string',
          minLength: 1,
          maxLength: 256,
          pattern: tokenPattern,
          description: 'Name of the cookie.',
        },
        ttl: optionalDuration('Lifetime of the cookie that the proxy sets. Default: until the browser closes.'),
        path: {
          type: 'string',
          maxLength: 1024,
          default: '/',
          pattern: cookiePathPattern,
          description: 'Path of the cookie that the proxy sets.',
        },
      },
    },
    httpQueryParameterName: {
      type: 'string',
      minLength: 1,
      maxLength: 256,
      pattern: printablePattern,
      description: 'Hash the value of this query parameter.',
    },
    useSourceIp: { type: 'boolean', description: 'Hash the IP address of the client.' },
    algorithm: {
      type: 'object',
      description: 'How a hash is mapped to a pod.',
      default: {},
      properties: {
        type: {
          type: 'string',
          enum: ['Maglev', 'RingHash'],
          default: 'Maglev',
          description:
            'Maglev distributes clients more evenly; RingHash moves fewer clients when pods are added or removed.',
        },
        tableSize: {
          type: 'integer',
          format: 'int32',
          minimum: 2,
          maximum: 5000011,
          description: 'Table size for Maglev, a prime number. Default: 65537.',
        },
        minimumRingSize: {
          type: 'integer',
          format: 'int32',
          minimum: 1,
          maximum: 8388608,
          description: 'Minimum ring size for RingHash. Default: 1024.',
        },
      },
      'x-kubernetes-validations': [
        {
          rule: "self.type == 'Maglev' || !has(self.tableSize)",
          message: 'tableSize requires type Maglev',
          fieldPath: '.tableSize',
        },
        {
          rule: "self.type == 'RingHash' || !has(self.minimumRingSize)",
          message: 'minimumRingSize requires type RingHash',
          fieldPath: '.minimumRingSize',
        },
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

export const loadBalancing = {
  type: 'object',
  description: 'How new sessions are distributed across pods.',
  default: {},
  properties: {
    policy: {
      type: 'string',
      enum: ['LeastSessions', 'RoundRobin', 'Random', 'LeastRequests', 'ConsistentHash'],
      default: 'LeastSessions',
      description: 'How the pod of a new session is chosen. Existing sessions stay on their pods.',
    },
    maxSessionsPerEndpoint: {
      type: 'integer',
      format: 'int32',
      minimum: 1,
      description:
        'Maximum number of confirmed sessions per pod; each proxy replica counts its own. A pod with this many sessions gets no new ones.',
    },
    consistentHash,
  },
  'x-kubernetes-validations': [
    {
      rule: "(self.policy == 'ConsistentHash') == has(self.consistentHash)",
      message: 'consistentHash must be set if and only if policy is ConsistentHash',
      fieldPath: '.consistentHash',
    },
  ],
} as const satisfies Schema;
