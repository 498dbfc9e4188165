/** Reads an HTTPRoute of Gateway API. */
import type { RouteMatch } from '../../api/spec.ts';
import { findRegexDefects, describeRegexDefect } from '../routing/regex.ts';
import { endpointId } from '../session/token.ts';
import type { HttpBackendRef, HttpRouteMatch, HttpRouteRule } from '../snapshot/http-route.ts';
import type { HttpRoute } from '../snapshot/snapshot.ts';
import type { BackendRefIR, RouteIR, RouteProblem, RuleIR } from './ir.ts';
import { checkTogether, readFilters, type FilterReading } from './read-filters.ts';
import { readParent, readTarget } from './read-references.ts';
import { readPersistence } from './read-persistence.ts';
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
    rules: (spec.rules ?? []).map((rule, at) => readRule(rule, { at: `spec.rules[${at}]`, namespace, problems })),
    problems,
  };
}

/** `at`: path of what is read. `problems`: collects what is not supported. */
type Reading = { at: string; namespace: string; problems: RouteProblem[] };

const everything: HttpRouteMatch[] = [{}];

function readRule(rule: HttpRouteRule, reading: Reading): RuleIR {
  const { at, problems } = reading;
  const given = rule.matches ?? [];
  const matches = (given.length === 0 ? everything : given).map(readMatch);
  problems.push(...findConnect(given, `${at}.matches`));
  const defects = matches.flatMap((match, number) => findRegexDefects(match, `${at}.matches[${number}]`));
  for (const defect of defects) {
    problems.push({ path: defect.path, reason: 'UnsupportedValue', message: describeRegexDefect(defect) });
  }
  const filterReading: FilterReading = {
    at: `${at}.filters`,
    of: 'rule',
    matches,
    namespace: reading.namespace,
    problems,
  };
  const filters = readFilters(rule.filters ?? [], filterReading);
  checkTogether(filters, filterReading);
  return {
    id: rule.name ?? endpointId(JSON.stringify(matches)).slice(0, 8),
    matches,
    filters,
    ...(rule.sessionPersistence && {
      persistence: readPersistence(rule.sessionPersistence, { at: `${at}.sessionPersistence`, problems }),
    }),
    backendRefs: (rule.backendRefs ?? []).map((ref, number) =>
      readBackendRef(ref, matches, { ...reading, at: `${at}.backendRefs[${number}]` }),
    ),
    ...readTimeouts(rule.timeouts, { at: `${at}.timeouts`, problems }),
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

const readValueMatch = ({
  type = 'Exact',
  name,
  value,
}: NonNullable<HttpRouteMatch['headers']>[number]): NonNullable<RouteMatch['headers']>[number] => ({
  type,
  name,
  value,
});

const readBackendRef = (ref: HttpBackendRef, matches: RouteMatch[], reading: Reading): BackendRefIR => ({
  target: readTarget(ref, reading),
  weight: ref.weight ?? 1,
  filters: readFilters(ref.filters ?? [], {
    at: `${reading.at}.filters`,
    of: 'backendRef',
    matches,
    namespace: reading.namespace,
    problems: reading.problems,
  }),
});
