/** Calls that the test makes fail. */
import type { Resource } from '../../../src/kube/ports.ts';

export type Verb = 'apply' | 'create' | 'update' | 'delete' | 'get' | 'list' | 'watch' | 'review';

export type Failure = {
  verb: Verb;
  /** Any kind if absent. */
  kind?: string;
  /** Only calls in this version of the kind. */
  version?: string;
  /** Only lists of this namespace; `''`: lists of all namespaces. */
  namespace?: string;
  error: Error;
  /** The number of calls that fail; 1 if absent. */
  times?: number;
};

export interface Failures {
  add(failure: Failure): void;
  clear(): void;
  /** Throws if this call is to fail. */
  mayFail(verb: Verb, resource?: Resource, namespace?: string): void;
}

export function createFailures(): Failures {
  const failures: Failure[] = [];
  return {
    add(failure) {
      failures.push(failure);
    },
    clear() {
      failures.length = 0;
    },
    mayFail(verb, resource, namespace) {
      const index = failures.findIndex(
        (failure) =>
          failure.verb === verb &&
          (failure.kind === undefined || failure.kind === resource?.kind) &&
          (failure.version === undefined || failure.version === resource?.version) &&
          (failure.namespace === undefined || failure.namespace === (namespace ?? '')),
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
