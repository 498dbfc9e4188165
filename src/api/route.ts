/** The schema of `spec.route`, and of the request matches that other fields use too. The field names are those of Gateway API. */
import { dnsLabel, objectName, printablePattern, tokenPattern } from './grammar.ts';
import type { Schema } from './schema.ts';

const regexLimits =
  'No regular expression matches a text that is very long for its size: above 8,000 characters for about 32 instructions, above 1,024 for 256, the most that one may compile to.';

const nameValueMatch = (what: string) =>
  ({
    type: 'object',
    required: ['name', 'value'],
    properties: {
      type: {
        type: 'string',
        enum: ['Exact', 'RegularExpression'],
        default: 'Exact',
        description: 'How the value is compared.',
      },
      name: {
        type: 'string',
        minLength: 1,
        maxLength: 256,
        pattern: tokenPattern,
        description: `Name of the ${what}.`,
      },
      value: {
        type: 'string',
        minLength: 1,
        maxLength: 4096,
        pattern: printablePattern,
        description: `Value of the ${what}, or a regular expression (RE2) for the whole of it. ${regexLimits}`,
      },
    },
  }) as const;

const nameValueMatches = (what: string) =>
  ({
    type: 'array',
    maxItems: 16,
    description: `All entries must match. Each ${what} can be listed once.`,
    items: nameValueMatch(what),
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
  }) as const;

/** Gateway API's HTTPRouteMatch. */
export const routeMatch = {
  type: 'object',
  properties: {
    path: {
      type: 'object',
      description: 'Path of the request, without the query.',
      default: { type: 'PathPrefix', value: '/' },
      properties: {
        type: {
          type: 'string',
          enum: ['Exact', 'PathPrefix', 'RegularExpression'],
          default: 'PathPrefix',
          description: 'How the value is compared. PathPrefix compares whole path segments.',
        },
        value: {
          type: 'string',
          maxLength: 1024,
          pattern: printablePattern,
          default: '/',
          description: `An absolute path, or a regular expression (RE2) for the whole path. ${regexLimits}`,
        },
      },
      'x-kubernetes-validations': [
        {
          rule: "self.type == 'RegularExpression' || self.value.startsWith('/')",
          message: 'value must be an absolute path, starting with /',
        },
      ],
    },
    method: {
      type: 'string',
      enum: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH'],
      description: 'HTTP method. Default: any.',
    },
    headers: nameValueMatches('header'),
    queryParams: nameValueMatches('query parameter'),
  },
} as const satisfies Schema;

export const route = {
  type: 'object',
  description: 'How requests are routed to the workload.',
  default: {},
  properties: {
    kind: {
      type: 'string',
      enum: ['HTTPRoute', 'GRPCRoute', 'None'],
      default: 'HTTPRoute',
      description:
        'Kind of route to create. GRPCRoute: for gRPC only; needs an appProtocol of HTTP/2, such as grpc, and matches headers only. None: you create the route yourself, to a Service of any name that selects the pods.',
    },
    parentRefs: {
      type: 'array',
      maxItems: 32,
      description:
        'Gateways that the route attaches to. Default: a Gateway of class holdfast in this namespace, created on demand.',
      items: {
        type: 'object',
        required: ['name'],
        properties: {
          name: objectName('Name of the Gateway.'),
          namespace: {
            type: 'string',
            minLength: 1,
            maxLength: 63,
            pattern: dnsLabel,
            description: 'Namespace of the Gateway. Default: that of the StickyWorkload.',
          },
          sectionName: objectName('Listener of the Gateway. Default: all listeners.'),
        },
      },
    },
    hostnames: {
      type: 'array',
      maxItems: 16,
      description: 'Hostnames that the route matches. Default: all.',
      items: {
        type: 'string',
        minLength: 1,
        maxLength: 253,
        'x-kubernetes-validations': [
          {
            rule: "self.matches('^([*][.])?[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
            message:
              'must be a host name in lower case, without a port and underscores, such as shop.example.com or *.example.com: leave hostnames out to match every host',
          },
        ],
      },
    },
    matches: {
      type: 'array',
      minItems: 1,
      maxItems: 8,
      description: 'Request matches. The route applies to requests that match at least one entry.',
      default: [{ path: { type: 'PathPrefix', value: '/' } }],
      items: routeMatch,
    },
    backends: {
      type: 'array',
      maxItems: 16,
      description:
        'StickyWorkloads that share the route by weight, for example for a canary. List this StickyWorkload too if it should get traffic. An existing session stays on its backend, whatever the weights.',
      items: {
        type: 'object',
        required: ['name'],
        properties: {
          name: {
            type: 'string',
            minLength: 1,
            maxLength: 63,
            pattern: dnsLabel,
            description: 'Name of the StickyWorkload.',
          },
          namespace: {
            type: 'string',
            minLength: 1,
            maxLength: 63,
            pattern: dnsLabel,
            description:
              'Namespace of the StickyWorkload. In another namespace, a ReferenceGrant must allow routes of this kind and namespace to refer to its Service. Default: this namespace.',
          },
          weight: {
            type: 'integer',
            format: 'int32',
            minimum: 0,
            maximum: 1000000,
            default: 1,
            description: 'Share of new sessions, relative to the sum of all weights.',
          },
        },
      },
    },
  },
} as const satisfies Schema;
