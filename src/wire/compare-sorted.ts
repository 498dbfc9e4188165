/** Where two lists differ. What precedes `start` is the same in both, and so is what follows the two ends. */
export type DifferingPart = { start: number; beforeEnd: number; afterEnd: number };

/** Compares references only: of thousands of items, mostly one has changed. */
export function findDifferingPart<T>(before: readonly T[], after: readonly T[]): DifferingPart {
  let [start, beforeEnd, afterEnd] = [0, before.length, after.length];
  while (start < beforeEnd && start < afterEnd && before[start] === after[start]) start += 1;
  while (beforeEnd > start && afterEnd > start && before[beforeEnd - 1] === after[afterEnd - 1]) {
    beforeEnd -= 1;
    afterEnd -= 1;
  }
  return { start, beforeEnd, afterEnd };
}

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
  const { start, beforeEnd, afterEnd } = findDifferingPart(before, after);
  const [left, right] = [before.slice(start, beforeEnd), after.slice(start, afterEnd)];
  let [at, next] = [0, 0];
  while (at < left.length || next < right.length) {
    const [one, other] = [left[at], right[next]];
    const order = one === other ? 0 : orderOf(one, other, keyOf);
    if (one !== other) {
      if (other !== undefined && order >= 0) on.come(other);
      if (one !== undefined && order <= 0) on.gone(one);
    }
    if (order <= 0) at += 1;
    if (order >= 0) next += 1;
  }
}

/** The end of a part is behind all keys. */
function orderOf<T>(one: T | undefined, other: T | undefined, keyOf: (item: T) => string): number {
  if (one === undefined || other === undefined) return one === undefined ? 1 : -1;
  const [left, right] = [keyOf(one), keyOf(other)];
  return left < right ? -1 : Number(left > right);
}
