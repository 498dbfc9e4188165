/** Checks of the filters of a route. Values that become part of a head must not contain the end of a line. */
import { isRecord } from '../platform/record.ts';
import {
  boolean,
  list,
  must,
  object,
  oneOf,
  optional,
  pattern,
  string,
  time,
  whole,
  within,
  type Check,
} from './check.ts';
import { isEditableHeader } from './editable-headers.ts';
import type {
  Cors,
  HeaderModifier,
  HeaderValue,
  PathModifier,
  RequestMirror,
  RequestRedirect,
  RouteFilter,
  UrlRewrite,
} from './route-filters.ts';

type FilterType = RouteFilter['type'];

const token = pattern(/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/, 'a name of letters, digits and a few signs (RFC 9110, token)');
const fieldValue = pattern(
  /^[\t\x20-\x7e\x80-\u{10ffff}]*$/u,
  'a header value without control characters (RFC 9110, section 5.5)',
);
const hostname = pattern(/^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$/, 'a host name');
const path = pattern(/^\/[^\s\p{Cc}?#]*$/u, 'a path that begins with /');
const editableName: Check<string> = (value) =>
  token(value) ??
  (typeof value === 'string' && isEditableHeader(value)
    ? undefined
    : `: must not be a header that frames, routes or upgrades a message`);
const headerValue = object<HeaderValue>({ name: editableName, value: fieldValue });
const statusCodes = [301, 302, 303, 307, 308];

const statusCode: Check<RequestRedirect['statusCode']> = (value) =>
  statusCodes.some((one) => one === value) ? undefined : must(`one of ${statusCodes.join(', ')}`);

const pathModifier: Check<PathModifier> = (value) =>
  isRecord(value) && value['type'] === 'ReplacePrefixMatch'
    ? object<Extract<PathModifier, { type: 'ReplacePrefixMatch' }>>({
        type: oneOf('ReplacePrefixMatch'),
        value: replacement,
        prefix: string,
      })(value)
    : object<Extract<PathModifier, { type: 'ReplaceFullPath' }>>({
        type: oneOf('ReplaceFullPath'),
        value: replacement,
      })(value);

/** Empty: the root. */
const replacement: Check<string> = (value) => (value === '' ? undefined : path(value));

const headers = {
  set: optional(list(headerValue)),
  add: optional(list(headerValue)),
  remove: optional(list(editableName)),
};

const filters: { [Type in FilterType]: Check<Extract<RouteFilter, { type: Type }>> } = {
  RequestHeaderModifier: object<{ type: 'RequestHeaderModifier' } & HeaderModifier>({
    type: oneOf('RequestHeaderModifier'),
    ...headers,
  }),
  ResponseHeaderModifier: object<{ type: 'ResponseHeaderModifier' } & HeaderModifier>({
    type: oneOf('ResponseHeaderModifier'),
    ...headers,
  }),
  RequestRedirect: object<RequestRedirect>({
    type: oneOf('RequestRedirect'),
    scheme: optional(oneOf('http', 'https')),
    hostname: optional(hostname),
    path: optional(pathModifier),
    port: optional(whole(1, 65_535)),
    statusCode,
  }),
  URLRewrite: object<UrlRewrite>({
    type: oneOf('URLRewrite'),
    hostname: optional(hostname),
    path: optional(pathModifier),
  }),
  RequestMirror: object<RequestMirror>({
    type: oneOf('RequestMirror'),
    backend: string,
    numerator: whole(0, 2 ** 31 - 1),
    denominator: whole(1, 2 ** 31 - 1),
  }),
  CORS: object<Cors>({
    type: oneOf('CORS'),
    allowOrigins: list(fieldValue),
    allowCredentials: boolean,
    allowMethods: list(token),
    allowHeaders: list(token),
    exposeHeaders: list(token),
    maxAgeS: time,
  }),
};

const filterType = oneOf(...Object.keys(filters));
const isType = (value: unknown): value is FilterType => filterType(value) === undefined;

export const routeFilter: Check<RouteFilter> = (value) => {
  const type = isRecord(value) ? value['type'] : undefined;
  return isType(type) ? filters[type](value) : within('.type', filterType(type));
};

const ofBackend = oneOf('RequestHeaderModifier', 'ResponseHeaderModifier', 'URLRewrite');

/** Others apply before a backend is chosen. */
export const backendFilter: Check<RouteFilter> = (value) =>
  within('.type', ofBackend(isRecord(value) ? value['type'] : undefined)) ?? routeFilter(value);
