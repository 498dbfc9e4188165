/** The schema of `spec.sessionPersistence` (Gateway API GEP-1619). */
import { aboutDurations, cookiePathPattern, duration, optionalDuration, tokenPattern } from './grammar.ts';
import { routeMatch } from './route.ts';
import type { Rule, Schema } from './schema.ts';

/** Headers that no session token may have. */
export const reservedHeaders: readonly string[] = [
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
      description:
        'Session: the browser deletes the cookie when it closes. Permanent: the cookie lives as long as absoluteTimeout.',
    },
    domain: {
      type: 'string',
      minLength: 1,
      maxLength: 253,
      description:
        'Domain attribute of the cookie. A leading dot is ignored (RFC 6265). Default: none, so that only the exact host receives it.',
      'x-kubernetes-validations': [
        {
          rule: "self.matches('^[.]?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
          message: 'must be a domain in lower case, without scheme, port and wildcard, such as example.com',
        },
      ],
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
      description:
        'Whether the cookie has the Secure attribute. Auto: for clients that use https, as a trusted proxy in front states with X-Forwarded-Proto or Forwarded (HoldfastProxy, spec.clientAddress.trustedProxies).',
    },
    partitioned: {
      type: 'boolean',
      default: false,
      description: 'Partitioned attribute (CHIPS), for pages embedded in other sites.',
    },
  },
  'x-kubernetes-validations': [
    {
      rule: "self.sameSite != 'None' || self.secure != 'Never'",
      message: 'sameSite None requires a Secure cookie, because browsers discard it otherwise: set secure to Always',
    },
    {
      rule: "!self.partitioned || self.secure != 'Never'",
      message: 'a partitioned cookie must be Secure: set secure to Always',
    },
    {
      rule: "!has(self.name) || !self.name.lowerAscii().startsWith('__secure-') || self.secure == 'Always'",
      message: 'browsers accept a cookie whose name starts with __Secure- only if it is Secure: set secure to Always',
      fieldPath: '.secure',
    },
    {
      rule: "!has(self.name) || !self.name.lowerAscii().startsWith('__host-') || (self.secure == 'Always' && !has(self.domain) && self.path == '/')",
      message:
        'browsers accept a cookie whose name starts with __Host- only if it is Secure, with path / and no domain: set secure to Always, path to /, and remove domain',
      fieldPath: '.name',
    },
  ],
} as const satisfies Schema;

// The proxy handles these headers itself, or RFC 9110 gives them another meaning.
const notReserved = `!(self.name.lowerAscii() in [${reservedHeaders.map((name) => `'${name}'`).join(', ')}])`;

const application = {
  type: 'object',
  description:
    "Where the app hands out its own session ids, for type Application: exactly one of cookieName and headerName. The session token travels behind the id, as id~token, and is removed before the app receives the id. The cookie's attributes stay as the app sets them.",
  properties: {
    cookieName: {
      type: 'string',
      minLength: 1,
      maxLength: 256,
      pattern: tokenPattern,
      description: 'Name of the cookie in which the app sets its session id, such as JSESSIONID.',
    },
    headerName: {
      type: 'string',
      minLength: 1,
      maxLength: 256,
      pattern: tokenPattern,
      description:
        'Name of the response header in which the app hands out a session id, and of the request header in which clients return it, such as Mcp-Session-Id. A DELETE request with it that gets a 2xx response ends the session, whatever its path.',
    },
  },
  'x-kubernetes-validations': [
    {
      rule: 'has(self.cookieName) != has(self.headerName)',
      message:
        'set either cookieName or headerName: the cookie or the header in which the app hands out its session ids',
    },
    {
      rule: `!has(self.headerName) || ${notReserved.replace('self.name', 'self.headerName')}`,
      message: 'headerName is a header reserved by HTTP: use the header in which the app hands out its session ids',
      fieldPath: '.headerName',
    },
  ],
} as const satisfies Schema;

const whenSet = (field: string, { rule, ...rest }: Rule): Rule => ({ rule: `!has(self.${field}) || ${rule}`, ...rest });

