/** The routes of a routing table that an HTTPRoute comes to: one for each match. */
import type { AttachedHttpRoute } from '../resolve/gateway-plan.ts';
import type { RouteMatch } from '../../api/spec.ts';
import type { BackendRefIR, BackendTarget, FilterIR, RuleIR } from '../route/ir.ts';
import type { JudgedRoute } from '../route/judge-routes.ts';
import { wireFilter } from '../route/wire-filters.ts';
import type { BackendRef, Listener, Route } from '../../wire/routing-table.ts';

/** Their names have two numbers, of the rule and of its match: that of a StickyWorkload has one, and both may have the same name. */
export function buildHttpRoutes({ judged, listeners }: AttachedHttpRoute, all: readonly Listener[]): Route[] {
  const { source, hostnames, rules } = judged.route;
  const place = all.every(({ name }) => listeners.has(name)) ? {} : { listeners: [...listeners] };
  return rules.flatMap((rule, number) => {
    return rule.matches.map((match, index) => ({
      name: `${source.key}#${number}.${index}`,
      ...place,
      hostnames,
      match,
      ...buildRule(rule, match, judged.refs),
    }));
  });
}

function buildRule(
  { filters, backendRefs }: RuleIR,
  match: RouteMatch,
  refs: Refs,
): Pick<Route, 'filters' | 'backendRefs'> {
  return {
    ...buildFilters(filters, match, refs),
    backendRefs: backendRefs.map((ref) => buildBackendRef(ref, match, refs)),
  };
}

type Refs = JudgedRoute['refs'];

const keyOf = (target: BackendTarget, refs: Refs): string | undefined => {
  const verdict = refs.get(target.at);
  return verdict?.kind === 'resolved' ? verdict.backend.key : undefined;
};

function buildFilters(filters: readonly FilterIR[], match: RouteMatch, refs: Refs): Pick<Route, 'filters'> {
  if (filters.length === 0) return {};
  const place = { prefix: match.path.value, backendOf: (target: BackendTarget) => keyOf(target, refs) };
  return { filters: filters.flatMap((filter) => wireFilter(filter, place) ?? []) };
}

/** An unresolved reference keeps its share of the requests, which get 500: another backend must not get them instead. */
function buildBackendRef({ target, weight, filters }: BackendRefIR, match: RouteMatch, refs: Refs): BackendRef {
  const backend = keyOf(target, refs);
  return { ...(backend !== undefined && { backend }), weight, ...buildFilters(filters, match, refs) };
}
