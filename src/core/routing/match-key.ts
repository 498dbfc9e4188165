/** One text for all matches that the same requests have, so that equal ones are found without comparing each with each. */
import type { RouteMatch } from '../../api/spec.ts';

const known = new WeakMap<RouteMatch, string>();

/** Matches are never modified, so the text is made once. */
export function matchKey(match: RouteMatch): string {
  const before = known.get(match) ?? makeKey(match);
  known.set(match, before);
  return before;
}

const makeKey = ({ path, method, headers, queryParams }: RouteMatch): string =>
  JSON.stringify([
    path.type,
    path.value,
    method ?? '',
    requirementsOf(headers, (name) => name.toLowerCase()),
    requirementsOf(queryParams, (name) => name),
  ]);

type NameValue = NonNullable<RouteMatch['headers']>[number];

/** Gateway API ignores all but the first match of a name; their order means nothing. */
function requirementsOf(list: readonly NameValue[] = [], fold: (name: string) => string): string[][] {
  const byName = new Map<string, string[]>();
  for (const { name, type, value } of list) {
    const folded = fold(name);
    if (!byName.has(folded)) byName.set(folded, [folded, type, value]);
  }
  return [...byName.values()].toSorted(([one = ''], [other = '']) => (one < other ? -1 : Number(one > other)));
}
