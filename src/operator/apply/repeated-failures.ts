/**
 * Counts writes that keep failing with a retryable error, for example because an API server or another webhook does not respond.
 * The queue retries them; from the third failure in a row on, the status reports them.
 */
import type { ApplyOutcome } from '../../core/status/input.ts';
import { describeError } from '../../platform/errors.ts';

const reportedFrom = 3;

export interface RepeatedFailures {
  /** Records a failed reconcile of a StickyWorkload. Returns what to report, or undefined while it may be transient. */
  note(key: string, error: unknown): ApplyOutcome | undefined;
  /** The reconcile succeeded. */
  forget(key: string): void;
}

export function createRepeatedFailures(): RepeatedFailures {
  const inARow = new Map<string, number>();
  return {
    note(key, error) {
      const attempts = (inARow.get(key) ?? 0) + 1;
      inARow.set(key, attempts);
      return attempts < reportedFrom ? undefined : { kind: 'failed', message: describeError(error) };
    },
    forget: (key) => void inARow.delete(key),
  };
}
