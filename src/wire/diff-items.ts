/** What differs between two versions of a long list: after the change of one item it costs little more than a comparison of each. */

type Items<T> = { keyOf: (item: T) => string; isSame: (one: T | undefined, other: T | undefined) => boolean };

/** Returns the items of one list that the other lacks or has otherwise. Equal beginnings and ends cost a comparison each. */
export function diffItems<T>(
  before: readonly T[],
  after: readonly T[],
  { keyOf, isSame }: Items<T>,
): { gone: T[]; come: T[] } {
  if (before === after) return { gone: [], come: [] };
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && isSame(before[start], after[start])) start += 1;
  let end = 0;
  while (end < shorter - start && isSame(before[before.length - 1 - end], after[after.length - 1 - end])) end += 1;
  const old = new Map(before.slice(start, before.length - end).map((item) => [keyOf(item), item]));
  const come: T[] = [];
  for (const item of after.slice(start, after.length - end)) {
    const key = keyOf(item);
    if (isSame(old.get(key), item)) old.delete(key);
    else come.push(item);
  }
  return { gone: [...old.values()], come };
}
