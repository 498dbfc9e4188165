/** What the reconcile of a Gateway reads of a translation: equal facts give equal objects and statuses. */
import { refuseForGenerated } from '../../core/listener/listener-sets.ts';
import { proxyName, targetKey } from '../../core/names/names.ts';
import type { GatewayPlan } from '../../core/resolve/gateway-plan.ts';
import { gatewayKey } from '../../core/resolve/plan.ts';
import { ownedKey } from '../../core/translate/cluster-index.ts';
import { sameJson } from '../../wire/same-json.ts';
import type { Translated } from './translation-store.ts';

/** Returns the keys of the Gateways whose facts differ, also of those that only one of the two has. */
export function findOtherGateways(now: Translated, before: Translated): string[] {
  const [after, known] = [now.translation.gateways, before.translation.gateways];
  if (after === known) return [];
  const gone = Object.keys(known).filter((key) => after[key] === undefined);
  const other = Object.entries(after).filter(
    ([key, plan]) => known[key] === undefined || !sameJson(factsOf(plan, now), factsOf(known[key], before)),
  );
  return [...gone, ...other.map(([key]) => key)];
}

function factsOf(plan: GatewayPlan, translated: Translated): unknown[] {
  const { gateway, userManaged, generatedFor, parameters, addresses } = plan;
  const { accepts, workloads } = translated.translation;
  const { gatewayApi, listenerSets = [] } = translated.snapshot;
  const owners = generatedFor.map((owner) => [
    owner,
    accepts[owner.key]?.kind,
    workloads.candidates.get(owner.key)?.workload.metadata.deletionTimestamp,
  ]);
  // Without Gateway API only its proxy is created.
  const generated = userManaged ? [] : [gatewayApi.installed, refuseForGenerated(gateway, listenerSets)];
  const routes = countRoutes(plan);
  return [userManaged, parameters, addresses, owners, generated, routes, ...factsOfProxies(plan, translated)];
}

/** By the id of the listener: which routes there are does not matter to the Gateway. */
function countRoutes({ routes }: GatewayPlan): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { listeners } of routes) for (const id of listeners) counts[id] = (counts[id] ?? 0) + 1;
  return counts;
}

function factsOfProxies({ gateway }: GatewayPlan, { snapshot, translation: { index } }: Translated): unknown[] {
  const { namespace, name } = gateway;
  const deployment = proxyName(name);
  const key = `${namespace}/${deployment}`;
  const service = index.services.get(key);
  const pods = index.proxyPods.get(gatewayKey(gateway)) ?? [];
  return [
    // Their pods own the ServiceAccount of the proxies, and what they refuse ends with them.
    pods.map(({ uid }) => uid),
    service,
    // Only the nodes of ready ones forward.
    service?.isLocal && pods.map(({ ready, deletion }) => ready && !deletion),
    service?.type === 'NodePort' && snapshot.nodes,
    index.proxies.get(key),
    index.autoscalers.get(targetKey(namespace, { kind: 'Deployment', name: deployment })),
    namesTaken(gateway, index),
  ];
}

const proxyKinds = ['ServiceAccount', 'Deployment', 'Service', 'PodDisruptionBudget', 'HorizontalPodAutoscaler'];

/** Returns the objects that have the names of its own: those of other owners are conflicts. */
const namesTaken = (
  { namespace, name }: GatewayPlan['gateway'],
  { owned }: Translated['translation']['index'],
): unknown[] => [
  ...proxyKinds.map((kind) => owned.get(ownedKey(kind, { namespace, name: proxyName(name) }))),
  owned.get(ownedKey('Gateway', { namespace, name })),
];

/** Returns the keys of the Gateways of which StickyWorkloads would report something else: their listeners, and the state of their proxies. */
export function findOtherToWorkloads(now: Translated, before: Translated): Set<string> {
  const [after, known] = [now.translation.gateways, before.translation.gateways];
  if (after === known) return new Set();
  return new Set(
    Object.keys({ ...known, ...after }).filter(
      (key) => !sameJson(factsForWorkloads(after[key], now), factsForWorkloads(known[key], before)),
    ),
  );
}

function factsForWorkloads(plan: GatewayPlan | undefined, { translation: { index } }: Translated): unknown[] {
  if (plan === undefined) return [];
  const { gateway, userManaged } = plan;
  const proxies = index.proxies.get(`${gateway.namespace}/${proxyName(gateway.name)}`);
  const listeners = userManaged && [userManaged.listeners, userManaged.sets];
  return [listeners, proxies?.readyReplicas, proxies?.refusal, namesTaken(gateway, index)];
}
