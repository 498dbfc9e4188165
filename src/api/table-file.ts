/**
 * The schema of the table file, which a proxy without Kubernetes serves (`holdfast proxy --table FILE`). What StickyWorkload and HoldfastProxy have
 * too has the same fields, defaults and rules here.
 */
import { dnsLabel } from './grammar.ts';
import { proxySpecSchema } from './holdfastproxy.ts';
import { loadBalancing } from './load-balancing.ts';
import { retry } from './retry.ts';
import { route } from './route.ts';
import type { Infer, Schema } from './schema.ts';
import { sessionPersistence } from './session-persistence.ts';

const file = <const D extends string>(description: D) =>
  ({ type: 'string', minLength: 1, maxLength: 4096, description }) as const;

const backendName = <const D extends string>(description: D) =>
  ({ type: 'string', minLength: 1, maxLength: 63, pattern: dnsLabel, description }) as const;

const listener = {
  type: 'object',
  required: ['port'],
  properties: {
    name: {
      type: 'string',
      minLength: 1,
      maxLength: 253,
      pattern: dnsLabel,
      description: 'Name to which routes[].listeners refers. Default: protocol and port, such as http-8080.',
    },
    port: { type: 'integer', minimum: 1, maximum: 65535, description: 'Port that the proxy binds, on every address.' },
    protocol: { type: 'string', enum: ['HTTP', 'HTTPS'], default: 'HTTP', description: 'HTTP, or HTTP over TLS.' },
    hostname: {
      ...route.properties.hostnames.items,
      description:
        'Host name that the listener serves, such as shop.example.com or *.example.com. Default: every host.',
    },
    certificates: {
      type: 'array',
      minItems: 1,
      maxItems: 64,
      description: 'Certificates of an HTTPS listener. A client gets one that has the name it asked for.',
      items: {
        type: 'object',
        required: ['certificate', 'key'],
        properties: {
          certificate: file(
            'File in PEM: the certificate of the server first, then intermediate certificates. Relative to the table file.',
          ),
          key: file('File in PEM with the private key, without a passphrase. Relative to the table file.'),
        },
      },
    },
    httpsRedirectPort: {
      type: 'integer',
      minimum: 1,
      maximum: 65535,
      description:
        'Every request to this HTTP listener is redirected (301) to https on this port, 443 where clients use the usual one. The listener gets no routes.',
    },
  },
  'x-kubernetes-validations': [
    {
      rule: "(self.protocol == 'HTTPS') == has(self.certificates)",
      message: 'certificates must be set if and only if protocol is HTTPS',
      fieldPath: '.certificates',
    },
    {
      rule: "!has(self.httpsRedirectPort) || self.protocol == 'HTTP'",
      message: 'httpsRedirectPort requires protocol HTTP: remove it from this listener',
      fieldPath: '.httpsRedirectPort',
    },
  ],
} as const satisfies Schema;

const tableRoute = {
  type: 'object',
  required: ['backends'],
  properties: {
    listeners: {
      type: 'array',
      minItems: 1,
      maxItems: 64,
      description: 'Names of the listeners whose requests the route gets. Default: all.',
      items: { type: 'string', minLength: 1, maxLength: 253 },
    },
    hostnames: route.properties.hostnames,
    matches: route.properties.matches,
    backends: {
      type: 'array',
      minItems: 1,
      maxItems: 16,
      description:
        'Backends that share the new sessions by weight. An existing session stays on its backend, whatever the weights.',
      items: {
        type: 'object',
        required: ['name'],
        properties: {
          name: backendName('Name of a backend of this file.'),
          weight: route.properties.backends.items.properties.weight,
        },
      },
    },
    retry,
  },
} as const satisfies Schema;

