/** `come` precedes `gone` for an item that is replaced by another version of it. */
export type Differences<T> = { come(item: T): void; gone(item: T): void };

/**
 * Calls back with the differences of two lists. Both are sorted by `keyOf`, and what has not changed is the same object in both: of thousands of
 * items, only references are compared, and keys only where the lists differ.
 */
export function compareSorted<T>(
  before: readonly T[],
  after: readonly T[],
  keyOf: (item: T) => string,
  on: Differences<T>,
): void {
  if (before === after) return;
  let [at, next] = [0, 0];
  while (at < before.length || next < after.length) {
    const [one, other] = [before[at], after[next]];
    const order = one === other ? 0 : orderOf(one, other, keyOf);
    if (one !== other) {
      if (other !== undefined && order >= 0) on.come(other);
      if (one !== undefined && order <= 0) on.gone(one);
    }
    if (order <= 0) at += 1;
    if (order >= 0) next += 1;
  }
}

/** The end of a list is behind all keys. */
function orderOf<T>(one: T | undefined, other: T | undefined, keyOf: (item: T) => string): number {
  if (one === undefined || other === undefined) return one === undefined ? 1 : -1;
  const [left, right] = [keyOf(one), keyOf(other)];
  return left < right ? -1 : Number(left > right);
}
