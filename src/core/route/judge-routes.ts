/** The verdicts on the routes of users: the parents they attach to, and the backends they lead to. */
import { judgeParents, type AttachLookup, type AttachVerdict } from './attach.ts';
import type { RouteIR } from './ir.ts';
import { resolveRefs, type RefLookup, type RefVerdict } from './resolve-refs.ts';

/** `refs`: by path of the reference in the spec. */
export type JudgedRoute = { route: RouteIR; parents: AttachVerdict[]; refs: ReadonlyMap<string, RefVerdict> };

/** Returns the verdicts by `namespace/name`, oldest first, and of the same age by name: the order of equal matches in Gateway API. */
export function judgeRoutes(
  routes: readonly RouteIR[],
  lookup: AttachLookup & RefLookup,
): ReadonlyMap<string, JudgedRoute> {
  const oldestFirst = routes.toSorted((one, other) => (seniority(one) < seniority(other) ? -1 : 1));
  return new Map(
    oldestFirst.map((route) => [
      route.source.key,
      { route, parents: judgeParents(route, lookup), refs: resolveRefs(route, lookup) },
    ]),
  );
}

/** RFC 3339 in UTC sorts as text. */
export const seniority = ({ source }: Pick<RouteIR, 'source'>): string => `${source.createdAt} ${source.key}`;
