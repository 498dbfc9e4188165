/** The routes of one table after those of another: which are new, which are gone, and the place of each. */
import type { Route } from '../../wire/routing-table.ts';

/** A route with its place in the order of the table, for as long as tables contain the same object. */
export type PlacedRoute = { readonly route: Route; place: number };

export type RouteChanges<P extends PlacedRoute> = {
  /** In the order of the table. */
  all: readonly P[];
  gone: readonly P[];
  /** With the places that they have in the new table. */
  come: readonly P[];
};

/**
 * Costs a comparison of identity for each route, and `create` only for those that the table before lacks. The routes that stay keep their order
 * among themselves: a route that moved before another one is gone, and comes again.
 */
export function placeRoutes<P extends PlacedRoute>(
  before: readonly P[],
  routes: readonly Route[],
  create: (at: PlacedRoute) => P,
): RouteChanges<P> {
  const shorter = Math.min(before.length, routes.length);
  let start = 0;
  while (start < shorter && before[start]?.route === routes[start]) start += 1;
  let end = 0;
  while (end < shorter - start && before.at(-1 - end)?.route === routes.at(-1 - end)) end += 1;
  const known = new Map(before.slice(start, before.length - end).map((placed) => [placed.route, placed]));
  const gone = new Set(before.slice(start, before.length - end));
  const come: P[] = [];
  let lastPlace = -1;
  const middle = routes.slice(start, routes.length - end).map((route, index) => {
    const placed = known.get(route);
    if (placed !== undefined && placed.place > lastPlace && gone.delete(placed)) {
      lastPlace = placed.place;
      return placed;
    }
    const created = create({ route, place: start + index });
    come.push(created);
    return created;
  });
  return { all: before.toSpliced(start, before.length - start - end, ...middle), gone: [...gone], come };
}

/** To be called once nothing depends on the places in the table before. */
export function renumber(all: readonly PlacedRoute[]): void {
  for (const [place, placed] of all.entries()) placed.place = place;
}
