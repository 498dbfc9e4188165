/** Delays that grow while an operation keeps failing. */

export type BackoffRange = { baseMs: number; capMs: number };

/** Returns a number from 0 (included) to 1 (excluded), as Math.random does. */
export type Random = () => number;

/**
 * Returns the delay after the `attempt`th consecutive failure, counted from 1: base, twice, four times … up to the cap. The lower half is
 * fixed and the upper half is random, so that replicas which failed together do not retry together.
 */
export function backoffMs(range: BackoffRange, attempt: number, random: Random): number {
  const full = Math.min(range.capMs, range.baseMs * 2 ** (attempt - 1));
  return full / 2 + (full / 2) * random();
}

export interface Backoff {
  /** Counts one more failure and returns the delay before the next attempt. */
  next(): number;
  reset(): void;
}

export function createBackoff(range: BackoffRange, random: Random): Backoff {
  let failures = 0;
  return {
    next() {
      failures += 1;
      return backoffMs(range, failures, random);
    },
    reset() {
      failures = 0;
    },
  };
}
