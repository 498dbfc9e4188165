/** Rules with sessions of their own, to which an XBackendTrafficPolicy for their Services does not apply. */
import { gatewayKey } from '../resolve/plan.ts';
import type { TrafficPolicy } from '../snapshot/snapshot.ts';
import type { RouteIR, RuleIR } from './ir.ts';
import type { JudgedRoute } from './judge-routes.ts';

/** `by`: what has the sessions of those rules. `isWhole`: the policy applies to no rule of the Gateway. */
export type Override = { by: string[]; isWhole: boolean };

/** A rule that leads to a Service. `owner`: what has its sessions; absent: the policy applies. */
type Use = { gateway: string; owner?: string };

export type RuleUses = ReadonlyMap<string, readonly Use[]>;

/** Returns the rules that lead to a Service, by its `namespace/name`. */
export function indexRuleUses(routes: readonly JudgedRoute[]): RuleUses {
  const uses = new Map<string, Use[]>();
  for (const { service, use } of routes.flatMap(usesOf)) {
    const ofService = uses.get(service);
    if (ofService === undefined) uses.set(service, [use]);
    else ofService.push(use);
  }
  return uses;
}

function usesOf({ route, parents, refs }: JudgedRoute): { service: string; use: Use }[] {
  const gateways = parents.flatMap((verdict) => (verdict.kind === 'attached' ? [gatewayKey(verdict.gateway)] : []));
  return route.rules.flatMap((rule) => {
    const owner = ownerOf(rule, route);
    const services = rule.backendRefs.flatMap(({ target }) => {
      const ref = refs.get(target.at);
      return ref?.kind === 'resolved' ? [ref.backend.service] : [];
    });
    return services.flatMap((service) =>
      gateways.map((gateway) => ({ service, use: { gateway, ...(owner !== undefined && { owner }) } })),
    );
  });
}

function ownerOf({ persistence }: RuleIR, { source }: RouteIR): string | undefined {
  if (source.workload !== undefined) return `spec.route of StickyWorkload ${source.key}`;
  return persistence && `sessionPersistence of ${source.kind} ${source.key}`;
}

/** Returns the overrides by key of the Gateway. */
export function findOverrides(
  { namespace, services, sessionPersistence }: TrafficPolicy,
  uses: RuleUses,
): Record<string, Override> {
  if (sessionPersistence === undefined) return {};
  const found = services.flatMap((name) => uses.get(`${namespace}/${name}`) ?? []);
  return Object.fromEntries(
    [...Map.groupBy(found, ({ gateway }) => gateway)].flatMap(([gateway, ofGateway]) => {
      const by = [...new Set(ofGateway.flatMap(({ owner }) => owner ?? []))];
      const isWhole = ofGateway.every(({ owner }) => owner !== undefined);
      return by.length === 0 ? [] : [[gateway, { by, isWhole }]];
    }),
  );
}
