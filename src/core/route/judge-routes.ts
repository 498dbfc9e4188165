/** The verdicts on routes: the parents they attach to, and the backends they lead to. */
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
  const judged = routes.map((route) => ({
    route,
    parents: judgeParents(route, lookup),
    refs: resolveRefs(route, lookup),
  }));
  return new Map(oldestFirst(judged).map((one) => [one.route.source.key, one]));
}

export const oldestFirst = (routes: readonly JudgedRoute[]): JudgedRoute[] =>
  routes.toSorted((one, other) => {
    const [age, otherAge] = [seniority(one.route), seniority(other.route)];
    return age < otherAge ? -1 : Number(age > otherAge);
  });

/** RFC 3339 in UTC sorts as text. */
const seniority = ({ source }: RouteIR): string => `${source.createdAt} ${source.key}`;
