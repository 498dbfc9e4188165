/**
 * Fields of a route that this version does not read: those of a newer Gateway API, and those that are not built. A route must not be
 * served without one, as if it had never been set.
 */
import type { HttpRouteSpec } from '../snapshot/http-route.ts';
import type { RouteProblem } from './ir.ts';

const known = {
  rule: ['name', 'matches', 'filters', 'backendRefs', 'timeouts', 'sessionPersistence'],
  timeouts: ['request', 'backendRequest'],
  match: ['path', 'method', 'headers', 'queryParams'],
  backendRef: ['group', 'kind', 'namespace', 'name', 'port', 'weight', 'filters'],
} as const;

export function findUnknownFields({ rules }: HttpRouteSpec): RouteProblem[] {
  return (rules ?? []).flatMap((rule, number) => {
    const at = `spec.rules[${number}]`;
    return [
      ...unknownIn(rule, known.rule, at),
      ...unknownIn(rule.timeouts ?? {}, known.timeouts, `${at}.timeouts`),
      ...(rule.matches ?? []).flatMap((match, index) => unknownIn(match, known.match, `${at}.matches[${index}]`)),
      ...(rule.backendRefs ?? []).flatMap((ref, index) =>
        unknownIn(ref, known.backendRef, `${at}.backendRefs[${index}]`),
      ),
    ];
  });
}

export const unknownIn = (object: object, names: readonly string[], at: string): RouteProblem[] =>
  Object.entries(object)
    .filter(([name, value]) => !names.includes(name) && !isEmpty(value))
    .map(([name]) => ({
      path: `${at}.${name}`,
      reason: 'UnsupportedValue',
      message: `${at}.${name} is not supported by this version: remove it.`,
    }));

/** Go may write an empty list as null. */
const isEmpty = (value: unknown): boolean => value === null || (Array.isArray(value) && value.length === 0);
