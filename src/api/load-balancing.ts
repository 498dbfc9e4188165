/** The schema of `spec.loadBalancing`. */
import { cookiePathPattern, optionalDuration, tokenPattern } from './grammar.ts';
import type { Schema } from './schema.ts';

const consistentHash = {
  type: 'object',
  description: 'Affinity without a token, for clients that keep none. Exactly one source of the hash.',
  properties: {
    httpHeaderName: {
      type: 'string',
      minLength: 1,
      maxLength: 256,
      pattern: tokenPattern,
      description: 'Hash of this header.',
    },
    httpCookie: {
      type: 'object',
      description: 'Hash of a cookie; the proxy makes one where there is none.',
      required: ['name'],
      properties: {
        name: {
          type: 'string',
          minLength: 1,
          maxLength: 256,
          pattern: tokenPattern,
          description: 'Name of the cookie.',
        },
        ttl: optionalDuration('Lifetime of the cookie that the proxy makes. Default: until the browser closes.'),
        path: {
          type: 'string',
          maxLength: 1024,
          default: '/',
          pattern: cookiePathPattern,
          description: 'Path of the cookie that the proxy makes.',
        },
      },
    },
    httpQueryParameterName: {
      type: 'string',
      minLength: 1,
      maxLength: 256,
      description: 'Hash of this query parameter.',
    },
    useSourceIp: { type: 'boolean', description: 'Hash of the address of the client.' },
    algorithm: {
      type: 'object',
      description: 'How a hash becomes a pod.',
      default: {},
      properties: {
        type: {
          type: 'string',
          enum: ['Maglev', 'RingHash'],
          default: 'Maglev',
          description: 'Maglev is more even, RingHash moves fewer clients when pods come and go.',
        },
        tableSize: {
          type: 'integer',
          format: 'int32',
          minimum: 2,
          maximum: 5000011,
          description: 'Maglev: a prime; default 65537.',
        },
        minimumRingSize: {
          type: 'integer',
          format: 'int32',
          minimum: 1,
          maximum: 8388608,
          description: 'RingHash; default 1024.',
        },
      },
      'x-kubernetes-validations': [
        {
          rule: "self.type == 'Maglev' || !has(self.tableSize)",
          message: 'tableSize is only for Maglev',
          fieldPath: '.tableSize',
        },
        {
          rule: "self.type == 'RingHash' || !has(self.minimumRingSize)",
          message: 'minimumRingSize is only for RingHash',
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
  description: 'Where new sessions go.',
  default: {},
  properties: {
    policy: {
      type: 'string',
      enum: ['LeastSessions', 'RoundRobin', 'Random', 'LeastRequests', 'ConsistentHash'],
      default: 'LeastSessions',
      description: 'How the pod of a new session is chosen. A session that exists stays where it is.',
    },
    maxSessionsPerEndpoint: {
      type: 'integer',
      format: 'int32',
      minimum: 1,
      description: 'A pod with as many sessions gets no new one.',
    },
    consistentHash,
  },
  'x-kubernetes-validations': [
    {
      rule: "(self.policy == 'ConsistentHash') == has(self.consistentHash)",
      message: 'consistentHash goes with policy ConsistentHash, and only with it',
      fieldPath: '.consistentHash',
    },
  ],
} as const satisfies Schema;
