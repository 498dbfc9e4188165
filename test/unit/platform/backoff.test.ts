import { describe, expect, test } from '@jest/globals';
import { backoffMs, createBackoff } from '../../../src/platform/backoff.ts';
import { fc } from '../../support/fast-check.ts';

const range = { baseMs: 100, capMs: 1_000 };

describe('a backoff', () => {
  test.each([
    { attempt: 1, chance: 0, ms: 50, because: 'half of the base is certain' },
    { attempt: 1, chance: 0.5, ms: 75, because: 'the other half is chance' },
    { attempt: 3, chance: 0, ms: 200, because: 'it doubles with each failure' },
    { attempt: 9, chance: 0, ms: 500, because: 'up to the cap' },
    { attempt: 5_000, chance: 0, ms: 500, because: 'also where doubling leaves the numbers' },
  ])('failure $attempt waits $ms ms: $because', ({ attempt, chance, ms }) => {
    expect(backoffMs(range, attempt, () => chance)).toBe(ms);
  });

  test('never exceeds the cap and is never shorter than half the previous delay', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, chance) => {
          const ms = backoffMs(range, attempt, () => chance);
          return ms <= range.capMs && ms >= Math.min(range.capMs, range.baseMs * 2 ** (attempt - 1)) / 2;
        },
      ),
    );
  });

  test('starts again after a reset', () => {
    const backoff = createBackoff(range, () => 0);
    expect([backoff.next(), backoff.next()]).toEqual([50, 100]);
    backoff.reset();
    expect(backoff.next()).toBe(50);
  });
});
