/** Indexes of the snapshot's lists: one pass for all StickyWorkloads instead of one for each. */
import type { ServingPlan } from '../resolve/plan.ts';
import { selectsTarget } from '../route/service-workloads.ts';
import { targetKey } from '../names/names.ts';
import type { XBackend } from '../snapshot/x-backend.ts';
import { indexEndpoints, type EndpointIndex } from './endpoint-index.ts';
import {
  isPodTerminal,
  type Autoscaler,
  type Owned,
  type Pod,
  type ProxyDeployment,
  type ReferenceGrant,
  type Service,
  type Snapshot,
  type Target,
} from '../snapshot/snapshot.ts';

export type ClusterIndex = EndpointIndex & {
  /** By `targetKey`; also deleted ones, whose pods may run on or return. */
  targets: ReadonlyMap<string, Target>;
  /** By `namespace/name`. */
  services: ReadonlyMap<string, Service>;
  /** By `namespace/name`; absent: the kind is not installed. */
  xBackends?: ReadonlyMap<string, XBackend>;
  /** Nodes that are not ready, do not renew their Lease, or are deleted. */
  lostNodes: ReadonlySet<string>;
  /** By their namespace. */
  grants: ReadonlyMap<string, ReferenceGrant[]>;
  /** The pods of the proxies of each Gateway, whether or not it still exists, by its `namespace/name`. */
  proxyPods: ReadonlyMap<string, Pod[]>;
  /** By `namespace/name` of the Deployment. */
  proxies: ReadonlyMap<string, ProxyDeployment>;
  /** By `targetKey` of what they scale. */
  autoscalers: ReadonlyMap<string, Autoscaler[]>;
  /** Every object that may have the name of one that Holdfast owns, by `ownedKey`. */
  owned: ReadonlyMap<string, Owned>;
};

const nameOf = ({ namespace, name }: { namespace: string; name: string }): string => `${namespace}/${name}`;

/** Returns the key of an object among those of all kinds. */
export const ownedKey = (kind: string, object: { namespace: string; name: string }): string =>
  `${kind}/${nameOf(object)}`;

/**
 * `endpoints`: whatever is derived from pods and slices, in `endpoint-index.ts`: where only these differ, nothing is indexed here. `before`: of an
 * earlier translation.
 */
export function indexCluster(
  snapshot: Snapshot,
  endpoints: EndpointIndex = indexEndpoints(snapshot),
  before?: Pick<ClusterIndex, 'lostNodes'>,
): ClusterIndex {
  const { services, xBackends, referenceGrants, proxies } = snapshot;
  const lost = new Set(Object.entries(snapshot.nodes).flatMap(([name, { lost: isLost }]) => (isLost ? [name] : [])));
  return {
    ...endpoints,
    targets: new Map(
      [...snapshot.deletedTargets, ...snapshot.targets].map((target) => [targetKey(target.namespace, target), target]),
    ),
    services: new Map(services.map((service) => [nameOf(service), service])),
    ...(xBackends && { xBackends: new Map(xBackends.map((backend) => [nameOf(backend), backend])) }),
    // Backends are built again if it is another object.
    lostNodes: before && isSameSet(before.lostNodes, lost) ? before.lostNodes : lost,
    grants: Map.groupBy(referenceGrants, ({ namespace }) => namespace),
    proxyPods: indexProxyPods(snapshot.pods),
    proxies: new Map(proxies.map((proxy) => [nameOf(proxy), proxy])),
    autoscalers: Map.groupBy(snapshot.autoscalers, ({ namespace, target }) => targetKey(namespace, target)),
    owned: indexOwned(snapshot),
  };
}

const isSameSet = (one: ReadonlySet<string>, other: ReadonlySet<string>): boolean =>
  one.size === other.size && [...one].every((item) => other.has(item));

function indexProxyPods(pods: readonly Pod[]): Map<string, Pod[]> {
  const found = new Map<string, Pod[]>();
  for (const pod of pods) {
    if (pod.gateway === undefined || isPodTerminal(pod)) continue;
    const key = nameOf({ namespace: pod.namespace, name: pod.gateway });
    const others = found.get(key);
    if (others) others.push(pod);
    else found.set(key, [pod]);
  }
  return found;
}

function indexOwned({
  services,
  httpRoutes,
  grpcRoutes,
  gateways,
  existing,
  autoscalers,
}: Pick<Snapshot, 'services' | 'httpRoutes' | 'grpcRoutes' | 'gateways' | 'existing' | 'autoscalers'>): Map<
  string,
  Owned
> {
  const entries = (kind: string, list: readonly Owned[]) =>
    list.map((object) => [ownedKey(kind, object), object] as const);
  return new Map([
    ...entries('Service', services),
    ...entries('HTTPRoute', httpRoutes),
    ...entries('GRPCRoute', grpcRoutes),
    ...entries('Gateway', gateways),
    ...entries('HorizontalPodAutoscaler', autoscalers),
    ...existing.map((object) => [ownedKey(object.kind, object), object] as const),
  ]);
}

/** Whether this StickyWorkload owns the Service of its name, rather than a deleted one of the same name or another controller. */
export const ownsService = ({ key, uid }: ServingPlan, { services }: Pick<ClusterIndex, 'services'>): boolean =>
  services.get(key)?.ownerUids.includes(uid) ?? false;

/** The same, or whether a user's Service of its name selects its pods, for a StickyWorkload that leaves routes to its users. */
export const usesService = (plan: ServingPlan, index: Pick<ClusterIndex, 'services' | 'targets'>): boolean =>
  ownsService(plan, index) || isLeftToUser(plan, index);

/** Whether the Service of its name is a user's, which is used as it is. */
export function isLeftToUser(
  plan: ServingPlan,
  { services, targets }: Pick<ClusterIndex, 'services' | 'targets'>,
): boolean {
  const service = services.get(plan.key);
  if (service === undefined || service.ownerUids.length > 0 || plan.parents.length > 0) return false;
  return selectsTarget(service, targets.get(targetKey(plan.namespace, plan.target)));
}
