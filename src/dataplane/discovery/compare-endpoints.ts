import type { Endpoint } from '../../wire/routing-table.ts';

/** `come` precedes `gone` for an endpoint that is replaced by another version of it. */
export type Differences = { come(endpoint: Endpoint): void; gone(endpoint: Endpoint): void };

/**
 * Calls back with the differences of two lists of endpoints. Both are sorted by UID, and what has not changed is the same object in both: of
 * thousands of endpoints, only references are compared.
 */
export function compareEndpoints(before: readonly Endpoint[], after: readonly Endpoint[], on: Differences): void {
  if (before === after) return;
  let [at, next] = [0, 0];
  while (at < before.length || next < after.length) {
    const [one, other] = [before[at], after[next]];
    const order = one === other ? 0 : orderOf(one, other);
    if (one !== other) {
      if (other !== undefined && order >= 0) on.come(other);
      if (one !== undefined && order <= 0) on.gone(one);
    }
    if (order <= 0) at += 1;
    if (order >= 0) next += 1;
  }
}

/** Negative: the first comes before the second, or there is no second. */
function orderOf(one: Endpoint | undefined, other: Endpoint | undefined): number {
  if (one === undefined || other === undefined) return one === undefined ? 1 : -1;
  return one.uid < other.uid ? -1 : Number(one.uid > other.uid);
}
