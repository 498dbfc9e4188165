/**
 * Gateways that Holdfast no longer manages, while proxies of theirs still run: deleted, of another class, or generated and no longer needed.
 * Their proxies end what they have begun, and until then their sessions count: no pod may be released while one of them uses it.
 *
 * Everything is read from the cluster, so that an operator that starts meanwhile knows them too: the proxies are its pods, and the backends are those
 * of all routes that name the Gateway. Which of them its listeners have accepted is no longer known.
 */
import { gatewayApiGroup } from '../names/names.ts';
import type { JudgedRoute } from '../route/judge-routes.ts';
import type { ParentIR, RouteIR } from '../route/ir.ts';
import type { Pod, Snapshot } from '../snapshot/snapshot.ts';
import type { GatewayPlan } from './gateway-plan.ts';
import { gatewayKey, type GatewayRef } from './plan.ts';

export type RetiredGateway = { gateway: GatewayRef; routes: JudgedRoute[] };

type Sources = Pick<Snapshot, 'listenerSets'> & { proxyPods: ReadonlyMap<string, Pod[]> };

/** By `namespace/name`. `managed`: the Gateways that Holdfast manages. */
export function findRetired(
  { proxyPods, listenerSets = [] }: Sources,
  managed: Readonly<Record<string, GatewayPlan>>,
  routes: readonly JudgedRoute[],
): ReadonlyMap<string, RetiredGateway> {
  const retired = new Map<string, RetiredGateway>();
  for (const key of proxyPods.keys()) {
    const [namespace = '', name = ''] = key.split('/');
    if (managed[key] === undefined) retired.set(key, { gateway: { namespace, name }, routes: [] });
  }
  if (retired.size === 0) return retired;
  const sets = new Map(listenerSets.map((set) => [gatewayKey(set), gatewayKey(set.parent)]));
  for (const judged of routes) {
    for (const key of namedGateways(judged.route, sets)) retired.get(key)?.routes.push(judged);
  }
  return retired;
}

/** The route of a StickyWorkload has only parents that exist. `sets`: the Gateway of each ListenerSet. */
function namedGateways({ source, parents }: RouteIR, sets: ReadonlyMap<string, string>): ReadonlySet<string> {
  const { workload } = source;
  if (workload !== undefined) return new Set(workload.parents.map(({ gateway }) => gatewayKey(gateway)));
  return new Set(parents.flatMap((parent) => namedGateway(parent, sets) ?? []));
}

function namedGateway(parent: ParentIR, sets: ReadonlyMap<string, string>): string | undefined {
  if (parent.group !== gatewayApiGroup) return undefined;
  const key = gatewayKey(parent);
  return parent.kind === 'Gateway' ? key : parent.kind === 'ListenerSet' ? sets.get(key) : undefined;
}
