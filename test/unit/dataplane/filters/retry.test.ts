import { describe, expect, test } from '@jest/globals';
import { createRetryBudget } from '../../../../src/dataplane/filters/retry-budget.ts';
import { compileRetry } from '../../../../src/dataplane/filters/retry.ts';

const seconds = (count: number) => Array.from({ length: count }, (_, at) => (at + 1) * 1000);

/** How many of the retries that are wanted in each second it permits, in each of the last ten. */
function permitted(requestsPerSecond: number, retriesPerSecond: number): number {
  const budget = createRetryBudget(0);
  const counts = seconds(120).map((nowMs) => {
    for (let request = 0; request < requestsPerSecond; request++) budget.earn(nowMs);
    return Array.from({ length: retriesPerSecond }, () => budget.spend(nowMs)).filter(Boolean).length;
  });
  return counts.slice(-10).reduce((sum, count) => sum + count, 0) / 10;
}

describe('the budget of retries', () => {
  test('permits a fifth of the requests, and about ten in a second, while an app fails', () => {
    expect(permitted(1000, 2000)).toBeGreaterThan(205);
    expect(permitted(1000, 2000)).toBeLessThanOrEqual(211);
    expect(permitted(10, 20)).toBeLessThanOrEqual(12);
  });

  test('permits all retries of an app that fails rarely', () => {
    expect(permitted(1000, 100)).toBe(100);
    expect(permitted(5, 5)).toBe(5);
  });

  test('saves no more than that of about ten seconds, however long it is quiet', () => {
    const budget = createRetryBudget(0);
    const spent = Array.from({ length: 1000 }, () => budget.spend(86_400_000)).filter(Boolean);
    expect(spent).toHaveLength(100);
  });
});

describe('the delay before a retry', () => {
  const delays = (random: number) => {
    const policy = compileRetry(
      { codes: [503], attempts: 5, backoffMs: 100 },
      { nowMs: () => 0, random: () => random },
    );
    return [0, 1, 2, 3, 4, 5].map((retries) => policy.next(retries));
  };

  test('is never below the configured one, grows up to ten times that, and has a random part', () => {
    expect(delays(0)).toEqual([100, 200, 400, 500, 500, 'Exhausted']);
    expect(delays(0.5)).toEqual([150, 300, 600, 750, 750, 'Exhausted']);
  });
});
