/** The verdicts on all routes once it is settled which kind of route has which host. */
import { findKindConflicts, settleParents, type KindConflicts } from '../route/kind-conflicts.ts';
import { keepJudged, oldestFirst, type JudgedRoute } from '../route/judge-routes.ts';
import type { ParentObjects } from '../route/parent-objects.ts';
import type { WorkloadRoute } from '../route/shortfall.ts';

/** By `namespace/name`. `routes`: those of StickyWorkloads. */
export type RouteVerdicts = {
  routes: Record<string, WorkloadRoute>;
  httpRoutes: ReadonlyMap<string, JudgedRoute>;
  grpcRoutes: ReadonlyMap<string, JudgedRoute>;
};

/** `own`: those of StickyWorkloads that are served. `before`: earlier results, of which equal ones stay the same objects. */
export function settleRoutes(
  verdicts: RouteVerdicts,
  { own, parents, before }: { own: readonly JudgedRoute[]; parents: ParentObjects; before: RouteVerdicts | undefined },
): RouteVerdicts {
  const { routes, httpRoutes, grpcRoutes } = verdicts;
  if (grpcRoutes.size === 0) return verdicts;
  const all = oldestFirst([...own, ...httpRoutes.values(), ...grpcRoutes.values()]);
  const conflicts = findKindConflicts(all, parents);
  if (conflicts.size === 0) return verdicts;
  return {
    routes: Object.fromEntries(
      Object.entries(routes).map(([key, one]) => [key, settleOwn(one, conflicts, before?.routes[key])]),
    ),
    httpRoutes: settleAll(httpRoutes, conflicts, before?.httpRoutes),
    grpcRoutes: settleAll(grpcRoutes, conflicts, before?.grpcRoutes),
  };
}

type Judged = Pick<JudgedRoute, 'parents'>;

const isConcerned = ({ parents }: Judged, conflicts: KindConflicts): boolean =>
  parents.some(({ parent }) => conflicts.has(parent));

function settleOwn(one: WorkloadRoute, conflicts: KindConflicts, before: WorkloadRoute | undefined): WorkloadRoute {
  if (!isConcerned(one.judged, conflicts)) return one;
  const judged = { ...one.judged, parents: settleParents(one.judged.parents, conflicts) };
  return { ...one, judged: keepJudged(judged, before?.judged) };
}

const settleAll = (
  routes: ReadonlyMap<string, JudgedRoute>,
  conflicts: KindConflicts,
  before: ReadonlyMap<string, JudgedRoute> | undefined,
): ReadonlyMap<string, JudgedRoute> =>
  new Map(
    [...routes].map(([key, judged]) => [
      key,
      isConcerned(judged, conflicts)
        ? keepJudged({ ...judged, parents: settleParents(judged.parents, conflicts) }, before?.get(key))
        : judged,
    ]),
  );
