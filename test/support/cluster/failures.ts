/** Calls that the test makes fail. */
import type { Resource } from '../../../src/kube/ports.ts';

export type Verb = 'apply' | 'create' | 'update' | 'delete' | 'get' | 'list' | 'watch' | 'review';

export type Failure = {
  verb: Verb;
  /** Any kind if absent. */
  kind?: string;
  error: Error;
  /** The number of calls that fail; 1 if absent. */
  times?: number;
};

export interface Failures {
  add(failure: Failure): void;
  /** Throws if this call is to fail. */
  mayFail(verb: Verb, resource?: Resource): void;
}

export function createFailures(): Failures {
  const failures: Failure[] = [];
  return {
    add(failure) {
      failures.push(failure);
    },
    mayFail(verb, resource) {
      const index = failures.findIndex(
        (failure) => failure.verb === verb && (failure.kind === undefined || failure.kind === resource?.kind),
      );
      const failure = failures[index];
      if (failure === undefined) return;
      const left = (failure.times ?? 1) - 1;
      if (left > 0) failures[index] = { ...failure, times: left };
      else failures.splice(index, 1);
      throw failure.error;
    },
  };
}