export const sessionPersistence = {
  type: 'object',
  description: 'How a session is tied to its pod.',
  default: {},
  properties: {
    type: {
      type: 'string',
      enum: ['Cookie', 'Header', 'Application'],
      default: 'Cookie',
      description:
        'What carries the session token. Cookie, Header: a cookie or header of Holdfast, which starts a session with the first request of a client. Application: the cookie or header in which the app hands out its own session ids. Then a session begins when a response sets the id, and ends when the app removes it; requests without an id are balanced and not counted.',
    },
    cookie,
    application,
    header: {
      type: 'object',
      description: 'The request and response header that carries the session token, for type Header.',
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
          rule: notReserved,
          message: 'name is a header reserved by HTTP: choose another name, such as X-Session',
          fieldPath: '.name',
        },
      ],
    },
    absoluteTimeout: optionalDuration('Maximum lifetime of a session, regardless of activity.'),
    idleTimeout: duration('A session ends after it has been idle for this long.', '30m'),
    confirmTimeout: optionalDuration(
      'A session counts only for this long after its last response until its client returns with the token, holds a request open, or starts the session with an unsafe method such as POST. Default: 60s, or idleTimeout if that is shorter. Equal to idleTimeout: every session counts from its first response.',
    ),
    onEndpointLost: {
      type: 'string',
      enum: ['Reassign', 'Reject'],
      default: 'Reassign',
      description:
        'What happens when the pod of a session no longer exists. Reassign: a new session starts on another pod. Reject: the client gets 503 and the cookie is cleared.',
    },
    endpointIdentity: {
      type: 'string',
      enum: ['PodName', 'PodUID'],
      description:
        'What the pod of a session is. PodName: a name of a StatefulSet; the sessions of a pod that is replaced wait for the next pod of the same name, which has its volume. PodUID: one pod; its sessions are lost with it. Default: PodName for a StatefulSet, otherwise PodUID.',
    },
    newSessionOn: {
      type: 'array',
      maxItems: 8,
      items: routeMatch,
      description:
        'Requests that start a new session, such as a login, even if they carry the token of an existing session.',
    },
    exclude: {
      type: 'array',
      maxItems: 8,
      items: routeMatch,
      description:
        'Requests that never start a session, such as health checks and webhooks. They are balanced and get no token; one that carries a token still reaches its pod. CORS preflights need no entry.',
      'x-kubernetes-validations': [
        {
          rule: "self.all(match, match.path.type != 'PathPrefix' || match.path.value != '/' || has(match.method) || has(match.headers) || has(match.queryParams))",
          message:
            'an entry without a path, method, header or query parameter matches every request, and no client would get a session: add one of them',
        },
      ],
    },
  },
  'x-kubernetes-validations': [
    {
      rule: "self.type != 'Header' || has(self.header)",
      message: 'type Header requires header.name',
      fieldPath: '.header',
    },
    {
      rule: "self.type != 'Header' || !has(self.cookie)",
      message: 'cookie requires type Cookie: remove it, or set type to Cookie',
      fieldPath: '.cookie',
    },
    {
      rule: "self.type != 'Application' || has(self.application)",
      message: 'type Application requires application.cookieName or application.headerName',
      fieldPath: '.application',
    },
    {
      rule: "self.type == 'Application' || !has(self.application)",
      message: 'application requires type Application: remove it, or set type to Application',
      fieldPath: '.application',
    },
    {
      rule: "self.type != 'Application' || !has(self.cookie)",
      message:
        'cookie requires type Cookie: with type Application the app sets its own cookie with its own attributes; set application.cookieName and remove cookie',
      fieldPath: '.cookie',
    },
    {
      rule: "self.type != 'Application' || !has(self.header)",
      message:
        'header requires type Header: with type Application the app hands out ids in its own header; set application.headerName and remove header',
      fieldPath: '.header',
    },
    {
      rule: "self.type != 'Application' || self.onEndpointLost != 'Reject'",
      message:
        'onEndpointLost Reject requires type Cookie or Header, because only the app can remove its own cookie: use Reassign, and the app responds on another pod as to an unknown session id',
      fieldPath: '.onEndpointLost',
    },
    {
      rule: "self.type != 'Cookie' || !has(self.header)",
      message: 'header requires type Header: remove it, or set type to Header',
      fieldPath: '.header',
    },
    {
      rule: "!has(self.cookie) || self.cookie.lifetimeType != 'Permanent' || has(self.absoluteTimeout)",
      message: 'lifetimeType Permanent requires absoluteTimeout, which becomes the lifetime of the cookie',
      fieldPath: '.absoluteTimeout',
    },
    aboutDurations(['idleTimeout'], "duration(self.idleTimeout) >= duration('1s')", 'idleTimeout must be at least 1s'),
    whenSet(
      'confirmTimeout',
      aboutDurations(
        ['confirmTimeout', 'idleTimeout'],
        'duration(self.confirmTimeout) <= duration(self.idleTimeout)',
        'confirmTimeout must not be longer than idleTimeout: shorten it, or set both to the same duration to count every session from its first response',
      ),
    ),
    whenSet(
      'confirmTimeout',
      aboutDurations(
        ['confirmTimeout'],
        "duration(self.confirmTimeout) >= duration('1s')",
        'confirmTimeout must be at least 1s',
      ),
    ),
    whenSet(
      'absoluteTimeout',
      aboutDurations(
        ['absoluteTimeout', 'idleTimeout'],
        'duration(self.absoluteTimeout) >= duration(self.idleTimeout)',
        'absoluteTimeout must not be shorter than idleTimeout',
      ),
    ),
  ],
} as const satisfies Schema;
