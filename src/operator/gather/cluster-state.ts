/** The observed cluster state of one replica: its caches, joined into the Snapshot that the core translates. */
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { backendKey, targetKey } from '../../core/names/names.ts';
import { deriveKeyRing } from '../../core/keys/derive.ts';
import { parseKeyRing, type ParsedKeyRing } from '../../core/keys/key-ring-secret.ts';
import { hasSuccessor } from '../../core/resolve/successor.ts';
import { isPodTerminal, type Existing, type Pod, type Snapshot, type Target } from '../../core/snapshot/snapshot.ts';
import type { KeyRing } from '../../wire/routing-table.ts';
import type { KubeObject, ObjectRef } from '../../kube/ports.ts';
import type { LostNodes } from '../nodes/lost-nodes.ts';
import type { Caches } from './caches.ts';
import { rememberDeleted } from './deleted-objects.ts';
import { createRemovedPods } from './removed-pods.ts';
import { controllerOf, type CachedPod } from './pods.ts';
import { proxyOf } from './targets.ts';
import type { CacheContents, CacheName } from './watched.ts';

export interface ClusterState {
  snapshot(): Snapshot;
  /** The current pod, with the end of its controller chain. */
  pod(ref: ObjectRef): Pod | undefined;
  workload(ref: ObjectRef): StickyWorkload | undefined;
  /** Whether the sessions of a pod of the StickyWorkload wait for the next pod of its name. */
  hasSuccessor(pod: ObjectRef, workload: StickyWorkload): boolean;
}

export type ClusterStateOptions = {
  caches: Caches;
  lostNodes: Pick<LostNodes, 'has'>;
  operatorNamespace: string;
  nowMs: () => number;
};

export function createClusterState(options: ClusterStateOptions): ClusterState {
  const { caches, lostNodes, operatorNamespace, nowMs } = options;
  const removedPods = createRemovedPods();
  // A cloud controller or Karpenter deletes the Node and the Lease of a terminated machine. Its pods remain until the pod garbage collector
  // removes them, and are as dead meanwhile as those of a silent node.
  const deletedNodes = rememberDeleted(caches, 'nodes');
  // Most are created again, as to change an immutable field with `kubectl delete --cascade=orphan`. Until then only the last state shows the
  // ports and names of their pods.
  const deletedDeployments = rememberDeleted(caches, 'deployments');
  const deletedSets = rememberDeleted(caches, 'statefulSets');
  const list = <Name extends CacheName>(name: Name): CacheContents[Name][] => sortByName(caches.list(name));

  /** Returns the end of the chain pod → ReplicaSet → Deployment; a StatefulSet controls its pods directly. */
  function endOfChain({ metadata, owner }: CachedPod): Pod['controller'] {
    if (owner?.kind !== 'ReplicaSet') return owner;
    const replicaSet = caches.get('replicaSets', { namespace: metadata.namespace ?? '', name: owner.name });
    return replicaSet && controllerOf(replicaSet.metadata);
  }

  /**
   * When a Deployment is deleted, its ReplicaSets are deleted at once, while their pods still drain: the chain is broken, and
   * only the annotation from injection names the StickyWorkload. Sessions must reach the pod until it is deleted.
   */
  function targetByAnnotation({ metadata, workload }: CachedPod): Pod['controller'] {
    if (workload === undefined) return undefined;
    const claim = caches.get('workloads', { namespace: metadata.namespace ?? '', name: workload });
    return claim && { kind: claim.spec.targetRef.kind, name: claim.spec.targetRef.name };
  }

  /** An unchanged pod stays the same object, by which the translation detects changes. */
  const completed = new WeakMap<CachedPod['pod'], Pod>();

  function complete(cached: CachedPod): Pod {
    const controller = endOfChain(cached) ?? targetByAnnotation(cached);
    const known = completed.get(cached.pod);
    if (known && isController(known.controller, controller) && known.workload === cached.workload) return known;
    const pod = {
      ...cached.pod,
      ...(controller && { controller }),
      ...(cached.workload !== undefined && { workload: cached.workload }),
    };
    completed.set(cached.pod, pod);
    return pod;
  }

  // The ReplicaSet of the last pod of a rollout outlives it (revisionHistoryLimit), so the chain still has its end.
  caches.onChange((name, change) => {
    if (name !== 'pods') return;
    const pod = complete(change.object as CachedPod);
    if (pod.controller && (change.type === 'DELETED' || isPodTerminal(pod))) {
      removedPods.record(targetKey(pod.namespace, pod.controller), pod, nowMs());
    }
  });

  const workloads = (): StickyWorkload[] => list('workloads');

  function nodes(pods: readonly Pod[]): Snapshot['nodes'] {
    const inUse = new Set(pods.map(({ node }) => node));
    return Object.fromEntries([
      ...list('nodes').map(({ metadata: { name }, node }) => [
        name,
        lostNodes.has(name) ? { ...node, lost: true as const } : node,
      ]),
      ...deletedNodes
        .list(({ metadata }) => inUse.has(metadata.name))
        .map(({ metadata, node }) => [metadata.name, { ...node, lost: true as const }]),
    ]);
  }

  function deletedTargets(): Target[] {
    const claimed = new Set(workloads().map(({ metadata, spec }) => targetKey(metadata.namespace, spec.targetRef)));
    const isClaimed = ({ target }: CacheContents['deployments']) => claimed.has(targetKey(target.namespace, target));
    return [...deletedDeployments.list(isClaimed), ...deletedSets.list(isClaimed)].map(({ target }) => target);
  }

  return {
    snapshot: () => {
      const targets = [...list('deployments'), ...list('statefulSets')];
      const pods = list('pods').map(complete);
      const autoscaler = targets.find((target) => target.autoscaler)?.autoscaler;
      return {
        workloads: workloads(),
        targets: targets.map(({ target }) => target),
        deletedTargets: deletedTargets(),
        pods,
        services: list('services').map(({ service }) => service),
        slices: list('slices').map(({ slice }) => slice),
        ...readKeys(list('masterKeys')[0], workloads()),
        gatewayApi: caches.gatewayApi(),
        gatewayClasses: list('gatewayClasses').map(({ gatewayClass }) => gatewayClass),
        holdfastProxies: list('holdfastProxies'),
        operatorNamespace,
        autoscalers: list('autoscalers').map(({ autoscaler: scaler }) => scaler),
        gateways: list('gateways').map(({ gateway }) => gateway),
        httpRoutes: list('httpRoutes').map(({ route }) => route),
        referenceGrants: list('referenceGrants').map(({ grant }) => grant),
        ...(caches.isRead('tlsSecrets') && { tlsSecrets: list('tlsSecrets').map(({ secret }) => secret) }),
        grpcRoutes: list('grpcRoutes').map(({ route }) => route),
        trafficPolicies: list('trafficPolicies').map(({ policy }) => policy),
        ...(caches.isRead('xBackends') && { xBackends: list('xBackends').map(({ backend }) => backend) }),
        ...(caches.isRead('listenerSets') && {
          listenerSets: list('listenerSets').map(({ listenerSet }) => listenerSet),
        }),
        ...(caches.isRead('backendTlsPolicies') && {
          backendTlsPolicies: list('backendTlsPolicies').map(({ policy }) => policy),
        }),
        ...(caches.isRead('caBundles') && { caBundles: list('caBundles').map(({ bundle }) => bundle) }),
        namespaces: list('namespaces').map(({ namespace }) => namespace),
        proxies: targets.flatMap((target) => proxyOf(target) ?? []),
        existing: existingKinds.flatMap(([name, kind]) => list(name).map(({ owned }) => ({ ...owned, kind }))),
        nodes: nodes(pods),
        ...(autoscaler && { autoscaler }),
        removedPods: Object.fromEntries(
          workloads().map(({ metadata, spec }) => [
            keyOf(metadata),
            removedPods.of(targetKey(metadata.namespace, spec.targetRef)),
          ]),
        ),
      };
    },
    pod: (ref) => {
      const cached = caches.get('pods', ref);
      return cached && complete(cached);
    },
    workload: (ref) => caches.get('workloads', ref),
    hasSuccessor({ namespace = '', name }, { spec }) {
      const ref = { namespace, name: spec.targetRef.name };
      return hasSuccessor(name, spec, (caches.get('statefulSets', ref) ?? deletedSets.find(ref))?.target);
    },
  };
}

