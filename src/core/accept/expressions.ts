/** Regular expressions of route matches. Gateway API leaves their dialect to the implementation, so no schema has checked them. */
import type { RouteMatch } from '../../api/spec.ts';

export type InvalidExpression = { path: string; source: string; why: string };

/** The expressions that the proxy could not compile, in the order they stand in the spec. */
export function findInvalidExpressions(matches: RouteMatch[]): InvalidExpression[] {
  return matches.flatMap(expressionsOf).flatMap(({ path, source }) => {
    const why = describeDefect(source);
    return why === undefined ? [] : [{ path, source, why }];
  });
}

function expressionsOf({ path, headers = [], queryParams = [] }: RouteMatch, number: number): { path: string; source: string }[] {
  const places = [
    { ...path, place: 'path.value' },
    ...headers.map((header, at) => ({ ...header, place: `headers[${at}].value` })),
    ...queryParams.map((parameter, at) => ({ ...parameter, place: `queryParams[${at}].value` })),
  ];
  return places
    .filter(({ type }) => type === 'RegularExpression')
    .map(({ place, value }) => ({ path: `spec.route.matches[${number}].${place}`, source: value }));
}

// The flags and the anchors are those of core/table/match.ts.
function describeDefect(source: string): string | undefined {
  try {
    void new RegExp(`^(?:${source})$`, 'u');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
