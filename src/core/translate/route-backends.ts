/** The backends that the routes of users lead to. */
import { heldKey, type HeldRules } from '../route/held-rules.ts';
import type { RouteSource } from '../route/ir.ts';
import type { JudgedRoute } from '../route/judge-routes.ts';
import { referencesOf, type Reference, type ServiceTarget } from '../route/resolve-refs.ts';
import type { HeldBackend, ServiceBackend } from './built-backend.ts';
import { ownsService, type ClusterIndex } from './cluster-index.ts';
import { sessionsIn } from './session-sources.ts';

/** `owners`: the StickyWorkload whose keys sign the tokens of a backend, by the key of the backend. */
export type RouteBackends = { held: HeldBackend[]; plain: ServiceBackend[]; owners: Map<string, string> };

type Sources = { rules: HeldRules; index: Pick<ClusterIndex, 'services'> };

export function findRouteBackends(routes: Iterable<JudgedRoute>, sources: Sources): RouteBackends {
  const found: RouteBackends = { held: [], plain: [], owners: new Map() };
  for (const { route, refs } of routes) {
    if (route.source.workload !== undefined) continue;
    for (const reference of referencesOf(route)) {
      const verdict = refs.get(reference.target.at);
      if (verdict?.kind === 'resolved') add(found, verdict.backend, { reference, source: route.source, ...sources });
    }
  }
  return found;
}

type Place = Sources & { reference: Reference; source: RouteSource };

/** A copy of a request starts no session. */
function add(found: RouteBackends, target: ServiceTarget, { reference, source, rules, index }: Place): void {
  const rule = reference.isCopy ? undefined : rules.get(reference.rule);
  if (rule === undefined) {
    found.plain.push({ key: target.key, target });
    return;
  }
  const key = heldKey(target, source, reference.rule);
  const sessions = sessionsIn(rule, target);
  const plan = target.workload;
  if (plan === undefined) found.plain.push({ key, target, sessions });
  else {
    const isOwn = plan.key === target.service && ownsService(plan, index);
    const { service, port, protocol } = target;
    found.held.push({ key, plan, service, ...(!isOwn && { port }), ...(protocol && { protocol }), sessions });
  }
  const owner = plan?.key ?? ('workload' in sessions.keys ? sessions.keys.workload : undefined);
  if (owner !== undefined) found.owners.set(key, owner);
}