const isController = (one: Pod['controller'], other: Pod['controller']): boolean =>
  one?.kind === other?.kind && one?.name === other?.name;

const existingKinds = [
  ['deployments', 'Deployment'],
  ['serviceAccounts', 'ServiceAccount'],
  ['podDisruptionBudgets', 'PodDisruptionBudget'],
] as const satisfies [CacheName, Existing['kind']][];

const keyOf = ({ namespace, name }: StickyWorkload['metadata']): string => backendKey(namespace, name);

/** The API server lists by namespace and name, so the objects are nearly sorted. Names are built once for each object, not for each comparison. */
function sortByName<T extends KubeObject>(objects: readonly T[]): T[] {
  const named = objects.map((object) => ({
    object,
    name: `${object.metadata.namespace ?? ''}/${object.metadata.name}`,
  }));
  return named
    .toSorted((one, other) => (one.name < other.name ? -1 : Number(one.name > other.name)))
    .map(({ object }) => object);
}

/** Returns the master keys in their Secret, or undefined if it is damaged. An unchanged Secret keeps the same ring object. */
export function masterKeysOf({ data = {} }: CacheContents['masterKeys']): KeyRing | undefined {
  const parsed = parsedRings.get(data) ?? parseKeyRing(data);
  parsedRings.set(data, parsed);
  return parsed.kind === 'ring' ? parsed.ring : undefined;
}

const parsedRings = new WeakMap<object, ParsedKeyRing>();

/** Returns the session keys of each StickyWorkload, and what those of rules are derived from. */
function readKeys(
  secret: CacheContents['masterKeys'] | undefined,
  workloads: readonly StickyWorkload[],
): Pick<Snapshot, 'keyRings' | 'masterRing'> {
  const masterRing = secret && masterKeysOf(secret);
  if (masterRing === undefined) return { keyRings: {} };
  const rings = workloads.map(({ metadata }) => [keyOf(metadata), deriveKeyRing(masterRing, metadata.uid)] as const);
  return { masterRing, keyRings: Object.fromEntries(rings) };
}
