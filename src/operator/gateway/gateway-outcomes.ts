/**
 * What came of the last reconcile of each Gateway that Holdfast generates. Only that reconcile writes the Gateway's objects; the StickyWorkloads that need
 * the Gateway, and its HoldfastProxy, report the outcome in their statuses.
 */
import type { ProxyParameters } from '../../core/resolve/proxy-parameters.ts';
import type { ApplyOutcome } from '../../core/status/input.ts';
import type { Clock } from '../../platform/clock.ts';
import { sameJson } from '../../wire/same-json.ts';

export interface GatewayOutcomes {
  /** `key`: `namespace/name`. Undefined until the Gateway was reconciled. */
  of(key: string): ApplyOutcome | undefined;
  /** The same, if these parameters were applied. */
  ofParameters(key: string, parameters: ProxyParameters): ApplyOutcome | undefined;
  settle(key: string, outcome: ApplyOutcome, parameters: ProxyParameters): void;
  forget(key: string): void;
  /** Calls the listener with the key of a Gateway whose outcome or parameters are others. Returns a function that unsubscribes. */
  onChange(listener: (key: string) => void): () => void;
}

type Settled = { outcome: ApplyOutcome; parameters: ProxyParameters };

export function createGatewayOutcomes(): GatewayOutcomes {
  const outcomes = new Map<string, Settled>();
  const listeners = new Set<(key: string) => void>();
  return {
    of: (key) => outcomes.get(key)?.outcome,
    ofParameters(key, parameters) {
      const settled = outcomes.get(key);
      return settled && sameJson(settled.parameters, parameters) ? settled.outcome : undefined;
    },
    settle(key, outcome, parameters) {
      const [before, settled] = [outcomes.get(key), { outcome, parameters }];
      outcomes.set(key, settled);
      if (!sameJson(before, settled)) for (const listener of listeners) listener(key);
    },
    forget: (key) => void outcomes.delete(key),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** After a start, thousands of Gateways are settled one after the other. */
const collectedForMs = 100;

/** Calls the listener once for the changes of a while. Returns a function that unsubscribes. */
export function onOutcomes(
  outcomes: Pick<GatewayOutcomes, 'onChange'>,
  clock: Clock,
  listener: () => void,
): () => void {
  let cancel: (() => void) | undefined;
  const unsubscribe = outcomes.onChange(() => {
    cancel ??= clock.after(collectedForMs, () => {
      cancel = undefined;
      listener();
    });
  });
  return () => {
    unsubscribe();
    cancel?.();
  };
}
