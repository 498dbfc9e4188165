/**
 * All pods, with the ends of their controller chains. These depend on ReplicaSets and StickyWorkloads: a change of one of these costs the pods
 * that refer to it.
 */
import type { Pod } from '../../core/snapshot/snapshot.ts';
import type { ObjectRef } from '../../kube/ports.ts';
import type { Change } from '../../kube/watch/store.ts';
import type { Caches } from './caches.ts';
import { controllerOf, type CachedPod } from './pods.ts';
import { createSortedList } from './sorted-list.ts';
import type { CacheName } from './watched.ts';

export interface PodList {
  /** The same list as long as no pod in it changes. */
  items(): Pod[];
  /** An unchanged pod stays the same object, by which the translation detects changes. */
  complete(cached: CachedPod): Pod;
}

export function createPodList(caches: Pick<Caches, 'get' | 'list' | 'onChange'>): PodList {
  const list = createSortedList(caches, 'pods', (pod) => complete(pod));
  const completed = new WeakMap<CachedPod['pod'], Pod>();
  /** By what they refer to. */
  const referrers = new Map<string, Map<string, ObjectRef>>();

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

  function link(pod: CachedPod): void {
    for (const key of referencesOf(pod)) {
      const pods = referrers.get(key) ?? new Map<string, ObjectRef>();
      referrers.set(key, pods.set(pod.metadata.name, pod.metadata));
    }
  }

  function unlink(pod: CachedPod): void {
    for (const key of referencesOf(pod)) {
      const pods = referrers.get(key);
      pods?.delete(pod.metadata.name);
      if (pods?.size === 0) referrers.delete(key);
    }
  }

  function followPod(change: Change): void {
    const pod = change.object as CachedPod;
    if (change.type === 'MODIFIED') unlink(change.previous as CachedPod);
    if (change.type === 'DELETED') unlink(pod);
    else link(pod);
  }

  caches.onChange((name, change) => {
    if (name === 'pods') followPod(change);
    for (const ref of referrers.get(keyOf(name, change.object.metadata))?.values() ?? []) list.readAgain(ref);
  });

  return { items: () => list.items(), complete };
}

const keyOf = (cache: CacheName, { namespace = '', name }: ObjectRef): string => `${cache}/${namespace}/${name}`;

function referencesOf({ metadata, owner, workload }: CachedPod): string[] {
  const { namespace = '' } = metadata;
  return [
    ...(owner?.kind === 'ReplicaSet' ? [keyOf('replicaSets', { namespace, name: owner.name })] : []),
    ...(workload === undefined ? [] : [keyOf('workloads', { namespace, name: workload })]),
  ];
}

const isController = (one: Pod['controller'], other: Pod['controller']): boolean =>
  one?.kind === other?.kind && one?.name === other?.name;
