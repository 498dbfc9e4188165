/** When and how often the requests of a route are sent again (HTTPRouteRetry of Gateway API). */
import { backoffMs } from '../../platform/backoff.ts';
import type { RouteRetry } from '../../wire/route-filters.ts';
import type { RetryPolicy } from '../routing.ts';
import { createRetryBudget } from './retry-budget.ts';

/** `random`: at least 0, below 1. */
export type RetryPorts = { nowMs: () => number; random: () => number };

/** Longer waits do not help the client. Gateway API: never below the configured one. */
const maxGrowth = 10;

export function compileRetry({ codes, attempts, backoffMs: baseMs }: RouteRetry, ports: RetryPorts): RetryPolicy {
  const failures = new Set(codes);
  const budget = createRetryBudget(ports.nowMs());
  // The lower half of each delay is fixed: that of the first is the configured one.
  const range = { baseMs: 2 * baseMs, capMs: maxGrowth * baseMs };
  return {
    begun() {
      budget.earn(ports.nowMs());
    },
    isFailure: (status) => failures.has(status),
    next(retries) {
      if (retries >= attempts) return 'Exhausted';
      if (!budget.spend(ports.nowMs())) return 'OverBudget';
      return backoffMs(range, retries + 1, ports.random);
    },
  };
}
