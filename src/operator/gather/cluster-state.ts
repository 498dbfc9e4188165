/** The observed cluster state of one replica: its caches, joined into the Snapshot that the core translates. */
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { backendKey, targetKey } from '../../core/names/names.ts';
import { deriveKeyRing } from '../../core/keys/derive.ts';
import { parseKeyRing, type ParsedKeyRing } from '../../core/keys/key-ring-secret.ts';
import { hasSuccessor } from '../../core/resolve/successor.ts';
import { isPodTerminal, type Pod, type Snapshot } from '../../core/snapshot/snapshot.ts';
import type { KeyRing } from '../../wire/routing-table.ts';
import type { ObjectRef } from '../../kube/ports.ts';
import type { Change } from '../../kube/watch/store.ts';
import type { LostNodes } from '../nodes/lost-nodes.ts';
import type { Caches } from './caches.ts';
import { createRemovedPods } from './removed-pods.ts';
import { gatewayParts } from './gateway-parts.ts';
import { createKeptLists } from './kept-lists.ts';
import { createNodeParts } from './node-parts.ts';
import { createPodList } from './pod-list.ts';
import { createRelevance } from './relevance.ts';
import { createTargetParts, existingObjects } from './target-parts.ts';
import type { CachedPod } from './pods.ts';
import type { CacheContents, CacheName } from './watched.ts';

export interface ClusterState {
  snapshot(): Snapshot;
  /** Whether a change in the caches may change what is made of the snapshot. */
  concerns(name: CacheName, change: Change): boolean;
  /** The current pod, with the end of its controller chain. */
  pod(ref: ObjectRef): Pod | undefined;
  workload(ref: ObjectRef): StickyWorkload | undefined;
  /** Whether the sessions of a pod of the StickyWorkload wait for the next pod of its name. */
  hasSuccessor(pod: ObjectRef, workload: StickyWorkload): boolean;
}

export type ClusterStateOptions = {
  caches: Caches;
  lostNodes: Pick<LostNodes, 'names'>;
  operatorNamespace: string;
  nowMs: () => number;
  /** See `relevance.ts`. Absent: all are. */
  readsSlicesOf?: (service: string) => boolean;
};

export function createClusterState(options: ClusterStateOptions): ClusterState {
  const { caches, lostNodes, operatorNamespace, nowMs, readsSlicesOf = () => true } = options;
  const removedPods = createRemovedPods();
  const lists = createKeptLists(caches);
  const { of: list, each, derive } = lists;
  const nodesWith = createNodeParts(caches, lists, lostNodes);
  const targetParts = createTargetParts(caches, lists);
  const podList = createPodList(caches);
  const claims = (): ReadonlySet<string> => derive('claimed', [list('workloads')], () => targetsOf(list('workloads')));
  const concerns = createRelevance({ caches, lists, pods: podList, claimed: claims, readsSlicesOf });

  /** Undefined until they are read: meanwhile any pod may be that of a StickyWorkload. */
  let claimed: ReadonlySet<string> | undefined;

  // The ReplicaSet of the last pod of a rollout outlives it (revisionHistoryLimit), so the chain still has its end.
  caches.onChange((name, change) => {
    if (name !== 'pods') return;
    const pod = podList.complete(change.object as CachedPod);
    const target = pod.controller && targetKey(pod.namespace, pod.controller);
    if (target === undefined || claimed?.has(target) === false) return;
    if (change.type === 'DELETED' || isPodTerminal(pod)) removedPods.record(target, pod, nowMs());
  });

  /** Of StickyWorkloads: the pods of jobs would accumulate. */
  function removed(workloads: readonly StickyWorkload[], targets: ReadonlySet<string>): Snapshot['removedPods'] {
    claimed = targets;
    removedPods.keepOnly(targets);
    return Object.fromEntries(
      workloads.map(({ metadata, spec }) => [
        keyOf(metadata),
        removedPods.of(targetKey(metadata.namespace, spec.targetRef)),
      ]),
    );
  }

  return {
    concerns,
    snapshot: () => {
      const workloads: StickyWorkload[] = list('workloads');
      const masterKeys = list('masterKeys');
      const pods = podList.items();
      const targets = claims();
      return {
        workloads,
        ...targetParts.parts(targets),
        pods,
        services: each('services', ({ service }) => service),
        slices: each('slices', ({ slice }) => slice),
        ...derive('keys', [masterKeys, workloads], () => readKeys(masterKeys[0], workloads)),
        operatorNamespace,
        holdfastProxies: list('holdfastProxies'),
        autoscalers: each('autoscalers', ({ autoscaler }) => autoscaler),
        namespaces: each('namespaces', ({ namespace }) => namespace),
        existing: existingObjects(lists),
        nodes: nodesWith(pods),
        removedPods: derive('removed', [workloads, removedPods.version()], () => removed(workloads, targets)),
        ...gatewayParts(caches, lists),
      };
    },
    pod: (ref) => {
      const cached = caches.get('pods', ref);
      return cached && podList.complete(cached);
    },
    workload: (ref) => caches.get('workloads', ref),
    hasSuccessor({ namespace = '', name }, { spec }) {
      const ref = { namespace, name: spec.targetRef.name };
      return hasSuccessor(name, spec, (caches.get('statefulSets', ref) ?? targetParts.deletedSet(ref))?.target);
    },
  };
}

const targetsOf = (workloads: readonly StickyWorkload[]): Set<string> =>
  new Set(workloads.map(({ metadata, spec }) => targetKey(metadata.namespace, spec.targetRef)));

const keyOf = ({ namespace, name }: StickyWorkload['metadata']): string => backendKey(namespace, name);

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
