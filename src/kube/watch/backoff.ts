/** Waits that grow while there is no progress. */

export type BackoffRange = { baseMs: number; capMs: number };

/** A number from 0 (included) to 1 (excluded), as Math.random gives. */
export type Random = () => number;

/**
 * The wait after the `attempt`th failure in a row, counted from 1: base, twice, four times … up to the cap, of which the
 * lower half is certain and the upper half is chance, so that replicas which failed together do not return together.
 */
export function backoffMs(range: BackoffRange, attempt: number, random: Random): number {
  const full = Math.min(range.capMs, range.baseMs * 2 ** (attempt - 1));
  return full / 2 + (full / 2) * random();
}

export interface Backoff {
  /** Counts one more failure and says how long to wait for it. */
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
