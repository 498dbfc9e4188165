/**
 * Fields of a route that this version does not read: those of a newer Gateway API, and those that are not built. A route must not be
 * served without one, as if it had never been set.
 */
import type { HttpRouteMatch, HttpRouteRule, HttpRouteSpec } from '../snapshot/http-route.ts';
import type { RouteProblem } from './ir.ts';

const known = {
  // Only Gateways with a defaultScope are default ones, which Holdfast refuses: useDefaultGateways adds no parent of ours.
  spec: ['parentRefs', 'hostnames', 'rules', 'useDefaultGateways'],
  parentRef: ['group', 'kind', 'namespace', 'name', 'sectionName', 'port'],
  rule: ['name', 'matches', 'filters', 'backendRefs', 'timeouts', 'sessionPersistence'],
  timeouts: ['request', 'backendRequest'],
  match: ['path', 'method', 'headers', 'queryParams'],
  path: ['type', 'value'],
  value: ['type', 'name', 'value'],
  backendRef: ['group', 'kind', 'namespace', 'name', 'port', 'weight', 'filters'],
} as const;

export function findUnknownFields(spec: HttpRouteSpec): RouteProblem[] {
  const { parentRefs, rules } = spec;
  return [
    ...unknownIn(spec, known.spec, 'spec'),
    ...(parentRefs ?? []).flatMap((ref, index) => unknownIn(ref, known.parentRef, `spec.parentRefs[${index}]`)),
    ...(rules ?? []).flatMap((rule, index) => findInRule(rule, `spec.rules[${index}]`)),
  ];
}

const findInRule = (rule: HttpRouteRule, at: string): RouteProblem[] => [
  ...unknownIn(rule, known.rule, at),
  ...unknownIn(rule.timeouts ?? {}, known.timeouts, `${at}.timeouts`),
  ...(rule.matches ?? []).flatMap((match, index) => findInMatch(match, `${at}.matches[${index}]`)),
  ...(rule.backendRefs ?? []).flatMap((ref, index) => unknownIn(ref, known.backendRef, `${at}.backendRefs[${index}]`)),
];

const findInMatch = (match: HttpRouteMatch, at: string): RouteProblem[] => [
  ...unknownIn(match, known.match, at),
  ...unknownIn(match.path ?? {}, known.path, `${at}.path`),
  ...(['headers', 'queryParams'] as const).flatMap((list) =>
    (match[list] ?? []).flatMap((value, index) => unknownIn(value, known.value, `${at}.${list}[${index}]`)),
  ),
];

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
