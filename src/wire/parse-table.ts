/** Structural check of a routing table that came over the wire or from a file: after it, the type is true. */
import { isRecord } from '../platform/record.ts';
import type { RoutingTable } from './routing-table.ts';

/** `undefined` where the value is as it should be, else where and why not: `table.listeners[0].port: …`. */
export type Check = (value: unknown, path: string) => string | undefined;

const fails = (path: string, wanted: string) => `${path}: must be ${wanted}`;

export const isText: Check = (value, path) => (typeof value === 'string' ? undefined : fails(path, 'a string'));
export const isTime: Check = (value, path) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? undefined : fails(path, 'a number of at least 0');

const isWhole =
  (min: number, max: number): Check =>
  (value, path) =>
    Number.isInteger(value) && Number(value) >= min && Number(value) <= max
      ? undefined
      : fails(path, `a whole number from ${min} to ${max}`);

const isOneOf =
  (...allowed: readonly string[]): Check =>
  (value, path) =>
    typeof value === 'string' && allowed.includes(value) ? undefined : fails(path, `one of ${allowed.join(', ')}`);

export const isPattern =
  (pattern: RegExp, wanted: string): Check =>
  (value, path) =>
    typeof value === 'string' && pattern.test(value) ? undefined : fails(path, wanted);

const isBoolean: Check = (value, path) => (typeof value === 'boolean' ? undefined : fails(path, 'true or false'));

const optional =
  (check: Check): Check =>
  (value, path) =>
    value === undefined ? undefined : check(value, path);

export const isListOf =
  (check: Check): Check =>
  (value, path) =>
    Array.isArray(value)
      ? firstOf(value.map((item, index) => () => check(item, `${path}[${index}]`)))
      : fails(path, 'a list');

const isMapOf =
  (check: Check): Check =>
  (value, path) =>
    isRecord(value)
      ? firstOf(
          Object.entries(value).map(
            ([key, item]) =>
              () =>
                check(item, `${path}[${JSON.stringify(key)}]`),
          ),
        )
      : fails(path, 'an object');

/** Unknown properties are let through: a newer operator may say more. */
export const isObject =
  (properties: Record<string, Check>): Check =>
  (value, path) =>
    isRecord(value)
      ? firstOf(
          Object.entries(properties).map(
            ([name, check]) =>
              () =>
                check(value[name], `${path}.${name}`),
          ),
        )
      : fails(path, 'an object');

function firstOf(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const problem = check();
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const isPort = isWhole(1, 65_535);
const isEndpointId = isPattern(/^[0-9a-f]{16}$/, '16 hex digits');
// What becomes part of a response head must not be able to end a line or an attribute.
const isToken = isPattern(
  /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/,
  'a name of letters, digits and a few signs (RFC 9110, token)',
);
const isDomain = isPattern(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'a domain name');
const isCookiePath = isPattern(/^\/[^;\p{Cc}\p{Cs}]*$/u, 'a cookie path');
const isSecret = isPattern(/^[A-Za-z0-9+/]{43}=$/, 'base64 of 32 bytes');

const isNameValue = isObject({ type: isOneOf('Exact', 'RegularExpression'), name: isText, value: isText });

const isRouteMatch = isObject({
  path: isObject({ type: isOneOf('Exact', 'PathPrefix', 'RegularExpression'), value: isText }),
  method: optional(isText),
  headers: optional(isListOf(isNameValue)),
  queryParams: optional(isListOf(isNameValue)),
});

const isKeyRingShape = isObject({
  current: isWhole(0, 0xffff_ffff),
  keys: isListOf(isObject({ id: isWhole(0, 0xffff_ffff), secret: isSecret })),
});
const isKeyRing: Check = (value, path) => isKeyRingShape(value, path) ?? hasCurrentKey(value, path);

const hasCurrentKey: Check = (value, path) =>
  isRecord(value) &&
  Array.isArray(value['keys']) &&
  value['keys'].some((key) => isRecord(key) && key['id'] === value['current'])
    ? undefined
    : `${path}.current: must be the id of one of the keys`;

const isCookie = isObject({
  name: isToken,
  path: isCookiePath,
  domain: optional(isDomain),
  sameSite: isOneOf('Strict', 'Lax', 'None'),
  secure: isBoolean,
  partitioned: isBoolean,
  lifetimeType: isOneOf('Session', 'Permanent'),
});
const isHeader = isObject({ type: isOneOf('Header'), name: isToken });
const isCarrier: Check = (value, path) =>
  isRecord(value) && value['type'] === 'Cookie' ? isCookie(value, path) : isHeader(value, path);

const isRoutePersistence = isObject({
  carrier: isCarrier,
  onEndpointLost: isOneOf('Reassign', 'Reject'),
  newSessionOn: isListOf(isRouteMatch),
});

const isBackend = isObject({
  key: isText,
  limits: isObject({ idleTimeoutMs: isTime, absoluteTimeoutMs: optional(isTime) }),
  policy: isOneOf('LeastSessions', 'LeastRequests', 'RoundRobin', 'Random'),
  maxSessionsPerEndpoint: optional(isWhole(1, 2 ** 31 - 1)),
  keyRing: isKeyRing,
  endpoints: isListOf(
    isObject({
      uid: isText,
      id: isEndpointId,
      pod: isText,
      address: isText,
      port: isPort,
      state: isOneOf('Pending', 'Accepting', 'Draining'),
      reason: optional(isText),
    }),
  ),
  removedEndpoints: isListOf(isObject({ id: isEndpointId, uid: isText, atMs: isTime })),
});

const isTableShape: Check = isObject({
  gateway: isObject({ namespace: isText, name: isText }),
  listeners: isListOf(isObject({ name: isText, protocol: isOneOf('HTTP'), port: isPort, hostname: optional(isText) })),
  routes: isListOf(
    isObject({
      name: isText,
      listeners: optional(isListOf(isText)),
      hostnames: isListOf(isText),
      match: isRouteMatch,
      backendRefs: isListOf(isObject({ backend: isText, weight: isWhole(0, 1_000_000) })),
      persistence: isRoutePersistence,
    }),
  ),
  backends: isMapOf(isBackend),
});

/** A table, or a sentence about the first thing that is wrong with it. */
export function parseRoutingTable(value: unknown): { table: RoutingTable } | { problem: string } {
  let problem: string | undefined;
  const isTable = (candidate: unknown): candidate is RoutingTable => {
    problem = isTableShape(candidate, 'table');
    return problem === undefined;
  };
  return isTable(value) ? { table: value } : { problem: problem ?? 'table: is not one' };
}
