/**
 * What came of the last reconcile of each Gateway that Holdfast generates. Only that reconcile writes the Gateway's objects; the StickyWorkloads that need
 * the Gateway report the outcome in their statuses.
 */
import type { ApplyOutcome } from '../../core/status/input.ts';

export interface GatewayOutcomes {
  /** `key`: `namespace/name`. Undefined until the Gateway was reconciled. */
  of(key: string): ApplyOutcome | undefined;
  settle(key: string, outcome: ApplyOutcome): void;
  forget(key: string): void;
  /** Calls the listener with the key of a Gateway whose outcome is another. Returns a function that unsubscribes. */
  onChange(listener: (key: string) => void): () => void;
}

export function createGatewayOutcomes(): GatewayOutcomes {
  const outcomes = new Map<string, ApplyOutcome>();
  const listeners = new Set<(key: string) => void>();
  return {
    of: (key) => outcomes.get(key),
    settle(key, outcome) {
      const before = outcomes.get(key);
      outcomes.set(key, outcome);
      if (JSON.stringify(before) !== JSON.stringify(outcome)) for (const listener of listeners) listener(key);
    },
    forget: (key) => void outcomes.delete(key),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
