/** The schema of `spec.sessionPersistence` (Gateway API GEP-1619). */
import { cookiePathPattern, duration, optionalDuration, tokenPattern } from './grammar.ts';
import { routeMatch } from './route.ts';
import type { Schema } from './schema.ts';

const reservedHeaders = [
  'authorization',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'cookie',
  'date',
  'expect',
  'host',
  'keep-alive',
  'location',
  'proxy-connection',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
];

const cookie = {
  type: 'object',
  description: 'The cookie that carries the session token, for type Cookie.',
  properties: {
    name: {
      type: 'string',
      minLength: 1,
      maxLength: 256,
      pattern: tokenPattern,
      description: 'Name of the cookie. Default: the name of the StickyWorkload, then "-session".',
    },
    path: {
      type: 'string',
      maxLength: 1024,
      default: '/',
      pattern: cookiePathPattern,
      description: 'Path attribute of the cookie.',
    },
    lifetimeType: {
      type: 'string',
      enum: ['Session', 'Permanent'],
      default: 'Session',
      description: 'Session: the browser forgets it when it closes. Permanent: it lives as long as absoluteTimeout.',
    },
    domain: {
      type: 'string',
      minLength: 1,
      maxLength: 253,
      pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
      description: 'Domain attribute of the cookie. Default: none, so that only the host itself gets it.',
    },
    sameSite: {
      type: 'string',
      enum: ['Strict', 'Lax', 'None'],
      default: 'Lax',
      description: 'SameSite attribute of the cookie.',
    },
    secure: {
      type: 'string',
      enum: ['Auto', 'Always', 'Never'],
      default: 'Auto',
      description: 'Auto: on requests that came over TLS.',
    },
    partitioned: {
      type: 'boolean',
      default: false,
      description: 'Partitioned attribute (CHIPS), for pages embedded in those of other sites.',
    },
  },
  'x-kubernetes-validations': [
    {
      rule: "self.sameSite != 'None' || self.secure != 'Never'",
      message: 'sameSite None needs a Secure cookie: browsers drop it otherwise; set secure to Always or Auto',
    },
    {
      rule: "!self.partitioned || self.secure != 'Never'",
      message: 'a partitioned cookie must be Secure: set secure to Always or Auto',
    },
    {
      rule: "!has(self.name) || !self.name.lowerAscii().startsWith('__secure-') || self.secure == 'Always'",
      message: 'browsers take a cookie whose name starts with __Secure- only if it is Secure: set secure to Always',
      fieldPath: '.secure',
    },
    {
      rule: "!has(self.name) || !self.name.lowerAscii().startsWith('__host-') || (self.secure == 'Always' && !has(self.domain) && self.path == '/')",
      message:
        'browsers take a cookie whose name starts with __Host- only if it is Secure, with path / and no domain: set secure to Always, path to /, and remove domain',
      fieldPath: '.name',
    },
  ],
} as const satisfies Schema;

export const sessionPersistence = {
  type: 'object',
  description: 'What ties a session to its pod.',
  default: {},
  properties: {
    type: {
      type: 'string',
      enum: ['Cookie', 'Header'],
      default: 'Cookie',
      description: 'Where the session token travels.',
    },
    cookie,
    header: {
      type: 'object',
      description: 'The header that carries the session token both ways, for type Header.',
      required: ['name'],
      properties: {
        name: {
          type: 'string',
          minLength: 1,
          maxLength: 256,
          pattern: tokenPattern,
          description: 'Name of the header.',
        },
      },
      'x-kubernetes-validations': [
        {
          // The proxy takes the header from the request and puts it into the response: these frame, route or mean something else (RFC 9110).
          rule: `!(self.name.lowerAscii() in [${reservedHeaders.map((name) => `'${name}'`).join(', ')}])`,
          message: 'name is a header that HTTP itself needs: choose one of your own, such as X-Session',
          fieldPath: '.name',
        },
      ],
    },
    absoluteTimeout: optionalDuration('A session ends this long after its start, whatever it does.'),
    idleTimeout: duration('A session ends when it was idle for this long.', '30m'),
    onEndpointLost: {
      type: 'string',
      enum: ['Reassign', 'Reject'],
      default: 'Reassign',
      description:
        'When the pod of a session is gone. Reassign: a new session elsewhere. Reject: 503 and the cookie is cleared.',
    },
    newSessionOn: {
      type: 'array',
      maxItems: 8,
      items: routeMatch,
      description: 'Requests that begin a session, such as a login, even where they carry the token of an earlier one.',
    },
  },
  'x-kubernetes-validations': [
    {
      rule: "self.type != 'Header' || has(self.header)",
      message: 'type Header needs header.name',
      fieldPath: '.header',
    },
    {
      rule: "self.type != 'Header' || !has(self.cookie)",
      message: 'cookie is only for type Cookie: remove it, or set type to Cookie',
      fieldPath: '.cookie',
    },
    {
      rule: "self.type != 'Cookie' || !has(self.header)",
      message: 'header is only for type Header: remove it, or set type to Header',
      fieldPath: '.header',
    },
    {
      rule: "!has(self.cookie) || self.cookie.lifetimeType != 'Permanent' || has(self.absoluteTimeout)",
      message: 'lifetimeType Permanent needs absoluteTimeout: it becomes the lifetime of the cookie',
      fieldPath: '.absoluteTimeout',
    },
    {
      rule: "duration(self.idleTimeout) >= duration('1s')",
      message: 'idleTimeout must be at least 1s',
      fieldPath: '.idleTimeout',
    },
    {
      rule: '!has(self.absoluteTimeout) || duration(self.absoluteTimeout) >= duration(self.idleTimeout)',
      message: 'absoluteTimeout must not be shorter than idleTimeout',
      fieldPath: '.absoluteTimeout',
    },
  ],
} as const satisfies Schema;
