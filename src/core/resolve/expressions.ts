/** Regular expressions of route matches. Gateway API leaves their dialect to the implementation, so no schema has checked them. */
import type { RouteMatch, StickyWorkloadSpec } from '../../api/spec.ts';

export type InvalidExpression = { path: string; source: string; reason: string };

/** The expressions that the proxy could not compile, in the order they stand in the spec. */
export function findInvalidExpressions({
  route,
  sessionPersistence,
}: Pick<StickyWorkloadSpec, 'route' | 'sessionPersistence'>): InvalidExpression[] {
  const found = [
    ...expressionsIn('spec.route.matches', route.matches),
    ...expressionsIn('spec.sessionPersistence.newSessionOn', sessionPersistence.newSessionOn ?? []),
  ];
  return found.flatMap(({ path, source }) => {
    const reason = describeDefect(source);
    return reason === undefined ? [] : [{ path, source, reason }];
  });
}

const expressionsIn = (list: string, matches: readonly RouteMatch[]): { path: string; source: string }[] =>
  matches.flatMap((match, number) =>
    expressionsOf(match).map(({ place, value }) => ({ path: `${list}[${number}].${place}`, source: value })),
  );

function expressionsOf({ path, headers = [], queryParams = [] }: RouteMatch): { place: string; value: string }[] {
  const places = [
    { ...path, place: 'path.value' },
    ...headers.map((header, at) => ({ ...header, place: `headers[${at}].value` })),
    ...queryParams.map((parameter, at) => ({ ...parameter, place: `queryParams[${at}].value` })),
  ];
  return places.filter(({ type }) => type === 'RegularExpression');
}

// The flags and the anchors are those of core/routing/match.ts.
function describeDefect(source: string): string | undefined {
  try {
    void new RegExp(`^(?:${source})$`, 'u');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
