/** Gateway API's order of precedence between routes that match the same request. */
import type { RouteMatch } from '../../api/spec.ts';
import type { Route } from '../../wire/routing-table.ts';

/**
 * Most specific first: host name (exact before wildcard, longer before shorter), then by `compareMatches`. Equals keep the order they
 * came in, so the caller puts older routes first, and those of one age by name. A route with several host names is placed by its most
 * specific one; the matcher, which knows the host that was asked for, compares only routes of the same host.
 */
export function sortRoutes(routes: readonly Route[]): Route[] {
  return routes.toSorted((a, b) => hostRank(b) - hostRank(a) || compareMatches(a.match, b.match));
}

// A host name has at most 253 characters: any exact one outranks every wildcard.
const hostRank = ({ hostnames }: Route) =>
  Math.max(0, ...hostnames.map((name) => (name.startsWith('*.') ? name.length : 1000 + name.length)));

/**
 * Below 0 where `a` goes first: exact path, regular expression, prefix; longer paths; a method; more headers; more query parameters.
 * Gateway API leaves the place of regular expressions open: before prefixes, as an expression is written for few paths and a prefix for many.
 */
export function compareMatches(a: RouteMatch, b: RouteMatch): number {
  return (
    pathRank[b.path.type] - pathRank[a.path.type] ||
    b.path.value.length - a.path.value.length ||
    Number(b.method !== undefined) - Number(a.method !== undefined) ||
    count(b.headers) - count(a.headers) ||
    count(b.queryParams) - count(a.queryParams)
  );
}

const pathRank: Record<RouteMatch['path']['type'], number> = { Exact: 2, RegularExpression: 1, PathPrefix: 0 };
const count = (list: readonly unknown[] | undefined) => list?.length ?? 0;
