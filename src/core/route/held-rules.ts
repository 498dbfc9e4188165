/**
 * Which rules of users' routes keep sessions: those with a backend that has a StickyWorkload. The first such backend of the rule decides how,
 * for all of its backends: a rule has one cookie, and a session stays on its backend.
 */
import { defaultCookieName } from '../names/names.ts';
import type { ServingPlan } from '../resolve/plan.ts';
import { endpointId } from '../session/token.ts';
import type { RoutePersistence } from '../../wire/routing-table.ts';
import type { RouteSource, RuleIR } from './ir.ts';
import type { JudgedRoute } from './judge-routes.ts';
import type { ServiceTarget } from './resolve-refs.ts';

/** `plan`: of the StickyWorkload that decides. */
export type HeldRule = { plan: ServingPlan; persistence: RoutePersistence };

export type HeldRules = ReadonlyMap<RuleIR, HeldRule>;

/** `oldestFirst`: a rule that is added later does not take the cookie of an earlier one, which would end its sessions. */
export function holdRules(oldestFirst: Iterable<JudgedRoute>): HeldRules {
  const held = new Map<RuleIR, HeldRule>();
  const taken = new Set<string>();
  for (const { route, parents, refs } of oldestFirst) {
    if (!parents.some(({ kind }) => kind === 'attached')) continue;
    for (const rule of route.rules) {
      const plan = firstWorkload(rule, refs);
      if (plan === undefined) continue;
      // The StickyWorkload's own route is the first, however old it is.
      const isFirst = plan.parents.length === 0 && !taken.has(plan.key);
      taken.add(plan.key);
      held.set(rule, { plan, persistence: persistenceOf(plan, ruleKey(route.source, rule), isFirst) });
    }
  }
  return held;
}

function firstWorkload({ backendRefs }: RuleIR, refs: JudgedRoute['refs']): ServingPlan | undefined {
  for (const { target } of backendRefs) {
    const verdict = refs.get(target.at);
    if (verdict?.kind === 'resolved' && verdict.backend.workload !== undefined) return verdict.backend.workload;
  }
  return undefined;
}

const ruleKey = ({ key }: RouteSource, { id }: RuleIR): string => `${key}/${id}`;

/** The key of a backend in a rule: tokens contain its hash, so that two rules never share a session. */
export const heldKey = ({ key }: ServiceTarget, source: RouteSource, rule: RuleIR): string =>
  `${key}@${ruleKey(source, rule)}`;

/**
 * A browser keeps one cookie per name, path and host, and two rules with the same would destroy each other's sessions. A name that the user
 * chose stays for the first rule; names of headers, and those of the app's own sessions, belong to clients and apps.
 */
function persistenceOf({ name, persistence }: ServingPlan, rule: string, isFirst: boolean): RoutePersistence {
  const { carrier } = persistence;
  if (carrier.type !== 'Cookie' || (isFirst && carrier.name !== defaultCookieName(name))) return persistence;
  return { ...persistence, carrier: { ...carrier, name: `${carrier.name}-${endpointId(rule).slice(0, 8)}` } };
}
