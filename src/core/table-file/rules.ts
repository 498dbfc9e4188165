/**
 * The rules of the schemas (`x-kubernetes-validations`). The API server evaluates their CEL; a proxy does not load an interpreter for it. Patterns
 * and durations are read from the expression, the others are functions here, by their messages: a test knows that none is missing.
 */
import { durationMs, isDuration } from '../../api/duration.ts';
import type { Rule } from '../../api/schema.ts';
import { reservedHeaders } from '../../api/session-persistence.ts';
import { isRecord } from '../../platform/record.ts';

const onlyMatches = /^self\.matches\('((?:[^'\\]|\\.)*)'\)$/;

/** Returns the regular expression of a rule that is nothing else. */
export const patternOf = ({ rule }: Rule): string | undefined => onlyMatches.exec(rule)?.[1]?.replaceAll('\\\\', '\\');

/** A field of `self`, or a literal. */
const operand = `duration\\((?:self\\.(\\w+)|'(\\w+)')\\)`;
const comparison = new RegExp(`${operand} (<=|>=) ${operand}`, 'g');

/** Whether a value is as the rule says. It has the types of its schema. Throws for a rule that is not known. */
export function ruleHolds(rule: Rule, self: unknown): boolean {
  const pattern = patternOf(rule);
  if (pattern !== undefined) return new RegExp(pattern, 'u').test(String(self));
  const comparisons = [...rule.rule.matchAll(comparison)];
  if (comparisons.length > 0) return comparisons.every((found) => compares(found, isRecord(self) ? self : {}));
  const holds = byMessage[rule.message];
  if (holds === undefined) throw new Error(`no function for the rule "${rule.message}"`);
  return holds(self);
}

/** All comparisons of one rule are joined by "and". One with a field that is not set holds. */
function compares([, field, literal, sign, otherField, otherLiteral]: RegExpExecArray, self: Record<string, unknown>) {
  const one = literal ?? self[field ?? ''];
  const other = otherLiteral ?? self[otherField ?? ''];
  if (typeof one !== 'string' || typeof other !== 'string' || !isDuration(one) || !isDuration(other)) return true;
  const difference = durationMs(one) - durationMs(other);
  return sign === '<=' ? difference <= 0 : difference >= 0;
}

type Fields = Record<string, unknown>;

const about =
  (holds: (fields: Fields) => boolean) =>
  (self: unknown): boolean =>
    holds(isRecord(self) ? self : {});

const onlyWith = (field: string, type: string) => about((self) => self['type'] === type || self[field] === undefined);
const needs = (field: string, type: string) => about((self) => self['type'] !== type || self[field] !== undefined);
const isReserved = (name: unknown) => typeof name === 'string' && reservedHeaders.includes(name.toLowerCase());
const begins = ({ name }: Fields, prefix: string) => typeof name === 'string' && name.toLowerCase().startsWith(prefix);
const loopback: readonly unknown[] = ['127.0.0.0/8', '::1/128'];

const byMessage: Readonly<Record<string, (self: unknown) => boolean>> = {
  'certificates must be set if and only if protocol is HTTPS': about(
    ({ protocol, certificates }) => (protocol === 'HTTPS') === (certificates !== undefined),
  ),
  'httpsRedirectPort requires protocol HTTP: remove it from this listener': about(
    ({ protocol, httpsRedirectPort }) => httpsRedirectPort === undefined || protocol === 'HTTP',
  ),
  'drainUntil requires draining: true': about(
    ({ draining, drainUntil }) => drainUntil === undefined || draining === true,
  ),
  'value must be an absolute path, starting with /': about(
    ({ type, value }) => type === 'RegularExpression' || String(value).startsWith('/'),
  ),
  'sameSite None requires a Secure cookie, because browsers discard it otherwise: set secure to Always': about(
    ({ sameSite, secure }) => sameSite !== 'None' || secure !== 'Never',
  ),
  'a partitioned cookie must be Secure: set secure to Always': about(
    ({ partitioned, secure }) => partitioned !== true || secure !== 'Never',
  ),
  'browsers accept a cookie whose name starts with __Secure- only if it is Secure: set secure to Always': about(
    (self) => !begins(self, '__secure-') || self['secure'] === 'Always',
  ),
  'browsers accept a cookie whose name starts with __Host- only if it is Secure, with path / and no domain: set secure to Always, path to /, and remove domain':
    about(
      (self) =>
        !begins(self, '__host-') ||
        (self['secure'] === 'Always' && self['domain'] === undefined && self['path'] === '/'),
    ),
  'set either cookieName or headerName: the cookie or the header in which the app hands out its session ids': about(
    ({ cookieName, headerName }) => (cookieName === undefined) !== (headerName === undefined),
  ),
  'headerName is a header reserved by HTTP: use the header in which the app hands out its session ids': about(
    ({ headerName }) => !isReserved(headerName),
  ),
  'name is a header reserved by HTTP: choose another name, such as X-Session': about(({ name }) => !isReserved(name)),
  'an entry without a path, method, header or query parameter matches every request, and no client would get a session: add one of them':
    (self) => !Array.isArray(self) || !self.some(matchesEverything),
  'type Header requires header.name': needs('header', 'Header'),
  'cookie requires type Cookie: remove it, or set type to Cookie': about(
    ({ type, cookie }) => type !== 'Header' || cookie === undefined,
  ),
  'type Application requires application.cookieName or application.headerName': needs('application', 'Application'),
  'application requires type Application: remove it, or set type to Application': onlyWith(
    'application',
    'Application',
  ),
  'cookie requires type Cookie: with type Application the app sets its own cookie with its own attributes; set application.cookieName and remove cookie':
    about(({ type, cookie }) => type !== 'Application' || cookie === undefined),
  'header requires type Header: with type Application the app hands out ids in its own header; set application.headerName and remove header':
    about(({ type, header }) => type !== 'Application' || header === undefined),
  'onEndpointLost Reject requires type Cookie or Header, because only the app can remove its own cookie: use Reassign, and the app responds on another pod as to an unknown session id':
    about(({ type, onEndpointLost }) => type !== 'Application' || onEndpointLost !== 'Reject'),
  'header requires type Header: remove it, or set type to Header': about(
    ({ type, header }) => type !== 'Cookie' || header === undefined,
  ),
  'lifetimeType Permanent requires absoluteTimeout, which becomes the lifetime of the cookie': about(
    ({ cookie, absoluteTimeout }) =>
      !isRecord(cookie) || cookie['lifetimeType'] !== 'Permanent' || absoluteTimeout !== undefined,
  ),
  'with proxyProtocol Required only connections from trustedProxies are accepted: add the addresses of the load balancer to trustedProxies':
    about(
      ({ proxyProtocol, trustedProxies }) =>
        proxyProtocol !== 'Required' ||
        (Array.isArray(trustedProxies) && trustedProxies.some((block) => !loopback.includes(block))),
    ),
  'numerator must not exceed denominator': about(
    ({ numerator, denominator }) => Number(numerator) <= Number(denominator),
  ),
};

const matchesEverything = (match: unknown): boolean =>
  isRecord(match) &&
  isRecord(match['path']) &&
  match['path']['type'] === 'PathPrefix' &&
  match['path']['value'] === '/' &&
  ['method', 'headers', 'queryParams'].every((field) => match[field] === undefined);
