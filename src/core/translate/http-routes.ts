/** The routes of a routing table that an HTTPRoute, a GRPCRoute or a StickyWorkload's `spec.route` comes to: one for each match. */
import type { AttachedRoute } from '../resolve/gateway-plan.ts';
import { heldKey, sourceName, type HeldRule, type HeldRules } from '../route/held-rules.ts';
import type { BackendRefIR, BackendTarget, FilterIR, RouteSource, RuleIR } from '../route/ir.ts';
import type { JudgedRoute } from '../route/judge-routes.ts';
import type { ServiceTarget } from '../route/resolve-refs.ts';
import { wireFilter } from '../route/wire-filters.ts';
import { sameJson } from '../../wire/same-json.ts';
import type { BackendRef, Listener, RequestMatch, Route, RoutePersistence } from '../../wire/routing-table.ts';

type Place = Pick<Route, 'listeners'>;
type Built = { place: Place; persistence: (RoutePersistence | undefined)[]; routes: Route[] };

const known = new WeakMap<JudgedRoute, Built>();

/** Verdicts are never modified: their routes stay the same objects for as long as the listeners and the persistence of the rules are equal. */
export function buildRoutes(
  { judged, listeners }: AttachedRoute,
  all: readonly Listener[],
  heldRules: HeldRules,
): Route[] {
  const place = all.every(({ name }) => listeners.has(name)) ? {} : { listeners: [...listeners] };
  const persistence = judged.route.rules.map((rule) => heldRules.get(rule)?.persistence);
  const before = known.get(judged);
  if (before && sameJson(before.place, place) && sameJson(before.persistence, persistence)) return before.routes;
  const routes = build(judged, place, heldRules);
  known.set(judged, { place, persistence, routes });
  return routes;
}

function build(judged: JudgedRoute, place: Place, heldRules: HeldRules): Route[] {
  const { source, hostnames, rules } = judged.route;
  return rules.flatMap((rule, number) =>
    rule.matches.map((match, index) => ({
      name: nameOf(source, number, index),
      ...place,
      hostnames,
      match,
      ...(source.kind === 'GRPCRoute' && { protocol: 'HTTP2' as const }),
      ...buildRule(match, { rule, source, refs: judged.refs, held: heldRules.get(rule) }),
    })),
  );
}

/** That of a StickyWorkload has one rule, and routes of a user may have its name. */
const nameOf = (source: RouteSource, rule: number, match: number): string =>
  source.workload === undefined ? `${sourceName(source)}#${rule}.${match}` : `${source.key}#${match}`;

type Refs = JudgedRoute['refs'];
type RuleContext = { rule: RuleIR; source: RouteSource; refs: Refs; held: HeldRule | undefined };

const buildRule = (
  match: RequestMatch,
  context: RuleContext,
): Pick<Route, 'filters' | 'timeouts' | 'retry' | 'backendRefs' | 'persistence'> => ({
  ...buildFilters(context.rule.filters, match, context.refs),
  ...(context.rule.timeouts && { timeouts: context.rule.timeouts }),
  ...(context.rule.retry && { retry: context.rule.retry }),
  backendRefs: context.rule.backendRefs.map((ref) => buildBackendRef(ref, match, context)),
  ...(context.held && { persistence: context.held.persistence }),
});

/** An unresolved reference keeps its share of the requests, which get 500: another backend must not get them instead. */
function buildBackendRef(
  { target, weight, filters }: BackendRefIR,
  match: RequestMatch,
  context: RuleContext,
): BackendRef {
  const found = resolvedTo(target, context.refs);
  return {
    ...(found && { backend: keyIn(found, context) }),
    weight,
    ...buildFilters(filters, match, context.refs),
  };
}

const resolvedTo = (target: BackendTarget, refs: Refs): ServiceTarget | undefined => {
  const verdict = refs.get(target.at);
  return verdict?.kind === 'resolved' ? verdict.backend : undefined;
};

const keyIn = (target: ServiceTarget, { rule, source, held }: RuleContext): string =>
  held === undefined ? target.key : heldKey(target, source, rule);

/** A copy of a request starts no session: mirrors refer to backends without. */
function buildFilters(filters: readonly FilterIR[], match: RequestMatch, refs: Refs): Pick<Route, 'filters'> {
  if (filters.length === 0) return {};
  const place = { prefix: match.path.value, backendOf: (target: BackendTarget) => resolvedTo(target, refs)?.key };
  return { filters: filters.flatMap((filter) => wireFilter(filter, place) ?? []) };
}
