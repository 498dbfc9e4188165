/**
 * Fields of a route that this version does not read: those of a newer Gateway API, and those that are not built. A route must not be
 * served without one, as if it had never been set.
 */
import type {
  GrpcRouteMatch,
  GrpcRouteRule,
  GrpcRouteSpec,
  HttpRouteMatch,
  HttpRouteRule,
  HttpRouteSpec,
} from '../snapshot/http-route.ts';
import type { RouteProblem } from './ir.ts';

const known = {
  // Only Gateways with a defaultScope are default ones, which Holdfast refuses: useDefaultGateways adds no parent of ours.
  spec: ['parentRefs', 'hostnames', 'rules', 'useDefaultGateways'],
  parentRef: ['group', 'kind', 'namespace', 'name', 'sectionName', 'port'],
  rule: ['name', 'matches', 'filters', 'backendRefs', 'timeouts', 'retry', 'sessionPersistence'],
  timeouts: ['request', 'backendRequest'],
  retry: ['codes', 'attempts', 'backoff'],
  match: ['path', 'method', 'headers', 'queryParams'],
  grpcRule: ['name', 'matches', 'filters', 'backendRefs', 'sessionPersistence'],
  grpcMatch: ['method', 'headers'],
  grpcMethod: ['type', 'service', 'method'],
  path: ['type', 'value'],
  value: ['type', 'name', 'value'],
  backendRef: ['group', 'kind', 'namespace', 'name', 'port', 'weight', 'filters'],
} as const;

export const findUnknownFields = (spec: HttpRouteSpec): RouteProblem[] => [
  ...findInSpec(spec),
  ...(spec.rules ?? []).flatMap((rule, index) => findInRule(rule, `spec.rules[${index}]`)),
];

export const findUnknownGrpcFields = (spec: GrpcRouteSpec): RouteProblem[] => [
  ...findInSpec(spec),
  ...(spec.rules ?? []).flatMap((rule, index) => findInGrpcRule(rule, `spec.rules[${index}]`)),
];

const findInSpec = (spec: HttpRouteSpec | GrpcRouteSpec): RouteProblem[] => [
  ...unknownIn(spec, known.spec, 'spec'),
  ...(spec.parentRefs ?? []).flatMap((ref, index) => unknownIn(ref, known.parentRef, `spec.parentRefs[${index}]`)),
];

const findInRule = (rule: HttpRouteRule, at: string): RouteProblem[] => [
  ...unknownIn(rule, known.rule, at),
  ...unknownIn(rule.timeouts ?? {}, known.timeouts, `${at}.timeouts`),
  ...unknownIn(rule.retry ?? {}, known.retry, `${at}.retry`),
  ...(rule.matches ?? []).flatMap((match, index) => findInMatch(match, `${at}.matches[${index}]`)),
  ...findInBackendRefs(rule, at),
];

const findInGrpcRule = (rule: GrpcRouteRule, at: string): RouteProblem[] => [
  ...unknownIn(rule, known.grpcRule, at),
  ...(rule.matches ?? []).flatMap((match, index) => findInGrpcMatch(match, `${at}.matches[${index}]`)),
  ...findInBackendRefs(rule, at),
];

const findInBackendRefs = ({ backendRefs }: Pick<HttpRouteRule, 'backendRefs'>, at: string): RouteProblem[] =>
  (backendRefs ?? []).flatMap((ref, index) => unknownIn(ref, known.backendRef, `${at}.backendRefs[${index}]`));

const findInMatch = (match: HttpRouteMatch, at: string): RouteProblem[] => [
  ...unknownIn(match, known.match, at),
  ...unknownIn(match.path ?? {}, known.path, `${at}.path`),
  ...findInValues(match.headers, `${at}.headers`),
  ...findInValues(match.queryParams, `${at}.queryParams`),
];

const findInGrpcMatch = (match: GrpcRouteMatch, at: string): RouteProblem[] => [
  ...unknownIn(match, known.grpcMatch, at),
  ...unknownIn(match.method ?? {}, known.grpcMethod, `${at}.method`),
  ...findInValues(match.headers, `${at}.headers`),
];

const findInValues = (values: HttpRouteMatch['headers'], at: string): RouteProblem[] =>
  (values ?? []).flatMap((value, index) => unknownIn(value, known.value, `${at}[${index}]`));

export const unknownIn = (object: object, names: readonly string[], at: string): RouteProblem[] =>
  Object.entries(object)
    .filter(([name, value]) => !names.includes(name) && !isEmpty(value))
    .map(([name]) => (at === '' ? name : `${at}.${name}`))
    .map((path) => ({
      path,
      reason: 'UnsupportedValue',
      message: `${path} is not supported by this version: remove it.`,
    }));

/** Go may write an empty list as null, and text that is not set as an empty one. */
const isEmpty = (value: unknown): boolean =>
  value === null || value === '' || (Array.isArray(value) && value.length === 0);