const endpoint = {
  type: 'object',
  required: ['address'],
  properties: {
    address: {
      type: 'string',
      minLength: 1,
      maxLength: 64,
      description: 'IP address and port of the server, such as 10.0.0.11:8080 or "[fd00::11]:8080".',
      'x-kubernetes-validations': [
        {
          rule: "self.matches('^([0-9.]+|\\\\[[0-9a-fA-F:.]+\\\\]):[0-9]{1,5}$')",
          message:
            'must be an IP address and a port, such as 10.0.0.11:8080 or "[fd00::11]:8080": host names are not resolved',
        },
      ],
    },
    name: {
      ...backendName(
        'Name of the server. With a name, its sessions follow it to another address. Default: none; the address is its identity.',
      ),
    },
    draining: {
      type: 'boolean',
      default: false,
      description: 'The server keeps its sessions and gets no new ones.',
    },
    drainUntil: {
      type: 'string',
      maxLength: 40,
      description:
        'When the sessions of a draining server are given up: from then on it counts as removed. Default: never. RFC 3339, such as 2026-12-01T06:00:00Z.',
      'x-kubernetes-validations': [
        {
          rule: "self.matches('^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$')",
          message: 'must be a date and time with a time zone (RFC 3339), such as 2026-12-01T06:00:00Z',
        },
      ],
    },
  },
  'x-kubernetes-validations': [
    {
      rule: '!has(self.drainUntil) || self.draining',
      message: 'drainUntil requires draining: true',
      fieldPath: '.drainUntil',
    },
  ],
} as const satisfies Schema;

const { endpointIdentity: _pods, cookie, type: _carriers, ...persistenceFields } = sessionPersistence.properties;

const tablePersistence = {
  ...sessionPersistence,
  description: 'How a session is tied to its server.',
  properties: {
    type: {
      type: 'string',
      enum: ['Cookie', 'Header', 'Application', 'None'],
      default: 'Cookie',
      description:
        'What carries the session token. Cookie, Header: a cookie or header of Holdfast, which starts a session with the first request of a client. Application: the cookie or header in which the app hands out its own session ids. None: requests are balanced without sessions.',
    },
    cookie: {
      ...cookie,
      properties: {
        ...cookie.properties,
        name: {
          ...cookie.properties.name,
          description: 'Name of the cookie. Default: the name of the backend, then "-session".',
        },
        secure: {
          ...cookie.properties.secure,
          description:
            'Whether the cookie has the Secure attribute. Auto: for clients that use https, as the listener or a trusted proxy in front says.',
        },
      },
    },
    ...persistenceFields,
  },
} as const satisfies Schema;

const backend = {
  type: 'object',
  required: ['endpoints'],
  properties: {
    endpoints: {
      type: 'array',
      maxItems: 10_000,
      description: 'The servers of the backend.',
      items: endpoint,
    },
    sessionPersistence: tablePersistence,
    loadBalancing: {
      type: 'object',
      description: 'How new sessions are distributed across servers.',
      default: {},
      properties: {
        policy: {
          ...loadBalancing.properties.policy,
          enum: ['LeastSessions', 'LeastRequests', 'RoundRobin', 'Random'],
          description: 'How the server of a new session is chosen. Existing sessions stay on their servers.',
        },
        maxSessionsPerEndpoint: {
          ...loadBalancing.properties.maxSessionsPerEndpoint,
          description:
            'Maximum number of confirmed sessions per server; each proxy counts its own. A server with this many sessions gets no new ones.',
        },
      },
    },
  },
} as const satisfies Schema;

const { drainTimeout, clientAddress, headers, limits, timeouts, accessLog } = proxySpecSchema.properties;

export const tableFileSchema = {
  type: 'object',
  required: ['listeners', 'routes', 'backends'],
  properties: {
    $schema: file('Where editors find the JSON Schema of this file. The proxy does not read it.'),
    listeners: { type: 'array', minItems: 1, maxItems: 64, description: 'What the proxy listens on.', items: listener },
    routes: {
      type: 'array',
      minItems: 1,
      maxItems: 10_000,
      description:
        'Which requests go to which backends. The most specific host name and path decide, not the order, as in an HTTPRoute.',
      items: tableRoute,
    },
    backends: {
      type: 'object',
      properties: {},
      description: 'Groups of servers, by name.',
      additionalProperties: backend,
    },
    keyFile: {
      ...file(
        'File with the keys that sign session tokens: one or two lines, each base64 of 32 random bytes; the first signs, both verify. Relative to the table file. Created at the first start if it does not exist; the proxies of one service need the same keys.',
      ),
      default: 'session.keys',
    },
    drainTimeout: {
      ...drainTimeout,
      description: 'How long a stopping proxy waits at most for its open streams and requests.',
    },
    clientAddress,
    headers,
    limits,
    timeouts,
    accessLog,
  },
  'x-kubernetes-validations': proxySpecSchema['x-kubernetes-validations'].filter(
    ({ fieldPath }) => fieldPath === '.drainTimeout',
  ),
} as const satisfies Schema;

/** With its defaults. */
export type TableFile = Infer<typeof tableFileSchema>;
export type TableBackend = TableFile['backends'][string];
