/** Reads an HTTPRoute of Gateway API. */
import type { RouteMatch } from '../../api/spec.ts';
import type { HttpRouteMatch, HttpRouteRule } from '../snapshot/http-route.ts';
import type { HttpRoute } from '../snapshot/snapshot.ts';
import type { RouteIR, RouteProblem, RuleIR } from './ir.ts';
import { readParent } from './read-references.ts';
import { readRule, readValueMatch, type Reading } from './read-rule.ts';
import { readRetry } from './read-retry.ts';
import { readTimeouts } from './read-timeouts.ts';
import { findUnknownFields } from './unknown-fields.ts';

const routes = new WeakMap<HttpRoute, RouteIR>();

/** Objects of the cache are never modified, so a route is read once for as long as the object is the same. */
export function readHttpRoute(object: HttpRoute): RouteIR {
  const known = routes.get(object) ?? read(object);
  routes.set(object, known);
  return known;
}

function read({ namespace, name, uid, generation, createdAt, spec }: HttpRoute): RouteIR {
  const problems: RouteProblem[] = findUnknownFields(spec);
  return {
    source: { kind: 'HTTPRoute', key: `${namespace}/${name}`, namespace, name, uid, generation, createdAt },
    parents: (spec.parentRefs ?? []).map((ref) => readParent(ref, namespace)),
    hostnames: (spec.hostnames ?? []).map((hostname) => hostname.toLowerCase()),
    rules: (spec.rules ?? []).map((rule, at) => readHttpRule(rule, { at: `spec.rules[${at}]`, namespace, problems })),
    problems,
  };
}

const everything: HttpRouteMatch[] = [{}];

function readHttpRule(rule: HttpRouteRule, reading: Reading): RuleIR {
  const { at, problems } = reading;
  const given = rule.matches ?? [];
  problems.push(...findConnect(given, `${at}.matches`));
  return {
    ...readRule(rule, (given.length === 0 ? everything : given).map(readMatch), reading),
    ...readTimeouts(rule.timeouts, { at: `${at}.timeouts`, problems }),
    ...readRetry(rule.retry, { at: `${at}.retry`, problems }),
  };
}

/** The proxy opens no tunnels: it answers such a request with 501 before it has a route. */
const findConnect = (matches: readonly HttpRouteMatch[], at: string): RouteProblem[] =>
  matches.flatMap(({ method }, number) => {
    if (method !== 'CONNECT') return [];
    const path = `${at}[${number}].method`;
    const message = `${path}: CONNECT is not supported, as the proxy opens no tunnels: use another method, or remove the match.`;
    return [{ path, reason: 'UnsupportedValue', message }];
  });

const readMatch = ({ path = {}, method, headers, queryParams }: HttpRouteMatch): RouteMatch => ({
  path: { type: path.type ?? 'PathPrefix', value: path.value ?? '/' },
  ...(method !== undefined && method !== 'CONNECT' && { method }),
  ...(headers && headers.length > 0 && { headers: headers.map(readValueMatch) }),
  ...(queryParams && queryParams.length > 0 && { queryParams: queryParams.map(readValueMatch) }),
});
