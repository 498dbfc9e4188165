/** Reads the retries of a rule. */
import { durationMs, isDuration } from '../../api/duration.ts';
import { retry as schema, retryCodes, type RetrySpec } from '../../api/retry.ts';
import type { RouteRetry } from '../../wire/route-filters.ts';
import type { HttpRouteRule } from '../snapshot/http-route.ts';
import type { RouteProblem, RuleIR } from './ir.ts';

/** With its defaults. */
type Retry = Omit<RetrySpec, 'codes'> & { readonly codes: readonly number[] };

const { attempts, backoff } = schema.properties;

export function readRetry(
  given: HttpRouteRule['retry'],
  { at, problems }: { at: string; problems: RouteProblem[] },
): Pick<RuleIR, 'retry'> {
  if (given === undefined) return {};
  const spec: Retry = {
    codes: given.codes ?? [],
    attempts: given.attempts ?? attempts.default,
    backoff: given.backoff ?? backoff.default,
  };
  problems.push(...findProblems(spec, at));
  const retry = planRetry(spec);
  return retry === undefined ? {} : { retry };
}

function findProblems({ codes, backoff: delay }: Retry, at: string): RouteProblem[] {
  const unknown = codes.filter((code) => code < retryCodes.minimum || code > retryCodes.maximum);
  const messages = [
    ...unknown.map((code) => `${at}.codes: ${code} is not the status of a failure: use codes from 400 to 599.`),
    ...(isDuration(delay)
      ? []
      : [`${at}.backoff: "${delay}" is not a duration: use whole numbers with units, such as 100ms.`]),
  ];
  return messages.map((message) => ({ path: at, reason: 'UnsupportedValue', message }));
}

/** Returns undefined for a route that is never retried. */
export const planRetry = ({ codes, attempts: count, backoff: delay }: Retry): RouteRetry | undefined =>
  count === 0 ? undefined : { codes: [...codes], attempts: count, backoffMs: durationMs(delay) };
