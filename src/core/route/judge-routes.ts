/** The verdicts on routes: the parents they attach to, and the backends they lead to. */
import { sameJson } from '../../wire/same-json.ts';
import { judgeParents, type AttachLookup, type AttachVerdict } from './attach.ts';
import type { RouteIR } from './ir.ts';
import { resolveRefs, type RefLookup, type RefVerdict } from './resolve-refs.ts';

/** `refs`: by path of the reference in the spec. */
export type JudgedRoute = { route: RouteIR; parents: AttachVerdict[]; refs: ReadonlyMap<string, RefVerdict> };

/** Earlier verdicts. `isLookupSame`: what they depend on besides the routes is the same. */
export type EarlierVerdicts = { verdicts: ReadonlyMap<string, JudgedRoute>; isLookupSame: boolean };

/** Returns the verdicts by `namespace/name`, oldest first, and of the same age by name: the order of equal matches in Gateway API. */
export function judgeRoutes(
  routes: readonly RouteIR[],
  lookup: AttachLookup & RefLookup,
  before?: EarlierVerdicts,
): ReadonlyMap<string, JudgedRoute> {
  const judged = routes.map((route) => {
    const known = before?.verdicts.get(route.source.key);
    if (before?.isLookupSame === true && known?.route === route) return known;
    return keepJudged({ route, parents: judgeParents(route, lookup), refs: resolveRefs(route, lookup) }, known);
  });
  return new Map(oldestFirst(judged).map((one) => [one.route.source.key, one]));
}

/** Equal verdicts on an equal route stay the same object, so that what depends on them alone is not done again. */
export const keepJudged = <Judged extends JudgedRoute>(next: Judged, before: Judged | undefined): Judged =>
  before &&
  sameJson(before.route, next.route) &&
  sameJson(before.parents, next.parents) &&
  sameRefs(before.refs, next.refs)
    ? before
    : next;

function sameRefs(some: JudgedRoute['refs'], others: JudgedRoute['refs']): boolean {
  if (some.size !== others.size) return false;
  for (const [at, ref] of some) if (!sameJson(ref, others.get(at))) return false;
  return true;
}

export const oldestFirst = (routes: readonly JudgedRoute[]): JudgedRoute[] =>
  routes
    .map((judged) => ({ judged, age: seniority(judged.route) }))
    .toSorted((one, other) => (one.age < other.age ? -1 : Number(one.age > other.age)))
    .map(({ judged }) => judged);

/** RFC 3339 in UTC sorts as text. */
const seniority = ({ source }: RouteIR): string => `${source.createdAt} ${source.key}`;
