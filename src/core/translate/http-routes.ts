/** The routes of a routing table that an HTTPRoute comes to: one for each match. */
import type { AttachedHttpRoute } from '../resolve/gateway-plan.ts';
import type { BackendRefIR, RuleIR } from '../route/ir.ts';
import type { JudgedRoute } from '../route/judge-routes.ts';
import type { BackendRef, Listener, Route } from '../../wire/routing-table.ts';

/** Their names have two numbers, of the rule and of its match: that of a StickyWorkload has one, and both may have the same name. */
export function buildHttpRoutes({ judged, listeners }: AttachedHttpRoute, all: readonly Listener[]): Route[] {
  const { source, hostnames, rules } = judged.route;
  const place = all.every(({ name }) => listeners.has(name)) ? {} : { listeners: [...listeners] };
  return rules.flatMap((rule, number) => {
    const served = buildRule(rule, judged);
    return rule.matches.map((match, index) => ({
      name: `${source.key}#${number}.${index}`,
      ...place,
      hostnames,
      match,
      ...served,
    }));
  });
}

const buildRule = ({ backendRefs }: RuleIR, { refs }: Pick<JudgedRoute, 'refs'>): Pick<Route, 'backendRefs'> => ({
  backendRefs: backendRefs.map((ref) => buildBackendRef(ref, refs)),
});

/** An unresolved reference keeps its share of the requests, which get 500: another backend must not get them instead. */
function buildBackendRef({ target, weight }: BackendRefIR, refs: JudgedRoute['refs']): BackendRef {
  const verdict = refs.get(target.at);
  return { ...(verdict?.kind === 'resolved' && { backend: verdict.backend.key }), weight };
}
