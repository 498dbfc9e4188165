/** What the reconcile and the status of a StickyWorkload read of a translation: equal facts give equal objects and statuses. */
import { controllerName, gatewayClassName, targetKey } from '../../core/names/names.ts';
import { gatewayKey, type ServingPlan } from '../../core/resolve/plan.ts';
import { findOlderReference } from '../../core/resolve/proxy-parameters.ts';
import type { Shadow } from '../../core/resolve/shadowed.ts';
import type { WorkloadRoute } from '../../core/route/shortfall.ts';
import type { Snapshot } from '../../core/snapshot/snapshot.ts';
import { ownedKey } from '../../core/translate/cluster-index.ts';
import { sameJson } from '../../wire/same-json.ts';
import { findOtherToWorkloads } from './gateway-facts.ts';
import type { Translated } from './translation-store.ts';

/** Two translations. `lists`: those of the snapshot that are other objects: most changes are of one kind, and objects of others are not looked up. */
type Pair = {
  now: Translated;
  before: Translated;
  lists: Record<'targets' | 'services' | 'routes' | 'nodes', boolean>;
};

function compare(now: Translated, before: Translated): Pair {
  const isOther = (list: keyof Snapshot): boolean => now.snapshot[list] !== before.snapshot[list];
  const lists = {
    targets: isOther('targets') || isOther('deletedTargets'),
    services: isOther('services'),
    routes: isOther('httpRoutes') || isOther('grpcRoutes'),
    nodes: isOther('nodes'),
  };
  return { now, before, lists };
}

/** Returns the keys of the StickyWorkloads whose facts differ. */
export function* findOtherWorkloads(now: Translated, before: Translated): Generator<string> {
  const pair = compare(now, before);
  // Only pods and slices differ: all verdicts are the same objects.
  const isMoved = now.translation.accepts === before.translation.accepts;
  if (isMoved && hasSamePods(pair)) return;
  const areAll = !isMoved && !sameJson(factsOfCluster(now), factsOfCluster(before));
  const gateways = isMoved ? noGateways : findOtherToWorkloads(now, before);
  for (const [key, { plan }] of now.translation.workloads.candidates) {
    const isOther =
      areAll ||
      hasOtherPods(plan, pair) ||
      (!isMoved && (isJudgedOtherwise(plan, pair) || hasOtherObjects(plan, pair) || leadsToOneOf(gateways, plan, now)));
    if (isOther) yield key;
  }
}

const noGateways: ReadonlySet<string> = new Set();

function factsOfCluster({ snapshot }: Translated): unknown[] {
  const { gatewayApi, autoscaler, masterRing, gatewayClasses } = snapshot;
  const foreign = gatewayClasses.find((one) => one.name === gatewayClassName && one.controllerName !== controllerName);
  return [gatewayApi, autoscaler, masterRing === undefined, foreign?.controllerName];
}

const hasSamePods = ({ now: { translation: after }, before: { translation: known }, lists }: Pair): boolean =>
  after.backends === known.backends && after.index.podsByTarget === known.index.podsByTarget && !lists.nodes;

function hasOtherPods({ key, namespace, target }: ServingPlan, { now, before, lists }: Pair): boolean {
  const [after, known] = [now.translation, before.translation];
  if (after.backends[key] !== known.backends[key]) return true;
  if (!lists.nodes && after.index.podsByTarget === known.index.podsByTarget) return false;
  const name = targetKey(namespace, target);
  const pods = after.index.podsByTarget.get(name);
  if (pods !== known.index.podsByTarget.get(name)) return true;
  if (!lists.nodes || pods === undefined) return false;
  return pods.some(({ node = '' }) => !sameJson(now.snapshot.nodes[node], before.snapshot.nodes[node]));
}

function isJudgedOtherwise(plan: ServingPlan, { now, before }: Pair): boolean {
  const { key } = plan;
  const [after, known] = [now.translation, before.translation];
  return (
    isOtherRoute(after.routes[key], known.routes[key]) ||
    !sameJson(after.accepts[key], known.accepts[key]) ||
    !sameJson(after.gatewaysByBackend.get(key), known.gatewaysByBackend.get(key)) ||
    (plan.parametersRef !== undefined && !sameJson(olderThan(plan, now), olderThan(plan, before)))
  );
}

/** Equal verdicts are the same object. */
const isOtherRoute = (one: WorkloadRoute | undefined, other: WorkloadRoute | undefined): boolean =>
  one?.judged !== other?.judged ||
  !sameJson(one?.missing, other?.missing) ||
  !sameJson(shadowsIn(one?.shadows), shadowsIn(other?.shadows));

function hasOtherObjects(plan: ServingPlan, { now, before, lists }: Pair): boolean {
  const [{ index, workloads }, known] = [now.translation, before.translation];
  if (lists.targets) {
    const target = targetKey(plan.namespace, plan.target);
    if (!sameJson(index.targets.get(target), known.index.targets.get(target))) return true;
    if (!sameJson(workloads.targets.get(target), known.workloads.targets.get(target))) return true;
  }
  if (lists.services && !sameJson(index.services.get(plan.key), known.index.services.get(plan.key))) return true;
  if (!lists.routes) return false;
  const routes = ['HTTPRoute', 'GRPCRoute'].map((kind) => ownedKey(kind, plan));
  return routes.some((route) => !sameJson(index.owned.get(route), known.index.owned.get(route)));
}

/** Returns the StickyWorkloads whose HoldfastProxy applies to the proxies that it shares with them. */
const olderThan = (plan: ServingPlan, { translation: { gateways } }: Translated): unknown[] =>
  parentsOf(plan).map((gateway) => findOlderReference(plan, gateways[gateway]?.generatedFor ?? []));

const shadowsIn = (shadows: ReadonlyMap<string, Shadow> | undefined): unknown[] | undefined => shadows && [...shadows];

const parentsOf = ({ parents }: ServingPlan): string[] => parents.map(({ gateway }) => gatewayKey(gateway));

/** Those that it asks for, or to which routes of users lead from. */
function leadsToOneOf(gateways: ReadonlySet<string>, plan: ServingPlan, { translation }: Translated): boolean {
  if (gateways.size === 0) return false;
  const led = translation.gatewaysByBackend.get(plan.key) ?? [];
  return [...parentsOf(plan), ...led].some((gateway) => gateways.has(gateway));
}
