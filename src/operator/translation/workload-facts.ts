/** What the reconcile and the status of a StickyWorkload read of a translation: equal facts give equal objects and statuses. */
import { controllerName, gatewayClassName, targetKey } from '../../core/names/names.ts';
import { gatewayKey, type ServingPlan } from '../../core/resolve/plan.ts';
import { findOlderReference } from '../../core/resolve/proxy-parameters.ts';
import type { Shadow } from '../../core/resolve/shadowed.ts';
import { ownedKey } from '../../core/translate/cluster-index.ts';
import { sameJson } from '../../wire/same-json.ts';
import { findOtherToWorkloads } from './gateway-facts.ts';
import type { Translated } from './translation-store.ts';

/** Returns the keys of the StickyWorkloads whose facts differ. */
export function* findOtherWorkloads(now: Translated, before: Translated): Generator<string> {
  const { candidates } = now.translation.workloads;
  // Only pods and slices differ: all verdicts are the same objects.
  const isMoved = now.translation.accepts === before.translation.accepts;
  if (isMoved && hasSamePods(now, before)) return;
  const areAll = !isMoved && !sameJson(factsOfCluster(now), factsOfCluster(before));
  const gateways = isMoved ? noGateways : findOtherToWorkloads(now, before);
  for (const [key, { plan }] of candidates) {
    const isOther =
      areAll ||
      hasOtherPods(plan, now, before) ||
      (!isMoved && (isJudgedOtherwise(plan, now, before) || leadsToOneOf(gateways, plan, now)));
    if (isOther) yield key;
  }
}

const noGateways: ReadonlySet<string> = new Set();

function factsOfCluster({ snapshot }: Translated): unknown[] {
  const { gatewayApi, autoscaler, masterRing, gatewayClasses } = snapshot;
  const foreign = gatewayClasses.find((one) => one.name === gatewayClassName && one.controllerName !== controllerName);
  return [gatewayApi, autoscaler, masterRing === undefined, foreign?.controllerName];
}

const hasSamePods = (now: Translated, before: Translated): boolean =>
  now.translation.backends === before.translation.backends &&
  now.translation.index.podsByTarget === before.translation.index.podsByTarget &&
  now.snapshot.nodes === before.snapshot.nodes;

function hasOtherPods({ key, namespace, target }: ServingPlan, now: Translated, before: Translated): boolean {
  const [{ snapshot, translation: after }, known] = [now, before.translation];
  if (after.backends[key] !== known.backends[key]) return true;
  const areNodesSame = snapshot.nodes === before.snapshot.nodes;
  if (areNodesSame && after.index.podsByTarget === known.index.podsByTarget) return false;
  const name = targetKey(namespace, target);
  const pods = after.index.podsByTarget.get(name);
  if (pods !== known.index.podsByTarget.get(name)) return true;
  return (
    !areNodesSame && (pods ?? []).some(({ node = '' }) => !sameJson(snapshot.nodes[node], before.snapshot.nodes[node]))
  );
}

function isJudgedOtherwise({ key }: ServingPlan, now: Translated, before: Translated): boolean {
  // Equal verdicts are the same object.
  if (now.translation.routes[key]?.judged !== before.translation.routes[key]?.judged) return true;
  return !sameJson(factsOf(key, now), factsOf(key, before));
}

function factsOf(key: string, { translation }: Translated): unknown[] {
  const { accepts, routes, workloads, index, gateways, gatewaysByBackend } = translation;
  const plan = workloads.candidates.get(key)?.plan;
  if (plan === undefined) return [];
  const target = targetKey(plan.namespace, plan.target);
  const older = plan.parametersRef && parentsOf(plan).map((gateway) => gateways[gateway]?.generatedFor ?? []);
  return [
    accepts[key],
    routes[key]?.missing,
    shadowsIn(routes[key]?.shadows),
    workloads.targets.get(target),
    index.targets.get(target),
    index.services.get(key),
    index.owned.get(ownedKey('Service', plan)),
    index.owned.get(ownedKey('HTTPRoute', plan)),
    gatewaysByBackend.get(key),
    older?.map((generatedFor) => findOlderReference(plan, generatedFor)),
  ];
}

const shadowsIn = (shadows: ReadonlyMap<string, Shadow> | undefined): unknown[] => [...(shadows ?? [])];

const parentsOf = ({ parents }: ServingPlan): string[] => parents.map(({ gateway }) => gatewayKey(gateway));

/** Those that it asks for, or to which routes of users lead from. */
function leadsToOneOf(gateways: ReadonlySet<string>, plan: ServingPlan, { translation }: Translated): boolean {
  if (gateways.size === 0) return false;
  const led = translation.gatewaysByBackend.get(plan.key) ?? [];
  return [...parentsOf(plan), ...led].some((gateway) => gateways.has(gateway));
}
