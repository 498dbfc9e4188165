/**
 * Writes that fail again and again though each time another try may help: an API server or a webhook of somebody that does not answer.
 * The queue tries them again by itself; from the third in a row on the user is told.
 */
import type { ApplyOutcome } from '../../core/status/input.ts';
import { describeError } from '../../platform/errors.ts';

const toldFrom = 3;

export interface RepeatedFailures {
  /** Notes a failure of the work on a StickyWorkload. Answers what to tell, or undefined while it may be a passing one. */
  note(key: string, error: unknown): ApplyOutcome | undefined;
  /** It went well. */
  forget(key: string): void;
}

export function createRepeatedFailures(): RepeatedFailures {
  const inARow = new Map<string, number>();
  return {
    note(key, error) {
      const attempts = (inARow.get(key) ?? 0) + 1;
      inARow.set(key, attempts);
      return attempts < toldFrom ? undefined : { kind: 'failed', message: describeError(error) };
    },
    forget: (key) => void inARow.delete(key),
  };
}
