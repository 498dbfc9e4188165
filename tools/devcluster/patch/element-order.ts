/** The order of a merged list where the patch says in which order its own elements are to be. */

export type Orders = {
  /** What tells the elements of the patch apart, in its order. */
  wanted: readonly unknown[];
  /** The same of the list as it was. */
  serverOrder: readonly unknown[];
};

/**
 * The elements that the patch knows, in its order; one that only the server has goes before the first of them that it
 * stood before already: `mergeSortedSlice` of Kubernetes' strategic merge patch.
 */
export function sortByOrder(
  list: readonly unknown[],
  { serverOrder, wanted }: Orders,
  identify: (item: unknown) => unknown,
): unknown[] {
  const rankIn = (order: readonly unknown[]) => (item: unknown) => order.indexOf(identify(item));
  const wantedRank = rankIn(wanted);
  const serverRank = rankIn(serverOrder);
  const known = list.filter((item) => wantedRank(item) >= 0).toSorted((a, b) => wantedRank(a) - wantedRank(b));
  const serverOnly = list.filter((item) => wantedRank(item) < 0).toSorted((a, b) => serverRank(a) - serverRank(b));
  const sorted: unknown[] = [];
  for (const item of known) {
    const comesFirst = (other: unknown): boolean => serverRank(item) >= 0 && serverRank(other) < serverRank(item);
    while (serverOnly.length > 0 && comesFirst(serverOnly[0])) sorted.push(serverOnly.shift());
    sorted.push(item);
  }
  return [...sorted, ...serverOnly];
}
