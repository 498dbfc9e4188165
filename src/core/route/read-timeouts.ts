/** Reads the timeouts of a rule. */
import { durationMs, isDuration } from '../../api/duration.ts';
import type { RouteTimeouts } from '../../wire/route-filters.ts';
import type { HttpRouteRule } from '../snapshot/http-route.ts';
import type { RouteProblem, RuleIR } from './ir.ts';

type Reading = { at: string; problems: RouteProblem[] };

/** Gateway API: a timeout of `0s` is none. */
export function readTimeouts(timeouts: HttpRouteRule['timeouts'], { at, problems }: Reading): Pick<RuleIR, 'timeouts'> {
  const read = (name: 'request' | 'backendRequest') => {
    const text = timeouts?.[name];
    if (text === undefined) return undefined;
    if (!isDuration(text)) {
      const path = `${at}.${name}`;
      const message = `${path}: "${text}" is not a duration: use whole numbers with units, such as 10s or 1m30s.`;
      problems.push({ path, reason: 'UnsupportedValue', message });
    }
    return durationMs(text) || undefined;
  };
  const [requestMs, backendRequestMs] = [read('request'), read('backendRequest')];
  if (requestMs !== undefined && backendRequestMs !== undefined && backendRequestMs > requestMs) {
    const message = `${at}: backendRequest is longer than request, which covers it: use a shorter one.`;
    problems.push({ path: at, reason: 'UnsupportedValue', message });
  }
  const limits: RouteTimeouts = {
    ...(requestMs !== undefined && { requestMs }),
    ...(backendRequestMs !== undefined && { backendRequestMs }),
  };
  return Object.keys(limits).length === 0 ? {} : { timeouts: limits };
}
